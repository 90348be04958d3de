"""DICOM files made for a test: every pixel and every word in them is known."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

STUDY, SERIES, REFERENCE = "1.2.3", "1.2.3.4", "1.2.3.9"


def made_file(
    stored: NDArray[Any] | None = None, *, sop_uid: str = "1.2.3.4.5", syntax: str = ExplicitVRLittleEndian, **more: Any
) -> Dataset:
    """Return a file with these pixels (frames first if there are several) and elements."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, sop_uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.Modality = STUDY, SERIES, "CT"
    dataset.PatientName, dataset.PatientID, dataset.StudyDate = "Test^Name", "7", "20260305"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    if stored is not None:
        _put_pixels(dataset, stored)
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def compressed_file(frames: list[bytes], shape: tuple[int, int], syntax: str, **more: Any) -> Dataset:
    """Return a file of compressed grey frames of eight bits."""
    dataset = made_file(np.zeros((1, 1), np.uint8), syntax=syntax, **more)
    dataset.Rows, dataset.Columns = shape
    if len(frames) > 1:
        dataset.NumberOfFrames = len(frames)
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    return dataset


def on_plane(dataset: Dataset, z_mm: float, mm: float = 1.0) -> Dataset:
    """Lay a file's picture into the patient, feet to head, its first pixel's middle at 0, 0."""
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, z_mm], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness, dataset.FrameOfReferenceUID = [mm, mm], 2.0, REFERENCE
    return dataset


def bytes_of(dataset: Dataset) -> bytes:
    """Return a file's bytes."""
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def item(**elements: Any) -> Dataset:
    """Return an item of a sequence; lists of items become sequences."""
    made = Dataset()
    for keyword, value in elements.items():
        is_items = isinstance(value, list) and bool(value) and isinstance(value[0], Dataset)
        setattr(made, keyword, Sequence(value) if is_items else value)
    return made


def pointing_at(sop_uid: str, *frames: int) -> Dataset:
    """Return an item that names a picture."""
    made = item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=sop_uid)
    if frames:
        made.ReferencedFrameNumber = list(frames)
    return made


def overlay(dataset: Dataset, drawn: NDArray[Any], *, group: int = 0x6000, row: int = 1, column: int = 1) -> None:
    """Draw over a file's picture; ``drawn`` may have frames first."""
    dataset.add_new((group, 0x10), "US", drawn.shape[-2])
    dataset.add_new((group, 0x11), "US", drawn.shape[-1])
    dataset.add_new((group, 0x40), "CS", "G")
    dataset.add_new((group, 0x50), "SS", [row, column])
    dataset.add_new((group, 0x100), "US", 1)
    dataset.add_new((group, 0x102), "US", 0)
    if drawn.ndim == 3:
        dataset.add_new((group, 0x15), "IS", drawn.shape[0])
        dataset.add_new((group, 0x51), "US", 1)
    packed = np.packbits(drawn.astype(bool).ravel(), bitorder="little").tobytes()
    dataset.add_new((group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))


def _put_pixels(dataset: Dataset, stored: NDArray[Any]) -> None:
    is_colour = stored.shape[-1] == 3 and stored.dtype == np.uint8
    if stored.ndim == (4 if is_colour else 3):
        dataset.NumberOfFrames = stored.shape[0]
    rows, columns = stored.shape[-3:-1] if is_colour else stored.shape[-2:]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, 3 if is_colour else 1
    dataset.PhotometricInterpretation = "RGB" if is_colour else "MONOCHROME2"
    if is_colour:
        dataset.PlanarConfiguration = 0
    bits = stored.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    data = stored.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
