"""What somebody draws on a picture to measure or to point: points in pixels of the stored image.

The first pixel begins at 0 and ends at 1, x to the right and y downwards, as in PS3.3 C.10.5. However the picture is
turned, mirrored or enlarged to be looked at, its marks stay where they are in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, get_args

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

Point = tuple[float, float]
Kind = Literal[
    "length", "angle", "cobb", "ellipse", "rectangle", "free", "point", "arrow", "text", "head ellipse", "scale"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
REGIONS: Final = frozenset({"ellipse", "rectangle", "free"})
"""Kinds that hold pixels."""
ROUND: Final = frozenset({"ellipse", "head ellipse"})
MOST_POINTS: Final = 2000
LONGEST_WORDS: Final = 400
_FARTHEST: Final = 1e6
_POINTS: Final[dict[Kind, tuple[int, int]]] = {
    "length": (2, 2),
    "angle": (3, 3),
    "cobb": (4, 4),
    "ellipse": (4, 4),
    "rectangle": (2, 2),
    "free": (3, MOST_POINTS),
    "point": (1, 1),
    "arrow": (2, 2),
    "text": (1, 1),
    "head ellipse": (4, 4),
    "scale": (2, 2),
}


@dataclass(frozen=True)
class Mark:
    """One mark.

    Args:
        kind: what it is.
        points: of a length, a scale and a rectangle two; of an angle an end, the corner and the other end; of Cobb's
            angle the ends of one line and of the other; of an ellipse the ends of one axis and of the other; of a
            free region its edge; of an arrow its tip and its tail.
        words: what somebody wrote to it.
        known_mm: of a scale, how long the thing under it is known to be.
        uid: stays the same however often it is changed.
        sop_uid: of the picture's file.
        frame_number: of the picture in its file, from 1.
    """

    kind: Kind
    points: tuple[Point, ...]
    words: str = ""
    known_mm: float = 0.0
    uid: str = ""
    sop_uid: str = ""
    frame_number: int = 1

    @property
    def place(self) -> tuple[str, int]:
        """The picture it is on: file and frame."""
        return self.sop_uid, self.frame_number

    @property
    def is_sound(self) -> bool:
        """Whether it can be drawn and measured: right number of points, all of them numbers, not farther than any."""
        least, most = _POINTS[self.kind]
        is_near = all(abs(value) <= _FARTHEST for point in self.points for value in point)  # NaN is not
        known = self.known_mm > 0 if self.kind == "scale" else self.known_mm == 0
        return least <= len(self.points) <= most and is_near and known and self.known_mm < _FARTHEST

    def lies_on(self, columns: int, rows: int) -> bool:
        """Return whether all of its points lie on a picture of this size; the edge belongs to it.

        An ellipse may reach beyond: a head is often larger than the part of it that is seen. Its middle lies on it.
        """
        if self.kind in ROUND:
            (x1, y1), (x2, y2) = self.points[:2]
            is_near = all(-columns <= x <= 2 * columns and -rows <= y <= 2 * rows for x, y in self.points)
            return is_near and 0 <= (x1 + x2) / 2 <= columns and 0 <= (y1 + y2) / 2 <= rows
        return all(-0.001 <= x <= columns + 0.001 and -0.001 <= y <= rows + 0.001 for x, y in self.points)

    def moved(self, dx: float, dy: float, columns: int, rows: int) -> Mark:
        """Return it moved, as far as it goes within a picture of this size."""
        xs, ys = [x for x, _y in self.points], [y for _x, y in self.points]
        dx, dy = _within(dx, -min(xs), columns - max(xs)), _within(dy, -min(ys), rows - max(ys))
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points))

    def with_point(self, place: int, at: Point, aspect: float = 1.0) -> Mark:
        """Return it with one point moved; an ellipse keeps its middle and its right angle.

        Args:
            place: number of the point.
            at: where to.
            aspect: how high a pixel is by its width, for what is a right angle.
        """
        if self.kind in ROUND:
            return replace(self, points=_pulled(self.points, place, at, aspect))
        return replace(self, points=(*self.points[:place], at, *self.points[place + 1 :]))


@dataclass(frozen=True)
class MarkLayer:
    """All marks somebody kept on a study; nobody else's are in it, and nobody else changes it.

    Args:
        author: who.
        at: when.
        marks: on whatever pictures of the study.
        uid: of the file they are kept in.
        is_mine: they are those of who looks.
    """

    author: str
    at: datetime | None
    marks: tuple[Mark, ...]
    uid: str = ""
    is_mine: bool = False


def ellipse_points(start: Point, end: Point) -> tuple[Point, ...]:
    """Return the ends of the axes of the ellipse in the rectangle between two corners, the longer axis first."""
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    x, y = (left + right) / 2, (top + bottom) / 2
    across, down = ((left, y), (right, y)), ((x, top), (x, bottom))
    return (*across, *down) if right - left >= bottom - top else (*down, *across)


def head_points(start: Point, end: Point, share: float, aspect: float = 1.0) -> tuple[Point, ...]:
    """Return an ellipse whose long axis is drawn, the short one being a share of it.

    Args:
        start: one end of the long axis.
        end: its other end.
        share: short by long axis; 0.78 is a usual head.
        aspect: how high a pixel is by its width.
    """
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    half = (end[0] - start[0]) / 2, (end[1] - start[1]) / 2
    across = (-half[1] * aspect * share, half[0] / aspect * share)
    ends = ((middle[0] + way * across[0], middle[1] + way * across[1]) for way in (-1, 1))
    return (start, end, *ends)


def checked(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return marks that can be kept.

    Raises:
        InvalidInputError: one of them cannot be drawn.
    """
    if not all(mark.is_sound and len(mark.words) <= LONGEST_WORDS for mark in marks):
        raise InvalidInputError(Text("A mark on the picture cannot be kept: its points are no places."))
    return tuple(marks)


def thinned_out(points: Sequence[Point], least: float) -> tuple[Point, ...]:
    """Return the points of a line drawn by hand, those left out that are nearer than ``least`` to the one before."""
    kept: list[Point] = []
    for point in points:
        if not kept or math.dist(kept[-1], point) >= least:
            kept.append(point)
    step = -(-len(kept) // MOST_POINTS)
    return tuple(kept[::step]) if kept else ()


def _pulled(points: tuple[Point, ...], place: int, at: Point, aspect: float) -> tuple[Point, ...]:
    x, y = (points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2
    half = (at[0] - x, (at[1] - y) * aspect)
    long = math.hypot(*half)
    if long < 1e-6:
        return points
    other = points[2] if place < 2 else points[0]
    width = math.hypot(other[0] - x, (other[1] - y) * aspect)
    across = (-half[1] / long * width, half[0] / long * width)
    pulled = [(x + way * half[0], y + way * half[1] / aspect) for way in (1, -1)]
    crossing = [(x + way * across[0], y + way * across[1] / aspect) for way in (1, -1)]
    if place % 2:
        pulled.reverse()
    return (*pulled, *crossing) if place < 2 else (*crossing, *pulled)


def _within(value: float, least: float, most: float) -> float:
    return min(max(value, min(least, 0.0)), max(most, 0.0))
