"""Paints what lies over a picture: shutter, drawings of the file, segments, outlines, marks and their names.

Shapes are kept in image pixels and brought to the glass by one transformation, so that lines stay thin at any zoom. A
few are stroked at every painting; many lie on a sheet (`image_sheet`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from clinic_app.imaging.display.layers import Colour, Mark
from clinic_app.imaging.display.shutters import Shutter
from ui import theme
from ui.language import counted
from ui.pictures import Picture, thinned
from ui.widgets.image_shapes import drawable
from ui.widgets.image_sheet import FILLED_ALPHA, RIM, Line, Sheet, Ways, polygon_of

_DRAWING: Final = QColor(255, 255, 255)
_SEGMENT_ALPHA: Final = 105
_MOST_NAMES: Final = 12
_NAME_PX: Final = 18
FEW_POINTS: Final = 600
"""So many are stroked in 5 ms; more lie on a sheet."""


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
        size = self._shown.width(), self._shown.height()
        self._drawn = drawable(layers.marks, layers.outlines, size, frame.columns + frame.rows)
        self.left_out = self._drawn.left_out
        self._sheet = self._sheet_of_all() if self._drawn.cost > FEW_POINTS else None
        self._shutter = _closed(layers.shutter, self._whole) if layers.shutter else None
        self._images = [_drawing(each.drawn.view(np.uint8), each.left, each.top) for each in layers.overlays]
        self._images += [_areas(each.labels, each.colours) for each in layers.segments]
        if layers.shutter is not None and layers.shutter.covered is not None:
            covered, grey = layers.shutter.covered, layers.shutter.grey
            colour = QColor(grey, grey, grey)
            self._images.insert(0, _drawing(covered.drawn.view(np.uint8), covered.left, covered.top, colour))

    def paint(self, painter: QPainter, to_glass: QTransform, glass: QRectF) -> bool:
        """Paint it all; return whether it is as fine as it can be: else it is to be painted again at rest.

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
        ways = Ways(to_glass, self._on_shown(to_glass))
        is_fine = self._sheet.paint(painter, ways, glass) if self._sheet else self._paint_few(painter, ways)
        _paint_names(painter, layers.legend, glass)
        return is_fine

    def rest(self) -> None:
        """The picture is not moved any more."""
        if self._sheet is not None:
            self._sheet.rest()

    def _paint_few(self, painter: QPainter, ways: Ways) -> bool:
        for edge in self._drawn.edges:
            _stroke(painter, ways.image.map(_path(edge)), QColor(*edge.colour))
        for mark, line in self._drawn.shapes:
            place, ink = ways.shown if mark.is_of_screen else ways.image, QColor(*mark.colour)
            if mark.kind == "text":
                _paint_words(painter, mark, place, ink)
            elif mark.kind == "point":
                for arm in _cross(place.map(QPointF(*mark.points[0]))):
                    _stroke(painter, arm, ink)
            elif line is not None:
                path = place.map(_path(line))
                if line.is_filled:
                    soft = QColor(ink)
                    soft.setAlpha(FILLED_ALPHA)
                    painter.fillPath(path, soft)
                _stroke(painter, path, ink)
        return True

    def _sheet_of_all(self) -> Sheet:
        marks = [mark for mark, line in self._drawn.shapes if line is None]

        def write(painter: QPainter, ways: Ways) -> None:
            for mark in marks:
                place, ink = ways.shown if mark.is_of_screen else ways.image, QColor(*mark.colour)
                if mark.kind == "text":
                    _paint_words(painter, mark, place, ink, is_rimmed=False)
                else:
                    painter.setPen(QPen(ink, 1.5))
                    for arm in _cross(place.map(QPointF(*mark.points[0]))):
                        painter.drawPath(arm)

        return Sheet([*self._drawn.edges, *(line for _mark, line in self._drawn.shapes if line is not None)], write)

    def _on_shown(self, to_glass: QTransform) -> QTransform:
        """Return the way from shares of the area shown to the glass; the area is taken as it is seen, turned."""
        seen = to_glass.mapRect(self._shown)
        return QTransform(seen.width(), 0, 0, seen.height(), seen.left(), seen.top())


def _cross(at: QPointF) -> tuple[QPainterPath, QPainterPath]:
    arms = []
    for dx, dy in ((6, 0), (0, 6)):
        arm = QPainterPath(QPointF(at.x() - dx, at.y() - dy))
        arm.lineTo(at.x() + dx, at.y() + dy)
        arms.append(arm)
    return arms[0], arms[1]


def _path(line: Line) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(polygon_of(line.points))
    if line.is_closed:
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
        seen = seen.intersected(_path(Line(np.asarray(shutter.corners), (0, 0, 0), is_closed=True)))
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
    for colour, width in ((RIM, 3.4), (ink, 1.5)):
        painter.setPen(QPen(colour, width))
        painter.drawPath(path)


def _paint_words(painter: QPainter, mark: Mark, place: QTransform, ink: QColor, *, is_rimmed: bool = True) -> None:
    """Write a text at the corner of its box that is at the left and at the top as it is seen."""
    box = QPolygonF([place.map(QPointF(*point)) for point in mark.points]).boundingRect()
    painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
    room = painter.boundingRect(QRectF(box.topLeft(), box.size()), flags, mark.words)
    if mark.anchor is not None:
        line = QPainterPath(room.center())
        line.lineTo(place.map(QPointF(*mark.anchor)))
        _stroke(painter, line, ink)
    if is_rimmed:
        painter.setPen(RIM)
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
