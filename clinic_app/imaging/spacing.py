"""How many millimetres a pixel is, and who says so.

The order is strict: calibrated pixel spacing; the region of an ultrasound image that holds both ends; the spacing at
an X-ray's detector, which is larger than in the patient and is labelled; otherwise pixels. A wrong millimetre is worse
than none. Sources: DICOM PS3.3 C.7.6.2, C.8.5.5, C.8.11.7, 10.7.1; real files with regions outside the image, with no
unit and with negative steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydicom.dataset import Dataset

from clinic_app.imaging.reading import READING_ERRORS, number_of, text_of

Origin = Literal["calibrated", "region", "detector"]
_CENTIMETRE: Final = 3.0
"""Physical units of an ultrasound region (PS3.3 C.8.5.5.1.15)."""


@dataclass(frozen=True)
class Spacing:
    """Millimetres from one pixel to the next.

    Args:
        row_mm: downwards.
        column_mm: to the right.
        origin: who says so.
    """

    row_mm: float
    column_mm: float
    origin: Origin


@dataclass(frozen=True)
class Region:
    """A calibrated part of an ultrasound image, in pixels, edges included."""

    left: float
    top: float
    right: float
    bottom: float
    spacing: Spacing

    def holds(self, point: tuple[float, float]) -> bool:
        """Return whether an image point (x, y) lies in the region."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    @property
    def area(self) -> float:
        """In square pixels; the smallest region that fits counts."""
        return (self.right - self.left) * (self.bottom - self.top)


def spacing_of(dataset: Dataset, frame_index: int) -> Spacing | None:
    """Return the spacing that holds for the whole frame, or None.

    An X-ray whose pixel spacing only repeats that at the detector was not calibrated (PS3.3 10.7.1.3).
    """
    calibrated = (_pair(source, "PixelSpacing", "calibrated") for source in _measures(dataset, frame_index))
    found = next((each for each in calibrated if each), None)
    at_detector = _pair(dataset, "ImagerPixelSpacing", "detector")
    if found and at_detector and not text_of(dataset, "PixelSpacingCalibrationType"):
        is_copied = (found.row_mm, found.column_mm) == (at_detector.row_mm, at_detector.column_mm)
        return at_detector if is_copied else found
    return found or at_detector


def regions_of(dataset: Dataset) -> tuple[Region, ...]:
    """Return the regions with lengths in both directions that lie inside the image."""
    rows, columns = number_of(dataset, "Rows", 0), number_of(dataset, "Columns", 0)
    found = []
    for item in _sequence(dataset, "SequenceOfUltrasoundRegions"):
        region = _region(item)
        if region and region.left >= 0 and region.top >= 0 and region.right <= columns and region.bottom <= rows:
            found.append(region)
    return tuple(found)


def _region(item: Dataset) -> Region | None:
    units = (number_of(item, "PhysicalUnitsXDirection", 0), number_of(item, "PhysicalUnitsYDirection", 0))
    step_x, step_y = abs(number_of(item, "PhysicalDeltaX", 0)), abs(number_of(item, "PhysicalDeltaY", 0))
    if units != (_CENTIMETRE, _CENTIMETRE) or not step_x or not step_y:
        return None
    return Region(
        number_of(item, "RegionLocationMinX0", -1),
        number_of(item, "RegionLocationMinY0", -1),
        number_of(item, "RegionLocationMaxX1", -1),
        number_of(item, "RegionLocationMaxY1", -1),
        Spacing(step_y * 10, step_x * 10, "region"),
    )


def _measures(dataset: Dataset, frame_index: int) -> Iterator[Dataset]:
    """Yield where a pixel spacing may stand: the frame's own functional group, the shared one, the dataset."""
    groups = _sequence(dataset, "PerFrameFunctionalGroupsSequence")
    if frame_index < len(groups):
        yield from _sequence(groups[frame_index], "PixelMeasuresSequence")
    for shared in _sequence(dataset, "SharedFunctionalGroupsSequence"):
        yield from _sequence(shared, "PixelMeasuresSequence")
    yield dataset


def _sequence(dataset: Dataset, keyword: str) -> list[Any]:
    try:
        return list(dataset.get(keyword) or ())
    except READING_ERRORS:
        return []


def _pair(source: Dataset, keyword: str, origin: Origin) -> Spacing | None:
    try:
        values: Any = source.get(keyword) or ()
        row_mm, column_mm = (float(each) for each in values)
    except READING_ERRORS:
        return None
    is_length = all(0 < each < math.inf for each in (row_mm, column_mm))
    return Spacing(row_mm, column_mm, origin) if is_length else None
