"""From a device's integers to samples and back to the same integers.

A float32 holds every integer of 24 bits; so a channel whose resolution is known gives its integers back exactly, and a
file of integers gets what the device measured, not what rounding left of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.waveforms.recording import RecordedChannel

Samples = NDArray[np.float32]
Integers = NDArray[np.int64]

RESOLUTIONS: Final = (1.25, 2.5, 5.0, 4.88, 1.0, 0.1, 0.5, 10.0)
"""Steps that devices use; the first that keeps every sample exactly is taken where nobody says the step."""
_FINEST: Final = 1e-11
_AT_ONCE: Final = 1 << 20
"""Samples: what is made of them on the way takes little memory."""
_EXACT: Final = 1e-3
"""How far, in steps, a sample may lie from an integer that a float32 holds."""


@dataclass(frozen=True, eq=False)
class Digits:
    """A channel as a file of integers keeps it: value = ``integers * resolution + offset``.

    Args:
        integers: shape ``(n,)``; 0 where samples were lost.
        is_lost: shape ``(n,)``.
        resolution: of one step, in the channel's unit.
        offset: value of the integer 0, in the channel's unit.
    """

    integers: Integers
    is_lost: NDArray[np.bool_]
    resolution: float
    offset: float = 0.0


def samples_of(integers: NDArray[np.generic], resolution: float, offset: float = 0.0) -> Samples:
    """Return integers as samples; the same integers always become the same samples.

    Raises:
        ValueError: the scale is impossible.
    """
    if not 1e-15 < abs(resolution) < 1e15 or not abs(offset) < 1e15:
        raise ValueError("the channel's scale is impossible")
    samples = np.empty(len(integers), np.float32)
    with np.errstate(over="ignore"):  # floats of a stranger; what is beyond all bounds is no sample
        for begin in range(0, len(integers), _AT_ONCE):
            values = integers[begin : begin + _AT_ONCE].astype(np.float64)
            values *= resolution
            values += offset
            samples[begin : begin + _AT_ONCE] = values
    return samples


def digits_of(channel: RecordedChannel, bits: int = 16) -> Digits:
    """Return a channel as integers of so many bits, the most negative of them left free for what was lost.

    The device's own integers where its resolution is known and they have room; else a step that keeps every sample
    exactly; else the finest that has room.
    """
    is_lost = ~np.isfinite(channel.samples)
    values = np.where(is_lost, 0.0, channel.samples.astype(np.float64))
    finite = values[~is_lost]
    largest = (1 << (bits - 1)) - 1
    resolution, offset = _scale(channel, finite, largest)
    integers = np.clip(np.rint((values - offset) / resolution), -largest, largest).astype(np.int64)
    integers[is_lost] = 0
    return Digits(integers, is_lost, resolution, offset)


def _scale(channel: RecordedChannel, finite: NDArray[np.float64], largest: int) -> tuple[float, float]:
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    if channel.resolution:
        step, offset = abs(channel.resolution), channel.offset
        for each in (0.0, offset) if _is_whole(offset / step) else (offset,):
            if _fits((low - each) / step, (high - each) / step, largest):
                return step, each
    span = max(abs(low), abs(high))
    for step in RESOLUTIONS:
        if (not span or 1 <= span / step <= largest) and _is_exact(finite / step):
            return step, 0.0
    middle = 0.0 if low <= 0 <= high else (low + high) / 2
    step = max((high - middle) / (largest - 1), (middle - low) / (largest - 1), _FINEST)
    return step, round(middle / step) * step


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


def _fits(low: float, high: float, largest: int) -> bool:
    return -largest - 0.5 < low and high < largest + 0.5


def _is_exact(steps: NDArray[np.float64]) -> bool:
    return bool(np.all(np.abs(steps - np.rint(steps)) < _EXACT))
