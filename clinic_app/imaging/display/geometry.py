"""Where a frame lies in the patient: needed for outlines, segments, reference lines and cuts.

Source: DICOM PS3.3 C.7.6.2.1.1 (image plane, equation C.7.6.2.1-1), C.7.6.16.2.3 and 2.4 (enhanced multi-frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import functional, numbers_of
from clinic_app.imaging.reading import text_of

_SKEWED: Final = 1e-2


@dataclass(frozen=True)
class Plane:
    """The plane of a frame in the patient's coordinates, in millimetres.

    Args:
        position: of the middle of the first pixel.
        along_row: direction in which columns are counted, of length 1.
        along_column: direction in which rows are counted, of length 1.
        row_mm: from one row to the next.
        column_mm: from one column to the next.
        reference: the frame of reference; two planes can only be compared within one.
        thickness_mm: of the slice; 0 where nobody says.
    """

    position: tuple[float, float, float]
    along_row: tuple[float, float, float]
    along_column: tuple[float, float, float]
    row_mm: float
    column_mm: float
    reference: str = ""
    thickness_mm: float = 0.0

    @property
    def normal(self) -> NDArray[np.float64]:
        """The direction through the slices, of length 1."""
        return np.cross(self.along_row, self.along_column)

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points of the patient fall on the picture.

        Args:
            points: shape ``(n, 3)``, millimetres.

        Returns:
            Shape ``(n, 3)``: x and y in pixels, the first pixel's middle at 0.5, and the distance from the plane in mm.
        """
        away = points - np.asarray(self.position)
        x = away @ np.asarray(self.along_row) / self.column_mm + 0.5
        y = away @ np.asarray(self.along_column) / self.row_mm + 0.5
        return np.stack((x, y, away @ self.normal), axis=1)

    def to_patient(self, x: float, y: float) -> NDArray[np.float64]:
        """Return the point of the patient under a place of the picture (the first pixel's middle is at 0.5)."""
        across = np.asarray(self.along_row) * ((x - 0.5) * self.column_mm)
        return np.asarray(np.asarray(self.position) + across + np.asarray(self.along_column) * (y - 0.5) * self.row_mm)

    @property
    def depth(self) -> float:
        """How far along its own normal it lies, in millimetres."""
        return float(np.asarray(self.position) @ self.normal)

    def is_parallel(self, other: Plane) -> bool:
        """Return whether another plane has the same directions."""
        ours, theirs = (np.array((each.along_row, each.along_column)) for each in (self, other))
        return bool(np.abs(ours - theirs).max() < _SKEWED)


def plane_of(dataset: Dataset, index: int) -> Plane | None:
    """Return where a frame lies, or None where the file does not say, or says what cannot be.

    Args:
        dataset: an image; its own elements, or the functional groups of an enhanced object.
        index: of the frame, from 0.
    """
    position = numbers_of(functional(dataset, index, "PlanePositionSequence") or dataset, "ImagePositionPatient")
    turned = numbers_of(functional(dataset, index, "PlaneOrientationSequence") or dataset, "ImageOrientationPatient")
    measures = functional(dataset, index, "PixelMeasuresSequence") or dataset
    spacing = numbers_of(measures, "PixelSpacing")
    if len(position) != 3 or len(turned) != 6 or len(spacing) != 2 or min(spacing) <= 0:
        return None
    along_row, along_column = np.asarray(turned[:3]), np.asarray(turned[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if min(lengths) < 0.5 or abs(along_row @ along_column) > _SKEWED:
        return None
    thickness = numbers_of(measures, "SliceThickness")
    return Plane(
        (position[0], position[1], position[2]),
        _three(along_row / lengths[0]),
        _three(along_column / lengths[1]),
        spacing[0],
        spacing[1],
        text_of(dataset, "FrameOfReferenceUID"),
        abs(thickness[0]) if thickness else 0.0,
    )


def _three(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(each) for each in vector)
    return x, y, z
