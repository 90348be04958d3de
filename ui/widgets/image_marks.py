"""Paints marks over a picture: lines with a dark rim that are seen on bone and on air, handles, words beside them.

Points come from the image and are brought to the glass by the view in force, whatever its turn, mirror and zoom; lines,
handles and letters keep their size on the glass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from clinic_app.imaging.measuring import Mark, Point
from clinic_app.imaging.measuring.outlines import strokes_of
from ui import theme
from ui.widgets.image_labels import Asked, LabelPlaces, Placed

HANDLE_PX: Final = 9.0
NEAR_PX: Final = 6.0
"""How near a hand must come to a line to take it."""
_HALO: Final = QColor(0, 0, 0, 215)
_PAD: Final = QSizeF(14, 8)
_BETWEEN_PX: Final = 6.0
_MOST_WIDTH_PX: Final = 290.0
_MOST_ROWS: Final = 8
ToGlass = Callable[[Point], Point]


@dataclass(frozen=True)
class Shown:
    """A mark as it is to be painted.

    Args:
        mark: in pixels of the image.
        lines: what stands beside it.
        is_mine: it can be changed.
        is_selected: it is in hand, with handles.
    """

    mark: Mark
    lines: tuple[str, ...]
    is_mine: bool = True
    is_selected: bool = False


def paint_marks(
    painter: QPainter,
    shown: Sequence[Shown],
    to_glass: ToGlass,
    glass: QRectF,
    labels: LabelPlaces,
    *,
    is_drawing: bool = False,
) -> tuple[Placed, ...]:
    """Paint marks and their words.

    Args:
        painter: of the glass.
        shown: the marks.
        to_glass: from the image to the glass.
        glass: all of it.
        labels: keeps the places of words between two paintings.
        is_drawing: a hand is drawing the last of them.

    Returns:
        Where the words of each stand, in the same order.
    """
    for each in shown:
        _paint_lines(painter, each, to_glass)
    painter.setFont(label_font())
    metrics = QFontMetricsF(painter.font())
    shown = [replace(each, lines=wrapped(each.lines, metrics)) for each in shown]
    asked = [Asked(_outline_on(each.mark, to_glass), label_size(each.lines, metrics)) for each in shown]
    places = labels.of(asked, glass, is_drawing=is_drawing)
    for each, place in zip(shown, places, strict=True):
        _paint_words(painter, each, place)
    for each in shown:
        if each.is_selected:
            _paint_handles(painter, each.mark, to_glass)
    return places


def label_font() -> QFont:
    """Return the letters of the words beside marks."""
    return theme.body_font(9.5, QFont.Weight.DemiBold)


def wrapped(lines: Sequence[str], metrics: QFontMetricsF) -> tuple[str, ...]:
    """Return lines broken between words where they are too long: who says how large a pixel is, is never cut off."""
    found: list[str] = []
    for line in lines:
        row = ""
        for word in line.split(" "):
            longer = f"{row} {word}" if row else word
            if row and metrics.horizontalAdvance(longer) > _MOST_WIDTH_PX:
                found.append(row.removesuffix(" ·"))
                longer = word
            row = longer
        found.append(row)
    return tuple(found[:_MOST_ROWS])


def label_size(lines: Sequence[str], metrics: QFontMetricsF) -> QSizeF:
    """Return how much room words need with their rim."""
    width = max((metrics.horizontalAdvance(line) for line in lines), default=0.0)
    return QSizeF(min(width, _MOST_WIDTH_PX), metrics.height() * len(lines)) + _PAD


def handle_at(mark: Mark, at: QPointF, to_glass: ToGlass) -> int | None:
    """Return the number of the point of a mark that a hand would take at a place of the glass."""
    away = [(math.dist(to_glass(point), (at.x(), at.y())), place) for place, point in enumerate(mark.points)]
    nearest = min(away, default=(math.inf, -1))
    return nearest[1] if nearest[0] <= HANDLE_PX else None


def is_near(mark: Mark, at: QPointF, to_glass: ToGlass) -> bool:
    """Return whether a place of the glass lies on a line of a mark."""
    place = (at.x(), at.y())
    if mark.kind in ("point", "text"):
        return math.dist(to_glass(mark.points[0]), place) <= 2 * NEAR_PX
    for stroke in strokes_of(mark):
        points = [to_glass(point) for point in stroke.points]
        ends = [*points[1:], points[0]] if stroke.is_closed else points[1:]
        if any(_distance(place, a, b) <= NEAR_PX for a, b in zip(points, ends, strict=False)):
            return True
    return False


def _distance(at: Point, a: Point, b: Point) -> float:
    """Return how far a place is from the line between two others."""
    across, down = b[0] - a[0], b[1] - a[1]
    size = across**2 + down**2
    share = ((at[0] - a[0]) * across + (at[1] - a[1]) * down) / size if size else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.dist(at, (a[0] + share * across, a[1] + share * down))


def _ink(shown: Shown) -> QColor:
    return theme.token("warn" if shown.is_mine else "info", "clinical")


def _outline_on(mark: Mark, to_glass: ToGlass) -> tuple[QPointF, ...]:
    """Return points of a mark's lines on the glass, close enough together that words see where it is."""
    found = [QPointF(*to_glass(point)) for point in mark.points]
    for stroke in strokes_of(mark):
        points = [QPointF(*to_glass(point)) for point in stroke.points]
        if len(points) > 12:
            found += points[:: max(len(points) // 36, 1)]
            continue
        ends = [*points[1:], points[0]] if stroke.is_closed else points[1:]
        for a, b in zip(points, ends, strict=False):
            found += [a + (b - a) * (step / 8) for step in range(1, 8)]
    return tuple(found)


def _paint_lines(painter: QPainter, shown: Shown, to_glass: ToGlass) -> None:
    mark, ink = shown.mark, _ink(shown)
    width = 2.2 if shown.is_selected else 1.6
    for stroke in strokes_of(mark):
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(*to_glass(point)) for point in stroke.points]))
        if stroke.is_closed:
            path.closeSubpath()
        _stroke(painter, path, ink, 1.0 if stroke.is_thin else width, is_dashed=stroke.is_thin)
    ends = [QPointF(*to_glass(point)) for point in mark.points]
    extra = _extra(mark, ends)
    if not extra.isEmpty():
        _stroke(painter, extra, ink, width)


