"""Very many lines over a picture, on a sheet that is drawn once and lies there until the view changes.

Qt strokes a wide, smooth line by making the area it covers: 8 microseconds for each of its points and, where a line
crosses itself thousands of times, minutes. A line of one pixel it draws at once. So lines are drawn thin, points that
fall on the same half pixel left out, and made wide and rimmed all together, by laying the sheet over itself.
While somebody moves the picture, a sheet that takes long is moved with it; it is drawn anew when he rests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QDataStream, QIODevice, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QTransform

from clinic_app.imaging.display.layers import Colour

Points = NDArray[np.float64]
RIM: Final = QColor(0, 0, 0, 200)
FILLED_ALPHA: Final = 70
_QUICK_S: Final = 0.008
"""A sheet that takes no longer is drawn anew at every move."""
_BESIDE: Final = (QPoint(1, 0), QPoint(0, 1), QPoint(-1, 0), QPoint(0, -1))
_HALF_SEEN: Final = 0.55
_EDGE_PX: Final = 8


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points.

    Args:
        points: shape ``(points, 2)``: pixels of the image, or shares of the area shown.
        colour: red, green, blue.
        is_closed: the last point is joined with the first.
        is_filled: its inside is tinted.
        is_of_screen: the points are shares of the area shown.
    """

    points: Points
    colour: Colour
    is_closed: bool = False
    is_filled: bool = False
    is_of_screen: bool = False


@dataclass(frozen=True)
class Ways:
    """How places come to the glass.

    Args:
        image: from pixels of the image.
        shown: from shares of the area shown.
    """

    image: QTransform
    shown: QTransform


