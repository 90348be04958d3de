"""Fewer samples of a sound, without what they could not carry: heart and lungs are heard below 2 kHz."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.devices.block import Samples

LEAST_RATE_HZ: Final = 8000
"""What is kept at least; sound cards give 44.1 or 48 kHz."""
_TAPS_A_STEP: Final = 24


class Thinner:
    """Keeps one sample of ``step``, after a low pass that leaves nothing to fold.

    Args:
        step: how many samples become one; 1 changes nothing.

    The low pass is a windowed sinc with its edge at 0.42 of the new rate; at half the new rate it is down by more than
    50 dB. It takes its time: what comes out is half its length late, the same for every sample.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self._taps = _low_pass(step) if step > 1 else np.ones(1)
        self.restart()

    def restart(self) -> None:
        """Forget what came before: after a hole nothing of it may be heard."""
        self._kept: NDArray[np.float64] = np.zeros(len(self._taps) - 1)

    def thin(self, sound: Samples) -> Samples:
        """Return the next samples of the thinner sound; a rest waits for what comes next.

        Args:
            sound: shape ``(n,)``.
        """
        if self.step == 1:
            return sound.astype(np.float32)
        whole = np.concatenate([self._kept, sound])
        count = max((len(whole) - len(self._taps)) // self.step + 1, 0)
        if count == 0:
            self._kept = whole
            return np.empty(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(whole, len(self._taps))[: count * self.step : self.step]
        self._kept = whole[count * self.step :]
        return (windows @ self._taps).astype(np.float32)


def step_for(rate_hz: float) -> int:
    """Return how many samples of a card may become one."""
    return max(int(rate_hz // LEAST_RATE_HZ), 1)


def _low_pass(step: int) -> NDArray[np.float64]:
    count = _TAPS_A_STEP * step + 1
    places = np.arange(count) - (count - 1) / 2
    taps = np.sinc(2 * 0.42 / step * places) * np.blackman(count)
    whole: NDArray[np.float64] = taps / taps.sum()
    return whole
