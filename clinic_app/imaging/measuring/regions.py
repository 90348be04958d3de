"""Calibrated parts of an ultrasound image: lengths, times, velocities, each with its own rule.

A region says itself what one pixel is across and down; the first file's region never holds for the next. What a region
says of its flags (which lies over which) is not needed: of regions over one another the smallest counts. Regions that
say no unit, lie outside the image or have no step are left out, as are bars of grey and colour.

Sources: DICOM PS3.3 C.8.5.5 (US region calibration); real files with regions outside the image, with no unit and with
negative steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import items_of, numbers_of
from clinic_app.imaging.measuring.spacing import Spacing
from clinic_app.imaging.reading import number_of

AxisUnit = Literal["mm", "s", "cm/s", "Hz", ""]
_UNITS: Final[dict[int, tuple[AxisUnit, float]]] = {3: ("mm", 10.0), 4: ("s", 1.0), 5: ("Hz", 1.0), 7: ("cm/s", 1.0)}
"""Physical units (C.8.5.5.1.15), and how many of ours one of them is."""
_BARS: Final = (13, 14)
_MOST_REGIONS: Final = 64
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """What a step of one pixel is.

    Args:
        step: in the unit, with its sign: an axis may grow to the left or upwards.
        unit: empty where the axis means nothing.
        zero: value at pixel 0 of the image; None where the region names no reference.
    """

    step: float = 0.0
    unit: AxisUnit = ""
    zero: float | None = None


@dataclass(frozen=True)
class Region:
    """A calibrated part of an ultrasound image, in pixels, edges included; its last column ends at ``right``.

    Args:
        spacing: where both directions are lengths, else None.
        across: what a step to the right is.
        down: what a step downwards is.
    """

    left: float
    top: float
    right: float
    bottom: float
    spacing: Spacing | None
    across: Axis = Axis()
    down: Axis = Axis()

    def holds(self, point: Point) -> bool:
        """Return whether an image point (x, y) lies in the region."""
        return self.left <= point[0] <= self.right and self.top <= point[1] <= self.bottom

    @property
    def area(self) -> float:
        """In square pixels; the smallest region that fits counts."""
        return (self.right - self.left) * (self.bottom - self.top)


def regions_of(dataset: Dataset) -> tuple[Region, ...]:
    """Return the regions that measure something and lie inside the image."""
    rows, columns = number_of(dataset, "Rows", 0), number_of(dataset, "Columns", 0)
    found = (_region(item) for item in items_of(dataset, "SequenceOfUltrasoundRegions")[:_MOST_REGIONS])
    return tuple(
        replace(each, right=min(each.right, columns), bottom=min(each.bottom, rows))
        for each in found
        if each and 0 <= each.left < each.right <= columns + 1 and 0 <= each.top < each.bottom <= rows + 1
    )


def smallest_at(regions: Sequence[Region], point: Point) -> Region | None:
    """Return the smallest region that holds a point."""
    return min((each for each in regions if each.holds(point)), key=lambda each: each.area, default=None)


def _region(item: Dataset) -> Region | None:
    if int(number_of(item, "RegionDataType", 0)) in _BARS:
        return None
    left, top = number_of(item, "RegionLocationMinX0", -1), number_of(item, "RegionLocationMinY0", -1)
    right, bottom = number_of(item, "RegionLocationMaxX1", -1) + 1, number_of(item, "RegionLocationMaxY1", -1) + 1
    if right <= left + 1 or bottom <= top + 1:
        return None
    across, down = _axis(item, "X", left), _axis(item, "Y", top)
    if across.unit == down.unit == "mm":
        spacing = Spacing(abs(down.step), abs(across.step), "region")
        return Region(left, top, right, bottom, spacing, across, down)
    if across.unit == "s" or down.unit in ("cm/s", "Hz"):
        return Region(left, top, right, bottom, None, across, down)
    return None


def _axis(item: Dataset, name: str, begin: float) -> Axis:
    unit, factor = _UNITS.get(int(number_of(item, f"PhysicalUnits{name}Direction", 0)), ("", 0.0))
    step = number_of(item, f"PhysicalDelta{name}", 0.0) * factor
    if not unit or not step or abs(step) > 1e6:
        return Axis()
    pixel = numbers_of(item, f"ReferencePixel{name}0")
    value = numbers_of(item, f"ReferencePixelPhysicalValue{name}")
    zero = value[0] * factor - (begin + pixel[0] + 0.5) * step if pixel and value else None
    return Axis(step, unit, zero)