def _extra(mark: Mark, ends: Sequence[QPointF]) -> QPainterPath:
    """Return what belongs to a kind besides its lines: ticks, an arrow's head, the bow of an angle, a cross."""
    path = QPainterPath()
    if mark.kind in ("length", "scale"):
        _add_ticks(path, ends[0], ends[1])
    elif mark.kind == "arrow":
        _add_head(path, ends[0], ends[1])
    elif mark.kind == "angle" and len(ends) == 3:
        _add_bow(path, *ends)
    elif mark.kind in ("point", "text"):
        at = ends[0]
        for dx, dy in ((7, 0), (0, 7)):
            path.moveTo(at.x() - dx, at.y() - dy)
            path.lineTo(at.x() + dx, at.y() + dy)
    return path


def _add_ticks(path: QPainterPath, a: QPointF, b: QPointF) -> None:
    across = math.atan2(b.y() - a.y(), b.x() - a.x()) + math.pi / 2
    tick = QPointF(6 * math.cos(across), 6 * math.sin(across))
    for end in (a, b):
        path.moveTo(end - tick)
        path.lineTo(end + tick)


def _add_head(path: QPainterPath, tip: QPointF, tail: QPointF) -> None:
    back = math.atan2(tail.y() - tip.y(), tail.x() - tip.x())
    for turn in (-0.42, 0.42):
        path.moveTo(tip)
        path.lineTo(tip + QPointF(13 * math.cos(back + turn), 13 * math.sin(back + turn)))


def _add_bow(path: QPainterPath, a: QPointF, corner: QPointF, b: QPointF) -> None:
    first, last = (math.atan2(end.y() - corner.y(), end.x() - corner.x()) for end in (a, b))
    sweep = (last - first + math.pi) % (2 * math.pi) - math.pi
    radius = min(24.0, *(math.hypot(end.x() - corner.x(), end.y() - corner.y()) * 0.6 for end in (a, b)))
    for step in range(13):
        turn = first + sweep * step / 12
        point = corner + QPointF(radius * math.cos(turn), radius * math.sin(turn))
        if step:
            path.lineTo(point)
        else:
            path.moveTo(point)


def _paint_handles(painter: QPainter, mark: Mark, to_glass: ToGlass) -> None:
    ink = theme.token("warn", "clinical")
    half = HANDLE_PX / 2 if len(mark.points) <= 8 else HANDLE_PX / 4
    painter.setPen(QPen(QColor(0, 0, 0), 1.2))
    painter.setBrush(ink)
    for point in mark.points:
        painter.drawRect(QRectF(QPointF(*to_glass(point)) - QPointF(half, half), QSizeF(2 * half, 2 * half)))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_words(painter: QPainter, shown: Shown, place: Placed) -> None:
    if not shown.lines:
        return
    ink = _ink(shown)
    if (place.tip - place.foot).manhattanLength() > _BETWEEN_PX:
        leader = QPainterPath(place.foot)
        leader.lineTo(place.tip)
        _stroke(painter, leader, ink, 0.8)
    ground = theme.token("warn_soft" if shown.is_mine else "info_soft", "clinical")
    ground.setAlpha(225)
    painter.setPen(QPen(ink, 1.8 if shown.is_selected else 0.8))
    painter.setBrush(ground)
    painter.drawRoundedRect(place.plate, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(ink)
    metrics = QFontMetricsF(painter.font())
    inner = place.plate.adjusted(7, 4, -7, -4)
    for number, line in enumerate(shown.lines):
        row = QRectF(inner.left(), inner.top() + number * metrics.height(), inner.width() + 1, metrics.height())
        told = metrics.elidedText(line, Qt.TextElideMode.ElideRight, row.width() + 1)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, told)


def _stroke(painter: QPainter, path: QPainterPath, ink: QColor, width: float, *, is_dashed: bool = False) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, wide in ((_HALO, width + 2.2), (ink, width)):
        pen = QPen(colour, wide)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if is_dashed:
            pen.setDashPattern([4 * width / wide, 4 * width / wide])
        painter.setPen(pen)
        painter.drawPath(path)
