"""The numbers of a mark, each with its unit and, beside every millimetre, who says how large a pixel is.

Angles are those in the patient: a pixel that is higher than wide is taken as it is. Cobb's angle is the smaller one
between the two lines. The circumference of a head is that of its ellipse (see `shapes`); its axes are the
occipitofrontal (OFD) and the biparietal diameter (BPD), both from outer to outer edge, and the cephalic index is
BPD / OFD. A region of Doppler or M-mode is measured along its own axes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from clinic_app.foundation.texts import Text
from clinic_app.imaging.measuring.marks import REGIONS, Mark, Point
from clinic_app.imaging.measuring.regions import Axis, Region
from clinic_app.imaging.measuring.scales import Scale, axis_moved, scale_of, value_on
from clinic_app.imaging.measuring.shapes import (
    edge_length,
    ellipse_circumference,
    half_axes,
    polygon_area,
    reaches_beyond,
)
from clinic_app.imaging.measuring.statistics import Statistics

if TYPE_CHECKING:
    from clinic_app.imaging.frame import Frame

_HEAD: Final = Text("HC: circumference of the ellipse by Ramanujan (1914); OFD and BPD are its axes, outer to outer.")
_COLOUR: Final = Text("A colour picture: its pixels have no mean.")
_EMPTY: Final = Text("No pixel of the picture lies inside.")
_CUT: Final = Text("A part of it lies outside the picture.")
_ALONG_AXES: Final = Text("This part of the ultrasound image has axes of time or velocity: draw a length or a point.")
_ON_AXIS: Final[dict[str, Text]] = {
    "mm": Text("Distance"),
    "s": Text("Time"),
    "cm/s": Text("Velocity"),
    "Hz": Text("Frequency"),
}


@dataclass(frozen=True)
class Value:
    """One number.

    Args:
        name: what it is.
        number: how much.
        unit: ``mm``, ``mm²``, ``px``, ``px²``, ``°``, ``ms``, ``cm/s``, ``Hz``, ``%``, the unit of the picture's
            values (``HU``), or empty.
        origin: who says how large a pixel is, where that matters.
    """

    name: Text
    number: float
    unit: str
    origin: Text | None = None


@dataclass(frozen=True)
class Measured:
    """What a mark measures.

    Args:
        values: the most important first.
        note: what must be said about them, or why there are none.
    """

    values: tuple[Value, ...] = ()
    note: Text | None = None


def measured(
    frame: Frame, mark: Mark, statistics: Statistics | None = None, known: Mark | None = None, *, is_added: bool = True
) -> Measured:
    """Return the numbers of a mark.

    Args:
        frame: the picture.
        mark: on it.
        statistics: of its pixels, as `statistics_of` gives them.
        known: the scale somebody drew on the same picture, if any.
        is_added: False while the pixels are still being added up.
    """
    if mark.kind in ("arrow", "text", "scale"):
        return Measured()
    if mark.kind == "point":
        return _at_point(frame, mark)
    scale = scale_of(frame, mark.points, known)
    if scale.refusal is not None:
        return Measured(note=scale.refusal)
    if scale.region is not None:
        if mark.kind != "length":
            return Measured(note=_ALONG_AXES)
        return Measured(tuple(_along(scale.region, *mark.points)))
    values = tuple(_values(mark, scale))
    if mark.kind in REGIONS:
        found = _with_pixels(frame, values, statistics, is_added=is_added)
        is_cut = found.note is None and reaches_beyond(mark, frame.columns, frame.rows)
        return replace(found, note=_CUT) if is_cut else found
    return Measured(values, _HEAD if mark.kind == "head ellipse" else None)


def length(frame: Frame, a: Point, b: Point) -> Measured:
    """Return the distance between two image points."""
    return measured(frame, Mark("length", (a, b)))


def _values(mark: Mark, scale: Scale) -> Iterator[Value]:
    points, unit, origin = mark.points, scale.unit, scale.origin
    if mark.kind == "length":
        yield Value(Text("Length"), math.hypot(*_way(points[0], points[1], scale)), unit, origin)
    elif mark.kind == "angle":
        yield Value(Text("Angle"), _between(_way(points[1], points[0], scale), _way(points[1], points[2], scale)), "°")
    elif mark.kind == "cobb":
        angle = _between(_way(points[0], points[1], scale), _way(points[2], points[3], scale))
        yield Value(Text("Cobb's angle"), min(angle, 180 - angle), "°")
    elif mark.kind == "head ellipse":
        a, b = half_axes(points, scale.step)
        yield Value(Text("HC"), ellipse_circumference(a, b), unit, origin)
        yield Value(Text("OFD"), 2 * a, unit, origin)
        yield Value(Text("BPD"), 2 * b, unit, origin)
        yield Value(Text("Cephalic index"), 100 * b / a if a else 0.0, "%")
    else:
        yield from _of_region(mark, scale)


def _of_region(mark: Mark, scale: Scale) -> Iterator[Value]:
    unit, origin, step = scale.unit, scale.origin, scale.step
    name, size = Text("Area"), step[0] * step[1]
    if mark.kind == "ellipse":
        a, b = half_axes(mark.points, step)
        yield Value(name, math.pi * a * b, f"{unit}²", origin)
        yield Value(Text("Circumference"), ellipse_circumference(a, b), unit, origin)
        yield Value(Text("Long axis"), 2 * a, unit, origin)
        yield Value(Text("Short axis"), 2 * b, unit, origin)
    elif mark.kind == "free":
        yield Value(name, polygon_area(mark.points) * size, f"{unit}²", origin)
        yield Value(Text("Circumference"), edge_length(mark.points, step), unit, origin)
    else:
        across, down = map(abs, _way(mark.points[0], mark.points[1], scale))
        yield Value(name, across * down, f"{unit}²", origin)
        yield Value(Text("Width"), across, unit, origin)
        yield Value(Text("Height"), down, unit, origin)


def _with_pixels(frame: Frame, values: tuple[Value, ...], found: Statistics | None, *, is_added: bool) -> Measured:
    if frame.is_colour:
        return Measured(values, _COLOUR)
    if found is None:
        return Measured(values, _EMPTY if is_added else None)
    said = (
        Value(Text("Mean"), found.mean, frame.unit),
        Value(Text("SD"), found.deviation, frame.unit),
        Value(Text("Least"), found.least, frame.unit),
        Value(Text("Greatest"), found.greatest, frame.unit),
        Value(Text("Pixels"), found.count, ""),
    )
    return Measured((values[0], *said, *values[1:]))


def _at_point(frame: Frame, mark: Mark) -> Measured:
    x, y = mark.points[0]
    region = scale_of(frame, mark.points).region
    if region is not None:
        found = [(axis, value_on(axis, at)) for axis, at in ((region.down, y), (region.across, x))]
        values = tuple(_on_axis(axis, value) for axis, value in found if value is not None)
        return Measured(values, None if values else Text("This region names no zero: draw a length."))
    if frame.is_colour:
        return Measured(note=Text("A colour picture: its pixel has no single value."))
    value = frame.value_at(min(int(x), frame.columns - 1), min(int(y), frame.rows - 1))
    if value is None:
        return Measured(note=_EMPTY)
    stored = frame.stored[min(int(y), frame.rows - 1), min(int(x), frame.columns - 1)].reshape(1)
    note = Text("This pixel lies outside the picture (padding).") if frame.is_padding(stored).any() else None
    return Measured((Value(Text("Value"), value, frame.unit),), note)


def _along(region: Region, a: Point, b: Point) -> Iterator[Value]:
    """Yield what lies between two points along the axes of a region, and how fast that is in M-mode."""
    down, across = axis_moved(region.down, b[1] - a[1]), axis_moved(region.across, b[0] - a[0])
    if region.down.unit:
        yield _on_axis(region.down, down)
    if region.across.unit:
        yield _on_axis(region.across, across)
    if region.down.unit == "mm" and region.across.unit == "s" and across > 0:
        yield Value(Text("Slope"), down / 10 / across, "cm/s", Text("ultrasound region"))


def _on_axis(axis: Axis, value: float) -> Value:
    origin = Text("ultrasound region")
    if axis.unit == "s":
        return Value(_ON_AXIS["s"], value * 1000, "ms", origin)
    return Value(_ON_AXIS[axis.unit], value, axis.unit, origin)


def _way(a: Point, b: Point, scale: Scale) -> Point:
    step = scale.step
    return (b[0] - a[0]) * step[0], (b[1] - a[1]) * step[1]


def _between(a: Point, b: Point) -> float:
    """Return the angle between two ways, 0 to 180 degrees; right also where it is nearly none or nearly straight."""
    return math.degrees(math.atan2(abs(a[0] * b[1] - a[1] * b[0]), a[0] * b[0] + a[1] * b[1]))
