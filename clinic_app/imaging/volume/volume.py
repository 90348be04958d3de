"""The body itself: values in a grid whose directions are those of the patient, as nearly as the slices allow.

Axis 0 runs towards the head, axis 1 towards the back, axis 2 towards the left side (DICOM's z, y and x). The slices'
own three directions are kept and never mixed, so that every value is one the scanner measured; how far they are turned
away from the patient's axes is known and said.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from clinic_app.imaging.frame import Frame

Orientation = Literal["axial", "coronal", "sagittal"]
Mode = Literal["mean", "maximum", "minimum"]
ORIENTATIONS: Final[tuple[Orientation, ...]] = ("axial", "coronal", "sagittal")
ACROSS: Final[dict[Orientation, int]] = {"axial": 0, "coronal": 1, "sagittal": 2}
"""The axis a cut lies across."""
_OBLIQUE_DEGREES: Final = 5.0

Point = tuple[float, float, float]
"""Along axis 0, 1 and 2, in voxels; the middle of the first one is 0."""


@dataclass(frozen=True, eq=False)
class Volume:
    """A body.

    Args:
        values: stored values, shape ``(head, back, left)``, of at most 16 bits.
        directions: of the three axes in the patient, rows of length 1, millimetres x, y, z.
        steps_mm: from one voxel to the next along each axis.
        origin: of the middle of the first voxel in the patient.
        source: a slice it was made of: unit, window, labels and so on hold for all.
        slope: from stored value to the unit.
        intercept: added after the slope.
    """

    values: NDArray[Any]
    directions: NDArray[np.float64]
    steps_mm: tuple[float, float, float]
    origin: NDArray[np.float64]
    source: Frame
    slope: float
    intercept: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        head, back, left = self.values.shape
        return head, back, left

    @property
    def oblique_degrees(self) -> float:
        """How far the axes are turned away from the patient's; 0 where less than anybody sees."""
        nearest = np.abs(self.directions[(0, 1, 2), (2, 1, 0)]).min()
        degrees = float(np.degrees(np.arccos(min(nearest, 1.0))))
        return degrees if degrees > _OBLIQUE_DEGREES else 0.0

    def to_patient(self, point: Point) -> NDArray[np.float64]:
        """Return where a point of the grid lies in the patient, in millimetres."""
        return np.asarray(self.origin + (np.asarray(point) * np.asarray(self.steps_mm)) @ self.directions)

    def to_voxels(self, place: NDArray[np.float64]) -> Point:
        """Return the point of the grid at a place of the patient."""
        along = (np.asarray(place) - self.origin) @ self.directions.T / np.asarray(self.steps_mm)
        return float(along[0]), float(along[1]), float(along[2])


def turned_to_patient(
    values: NDArray[Any], directions: NDArray[np.float64], steps_mm: Point, origin: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.float64], tuple[float, float, float], NDArray[np.float64]]:
    """Return a grid with its axes in the order, and along the directions, of the patient; nothing is copied.

    Args:
        values: shape ``(n0, n1, n2)``.
        directions: of the axes in the patient.
        steps_mm: along each.
        origin: of the first voxel.
    """
    order = max(
        itertools.permutations(range(3)),
        key=lambda each: sum(abs(directions[axis][2 - place]) for place, axis in enumerate(each)),
    )
    values, directions = values.transpose(order), directions[list(order)].copy()
    steps = np.asarray(steps_mm)[list(order)]
    origin = np.array(origin, dtype=np.float64)
    for place in range(3):
        if directions[place][2 - place] < 0:
            origin += directions[place] * steps[place] * (values.shape[place] - 1)
            directions[place] = -directions[place]
            values = np.flip(values, place)
    return values, directions, (float(steps[0]), float(steps[1]), float(steps[2])), origin
