"""From a device's integers to samples and back to the same integers.

A float32 holds every integer of 24 bits; so a channel whose resolution is known gives its integers back exactly, and a
file of integers gets what the device measured, not what rounding left of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
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
_MOST_PARTS: Final = 1000
_MOST_SHARES: Final = 1000
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


class ScaleSearch:
    """Looks for the step that keeps a channel, while its samples go by.

    Args:
        resolution: ``unit`` for one step of the device's integers, where it is known.
        offset: value of the integer 0.
    """

    def __init__(self, resolution: float | None, offset: float) -> None:
        self.resolution, self.offset = resolution, offset
        self.low = self.high = 0.0
        self._has_seen = False
        self._exact: tuple[float, ...] = () if resolution else RESOLUTIONS

    def see(self, finite: NDArray[np.float64], resolution: float | None, offset: float) -> None:
        """Take the next samples, none of them lost, and what is known of their scale."""
        if (resolution, offset) != (self.resolution, self.offset):
            self._share(resolution, offset)
        if not len(finite):
            return
        low, high = float(finite.min()), float(finite.max())
        self.low = min(low, self.low) if self._has_seen else low
        self.high = max(high, self.high) if self._has_seen else high
        self._has_seen = True
        self._exact = tuple(step for step in self._exact if _is_exact(finite / step))

    def _share(self, resolution: float | None, offset: float) -> None:
        """Take a step both scales are made of; a device that was set otherwise meanwhile counted in other steps."""
        shared = None
        if resolution and self.resolution and offset == self.offset == 0:
            ratio = Fraction(abs(resolution / self.resolution)).limit_denominator(_MOST_SHARES)
            shared = abs(self.resolution) / ratio.denominator
            is_shared = ratio and abs(abs(resolution) / shared - ratio.numerator) < _EXACT
            shared = shared if is_shared else None
        self.resolution = shared
        self.offset = 0.0

    def scale(self, largest: int) -> tuple[float, float]:
        """Return step and offset for integers no further from zero than ``largest``.

        The device's own where it is known and has room; else a step that keeps every sample exactly; else the finest
        that has room.
        """
        low, high = self.low, self.high
        if self.resolution:
            step, offset = abs(self.resolution), self.offset
            for each in (0.0, offset) if _is_whole(offset / step) else (offset,):
                if _fits((low - each) / step, (high - each) / step, largest):
                    return step, each
        span = max(abs(low), abs(high))
        for step in self._exact:
            if not span or 1 <= span / step <= largest:
                return step, 0.0
        middle = 0.0 if low <= 0 <= high else (low + high) / 2
        step = max((high - middle) / (largest - 1), (middle - low) / (largest - 1), _FINEST)
        return step, round(middle / step) * step

    def is_exact(self, largest: int) -> bool:
        """Return whether `scale` keeps every sample."""
        step, _offset = self.scale(largest)
        return step in self._exact or step == abs(self.resolution or 0) or not (self.low or self.high)

    def whole_scale(self, largest: int) -> tuple[float, float]:
        """Return step and offset as `scale`, the offset so many whole steps: the step is divided where it is not."""
        step, offset = self.scale(largest)
        for parts in range(1, _MOST_PARTS + 1):
            if _is_whole(offset * parts / step):
                finer = step / parts
                if parts == 1 or _fits(self.low / finer, self.high / finer, largest):
                    return finer, round(offset / finer) * finer
        return step, offset


def digits_of(channel: RecordedChannel, bits: int = 16) -> Digits:
    """Return a channel as integers of so many bits, the most negative of them left free for what was lost.

    The device's own integers where its resolution is known and they have room; else a step that keeps every sample
    exactly; else the finest that has room.
    """
    is_lost = ~np.isfinite(channel.samples)
    finite = channel.samples[~is_lost].astype(np.float64)
    largest = (1 << (bits - 1)) - 1
    search = ScaleSearch(channel.resolution, channel.offset)
    search.see(finite, channel.resolution, channel.offset)
    step, offset = search.scale(largest)
    if channel.resolution and step != abs(channel.resolution):  # its own has no room; another may keep it all the same
        search = ScaleSearch(None, 0.0)
        search.see(finite, None, 0.0)
        step, offset = search.scale(largest)
    return counted(channel.samples, (step, offset), largest)


def counted(samples: Samples, scale: tuple[float, float], largest: int) -> Digits:
    """Return samples as steps of a scale, no further from zero than ``largest``."""
    resolution, offset = scale
    is_lost = ~np.isfinite(samples)
    values = np.where(is_lost, 0.0, samples.astype(np.float64))
    integers = np.clip(np.rint((values - offset) / resolution), -largest, largest).astype(np.int64)
    integers[is_lost] = 0
    return Digits(integers, is_lost, resolution, offset)


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


def _fits(low: float, high: float, largest: int) -> bool:
    return -largest - 0.5 < low and high < largest + 0.5


def _is_exact(steps: NDArray[np.float64]) -> bool:
    return bool(np.all(np.abs(steps - np.rint(steps)) < _EXACT))
