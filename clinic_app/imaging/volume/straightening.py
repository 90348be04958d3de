"""Slices of a tilted gantry brought straight behind one another: each is moved in its own plane, as far as it lies off.

A scanner whose gantry is tilted moves the table, not the tilt: each slice lies a little further along its own plane
than the one before. Between the slices nothing is computed; within a slice each value lies between its two neighbours
along each direction in which it is moved (linear), so a thin bright line loses up to half its height. That is said on
every cut. Where any of the values it is made of is outside the picture, so is the value.
Source: DICOM PS3.3 C.7.6.2.1.1 (positions), C.8.2.1.1.5 (gantry tilt: not read; positions say what was done).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.texts import Text
from clinic_app.imaging.frame import Frame

_EXACT: float = 1e-3
"""Of a pixel: whoever is moved by a whole number of pixels keeps his values."""


def straightened(
    values: NDArray[Any],
    moves: NDArray[np.float64],
    first: Frame,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> tuple[NDArray[Any], Frame] | None:
    """Return slices moved into one grid, and what holds for all of them; None where somebody did not want to wait.

    Args:
        values: shape ``(slices, rows, columns)``, as they were taken.
        moves: how far each slice goes down and across, in pixels, none negative; shape ``(slices, 2)``.
        first: a slice: says what is outside the picture.
        is_cancelled: asked before each slice.
    """
    fill = _outside(values, first)
    larger = np.ceil(moves.max(axis=0) - _EXACT).astype(int)
    made = np.full((len(values), *(values.shape[1:] + larger)), fill, dtype=values.dtype)
    source = first if first.padding is not None or fill in values[0] else replace(first, padding=fill)
    for place, slice_values in enumerate(values):
        if is_cancelled():
            return None
        moved = _Moved(slice_values, source.is_padding(slice_values))
        for axis in (0, 1):
            moved = moved.along(axis, float(moves[place, axis]), int(larger[axis]))
        made[place] = np.where(moved.is_outside, fill, moved.rounded(values.dtype))
    return made, source


def tilt_note(degrees: float) -> Text:
    """Return what a cut says of it."""
    return Text("The gantry was tilted by {degrees}°; the images were straightened.", degrees=round(degrees))


def _outside(values: NDArray[Any], first: Frame) -> int:
    """Return the value for places no slice covers: the file's own, or the least there can be."""
    return first.padding if first.padding is not None else int(np.iinfo(values.dtype).min)


class _Moved:
    """One slice on its way.

    Args:
        values: of it.
        is_outside: which of them are outside the picture.
    """

    def __init__(self, values: NDArray[Any], is_outside: NDArray[np.bool_]) -> None:
        self._values, self.is_outside = values, is_outside

    def along(self, axis: int, pixels: float, larger: int) -> _Moved:
        """Return it moved along an axis, in a grid that is so many pixels larger."""
        if not larger:
            return self
        whole = int(np.floor(pixels + _EXACT))
        part = max(pixels - whole, 0.0)
        before = [(whole, larger - whole) if each == axis else (0, 0) for each in (0, 1)]
        values = np.pad(self._values, before, mode="edge")
        outside = np.pad(self.is_outside, before, constant_values=True)
        if part < _EXACT:
            return _Moved(values, outside)
        behind = [(whole + 1, larger - whole - 1) if each == axis else (0, 0) for each in (0, 1)]
        mixed = values + (np.pad(self._values, behind, mode="edge") - values.astype(np.float32)) * np.float32(part)
        return _Moved(mixed, outside | np.pad(self.is_outside, behind, constant_values=True))

    def rounded(self, kind: np.dtype[Any]) -> NDArray[Any]:
        """Return its values as they were kept."""
        return self._values if self._values.dtype == kind else np.rint(self._values).astype(kind)
