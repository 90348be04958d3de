"""Where the words of marks stand: beside what they speak of, not over it, not over one another, inside the glass.

Arithmetic on rectangles only. Of the places around a mark the first is taken that covers nothing; where there is none,
the one that covers least. A thin line leads from the words to the mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF

_AWAY_PX: Final = (14.0, 34.0, 64.0, 110.0)
_EDGE_PX: Final = 4.0
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


def placed(asked: Sequence[Asked], glass: QRectF, taken: Sequence[QRectF] = ()) -> tuple[Placed, ...]:
    """Return a place for each, in order.

    Args:
        asked: the words.
        glass: all of the canvas.
        taken: what must not be covered.
    """
    inner = glass.adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
    crowd = [point for each in asked for point in each.points]
    found: list[Placed] = []
    for each in asked:
        plates = [*taken, *(one.plate for one in found)]
        best = min(_candidates(each, inner), key=lambda plate: _covered(plate, plates, crowd))
        foot = _nearest_on(best, _middle_of(each.points))
        tip = min(each.points, key=lambda point: (point - foot).manhattanLength())
        found.append(Placed(best, _nearest_on(best, tip), tip))
    return tuple(found)


def bounding(points: Sequence[QPointF]) -> QRectF:
    """Return the rectangle around points."""
    xs, ys = [point.x() for point in points], [point.y() for point in points]
    return QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _candidates(asked: Asked, inner: QRectF) -> list[QRectF]:
    """Return places around a mark, the nearest first; each is pushed into the glass."""
    around, size = bounding(asked.points).intersected(inner), asked.size
    if around.isNull():
        around = QRectF(_nearest_on(inner, _middle_of(asked.points)), QSizeF(0, 0))
    found = []
    for away in _AWAY_PX:
        for across, down in _WAYS:
            x = around.center().x() - size.width() / 2 + across * (around.width() / 2 + away + size.width() / 2)
            y = around.center().y() - size.height() / 2 + down * (around.height() / 2 + away + size.height() / 2)
            x = min(max(x, inner.left()), max(inner.right() - size.width(), inner.left()))
            y = min(max(y, inner.top()), max(inner.bottom() - size.height(), inner.top()))
            found.append(QRectF(QPointF(x, y), size))
    return found


def _covered(plate: QRectF, taken: Sequence[QRectF], crowd: Sequence[QPointF]) -> float:
    """Return how much a place covers: other words by their area, marks by their points."""
    wide = plate.adjusted(-3, -3, 3, 3)
    overlaps = (wide.intersected(each) for each in taken if wide.intersects(each))
    return sum(each.width() * each.height() for each in overlaps) + 400.0 * sum(map(wide.contains, crowd))


def _nearest_on(plate: QRectF, point: QPointF) -> QPointF:
    x = min(max(point.x(), plate.left()), plate.right())
    y = min(max(point.y(), plate.top()), plate.bottom())
    return QPointF(x, y)


def _middle_of(points: Sequence[QPointF]) -> QPointF:
    return bounding(points).center()
