"""Mean, deviation, least and greatest value of the stored pixels in a region, in the unit of the picture.

What is outside the picture (padding), or was cut off with its file, does not count, and how many pixels did is said. A
large region is added up in strips, so that a screen may go on between two of them; means are joined as by Chan, Golub
and LeVeque, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from clinic_app.imaging.measuring.marks import REGIONS, Mark
from clinic_app.imaging.measuring.shapes import bounds, inside

if TYPE_CHECKING:
    from clinic_app.imaging.frame import Frame

_STRIP_PIXELS: Final = 1 << 18


@dataclass(frozen=True)
class Statistics:
    """Values of the pixels of a region.

    Args:
        count: how many pixels.
        mean: of their values.
        deviation: standard deviation of all of them (divided by their number).
        least: value.
        greatest: value.
    """

    count: int
    mean: float
    deviation: float
    least: float
    greatest: float


def adding_up(frame: Frame, mark: Mark) -> Generator[None, None, Statistics | None]:
    """Add up strip by strip; what is returned at the end is None for colour, and where no pixel lies inside."""
    if mark.kind not in REGIONS or frame.is_colour:
        return None
    left, top, right, bottom = bounds(mark, frame.columns, frame.rows)
    if frame.rows_there is not None:
        bottom = min(bottom, frame.rows_there)
    height = max(_STRIP_PIXELS // max(right - left, 1), 1)
    found: _Sum | None = None
    for first in range(top, bottom, height):
        found = _joined(found, _strip(frame, mark, (left, right, first, min(first + height, bottom))))
        yield
    if found is None:
        return None
    ends = sorted((found.least * frame.slope, found.greatest * frame.slope))
    mean = found.mean * frame.slope + frame.intercept
    deviation = abs(frame.slope) * math.sqrt(found.squares / found.count)
    return Statistics(found.count, mean, deviation, ends[0] + frame.intercept, ends[1] + frame.intercept)


def statistics_of(frame: Frame, mark: Mark) -> Statistics | None:
    """Return what `adding_up` finds, all at once."""
    work = adding_up(frame, mark)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Statistics | None = end.value
            return found


@dataclass(frozen=True)
class _Sum:
    count: int
    mean: float
    squares: float
    least: float
    greatest: float


def _strip(frame: Frame, mark: Mark, part: tuple[int, int, int, int]) -> _Sum | None:
    left, right, top, bottom = part
    stored = frame.stored[top:bottom, left:right]
    is_inside = inside(mark, left, right, top, bottom)
    if frame.padding is not None:
        is_inside &= ~frame.is_padding(stored)
    values = stored[is_inside].astype(np.float64)
    if not values.size:
        return None
    mean = float(values.mean())
    return _Sum(values.size, mean, float(((values - mean) ** 2).sum()), float(values.min()), float(values.max()))


def _joined(a: _Sum | None, b: _Sum | None) -> _Sum | None:
    if a is None or b is None:
        return a or b
    count, apart = a.count + b.count, b.mean - a.mean
    return _Sum(
        count,
        a.mean + apart * b.count / count,
        a.squares + b.squares + apart**2 * a.count * b.count / count,
        min(a.least, b.least),
        max(a.greatest, b.greatest),
    )
