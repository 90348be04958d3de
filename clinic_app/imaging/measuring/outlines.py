"""The lines a mark is drawn with, in pixels of the image: for a screen, a page, or a presentation state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clinic_app.imaging.display.layers import Mark as Drawing
from clinic_app.imaging.measuring.marks import ROUND, Mark, Point
from clinic_app.imaging.measuring.shapes import half_axes

_STEPS: Final = 72


@dataclass(frozen=True)
class Stroke:
    """A line.

    Args:
        points: it goes through.
        is_closed: back to the first.
        is_thin: helps only, as the axes of a head.
    """

    points: tuple[Point, ...]
    is_closed: bool = False
    is_thin: bool = False


def strokes_of(mark: Mark) -> tuple[Stroke, ...]:
    """Return the lines of a mark; a point and a text have none."""
    points = mark.points
    if mark.kind in ROUND:
        round_ = Stroke(round_points(points), is_closed=True)
        axes = (Stroke(points[:2], is_thin=True), Stroke(points[2:], is_thin=True))
        return (round_, *axes) if mark.kind == "head ellipse" else (round_,)
    if mark.kind == "rectangle":
        return (Stroke(corners(points), is_closed=True),)
    if mark.kind == "free":
        return (Stroke(points, is_closed=True),)
    if mark.kind == "cobb":
        if len(points) < 4:
            return (Stroke(points),)
        between = (_middle(points[0], points[1]), _middle(points[2], points[3]))
        return Stroke(points[:2]), Stroke(points[2:]), Stroke(between, is_thin=True)
    return (Stroke(points),) if len(points) > 1 else ()


def corners(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the four corners of a rectangle given by two."""
    (x1, y1), (x2, y2) = points[:2]
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def round_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return points on an ellipse given by the ends of two diameters."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    x, y = (ax + bx) / 2, (ay + by) / 2
    turns = (step * 2 * math.pi / _STEPS for step in range(_STEPS))
    return tuple(
        (
            x + (bx - ax) / 2 * math.cos(turn) + (dx - cx) / 2 * math.sin(turn),
            y + (by - ay) / 2 * math.cos(turn) + (dy - cy) / 2 * math.sin(turn),
        )
        for turn in turns
    )


def drawings_of(mark: Mark, lines: Sequence[str]) -> tuple[Drawing, ...]:
    """Return a mark as a presentation state keeps it: lines, and its words beside them (PS3.3 C.10.5).

    Args:
        mark: what to draw.
        lines: what stands beside it.
    """
    made: list[Drawing] = []
    if mark.kind == "point":
        made.append(Drawing("point", mark.points))
    elif mark.kind in ROUND:
        made.append(Drawing("ellipse", _right_angled(mark.points)))
    else:
        for stroke in strokes_of(mark):
            points = (*stroke.points, stroke.points[0]) if stroke.is_closed else stroke.points
            if not stroke.is_thin:
                made.append(Drawing("polyline", points))
    if lines:
        made.append(Drawing("text", (beside(mark),), "\n".join(lines)))
    return tuple(made)


def beside(mark: Mark) -> Point:
    """Return where the words of a mark begin: at its right end."""
    points = round_points(mark.points) if mark.kind in ROUND else mark.points
    return max(points)


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _right_angled(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return the ends of the axes that stand at right angles in the picture, the longer first (C.10.5.1.2).

    Where pixels are not square, axes that do so in the patient do not in the picture.
    """
    long, short = half_axes(points)
    x, y = _middle(points[0], points[1])
    edge = round_points(points)
    far = max(edge, key=lambda point: math.dist(point, (x, y)))
    turn = math.atan2(far[1] - y, far[0] - x)
    along, aside = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    ends = [(x + way * long * along[0], y + way * long * along[1]) for way in (-1, 1)]
    return (*ends, *((x + way * short * aside[0], y + way * short * aside[1]) for way in (-1, 1)))
