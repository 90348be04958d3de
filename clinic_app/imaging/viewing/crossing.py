"""Where planes of one patient cut one another, and which picture of a stack lies nearest to another picture.

Only planes in one frame of reference may be compared by position: nobody lies in the same place twice. Stacks of two
days are leafed together by so many millimetres from where a person put them side by side.

Source: DICOM PS3.3 C.7.4.1 (frame of reference), C.7.6.2.1.1 (image plane).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinic_app.imaging.display.geometry import Plane

Point = tuple[float, float]
Segment = tuple[Point, Point]
_PARALLEL: Final = 0.02
_NEARLY_PARALLEL: Final = 0.9
"""Cosine: stacks that lean less than some 25 degrees against one another leaf together."""


@dataclass(frozen=True)
class Slab:
    """A picture in the patient.

    Args:
        plane: where it lies.
        columns: its width in pixels.
        rows: its height in pixels.
    """

    plane: Plane
    columns: int
    rows: int

    @property
    def corners(self) -> NDArray[np.float64]:
        """The four corners in the patient, in order around it; shape ``(4, 3)``."""
        places = ((0, 0), (self.columns, 0), (self.columns, self.rows), (0, self.rows))
        return np.array([self.plane.to_patient(x, y) for x, y in places])

    @property
    def middle(self) -> NDArray[np.float64]:
        """Its middle in the patient."""
        return self.plane.to_patient(self.columns / 2, self.rows / 2)


def is_same_space(one: Plane, other: Plane) -> bool:
    """Return whether two planes may be compared by position."""
    return bool(one.reference) and one.reference == other.reference


def line_of(other: Slab, on: Slab) -> Segment | None:
    """Return the line in which another picture cuts this one, in pixels of this one.

    Args:
        other: the picture whose line is drawn.
        on: the picture it is drawn on.

    Returns:
        Its ends, within this picture; None where they do not cut, or may not be compared.
    """
    if not is_same_space(other.plane, on.plane):
        return None
    if np.linalg.norm(np.cross(other.plane.normal, on.plane.normal)) < _PARALLEL:
        return None
    fallen = on.plane.to_pixels(other.corners)
    ends: list[NDArray[np.float64]] = []
    for start, end in zip(fallen, np.roll(fallen, -1, axis=0), strict=True):
        if (start[2] < 0) != (end[2] < 0):
            ends.append(start[:2] + (end[:2] - start[:2]) * start[2] / (start[2] - end[2]))
    if len(ends) != 2:
        return None
    return clipped((_point(ends[0]), _point(ends[1])), on.columns, on.rows)


def clipped(segment: Segment, columns: float, rows: float) -> Segment | None:
    """Return the part of a line within a picture (Liang and Barsky), None where it lies outside."""
    (x, y), (end_x, end_y) = segment
    dx, dy = end_x - x, end_y - y
    first, last = 0.0, 1.0
    for towards, room in ((-dx, x), (dx, columns - x), (-dy, y), (dy, rows - y)):
        if towards == 0:
            if room < 0:
                return None
            continue
        share = room / towards
        if towards < 0:
            first = max(first, share)
        else:
            last = min(last, share)
    if first >= last:
        return None
    return (x + first * dx, y + first * dy), (x + last * dx, y + last * dy)


def nearest(planes: Sequence[Plane | None], to: Slab) -> int | None:
    """Return the place in a stack of the picture nearest to another picture in the same space.

    Args:
        planes: of the stack, None where a picture has none (or it is not known yet).
        to: the other picture.

    Returns:
        From 0; None where they lean too much against one another, or none can be compared.
    """
    best: tuple[float, int] | None = None
    for place, plane in enumerate(planes):
        if plane is None or not is_same_space(plane, to.plane) or not leaf_together(plane, to.plane):
            continue
        away = abs(float((to.middle - np.asarray(plane.position)) @ plane.normal))
        if best is None or away < best[0]:
            best = away, place
    return best[1] if best else None


def at_depth(planes: Sequence[Plane | None], depth_mm: float, like: Plane) -> int | None:
    """Return the place in a stack of the picture nearest to a depth.

    Args:
        planes: of the stack.
        depth_mm: along the normal of ``like``.
        like: a plane of this stack; others in it that lean against it are passed over.
    """
    best: tuple[float, int] | None = None
    for place, plane in enumerate(planes):
        if plane is None or not plane.is_parallel(like):
            continue
        away = abs(depth_of(plane, like) - depth_mm)
        if best is None or away < best[0]:
            best = away, place
    return best[1] if best else None


def depth_of(plane: Plane, like: Plane) -> float:
    """Return how far a plane lies along the normal of another one, in millimetres."""
    return float(np.asarray(plane.position) @ like.normal)


def leaf_together(one: Plane, other: Plane) -> bool:
    """Return whether two planes look the same way, or nearly."""
    return float(abs(one.normal @ other.normal)) >= _NEARLY_PARALLEL


def same_sense(one: Plane, other: Plane) -> float:
    """Return 1 where two planes are counted the same way through the patient, -1 where one is counted back."""
    return 1.0 if float(one.normal @ other.normal) >= 0 else -1.0


def _point(values: NDArray[np.float64]) -> Point:
    return float(values[0]), float(values[1])
