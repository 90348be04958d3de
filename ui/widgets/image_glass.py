"""The glass a picture lies under: paints the part that is seen in the window in force, and what is drawn over it.

The grey levels of the part are kept until part, window or picture change, so that a length drawn over the picture costs
no second look at the pixels. Repaints that are asked for between two turns of the event loop become one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QResizeEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from clinic_app.imaging import Window
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from ui import theme
from ui.pictures import Area, Picture
from ui.widgets.image_labels import LabelPlaces, Placed
from ui.widgets.image_layers import LayerPainter
from ui.widgets.image_marks import Shown, paint_marks
from ui.widgets.image_overlay import (
    MARGIN,
    Corners,
    column_mm,
    is_roomy,
    paint_corners,
    paint_notes,
    paint_scale_bar,
)
from ui.widgets.image_toning import Toned
from ui.widgets.image_view import ImageView, Point, Size

_REST_MS: Final = 90
"""After the last move what takes long is painted finely."""


class ImageGlass(QWidget):
    """A picture under glass; what lies there is set by `ImageCanvas`.

    Args:
        name: stable object name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._picture: Picture | None = None
        self._view: ImageView | None = None
        self._is_fitted = True
        self._window: Window | None = None
        self._is_inverted = False
        self._message = ""
        self._corners = Corners()
        self._notes_begin: float | None = None
        self._toned: Toned | None = None
        self._layers: LayerPainter | None = None
        self._notes: tuple[str, ...] = ()
        self._words: dict[str, Placed] = {}
        self._labels = LabelPlaces()
        self._at_rest = QTimer(self)
        self._at_rest.setSingleShot(True)
        self._at_rest.setInterval(_REST_MS)
        self._at_rest.timeout.connect(self._rest)
        self.paints = 0

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(760, 560)

    @property
    def glass(self) -> Size:
        """Width and height in logical pixels."""
        return float(self.width()), float(self.height())

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Keep the whole picture in view if it was."""
        if self._is_fitted:
            self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the picture, what was measured on it and what is said about it."""
        self.paints += 1
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        if self._picture is not None and self._view is not None:
            self._paint_picture(painter, self._picture, self._view)
            self._paint_layers(painter, self._picture, self._view)
            self._paint_marks(painter)
            mm = column_mm(self._picture.frame)
            if mm and is_roomy(*self.glass):
                paint_scale_bar(painter, area, self._view.zoom / mm)
        if self._picture is not None or self._message:
            paint_corners(painter, area, self._corners.fitting(*self.glass), self.foot_lines())
            self._notes_begin = paint_notes(painter, area, self.note_lines())
        self.paint_over(painter)
        self._paint_message(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.token("focus", "clinical"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def paint_over(self, painter: QPainter) -> None:
        """Draw what lies over picture, marks and corners."""

    def foot_lines(self) -> Sequence[str]:
        """Return the lines at the bottom left."""
        return ()

    def note_lines(self) -> Sequence[str]:
        """Return sentences about the picture or its series that must be seen."""
        return ()

    def shown_marks(self) -> Sequence[Shown]:
        """Return the marks on the picture."""
        return ()

    @property
    def is_drawing(self) -> bool:
        """Whether a hand is drawing a mark, or changing one."""
        return False

    def to_glass(self, point: Point) -> Point:
        """Return where an image point lies on the glass."""
        return self._view.to_glass(point, self.glass) if self._view else (0.0, 0.0)

    def to_image(self, at: QPointF) -> Point:
        """Return the image point that lies at a place of the glass."""
        return self._view.to_image((at.x(), at.y()), self.glass) if self._view else (0.0, 0.0)

    @property
    def turn(self) -> Turn:
        """How the picture is turned as it is seen."""
        return self._view.turn if self._view else UPRIGHT

    def mark_of_words_at(self, at: QPointF) -> str:
        """Return the identifier of the mark whose words stand at a place of the glass; empty for none."""
        return next((uid for uid, place in self._words.items() if uid and place.plate.contains(at)), "")

    def place_of_words(self, uid: str) -> QPointF | None:
        """Return where the words of a mark stand; None before it was painted."""
        return self._words[uid].plate.topLeft() if uid in self._words else None

    def grey_levels(self) -> NDArray[np.uint8] | None:
        """Return the grey levels (or colours) of the part that was painted last; None before."""
        return self._toned.pixels if self._toned else None

    def _fit(self) -> None:
        self._is_fitted = True
        if self._picture is not None:
            picture = self._picture
            self._view = ImageView.fitted_to(picture.extent, self.glass, picture.aspect, picture.frame.turn)
        self.update()

    def _paint_picture(self, painter: QPainter, picture: Picture, view: ImageView) -> None:
        frame = picture.frame
        level = picture.level_for(view.zoom * max(1.0, view.aspect) * self.devicePixelRatioF())
        step = 2**level
        area = self._area(picture, view, level)
        if area.right <= area.left or area.bottom <= area.top:
            return
        part = QRectF(
            area.left * step, area.top * step, (area.right - area.left) * step, (area.bottom - area.top) * step
        )
        whole = QRectF(0, 0, frame.columns, frame.rows)
        to_glass = self._to_glass(view)
        image = self._image(picture, level, area, to_glass.mapRect(part).size())
        painter.save()
        painter.setClipRect(to_glass.mapRect(whole))
        if view.turn == UPRIGHT:
            painter.drawImage(to_glass.mapRect(part), image, QRectF(image.rect()))
        else:
            painter.setTransform(to_glass, True)
            painter.drawImage(part, image, QRectF(image.rect()))
        painter.restore()

    def _paint_layers(self, painter: QPainter, picture: Picture, view: ImageView) -> None:
        """Draw what lies over the picture; made ready once for each."""
        if self._layers is None or self._layers.picture is not picture:
            self._layers = LayerPainter(picture)
        if not self._layers.paint(painter, self._to_glass(view), QRectF(self.rect())):
            self._at_rest.start()

    def _rest(self) -> None:
        """Paint again, finely, what was painted quickly while the picture was moved."""
        if self._layers is not None:
            self._layers.rest()
        self.update()

    def _area(self, picture: Picture, view: ImageView, level: int) -> Area:
        """Return the part of a copy that is seen, with a rim for smooth edges."""
        rows, columns = picture.levels[level].shape[:2]
        step = 2**level
        first, last = view.to_image((0, 0), self.glass), view.to_image(self.glass, self.glass)
        (left, right), (top, bottom) = (sorted(edges) for edges in zip(first, last, strict=True))
        return Area(
            max(math.floor(left / step) - 2, 0),
            max(math.floor(top / step) - 2, 0),
            min(math.ceil(right / step) + 2, columns),
            min(math.ceil(bottom / step) + 2, rows),
        )

    def _image(self, picture: Picture, level: int, area: Area, on_glass: QSizeF) -> QImage:
        """Return the part of a copy that is seen; ``on_glass`` is what it takes there, in logical pixels."""
        across, down = (math.ceil(side * self.devicePixelRatioF()) for side in (on_glass.width(), on_glass.height()))
        size = (across, down) if self.turn.is_across else (down, across)
        if self._toned is None or not self._toned.is_of(picture, level, area, size):
            self._toned = Toned(picture, level, area, size)
        return self._toned.image(self._window or picture.frame.default_window, is_inverted=self._is_inverted)

    def _to_glass(self, view: ImageView) -> QTransform:
        """Return the way from image pixels to the glass."""
        x, y = view.to_glass((0, 0), self.glass)
        right, down = view.to_glass((1, 0), self.glass), view.to_glass((0, 1), self.glass)
        return QTransform(right[0] - x, right[1] - y, down[0] - x, down[1] - y, x, y)

    def _paint_marks(self, painter: QPainter) -> None:
        shown = self.shown_marks()
        glass, is_drawing = QRectF(self.rect()), self.is_drawing
        places = paint_marks(painter, shown, self.to_glass, glass, self._labels, is_drawing=is_drawing)
        self._words = {each.mark.uid: place for each, place in zip(shown, places, strict=True) if each.lines}

    def _paint_message(self, painter: QPainter) -> None:
        if self._message:
            painter.setFont(theme.body_font(11.0))
            painter.setPen(theme.token("overlay", "clinical"))
            across, down = (min(60, side // 8) for side in (self.width(), self.height()))
            area = self.rect().adjusted(across, down, -across, -down)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