class Sheet:
    """Lines and words over one picture.

    Args:
        lines: to be drawn, in their order.
        write: draws words over them, each thin; the rim is made here.
        now_s: the time that passes.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        write: Callable[[QPainter, Ways], None],
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._bundles = [_Bundle([each for each in lines if each.is_of_screen is kind]) for kind in (False, True)]
        self._write, self._now_s = write, now_s
        self._image: QImage | None = None
        self._ways: Ways | None = None
        self._size = QRectF()
        self._took_s = 0.0
        self._is_rough = False

    def paint(self, painter: QPainter, ways: Ways, glass: QRectF) -> bool:
        """Paint it; return whether it is as fine as it can be, and not one that was moved.

        Args:
            painter: of the glass.
            ways: to it.
            glass: all of it.
        """
        fine = painter.device().devicePixelRatioF()
        is_same_glass = self._image is not None and self._size == glass and self._image.devicePixelRatioF() == fine
        before = self._ways
        if self._image is not None and is_same_glass and before == ways:
            painter.drawImage(glass.topLeft(), self._image)
            return True
        if self._image is not None and is_same_glass and before is not None and self._is_moved(before):
            self._is_rough = True
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.setTransform(before.image.inverted()[0] * ways.image, True)
            painter.drawImage(glass.topLeft(), self._image)
            painter.restore()
            return False
        begin = self._now_s()
        self._image = self._drawn(ways, glass, fine)
        self._took_s = self._now_s() - begin
        self._ways, self._size, self._is_rough = ways, QRectF(glass), False
        painter.drawImage(glass.topLeft(), self._image)
        return True

    def rest(self) -> None:
        """The picture is not moved any more: the next painting is fine."""
        if self._is_rough:
            self._took_s = 0.0

    def _is_moved(self, before: Ways) -> bool:
        return self._took_s > _QUICK_S and before.image.isInvertible()

    def _drawn(self, ways: Ways, glass: QRectF, fine: float) -> QImage:
        size = (glass.size() * fine).toSize()
        to_dots = QTransform.fromTranslate(-glass.left(), -glass.top()) * QTransform.fromScale(fine, fine)
        dots = Ways(ways.image * to_dots, ways.shown * to_dots)
        thin, tinted = _empty(size.width(), size.height()), _empty(size.width(), size.height())
        reached = QRect()
        for bundle, way in zip(self._bundles, (dots.image, dots.shown), strict=True):
            reached |= bundle.draw(thin, tinted, way)
        body = _empty(size.width(), size.height())
        painter = QPainter(body)
        painter.setOpacity(_HALF_SEEN)
        for offset in _BESIDE[:2]:
            painter.drawImage(reached.topLeft() + offset, thin, reached)
        painter.setOpacity(1.0)
        for _layer in range(2):  # what is half a pixel thick is seen as a whole one
            painter.drawImage(reached.topLeft(), thin, reached)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.setTransform(QTransform.fromScale(fine, fine).translate(-glass.left(), -glass.top()))
        self._write(painter, ways)
        painter.end()
        found = _rimmed(body, tinted)
        found.setDevicePixelRatio(fine)
        return found


class _Bundle:
    """Lines that come to the glass by the same way, their points in one array."""

    def __init__(self, lines: Sequence[Line]) -> None:
        closed = [np.vstack((each.points, each.points[:1])) if each.is_closed else each.points for each in lines]
        self._lines = lines
        self._points = np.concatenate(closed) if closed else np.zeros((0, 2))
        self._begins = np.cumsum([0, *map(len, closed)])

    def draw(self, thin: QImage, tinted: QImage, way: QTransform) -> QRect:
        """Draw what is seen of them; return the part of the image it takes."""
        if not len(self._points):
            return QRect()
        turn = np.array(((way.m11(), way.m12()), (way.m21(), way.m22())))
        points = self._points @ turn + np.array((way.dx(), way.dy()))
        low = np.minimum.reduceat(points, self._begins[:-1])
        high = np.maximum.reduceat(points, self._begins[:-1])
        room = np.array((thin.width(), thin.height())) + _EDGE_PX
        is_seen = ((high >= -_EDGE_PX) & (low <= room)).all(axis=1)
        if not is_seen.any():
            return QRect()
        self._draw(thin, tinted, points, np.flatnonzero(is_seen))
        left, top = np.floor(low[is_seen].min(axis=0).clip(0, room)).astype(int) - _EDGE_PX
        right, bottom = np.ceil(high[is_seen].max(axis=0).clip(0, room)).astype(int) + _EDGE_PX
        return QRect(QPoint(int(left), int(top)), QPoint(int(right), int(bottom))) & thin.rect()

    def _draw(self, thin: QImage, tinted: QImage, points: Points, seen: NDArray[np.intp]) -> None:
        polygons = _polygons(points, self._begins)
        with_lines, with_areas = QPainter(thin), QPainter(tinted)
        with_lines.setRenderHint(QPainter.RenderHint.Antialiasing)
        with_areas.setPen(Qt.PenStyle.NoPen)
        pen, ink = QPen(), None
        pen.setWidth(1)
        pen.setCosmetic(True)
        for place in seen:
            line = self._lines[place]
            if line.is_filled:
                soft = QColor(*line.colour)
                soft.setAlpha(FILLED_ALPHA)
                with_areas.setBrush(soft)
                with_areas.drawPolygon(polygons[place])
            if line.colour != ink:
                ink = line.colour
                pen.setColor(QColor(*ink))
                with_lines.setPen(pen)
            with_lines.drawPolyline(polygons[place])
        with_lines.end()
        with_areas.end()


def polygon_of(points: Points) -> QPolygonF:
    """Return points as Qt has them."""
    return _read_polygon(len(points), np.ascontiguousarray(points, ">f8").tobytes())


def _polygons(points: Points, begins: NDArray[np.intp]) -> list[QPolygonF]:
    """Return lines without the points that fall on the same half pixel as the one before."""
    halves = np.rint(points * 2)
    is_kept = np.ones(len(points), dtype=bool)
    is_kept[1:] = (halves[1:] != halves[:-1]).any(axis=1)
    is_kept[begins[:-1]] = is_kept[begins[1:] - 1] = True
    counts = np.concatenate(([0], np.cumsum(is_kept)))[begins]
    written = np.ascontiguousarray(points[is_kept], ">f8").tobytes()
    return [_read_polygon(last - first, written[first * 16 : last * 16]) for first, last in pairwise(counts.tolist())]


def _read_polygon(count: int, written: bytes) -> QPolygonF:
    """Return a polygon by Qt's own reader: a hundred times as fast as point by point."""
    found, held = QPolygonF(), QByteArray(count.to_bytes(4, "big") + written)  # the stream does not keep its bytes
    stream = QDataStream(held, QIODevice.OpenModeFlag.ReadOnly)
    stream >> found
    return found


def _empty(width: int, height: int) -> QImage:
    made = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    made.fill(0)
    return made


def _rimmed(body: QImage, tinted: QImage) -> QImage:
    """Return lines and words with a dark rim, over the areas that are tinted."""
    rim = QImage(body)
    painter = QPainter(rim)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(rim.rect(), RIM)
    painter.end()
    painter = QPainter(tinted)
    for offset in _BESIDE:
        painter.drawImage(QPointF(offset), rim)
    painter.drawImage(0, 0, body)
    painter.end()
    return tinted
