"""Whether slices lie as a body needs it: parallel, equally far from one another, straight behind one another.

A reconstruction of slices that do not is a picture of nobody: a missing slice shortens him, a tilted gantry bends him.
So each of these is refused with a sentence that says which images are meant; only slices each of which lies equally far
beside the one before, as a tilted gantry takes them, are brought straight (`straightening`). Positions are compared
along the normal, never by slice location or instance number, which anybody may write.
Source: DICOM PS3.3 C.7.6.2.1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text

if TYPE_CHECKING:
    from clinic_app.imaging.display.geometry import Plane

LEAST_SLICES: Final = 3
_SAME_PLACE_MM: Final = 1e-3
_UNEQUAL: Final = 0.05
"""Share of the spacing a step may differ; positions are written with few digits."""
_ROUNDING_MM: Final = 0.02
_MOST_SHIFT: Final = 0.5
"""Of a pixel, over all slices: scanners write positions rounded."""
_MOST_TURN: Final = 2e-3
_MOST_TILT_DEGREES: Final = 45.0
"""Gantries are built for 30."""
_UNSTEADY: Final = 0.25
"""Of a pixel: so far a slice may lie from where a steady tilt would have it."""
_MOST_NAMED: Final = 6


class NoVolumeError(ClinicError):
    """Slices that make no body."""


@dataclass(frozen=True)
class Stacked:
    """How slices lie.

    Args:
        order: their places in the series, from the first along the normal to the last.
        step_mm: from one to the next, along the normal.
        shift_mm: how far each lies beside the one before, down its columns and along its rows; 0 for straight ones.
    """

    order: tuple[int, ...]
    step_mm: float
    shift_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def tilt_degrees(self) -> float:
        """How far the gantry was tilted."""
        return float(np.degrees(np.arctan2(np.hypot(*self.shift_mm), self.step_mm)))


def check_alike(plane: Plane | None, first: Plane, number: int) -> Plane:
    """Return a slice's plane if it is parallel to the first one's, with pixels of the same size.

    Raises:
        NoVolumeError: it is not.
    """
    if plane is None:
        raise NoVolumeError(Text("Image {number} does not say where it lies in the patient.", number=number))
    ours, theirs = (np.array((each.along_row, each.along_column)) for each in (plane, first))
    if np.abs(ours - theirs).max() > _MOST_TURN or plane.reference != first.reference:
        raise NoVolumeError(Text("The images of this series do not all lie in one direction.", number=number))
    if not np.allclose((plane.row_mm, plane.column_mm), (first.row_mm, first.column_mm), rtol=1e-3):
        raise NoVolumeError(Text("The images of this series have pixels of different sizes."))
    return plane


def stacked(planes: Sequence[Plane]) -> Stacked:
    """Return in which order parallel slices lie, and how far from one another.

    Raises:
        NoVolumeError: two lie at one place, some are missing, or they are not straight behind one another.
    """
    if len(planes) < LEAST_SLICES:
        raise NoVolumeError(Text("A reconstruction needs at least {count} images.", count=LEAST_SLICES))
    first = planes[0]
    away = np.array([each.position for each in planes]) - np.asarray(first.position)
    depths = away @ first.normal
    order = np.argsort(depths, kind="stable")
    steps = np.diff(depths[order])
    if (same := np.flatnonzero(steps < _SAME_PLACE_MM)).size:
        raise NoVolumeError(Text("Several images lie at the same place: {numbers}.", numbers=_pairs(order, same)))
    step = float(np.median(steps))
    if (uneven := np.flatnonzero(np.abs(steps - step) > max(step * _UNEQUAL, _ROUNDING_MM))).size:
        raise NoVolumeError(
            Text(
                "The images are not equally far from one another; some may be missing between {numbers}.",
                numbers=_pairs(order, uneven),
            )
        )
    step_mm = float(depths[order[-1]] - depths[order[0]]) / len(steps)
    sideways = (away @ np.array((first.along_column, first.along_row)).T)[order]
    return Stacked(tuple(int(place) for place in order), step_mm, _steady_shift(sideways - sideways[0], first, step_mm))


def _steady_shift(sideways: NDArray[np.float64], first: Plane, step_mm: float) -> tuple[float, float]:
    """Return how far each slice lies beside the one before, in millimetres down and along; 0 where nobody sees it.

    Raises:
        NoVolumeError: they do not all lie equally far beside one another, or too far.
    """
    pixel = min(first.row_mm, first.column_mm)
    if np.abs(sideways).max() <= max(_MOST_SHIFT * pixel, _ROUNDING_MM):
        return 0.0, 0.0
    shift = sideways[-1] / (len(sideways) - 1)
    off = np.abs(sideways - np.outer(np.arange(len(sideways)), shift)).max()
    tilt = np.degrees(np.arctan2(np.hypot(*shift), step_mm))
    if off > max(_UNSTEADY * pixel, _ROUNDING_MM) or tilt > _MOST_TILT_DEGREES:
        raise NoVolumeError(
            Text("The images were taken with a tilted gantry and do not lie straight behind one another.")
        )
    return float(shift[0]), float(shift[1])


def _pairs(order: NDArray[np.intp], places: NDArray[np.intp]) -> str:
    """Return which images, by their numbers in the series, lie at both sides of steps."""
    named = [f"{order[each] + 1}–{order[each + 1] + 1}" for each in places[:_MOST_NAMED]]
    return ", ".join(named) + (" …" if len(places) > _MOST_NAMED else "")
