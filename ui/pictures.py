"""A picture made ready for the screen: its stored values, and smaller copies of them for looking at the whole.

A radiograph has sixteen million pixels and a screen one million. Grey levels are therefore made for what is seen, from
the smallest copy that is still as fine as the screen. Copies hold the mean of two by two values and are made in the
background; values and lengths always come from the stored pixels. Knows no Qt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging import Window, render
from clinic_app.imaging.display.layers import NOTHING_OVER
from clinic_app.imaging.rendering import render_whole

if TYPE_CHECKING:
    from clinic_app.imaging import Frame

SMALL_ENOUGH: Final = 640
"""Side in pixels below which no smaller copy is made."""
_MOST_BESIDE: Final = 0.5
"""Drawings that lie farther off than half the image are not what somebody wants to see first."""
_LARGEST_DRAWING: Final = 1 << 21


@dataclass(frozen=True)
class Area:
    """Rows and columns of one level, from the first up to but without the last."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame and its smaller copies.

    Args:
        frame: what the file holds.
        levels: the stored values first, each next copy half as wide and half as high.
    """

    frame: Frame
    levels: tuple[NDArray[Any], ...]

    @property
    def aspect(self) -> float:
        """How high a pixel is by its width; 1 where nobody says otherwise."""
        return self.frame.aspect

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """What is to be seen at first: left, top, right, bottom in pixels of the image.

        The part a presentation state asks for; else the image, and drawings of the file that lie beside it.
        """
        frame = self.frame
        if frame.shown is not None:
            return frame.shown
        beside = [each for each in frame.layers.overlays if each.drawn.any()]
        left, top = (min([0, *edges]) for edges in ([each.left for each in beside], [each.top for each in beside]))
        right = max([frame.columns, *(each.right for each in beside)])
        bottom = max([frame.rows, *(each.bottom for each in beside)])
        width, height = frame.columns * _MOST_BESIDE, frame.rows * _MOST_BESIDE
        return max(left, -width), max(top, -height), min(right, frame.columns + width), min(bottom, frame.rows + height)

    def level_for(self, scale: float) -> int:
        """Return the number of the smallest copy as fine as a screen.

        Args:
            scale: pixels of the screen for one pixel of the image.
        """
        level = 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1:
            level += 1
        return level

    def part(self, level: int, area: Area) -> NDArray[Any]:
        """Return the values of a part of one copy."""
        return self.levels[level][area.top : area.bottom, area.left : area.right]

    def toned(self, level: int, area: Area, window: Window, *, is_inverted: bool) -> NDArray[np.uint8]:
        """Return the grey levels (or colours) of a part of one copy, contiguous."""
        return self.toned_values(self.part(level, area), window, is_inverted=is_inverted)

    def toned_values(self, values: NDArray[Any], window: Window, *, is_inverted: bool) -> NDArray[np.uint8]:
        """Return the grey levels (or colours) of values of this picture, contiguous."""
        part_of_frame = replace(self.frame, stored=np.ascontiguousarray(values))
        return np.ascontiguousarray(render(part_of_frame, window, is_inverted=is_inverted))


def picture_of(frame: Frame) -> Picture:
    """Return a frame made ready for the screen; takes some ten milliseconds for a large radiograph."""
    levels = [frame.stored]
    while max(levels[-1].shape[:2]) > SMALL_ENOUGH:
        levels.append(_halved(levels[-1], frame))
    return Picture(frame, tuple(levels))


def small_picture(frame: Frame, side: int) -> NDArray[np.uint8]:
    """Return the whole frame in its own window, its longer side at most ``side`` pixels."""
    values = frame.stored
    while max(values.shape[:2]) > side:
        values = _halved(values, frame)
    small = replace(frame, stored=values, layers=NOTHING_OVER)
    return render_whole(small, frame.default_window)


def thinned(drawn: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Return a drawing small enough to be painted at every move, and how many of its pixels became one.

    A line of one pixel stays a line: of two by two pixels the greatest is kept.
    """
    step = 1
    while drawn.size > _LARGEST_DRAWING:
        odd = [(0, side % 2) for side in drawn.shape]
        padded = np.pad(drawn, odd)
        drawn = np.maximum(np.maximum(padded[0::2, 0::2], padded[0::2, 1::2]), padded[1::2, 0::2])
        drawn = np.maximum(drawn, padded[1::2, 1::2])
        step *= 2
    return np.ascontiguousarray(drawn), step


def _mean_of_four(values: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of every two by two real numbers."""
    return np.asarray((values[0::2, 0::2] + values[0::2, 1::2] + values[1::2, 0::2] + values[1::2, 1::2]) / 4)


def shrunk(values: NDArray[Any], size: tuple[int, int], frame: Frame) -> NDArray[Any]:
    """Return grey values brought to fewer pixels, each between the nearest values around it.

    Args:
        values: shape ``(rows, columns)``, less than twice as fine as what is wanted.
        size: rows and columns that are wanted; where there are not more, nothing is made of nothing.
        frame: says what is padding: a pixel beside padding is padding.
    """
    rows, columns = (min(wanted, there) for wanted, there in zip(size, values.shape, strict=True))
    if (rows, columns) == values.shape or rows < 1 or columns < 1:
        return np.ascontiguousarray(values)
    (top, down), (left, across) = _between(values.shape[0], rows), _between(values.shape[1], columns)
    bottom, right = (np.minimum(each + 1, side - 1) for each, side in zip((top, left), values.shape, strict=True))
    lines = values[top].astype(np.float32)
    lines += (values[bottom].astype(np.float32) - lines) * down[:, np.newaxis]
    mean = lines[:, left]
    mean += (lines[:, right] - mean) * across
    whole = mean.astype(values.dtype) if values.dtype.kind == "f" else np.rint(mean).astype(values.dtype)
    if frame.padding is not None:
        beside = frame.is_padding(values)
        beside = beside[top] | beside[bottom]
        whole[beside[:, left] | beside[:, right]] = frame.padding
    return np.ascontiguousarray(whole)


def _between(there: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return for each wanted place the place before it and how far it lies behind that, from 0 to 1."""
    place = np.clip((np.arange(wanted) + 0.5) * (there / wanted) - 0.5, 0, there - 1)
    before = np.floor(place).astype(np.intp)
    return before, (place - before).astype(np.float32)


def _halved(values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Return the mean of every two by two values; where one of them is padding, the mean is padding too."""
    odd = [(0, side % 2) for side in values.shape[:2]] + [(0, 0)] * (values.ndim - 2)
    if any(after for _before, after in odd):
        values = np.pad(values, odd, mode="edge")
    if values.dtype.kind == "f":
        return _mean_of_four(values)
    parts = (values[0::2, 0::2], values[0::2, 1::2], values[1::2, 0::2], values[1::2, 1::2])
    total = np.add(parts[0], parts[1], dtype=np.int32 if values.dtype.itemsize <= 2 else np.int64)
    total += parts[2]
    total += parts[3]
    total >>= 2
    mean: NDArray[Any] = total.astype(values.dtype)
    if frame.padding is not None and not frame.is_colour:
        mean[np.logical_or.reduce([frame.is_padding(part) for part in parts])] = frame.padding
    return mean
