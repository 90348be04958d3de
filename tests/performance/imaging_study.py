"""A study of five hundred images for the benchmarks: one real CT image, each copy with its own names and place."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Final

import pydicom
from pydicom.uid import generate_uid

IMAGES: Final = 500
_STEP_MM: Final = 1.25


def write_study(source: Path, folder: Path, count: int = IMAGES, *, is_alone: bool = True) -> tuple[Path, ...]:
    """Write a series of images with varied headers; return its files in the order of the slices.

    Args:
        source: a real image, its pixels are kept as they are.
        folder: made for them.
        count: how many.
        is_alone: False adds a second series of one image, so that there is another one to be looked at first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dataset = pydicom.dcmread(source)
    study, series = generate_uid(), generate_uid()
    dataset.StudyInstanceUID = study
    paths = [folder / f"IM{number:05}" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        _write(dataset, series, number, path)
    if not is_alone:
        scout = deepcopy(dataset)
        scout.SeriesNumber, scout.SeriesDescription = 0, "Scout"
        _write(scout, generate_uid(), 1, folder / "SCOUT")
    return tuple(paths)


def _write(dataset: pydicom.Dataset, series: str, number: int, path: Path) -> None:
    dataset.SeriesInstanceUID = series
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.InstanceNumber = number
    dataset.SliceLocation = number * _STEP_MM
    dataset.ImagePositionPatient = [-250, -250, number * _STEP_MM]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.AcquisitionTime = f"0900{number // 10:02}.{number % 10:06}"
    dataset.save_as(path, enforce_file_format=True)
