"""Paints what lies over a picture: shutter, drawings of the file, segments, outlines, marks and their names.

Shapes are kept in image pixels and brought to the glass by one transformation, so that lines stay thin at any zoom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from clinic_app.imaging.display.layers import Colour, Mark, Point
from clinic_app.imaging.display.shutters import Shutter
from ui import theme
from ui.language import counted
from ui.pictures import Picture, thinned

_DRAWING: Final = QColor(255, 255, 255)
_SEGMENT_ALPHA: Final = 105
_HALO: Final = QColor(0, 0, 0, 200)
_CURVE_STEPS: Final = 12
_ROUND_STEPS: Final = 72
_MOST_NAMES: Final = 12
_NAME_PX: Final = 18
MOST_POINTS: Final = 20_000
"""Of all marks on one picture: a file that draws more would hold the window for many seconds at every move."""


class LayerPainter:
    """What lies over one picture, ready to be painted at every move.

    Args:
        picture: its frame knows the layers.

    ``left_out``: marks that are not drawn, as there are far too many.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        frame = picture.frame
        layers = frame.layers
        self._whole = QRectF(0, 0, frame.columns, frame.rows)
        self._shown = QRectF(self._whole)
        if frame.shown is not None:
            left, top, right, bottom = frame.shown
            self._shown = QRectF(left, top, right - left, bottom - top)
        reached = accumulate(len(mark.points) for mark in layers.marks)
        self._marks = [mark for mark, points in zip(layers.marks, reached, strict=True) if points <= MOST_POINTS]
        self.left_out = len(layers.marks) - len(self._marks)
        self._shutter = _closed(layers.shutter, self._whole) if layers.shutter else None
        self._images = [_drawing(each.drawn.view(np.uint8), each.left, each.top) for each in layers.overlays]
        self._images += [_areas(each.labels, each.colours) for each in layers.segments]
        if layers.shutter is not None and layers.shutter.covered is not None:
            covered, grey = layers.shutter.covered, layers.shutter.grey
            colour = QColor(grey, grey, grey)
            self._images.insert(0, _drawing(covered.drawn.view(np.uint8), covered.left, covered.top, colour))

    def paint(self, painter: QPainter, to_glass: QTransform, glass: QRectF) -> None:
        """Paint it all.

        Args:
            painter: of the glass.
            to_glass: from image pixels to the glass.
            glass: all of it.
        """
        layers = self.picture.frame.layers
        if self._shutter is not None and layers.shutter is not None:
            grey = layers.shutter.grey
            painter.fillPath(to_glass.map(self._shutter), QColor(grey, grey, grey))
        for image, place in self._images:
            painter.save()
            painter.setTransform(to_glass, True)
            painter.drawImage(place, image, QRectF(image.rect()))
            painter.restore()
        for outline in layers.outlines:
            path = _path(outline.points, is_closed=outline.is_closed)
            _stroke(painter, to_glass.map(path), QColor(*outline.colour))
        for mark in self._marks:
            self._paint_mark(painter, mark, to_glass)
        _paint_names(painter, layers.legend, glass)

    def _paint_mark(self, painter: QPainter, mark: Mark, to_glass: QTransform) -> None:
        place = self._on_shown(to_glass) if mark.is_of_screen else to_glass
        ink = QColor(*mark.colour)
        if mark.kind == "text":
            _paint_words(painter, mark, place, ink)
            return
        if mark.kind == "point":
            at = place.map(QPointF(*mark.points[0]))
            cross = QPainterPath()
            for dx, dy in ((6, 0), (0, 6)):
                cross.moveTo(at.x() - dx, at.y() - dy)
                cross.lineTo(at.x() + dx, at.y() + dy)
            _stroke(painter, cross, ink)
            return
        points = shape_of(mark)
        path = place.map(_path(points, is_closed=mark.kind in ("circle", "ellipse")))
        if mark.is_filled:
            soft = QColor(ink)
            soft.setAlpha(70)
            painter.fillPath(path, soft)
        _stroke(painter, path, ink)

    def _on_shown(self, to_glass: QTransform) -> QTransform:
        """Return the way from shares of the area shown to the glass; the area is taken as it is seen, turned."""
        seen = to_glass.mapRect(self._shown)
        return QTransform(seen.width(), 0, 0, seen.height(), seen.left(), seen.top())


def shape_of(mark: Mark) -> tuple[Point, ...]:
    """Return the points a mark's line goes through (PS3.3 C.10.5.1.2)."""
    points = mark.points
    if mark.kind == "circle":
        (x, y), (edge_x, edge_y) = points[:2]
        radius = math.hypot(edge_x - x, edge_y - y)
        return _round((x, y), (radius, 0.0), (0.0, radius))
    if mark.kind == "ellipse":
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = points[:4]
        middle = ((ax + bx) / 2, (ay + by) / 2)
        return _round(middle, ((bx - ax) / 2, (by - ay) / 2), ((dx - cx) / 2, (dy - cy) / 2))
    return _smooth(points) if mark.kind == "curve" and len(points) > 2 else points


