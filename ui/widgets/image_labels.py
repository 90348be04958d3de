"""Where the words of marks stand: beside what they speak of, not over it, not over one another, inside the glass.

Arithmetic on rectangles only. Of the places around a mark the first is taken that covers nothing; where there is none,
the one that covers least. A thin line leads from the words to the mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF

_AWAY_PX: Final = (14.0, 34.0, 64.0, 110.0)
_EDGE_PX: Final = 4.0
_CORNER_PX: Final = 72.0
_CORNERS_SHARE: Final = 0.05
"""Words in a corner may be covered rather than a mark."""
_LEAST_WITH_CORNERS: Final = 500.0
_WAYS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class Asked:
    """Words that want a place.

    Args:
        points: of the mark's lines, on the glass.
        size: of the words.
    """

    points: tuple[QPointF, ...]
    size: QSizeF

    @property
    def key(self) -> tuple[float, ...]:
        """What tells it from others: where its mark begins and ends, and how large it is."""
        ends = (self.points[0], self.points[-1])
        return (*(value for end in ends for value in (end.x(), end.y())), self.size.width(), self.size.height())


@dataclass(frozen=True)
class Placed:
    """Their place.

    Args:
        plate: where they stand.
        foot: where the line to the mark leaves it.
        tip: where it ends.
    """

    plate: QRectF
    foot: QPointF
    tip: QPointF


class LabelPlaces:
    """Places that stay while nothing moves, and while a hand draws: words that jump about cannot be read."""

    def __init__(self) -> None:
        self._glass = QRectF()
        self._asked: tuple[Asked, ...] = ()
        self._found: tuple[Placed, ...] = ()

    def of(self, asked: Sequence[Asked], glass: QRectF, *, is_drawing: bool) -> tuple[Placed, ...]:
        """Return a place for each.

        Args:
            asked: the words, those of the mark that is being drawn last.
            glass: all of the canvas.
            is_drawing: a hand draws; the others stay where they are.
        """
        wanted = tuple(asked)
        if wanted == self._asked and glass == self._glass:
            return self._found
        known = {}
        if is_drawing and glass == self._glass:
            known = {each.key: place for each, place in zip(self._asked, self._found, strict=True)}
        found = placed(wanted, glass, known)
        self._glass, self._asked, self._found = glass, wanted, found
        return found


def placed(
    asked: Sequence[Asked], glass: QRectF, known: Mapping[tuple[float, ...], Placed] | None = None
) -> tuple[Placed, ...]:
    """Return a place for each, in order.

    Args:
        asked: the words.
        glass: all of the canvas.
        known: places that stay, by what they are for.
    """
    known = known or {}
    inner = glass.adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
    crowd = np.array([(point.x(), point.y()) for each in asked for point in each.points]).reshape(-1, 2)
    found: list[Placed] = []
    corners = _corners(glass)
    for each in asked:
        if (stays := known.get(each.key)) is not None:
            found.append(stays)
            continue
        plates = [one.plate for one in (*known.values(), *found)]
        best = _best(_candidates(each, inner), (plates, corners), crowd)
        foot = _nearest_on(best, _middle_of(each.points))
        tip = min(each.points, key=lambda point: (point - foot).manhattanLength())
        found.append(Placed(best, _nearest_on(best, tip), tip))
    return tuple(found)


def bounding(points: Sequence[QPointF]) -> QRectF:
    """Return the rectangle around points."""
    xs, ys = [point.x() for point in points], [point.y() for point in points]
    return QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _common(a: QRectF, b: QRectF) -> float:
    """Return how much of two rectangles is the same place, in square pixels."""
    shared = a.intersected(b)
    return shared.width() * shared.height() if shared.isValid() else 0.0


def _corners(glass: QRectF) -> tuple[QRectF, ...]:
    """Return where the owner's lines stand; a small glass has no room to spare for them."""
    if glass.width() < _LEAST_WITH_CORNERS:
        return ()
    wide, high = glass.width() * 0.3, _CORNER_PX
    left, right = glass.left(), glass.right() - wide
    top, bottom = glass.top(), glass.bottom() - high
    return tuple(QRectF(x, y, wide, high) for x in (left, right) for y in (top, bottom))


def _candidates(asked: Asked, inner: QRectF) -> Iterator[QRectF]:
    """Yield places around a mark, the nearest first; each is pushed into the glass."""
    around, size = bounding(asked.points).intersected(inner), asked.size
    if around.isNull():
        around = QRectF(_nearest_on(inner, _middle_of(asked.points)), QSizeF(0, 0))
    for away in _AWAY_PX:
        for across, down in _WAYS:
            x = around.center().x() - size.width() / 2 + across * (around.width() / 2 + away + size.width() / 2)
            y = around.center().y() - size.height() / 2 + down * (around.height() / 2 + away + size.height() / 2)
            x = min(max(x, inner.left()), max(inner.right() - size.width(), inner.left()))
            y = min(max(y, inner.top()), max(inner.bottom() - size.height(), inner.top()))
            yield QRectF(QPointF(x, y), size)


def _best(
    candidates: Iterator[QRectF], taken: tuple[Sequence[QRectF], Sequence[QRectF]], crowd: NDArray[np.float64]
) -> QRectF:
    """Return the first place that covers nothing, else the one that covers least."""
    best, least = QRectF(), math.inf
    for plate in candidates:
        covered = _covered(plate, *taken, crowd)
        if covered < least:
            best, least = plate, covered
        if not covered:
            break
    return best


def _covered(plate: QRectF, taken: Sequence[QRectF], corners: Sequence[QRectF], crowd: NDArray[np.float64]) -> float:
    """Return how much a place covers: other words by their area, marks by their points."""
    wide = plate.adjusted(-3, -3, 3, 3)
    over = sum(_common(wide, each) for each in taken) + _CORNERS_SHARE * sum(_common(wide, each) for each in corners)
    xs, ys = crowd[:, 0], crowd[:, 1]
    under = (xs >= wide.left()) & (xs <= wide.right()) & (ys >= wide.top()) & (ys <= wide.bottom())
    return over + 400.0 * int(np.count_nonzero(under))


def _nearest_on(plate: QRectF, point: QPointF) -> QPointF:
    x = min(max(point.x(), plate.left()), plate.right())
    y = min(max(point.y(), plate.top()), plate.bottom())
    return QPointF(x, y)


def _middle_of(points: Sequence[QPointF]) -> QPointF:
    return bounding(points).center()
