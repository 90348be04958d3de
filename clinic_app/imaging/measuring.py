"""Lengths on stored pixels, with the origin of every millimetre."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from clinic_app.foundation.texts import Text
from clinic_app.imaging.frame import Frame
from clinic_app.imaging.spacing import Origin, Spacing

_ORIGINS: Final[dict[Origin, Text]] = {
    "calibrated": Text("calibrated"),
    "region": Text("ultrasound region"),
    "detector": Text("at the detector"),
}
Point = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """A length.

    Args:
        value: how long.
        unit: millimetres, or pixels where nobody says how large they are.
        origin: who says how large a pixel is; it stands beside the number.
    """

    value: float
    unit: Literal["mm", "px"]
    origin: Text


def length(frame: Frame, a: Point, b: Point) -> Measured:
    """Return the distance between two image points.

    Args:
        frame: the picture.
        a: (x, y) in pixels of the stored image.
        b: the other end.
    """
    across, down = b[0] - a[0], b[1] - a[1]
    spacing, origin = _spacing_for(frame, a, b)
    if spacing is None:
        return Measured(math.hypot(across, down), "px", origin)
    return Measured(math.hypot(across * spacing.column_mm, down * spacing.row_mm), "mm", origin)


def _spacing_for(frame: Frame, a: Point, b: Point) -> tuple[Spacing | None, Text]:
    if frame.spacing is not None and frame.spacing.origin == "calibrated":
        return frame.spacing, _ORIGINS["calibrated"]
    if frame.regions:
        both = [region for region in frame.regions if region.holds(a) and region.holds(b)]
        if both:
            return min(both, key=lambda region: region.area).spacing, _ORIGINS["region"]
        return None, Text("outside one calibrated region")
    if frame.spacing is not None:
        return frame.spacing, _ORIGINS[frame.spacing.origin]
    return None, Text("not calibrated")
