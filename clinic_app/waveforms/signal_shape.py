"""What an ECG lead looks like that is none, though something in it comes as regularly as a heart.

A generator, a loose plug, a lamp or a converter at the end of its range give steps, flat tops or one pure tone, and
each of them would be counted. A heart that flutters in an almost pure sine is not told from a generator here: "noisy"
is said instead of a number, and a person looks at the curve.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
LOOKED_AT_S: Final = 4.0
"""So much of a lead tells its shape."""
_EDGE: Final = 0.5
"""Percent of the samples that are taken for spikes, at either end."""
_TOP: Final = 0.035
"""Of the height: what lies so near to an extreme is at the extreme."""
_FAR: Final = 0.4
"""Of the height: an extreme nearer to what is usual is the line between the beats."""
_MOST_AT_TOP: Final = 0.13
"""Of the time; a sine has 12 %, a T wave higher than R at 150 beats a minute 7 %."""
_TONE_HZ: Final = (0.5, 20.0)
_TONE_BINS: Final = 2
"""A tone takes so many lines of the spectrum to both sides."""
_ONE_TONE: Final = 0.95
"""Of the power; a wide tachycardia has 0.9, a narrow one 0.3."""
_SAME: Final = 0.06


def is_cut_off(samples: Curve) -> bool:
    """Return whether a curve stands at the end of its range for longer than waves of a heart do.

    Args:
        samples: shape (n,), finite, of `LOOKED_AT_S`.
    """
    low, middle, high = np.percentile(samples, (_EDGE, 50.0, 100 - _EDGE))
    height = high - low
    if not height > 0:
        return False
    tops = [np.mean(samples >= high - _TOP * height) if high - middle > _FAR * height else 0.0]
    tops += [np.mean(samples <= low + _TOP * height) if middle - low > _FAR * height else 0.0]
    return bool(max(tops) > _MOST_AT_TOP)


def tone_hz(samples: Curve, rate_hz: float) -> float | None:
    """Return the frequency of a curve that is one pure tone, or None.

    Args:
        samples: shape (n,), finite, of `LOOKED_AT_S`.
        rate_hz: samples per second.
    """
    power = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples)))) ** 2
    lines_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    power = np.where((lines_hz >= _TONE_HZ[0]) & (lines_hz <= _TONE_HZ[1]), power, 0.0)
    whole = float(power.sum())
    top = int(np.argmax(power))
    around = power[max(top - _TONE_BINS, 0) : top + _TONE_BINS + 1]
    if not whole > 0 or around.sum() < _ONE_TONE * whole:
        return None
    return float((around * lines_hz[max(top - _TONE_BINS, 0) : top + _TONE_BINS + 1]).sum() / around.sum())


def is_counted_tone(samples: Curve, rate_hz: float, per_s: float) -> bool:
    """Return whether beats are nothing but the waves, or the half waves, of a pure tone.

    Args:
        samples: shape (n,), finite, of `LOOKED_AT_S`.
        rate_hz: samples per second.
        per_s: beats in a second.
    """
    found_hz = tone_hz(samples, rate_hz)
    return found_hz is not None and any(abs(per_s / (each * found_hz) - 1) < _SAME for each in (1, 2))
