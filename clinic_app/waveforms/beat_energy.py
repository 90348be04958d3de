"""What of an ECG lead is steep and short, as a curve: the stronger, the more it looks like a QRS complex.

The spikes of a pacemaker go first, by a median too short to touch a QRS. Then two bands are looked at, 8 to 16 and 16
to 40 Hz, and what counts is the smaller of the two: moving electrodes, breathing and T waves have nothing in the upper
one, muscles little in the lower one, a QRS is in both. A fifth of the lower band counts in any case: a very wide QRS
has nothing else. The mean size over 80 ms is one hump for one QRS.
Source: the bands were chosen by measuring (`dev.py bench beats`); the way is that of Pan and Tompkins (1985).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from clinic_app.waveforms.filter_design import BlockFilter, butterworth

Curve = NDArray[np.float64]
BANDS_HZ: Final = ((8.0, 16.0), (16.0, 40.0))
_POLES: Final = ((2, 4), (4, 2))
"""Of each band, at its lower and its upper edge: steep where the two meet."""
_WEIGHTS: Final = (1.2, 1.2)
"""By them both bands see a narrow QRS much alike."""
LEAST_RATE_HZ: Final = 90.0
_SPIKE_S: Final = 0.002
_MEAN_S: Final = 0.08
_WIDE_PART: Final = 0.2
_PULSE_S: Final = 0.012
"""Width (standard deviation) of the pulse that tells how late the curve is."""


class BeatEnergy:
    """Makes the curve as the samples come; `restart` after a gap.

    Args:
        rate_hz: samples per second, >= `LEAST_RATE_HZ`.
    """

    def __init__(self, rate_hz: float) -> None:
        self._filters = tuple(
            BlockFilter((*butterworth(at_low, low, rate_hz, "high"), *butterworth(at_high, high, rate_hz, "low")))
            for (low, high), (at_low, at_high) in zip(BANDS_HZ, _POLES, strict=True)
        )
        self._spike = 2 * (int(_SPIKE_S * rate_hz) + 1) + 1 if rate_hz >= 250 else 1
        self._mean = max(round(_MEAN_S * rate_hz), 1)
        self.restart()
        self.delay = self._measured_delay(rate_hz)
        """Samples by which the curve's hump lies behind its QRS."""

    def restart(self) -> None:
        """Forget what was."""
        self._before: Curve = np.empty(0)
        self._sizes: Curve = np.zeros((len(BANDS_HZ), self._mean - 1))
        self._states: list[Curve] = []

    def run(self, samples: Curve) -> Curve:
        """Return the curve for the next samples, as many as there are.

        Args:
            samples: shape (n,), finite.
        """
        if not len(samples):
            return samples
        if not self._states:
            self._before = np.full(self._spike - 1, samples[0])
            self._states = [each.settled(samples[:1]) for each in self._filters]
        joined = np.concatenate([self._before, samples])
        self._before = joined[len(samples) :]
        smooth = _median(joined, self._spike)[np.newaxis]
        passed = [each.run(smooth, state) for each, state in zip(self._filters, self._states, strict=True)]
        self._states = [state for _, state in passed]
        new = [weight * np.abs(curve[0]) for weight, (curve, _) in zip(_WEIGHTS, passed, strict=True)]
        sizes = np.concatenate([self._sizes, np.stack(new)], axis=1)
        self._sizes = sizes[:, len(samples) :]
        summed = np.cumsum(np.concatenate([np.zeros((len(new), 1)), sizes], axis=1), axis=1)
        means = (summed[:, self._mean :] - summed[:, : -self._mean]) / self._mean
        return np.asarray(np.maximum(means.min(axis=0), _WIDE_PART * means[0]))

    def _measured_delay(self, rate_hz: float) -> int:
        centre = round(rate_hz / 2)
        pulse = np.exp(-0.5 * ((np.arange(2 * centre) - centre) / (_PULSE_S * rate_hz)) ** 2)
        delay = int(np.argmax(self.run(pulse))) - centre
        self.restart()
        return delay


def _median(samples: Curve, width: int) -> Curve:
    """Return the running median: ``width - 1`` samples fewer."""
    if width == 1:
        return samples
    if width == 3:
        a, b, c = samples[:-2], samples[1:-1], samples[2:]
        return np.asarray(np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)))
    return np.asarray(np.partition(sliding_window_view(samples, width), width // 2, axis=1)[:, width // 2])
