"""What is drawn of marks and outlines, as lines through points; and where it is enough.

A stranger's file may draw without end. What it draws first is seen; what would hold the window is left out and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from ui.widgets.image_sheet import Line, Points

if TYPE_CHECKING:
    from clinic_app.imaging.display.layers import Mark, Outline

MOST_POINTS: Final = 20_000
"""Of all marks on one picture, and as many again of lines that are longer than any hand draws."""
MOST_OUTLINE_POINTS: Final = 60_000
"""Of all outlines on one picture: a hundred structures of 600 points."""
MOST_LENGTH: Final = 550.0
"""Of all lines, by both edges of the picture: so many lines all over it leave nothing of it to be seen."""
_POINTS_OF_WORDS: Final = 40
_POINTS_OF_ROUND: Final = 20
_POINTS_OF_CURVE: Final = 3
"""What a text, something round and a point of a curve cost beside a point of a line."""
_CURVE_STEPS: Final = 12
_ROUND_STEPS: Final = 72


@dataclass(frozen=True, eq=False)
class Drawable:
    """What is drawn.

    Args:
        shapes: marks in their order, each with its line; a text and a point have none.
        edges: of structures.
        left_out: how many marks and outlines are not drawn, as it would be far too much.
        cost: of drawing it all, in points of a line.
    """

    shapes: tuple[tuple[Mark, Line | None], ...]
    edges: tuple[Line, ...]
    left_out: int
    cost: int


def drawable(marks: Sequence[Mark], outlines: Sequence[Outline], shown: tuple[float, float], edges: float) -> Drawable:
    """Return what is drawn on a picture.

    Args:
        marks: of a presentation state.
        outlines: of structures.
        shown: width and height, in pixels of the image, of what marks on the screen are shares of.
        edges: width and height of the picture together, in its pixels.
    """
    few = _Most(MOST_POINTS)
    room = _Most(MOST_LENGTH * edges)
    affordable = [mark for mark in marks if few.takes(_cost(mark))]
    kept = [(mark, line) for mark, line in _lines_of(affordable) if room.takes(_length(line, shown))]
    few, room = _Most(MOST_OUTLINE_POINTS), _Most(MOST_LENGTH * edges)
    near = [each for each in outlines if few.takes(len(each.points))]
    drawn = (
        Line(each, outline.colour, outline.is_closed)
        for outline, each in zip(near, _arrays([each.points for each in near]), strict=True)
    )
    kept_edges = tuple(line for line in drawn if room.takes(_length(line, shown)))
    left_out = len(marks) - len(kept) + len(outlines) - len(kept_edges)
    cost = sum(_cost(mark) for mark, _line in kept) + sum(len(each.points) for each in kept_edges)
    return Drawable(tuple(kept), kept_edges, left_out, cost)


def shape_of(mark: Mark) -> Points:
    """Return the points a mark's line goes through, shape ``(points, 2)`` (PS3.3 C.10.5.1.2)."""
    return _shape(mark, np.asarray(mark.points, dtype=np.float64))


class _Most:
    """Room for so much; what is too much for itself takes no room from what follows."""

    def __init__(self, left: float) -> None:
        self._left = left

    def takes(self, much: float) -> bool:
        """Return whether there is room, and give it away."""
        if not much <= self._left:
            return False
        self._left -= much
        return True


def _cost(mark: Mark) -> int:
    if mark.kind in ("text", "point"):
        return _POINTS_OF_WORDS
    if mark.kind in ("circle", "ellipse"):
        return _POINTS_OF_ROUND
    return len(mark.points) * (_POINTS_OF_CURVE if mark.kind == "curve" else 1)


def _lines_of(marks: Sequence[Mark]) -> Iterator[tuple[Mark, Line | None]]:
    for mark, points in zip(marks, _arrays([each.points for each in marks]), strict=True):
        if mark.kind in ("text", "point"):
            yield mark, None
            continue
        is_closed = mark.kind in ("circle", "ellipse")
        yield mark, Line(_shape(mark, points), mark.colour, is_closed, mark.is_filled, mark.is_of_screen)


def _arrays(points: Sequence[Sequence[tuple[float, float]]]) -> list[Points]:
    """Return points as arrays; made all at once, which takes a tenth of the time."""
    counts = [len(each) for each in points]
    flat = chain.from_iterable(chain.from_iterable(points))
    together = np.fromiter(flat, np.float64, 2 * sum(counts)).reshape(-1, 2)
    return np.split(together, np.cumsum(counts)[:-1]) if counts else []


def _length(line: Line | None, shown: tuple[float, float]) -> float:
    """Return how long a line is, in pixels of the image."""
    if line is None:
        return 0.0
    steps = line.points[1:] - line.points[:-1]
    if line.is_of_screen:
        steps = steps * shown
    return float(np.sqrt((steps * steps).sum(axis=1)).sum())


def _shape(mark: Mark, points: Points) -> Points:
    if mark.kind == "circle":
        radius = math.hypot(*(points[1] - points[0]))
        return _round(points[0], np.array((radius, 0.0)), np.array((0.0, radius)))
    if mark.kind == "ellipse":
        return _round((points[0] + points[1]) / 2, (points[1] - points[0]) / 2, (points[3] - points[2]) / 2)
    return _smooth(points) if mark.kind == "curve" and len(points) > 2 else points


def _round(middle: Points, long: Points, short: Points) -> Points:
    return middle + _TURNS[:, :1] * long + _TURNS[:, 1:] * short


def _smooth(points: Points) -> Points:
    """Return a curve through all points (Catmull-Rom)."""
    padded = np.concatenate((points[:1], points, points[-1:]))[:, None]
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    share = np.linspace(0, 1, _CURVE_STEPS, endpoint=False)[None, :, None]
    found = 2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3
    return np.concatenate((found.reshape(-1, 2) / 2, points[-1:]))


_ANGLES: Final = np.linspace(0, 2 * math.pi, _ROUND_STEPS, endpoint=False)
_TURNS: Final = np.stack((np.cos(_ANGLES), np.sin(_ANGLES)), axis=1)