def _round(middle: Point, long: Point, short: Point) -> tuple[Point, ...]:
    turns = (step * 2 * math.pi / _ROUND_STEPS for step in range(_ROUND_STEPS))
    return tuple(
        (
            middle[0] + math.cos(turn) * long[0] + math.sin(turn) * short[0],
            middle[1] + math.cos(turn) * long[1] + math.sin(turn) * short[1],
        )
        for turn in turns
    )


def _smooth(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return a curve through all points (Catmull-Rom)."""
    padded = np.asarray([points[0], *points, points[-1]])
    share = np.linspace(0, 1, _CURVE_STEPS, endpoint=False)[:, None]
    found = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        found.append(
            0.5
            * (2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3)
        )
    curve = np.concatenate([*found, padded[-1:]])
    return tuple((float(x), float(y)) for x, y in curve)


def _path(points: Sequence[Point], *, is_closed: bool) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(*point) for point in points]))
    if is_closed:
        path.closeSubpath()
    return path


def _closed(shutter: Shutter, whole: QRectF) -> QPainterPath:
    """Return the part of the picture that is covered."""
    seen = QPainterPath()
    seen.addRect(whole)
    if shutter.rectangle:
        left, top, right, bottom = shutter.rectangle
        part = QPainterPath()
        part.addRect(QRectF(left, top, right - left, bottom - top))
        seen = seen.intersected(part)
    if shutter.circle:
        part = QPainterPath()
        part.addEllipse(QPointF(shutter.circle.x, shutter.circle.y), shutter.circle.radius, shutter.circle.radius)
        seen = seen.intersected(part)
    if shutter.corners:
        seen = seen.intersected(_path(shutter.corners, is_closed=True))
    covered = QPainterPath()
    covered.addRect(whole)
    return covered.subtracted(seen)


def _drawing(drawn: NDArray[np.uint8], left: int, top: int, ink: QColor = _DRAWING) -> tuple[QImage, QRectF]:
    """Return a drawing of one colour, and where it lies on the image."""
    rows, columns = drawn.shape
    return _indexed(drawn, [QColor(0, 0, 0, 0), ink]), QRectF(left, top, columns, rows)


def _areas(labels: NDArray[np.uint8], colours: Sequence[Colour]) -> tuple[QImage, QRectF]:
    rows, columns = labels.shape
    inks = [QColor(*colour, _SEGMENT_ALPHA) for colour in colours]
    return _indexed(labels, [QColor(0, 0, 0, 0), *inks]), QRectF(0, 0, columns, rows)


def _indexed(places: NDArray[np.uint8], inks: Sequence[QColor]) -> QImage:
    small, _step = thinned(places)
    image = QImage(small.data, small.shape[1], small.shape[0], small.strides[0], QImage.Format.Format_Indexed8)
    image.setColorTable([ink.rgba() for ink in inks])
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _stroke(painter: QPainter, path: QPainterPath, ink: QColor) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((_HALO, 3.4), (ink, 1.5)):
        painter.setPen(QPen(colour, width))
        painter.drawPath(path)


def _paint_words(painter: QPainter, mark: Mark, place: QTransform, ink: QColor) -> None:
    """Write a text at the corner of its box that is at the left and at the top as it is seen."""
    box = QPolygonF([place.map(QPointF(*point)) for point in mark.points]).boundingRect()
    painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
    room = painter.boundingRect(QRectF(box.topLeft(), box.size()), flags, mark.words)
    if mark.anchor is not None:
        line = QPainterPath(room.center())
        line.lineTo(place.map(QPointF(*mark.anchor)))
        _stroke(painter, line, ink)
    painter.setPen(_HALO)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        painter.drawText(room.translated(dx, dy), flags, mark.words)
    painter.setPen(ink)
    painter.drawText(room, flags, mark.words)


def _paint_names(painter: QPainter, names: Sequence[tuple[str, Colour]], glass: QRectF) -> None:
    """List what the colours mean, at the right edge."""
    if not names:
        return
    painter.setFont(theme.body_font(9.0, QFont.Weight.Medium))
    shown = [*names[:_MOST_NAMES]]
    rest = len(names) - len(shown)
    words = [name for name, _colour in shown]
    words += [counted("and {count} more", "and {count} more", rest)] if rest else []
    width = min(max(painter.fontMetrics().horizontalAdvance(each) for each in words) + 34.0, glass.width() / 3)
    top = glass.top() + 76
    plate = QRectF(glass.right() - width - 12, top, width, len(words) * _NAME_PX + 10)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(QColor(0, 0, 0, 150)))
    painter.drawRoundedRect(plate, 4, 4)
    for place, each in enumerate(words):
        row = QRectF(plate.left() + 8, top + 5 + place * _NAME_PX, plate.width() - 12, _NAME_PX)
        if place < len(shown):
            painter.fillRect(QRectF(row.left(), row.top() + 4, 10, 10), QColor(*shown[place][1]))
        painter.setPen(theme.token("overlay", "clinical"))
        told = painter.fontMetrics().elidedText(each, Qt.TextElideMode.ElideRight, round(row.width() - 18))
        painter.drawText(row.adjusted(18, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, told)
