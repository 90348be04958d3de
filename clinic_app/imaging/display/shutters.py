"""Shutters: what of a picture is covered, so that bright borders do not blind the eye.

Source: DICOM PS3.3 C.7.6.11 (display shutter), C.11.6.1.2 (the value that covers, in presentation values).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from clinic_app.imaging.display.elements import numbers_of
from clinic_app.imaging.display.overlays import OverlayPlane, overlays_of
from clinic_app.imaging.reading import number_of

Point = tuple[float, float]
_MOST_CORNERS: Final = 2000


@dataclass(frozen=True)
class Circle:
    """A round hole: middle (x, y) and radius in pixels."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Shutter:
    """What may be seen; everything outside any of the holes is covered. In image pixels, the first begins at 0.

    Args:
        rectangle: left, top, right, bottom.
        circle: a round hole.
        corners: of a polygon, as (x, y).
        grey: what it is covered with, from 0 black to 255.
        covered: drawn over what is covered, whatever its shape.
    """

    rectangle: tuple[float, float, float, float] | None = None
    circle: Circle | None = None
    corners: tuple[Point, ...] = ()
    grey: int = 0
    covered: OverlayPlane | None = None

    def open_part(self, rows: int, columns: int) -> NDArray[np.bool_]:
        """Return shape ``(rows, columns)``, True where the picture is seen."""
        y, x = np.ogrid[0.5 : rows + 0.5, 0.5 : columns + 0.5]
        seen = np.ones((rows, columns), dtype=bool)
        if self.rectangle:
            left, top, right, bottom = self.rectangle
            seen &= (x > left) & (x < right) & (y > top) & (y < bottom)
        if self.circle:
            seen &= (x - self.circle.x) ** 2 + (y - self.circle.y) ** 2 <= self.circle.radius**2
        if self.corners:
            seen &= _inside(self.corners, x, y)
        if self.covered is not None and self.covered.drawn.shape == seen.shape:
            seen &= ~self.covered.drawn
        return seen


def shutter_of(dataset: Dataset) -> Shutter | None:
    """Return the shutter of an image or a presentation state, if it has one that leaves something to be seen."""
    shapes = _shapes(dataset)
    rectangle = _rectangle(dataset) if "RECTANGULAR" in shapes else None
    circle = _circle(dataset) if "CIRCULAR" in shapes else None
    corners = _corners(dataset) if "POLYGONAL" in shapes else ()
    covered = _covered(dataset) if "BITMAP" in shapes else None
    if rectangle is None and circle is None and not corners and covered is None:
        return None
    grey = round(min(max(number_of(dataset, "ShutterPresentationValue", 0), 0), 65_535) / 257)
    return Shutter(rectangle, circle, corners, grey, covered)


def _shapes(dataset: Dataset) -> tuple[str, ...]:
    value = dataset.get("ShutterShape")
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value or ())


def _covered(dataset: Dataset) -> OverlayPlane | None:
    """Return the overlay that covers (PS3.3 C.7.6.15); it is no drawing then."""
    group = int(number_of(dataset, "ShutterOverlayGroup", 0))
    return next((plane for plane in overlays_of(dataset, 0) if plane.group == group), None)


def _rectangle(dataset: Dataset) -> tuple[float, float, float, float] | None:
    edges = ("ShutterLeftVerticalEdge", "ShutterUpperHorizontalEdge")
    far = ("ShutterRightVerticalEdge", "ShutterLowerHorizontalEdge")
    left, top = (number_of(dataset, each, 1) - 1 for each in edges)
    right, bottom = (number_of(dataset, each, 0) for each in far)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _circle(dataset: Dataset) -> Circle | None:
    middle = numbers_of(dataset, "CenterOfCircularShutter")
    radius = number_of(dataset, "RadiusOfCircularShutter", 0)
    return Circle(middle[1] - 0.5, middle[0] - 0.5, radius) if len(middle) == 2 and radius > 0 else None


def _corners(dataset: Dataset) -> tuple[Point, ...]:
    found = numbers_of(dataset, "VerticesOfThePolygonalShutter")
    if not 6 <= len(found) <= 2 * _MOST_CORNERS or len(found) % 2:
        return ()
    return tuple((x - 0.5, y - 0.5) for y, x in zip(found[::2], found[1::2], strict=True))


def _inside(corners: tuple[Point, ...], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a ray to the right crosses the edges an odd number of times."""
    seen = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y1 != y2:
            crosses = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
            seen ^= crosses
    return seen
