"""What one pixel is where a mark lies, and who says so.

Order: a length somebody knows, of the part of the image it was drawn in; a region of ultrasound whose axes are no
lengths (no other rule holds there); the spacing of the file where it is of the patient; a region of lengths; the
spacing at the detector or of a film; else pixels. A mark with ends in two regions is not measured at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clinic_app.foundation.texts import Text
from clinic_app.imaging.measuring.marks import Mark, Point
from clinic_app.imaging.measuring.regions import Axis, Region, smallest_at
from clinic_app.imaging.measuring.spacing import Spacing

if TYPE_CHECKING:
    from clinic_app.imaging.frame import Frame

_OF_PATIENT: Final = frozenset({"calibrated", "geometry", "stated"})
_APART: Final = Text("Nothing is measured across two regions of an ultrasound image.")


@dataclass(frozen=True)
class Scale:
    """What a pixel is.

    Args:
        spacing: millimetres; None where there are none.
        region: whose axes are no lengths, to be read by them.
        origin: who says so.
        refusal: why nothing is to be measured.
        aspect: how high a pixel is by its width.
    """

    spacing: Spacing | None
    origin: Text
    region: Region | None = None
    refusal: Text | None = None
    aspect: float = 1.0

    @property
    def step(self) -> Point:
        """One pixel across and down in millimetres, or in pixels' widths where nobody knows those."""
        return (self.spacing.column_mm, self.spacing.row_mm) if self.spacing else (1.0, self.aspect)

    @property
    def unit(self) -> str:
        """Of lengths."""
        return "mm" if self.spacing else "px"


def scale_of(frame: Frame, points: tuple[Point, ...], known: Mark | None = None) -> Scale:
    """Return what a pixel is for something with these points.

    Args:
        frame: the picture.
        points: of the mark.
        known: a scale somebody drew on the picture.
    """
    regions = [smallest_at(frame.regions, point) for point in points]
    if any(each != regions[0] for each in regions) and not _are_alike(regions):
        return Scale(None, Text("ultrasound region"), refusal=_APART)
    region = _common(frame, points)
    if region is not None and region.spacing is None:
        return Scale(None, Text("ultrasound region"), region=region)
    by_hand = _by_hand(frame, known, region)
    if by_hand is not None:
        return _by(by_hand)
    if frame.spacing is not None and (frame.spacing.origin in _OF_PATIENT or not frame.regions):
        return _by(frame.spacing)
    if region is not None and region.spacing is not None:
        return _by(region.spacing)
    said = Text("outside one calibrated region") if frame.regions else Text("not calibrated")
    return Scale(None, said, aspect=frame.pixel_aspect)


def _are_alike(regions: list[Region | None]) -> bool:
    """Return whether lengths are the same in all of them; outside of every region is a place like any other."""
    spacings = {each.spacing for each in regions if each is not None}
    return (None in regions and None not in spacings) or (len(spacings) == 1 and None not in spacings)


def _common(frame: Frame, points: tuple[Point, ...]) -> Region | None:
    holding = [each for each in frame.regions if all(map(each.holds, points))]
    return min(holding, key=lambda each: each.area, default=None)


def _by(spacing: Spacing) -> Scale:
    return Scale(spacing, spacing.words, aspect=spacing.row_mm / spacing.column_mm)


def _by_hand(frame: Frame, known: Mark | None, region: Region | None) -> Spacing | None:
    """Return the spacing a known length makes; it holds where it was drawn."""
    if known is None or not known.is_sound or _common(frame, known.points) != region:
        return None
    ground = region.spacing if region is not None else frame.spacing
    aspect = ground.row_mm / ground.column_mm if ground else frame.pixel_aspect
    (x1, y1), (x2, y2) = known.points
    drawn = math.hypot(x2 - x1, (y2 - y1) * aspect)
    if not drawn:
        return None
    column_mm = known.known_mm / drawn
    return Spacing(column_mm * aspect, column_mm, "hand", known.known_mm)


def axis_moved(axis: Axis, pixels: float) -> float:
    """Return how far a way of so many pixels is along an axis, without its sign."""
    return abs(pixels * axis.step)


def value_on(axis: Axis, pixel: float) -> float | None:
    """Return an axis' own value at a place of the image; None where the region names no reference."""
    return None if axis.zero is None or not axis.unit else axis.zero + pixel * axis.step
