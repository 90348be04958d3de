"""Slices of a body whose value at every place of the patient is known, as files of any geometry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from clinic_app.imaging import FrameStack
from clinic_app.imaging.stack import Place

Values = NDArray[np.float64]


def body(places: Values) -> Values:
    """Return values of a body at places ``(…, 3)`` in millimetres: smooth, and different along every direction."""
    x, y, z = places[..., 0], places[..., 1], places[..., 2]
    ball = 400 * np.exp(-((x - 5) ** 2 + (y + 8) ** 2 + (z - 3) ** 2) / 300)
    return np.asarray(6 * x + 3 * y - 4 * z + ball)


@dataclass(frozen=True)
class Geometry:
    """Where slices lie.

    Args:
        count: of slices.
        rows: of each.
        columns: of each.
        row_mm: from one row to the next.
        column_mm: from one column to the next.
        step_mm: from one slice to the next.
        turn: directions of columns, rows and slices in the patient, rows of a matrix.
        begin: of the middle of the first pixel.
        shift_mm: along the rows from one slice to the next: a tilted gantry.
    """

    count: int = 14
    rows: int = 24
    columns: int = 20
    row_mm: float = 1.5
    column_mm: float = 2.0
    step_mm: float = 3.0
    turn: tuple[tuple[float, float, float], ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    begin: tuple[float, float, float] = (-20.0, -18.0, -20.0)
    shift_mm: float = 0.0

    @property
    def axes(self) -> Values:
        """Directions of columns, rows and slices."""
        return np.asarray(self.turn, dtype=np.float64)

    def corner(self, place: float) -> Values:
        """Return where a slice begins."""
        away = self.axes[2] * self.step_mm * place + self.axes[1] * self.shift_mm * place
        return np.asarray(np.asarray(self.begin) + away)

    def places(self, place: float) -> Values:
        """Return where the pixels of a slice lie, shape ``(rows, columns, 3)``."""
        down, across = np.mgrid[0 : self.rows, 0 : self.columns]
        along = across[..., np.newaxis] * self.axes[0] * self.column_mm
        return np.asarray(self.corner(place) + along + down[..., np.newaxis] * self.axes[1] * self.row_mm)


def turned(degrees: Sequence[float]) -> tuple[tuple[float, float, float], ...]:
    """Return directions turned about x, then y, then z."""
    made = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        one, other = [each for each in range(3) if each != axis]
        about = np.eye(3)
        about[one, one] = about[other, other] = np.cos(angle)
        about[one, other], about[other, one] = -np.sin(angle), np.sin(angle)
        made = about @ made
    return tuple((float(row[0]), float(row[1]), float(row[2])) for row in made)


def slice_file(geometry: Geometry, place: float, change: Callable[[Dataset], None] = lambda _dataset: None) -> bytes:
    """Return one slice of the body as a file."""
    import io

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    uid = f"1.2.826.0.1.{int(place * 10) + 1}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.Modality = "1.2.3", "1.2.3.4", "CT"
    dataset.PatientName, dataset.StudyDate, dataset.FrameOfReferenceUID = "Phantom", "20260305", "1.2.3.9"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = geometry.rows, geometry.columns, 1
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 1
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelSpacing = [geometry.row_mm, geometry.column_mm]
    dataset.ImagePositionPatient = [f"{each:.6g}" for each in geometry.corner(place)]
    dataset.ImageOrientationPatient = [f"{each:.9g}" for each in (*geometry.axes[0], *geometry.axes[1])]
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -100
    dataset.WindowCenter, dataset.WindowWidth = 100, 600
    dataset.PixelData = np.rint(body(geometry.places(place)) + 100).astype("<i2").tobytes()
    change(dataset)
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def stack_of(files: Sequence[bytes]) -> FrameStack:
    """Return files as a series, in this order."""
    places = tuple(Place(f"1.2.826.{place}", str(place), 0) for place in range(len(files)))
    return FrameStack(places, lambda key: files[int(key)])


def stack_of_body(geometry: Geometry, order: Sequence[int] | None = None) -> FrameStack:
    """Return the slices of a body as a series, in any order."""
    return stack_of([slice_file(geometry, place) for place in order or range(geometry.count)])
