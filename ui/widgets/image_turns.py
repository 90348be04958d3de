"""How a person turns, mirrors and enlarges a picture, and the magnifying glass he holds over it.

A turn is chosen for the series and not for one picture of it; `reset` gives it back to the file. Letters of the
patient's sides follow every turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap

from clinic_app.imaging import Frame
from clinic_app.imaging.display.orientation import edges, letters_of_plane
from clinic_app.imaging.display.turning import Turn
from ui import theme
from ui.widgets.image_glass import ImageGlass
from ui.widgets.image_overlay import column_mm, letter_rows, paint_letters
from ui.widgets.image_toning import Toned
from ui.widgets.image_view import ImageView
from ui.widgets.screen_scale import screen_scales

LENS_PX: Final = 130
LENS_FACTOR: Final = 2.5


class TurnedGlass(ImageGlass):
    """A picture under glass that can be turned.

    Args:
        name: stable object name.

    Signal ``screen_size_asked``: the picture is wanted in true size, and nobody has measured this screen yet.
    """

    screen_size_asked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._own_turn: Turn | None = None
        self._has_lens = False
        self._lens_at: QPointF | None = None
        self._lens_toned: Toned | None = None

    @property
    def has_lens(self) -> bool:
        """Whether the magnifying glass lies over the picture."""
        return self._has_lens

    @property
    def can_be_true_size(self) -> bool:
        """Whether it is known how large a pixel is, of the picture and of the screen."""
        return self.is_size_known and screen_scales().is_measured(self)

    @property
    def is_size_known(self) -> bool:
        """Whether it is known how large a pixel of the picture is."""
        return self._picture is not None and column_mm(self._picture.frame) is not None

    def turn_right(self) -> None:
        """Turn by a quarter, clockwise as it is seen."""
        self._turn_to(self.turn.then_right())

    def turn_left(self) -> None:
        """Turn by a quarter, against the clock as it is seen."""
        self._turn_to(self.turn.then_right().then_right().then_right())

    def flip_across(self) -> None:
        """Exchange left and right as they are seen."""
        self._turn_to(self.turn.then_flipped())

    def flip_down(self) -> None:
        """Exchange above and below as they are seen."""
        self._turn_to(self.turn.then_right().then_right().then_flipped())

    def fit(self) -> None:
        """Show all of the picture as large as it goes."""
        self._fit()
        self.view_changed()

    def show_pixels(self) -> None:
        """Show each pixel of the picture as one pixel of the screen."""
        self._zoom_to(1 / self.devicePixelRatioF())

    def show_true_size(self) -> None:
        """Show the picture as large as the thing is; where nobody has measured the screen, that is asked for first."""
        mm = column_mm(self._picture.frame) if self._picture is not None else None
        if mm is not None and self.can_be_true_size:
            self._zoom_to(mm * screen_scales().px_per_mm(self))
        elif mm is not None:
            self.screen_size_asked.emit()

    def toggle_lens(self) -> None:
        """Take the magnifying glass, or put it away."""
        self._has_lens = not self._has_lens
        self._lens_toned = None
        self.view_changed()

    def move_lens(self, at: QPointF | None) -> None:
        """Hold it over a place of the glass; None: over the middle."""
        self._lens_at = at
        if self._has_lens:
            self.update()

    def view_changed(self) -> None:
        """Paint anew; those above tell others, too."""
        self.update()

    def turn_of(self, frame: Frame) -> Turn:
        """Return how a picture is to be turned: as a person chose, else as its file asks."""
        return frame.turn if self._own_turn is None else self._own_turn

    def forget_turn(self) -> None:
        """Show what comes as its file asks, without a magnifying glass."""
        self._own_turn, self._has_lens, self._lens_toned = None, False, None

    def paint_over(self, painter: QPainter) -> None:
        """Draw the letters of the patient's sides, and the magnifying glass."""
        picture, view = self._picture, self._view
        if picture is None or view is None:
            return
        frame = picture.frame
        letters = letters_of_plane(frame.plane) if frame.plane is not None else frame.labels.letters
        if letters is not None:
            paint_letters(painter, QRectF(self.rect()), edges(letters, view.turn), self._notes_begin)
        if self._has_lens:
            self._paint_lens(painter, view)

    @property
    def letter_rows(self) -> tuple[QRectF, ...]:
        """Where the letters of the patient's sides are written on the glass."""
        return letter_rows(QRectF(self.rect()), self._notes_begin)

    def _fit(self) -> None:
        self._is_fitted = True
        if self._picture is not None:
            picture = self._picture
            turn = self.turn_of(picture.frame)
            self._view = ImageView.fitted_to(picture.extent, self.glass, picture.aspect, turn)
        self.update()

    def _turn_to(self, turn: Turn) -> None:
        if self._view is None:
            return
        self._own_turn = turn
        self._view = replace(self._view, turn=turn)
        if self._is_fitted:
            self._fit()
        self.view_changed()

    def _zoom_to(self, zoom: float) -> None:
        if self._view is not None:
            middle = (self.width() / 2, self.height() / 2)
            self._view = self._view.zoomed(zoom / self._view.zoom, middle, self.glass)
            self._is_fitted = False
            self.view_changed()

    def _paint_lens(self, painter: QPainter, view: ImageView) -> None:
        assert self._picture is not None
        at = self._lens_at or QPointF(self.width() / 2, self.height() / 2)
        ratio = self.devicePixelRatioF()
        lens = QPixmap(round(2 * LENS_PX * ratio), round(2 * LENS_PX * ratio))
        lens.setDevicePixelRatio(ratio)
        lens.fill(Qt.GlobalColor.black)
        kept, self._toned = self._toned, self._lens_toned
        inner = QPainter(lens)
        inner.setRenderHints(painter.renderHints())
        inner.translate(LENS_PX - at.x(), LENS_PX - at.y())
        self._paint_picture(inner, self._picture, view.zoomed(LENS_FACTOR, (at.x(), at.y()), self.glass))
        inner.end()
        self._lens_toned, self._toned = self._toned, kept
        circle = QPainterPath()
        circle.addEllipse(at, LENS_PX, LENS_PX)
        painter.save()
        painter.setClipPath(circle)
        painter.drawPixmap(at - QPointF(LENS_PX, LENS_PX), lens)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.token("accent", "clinical"), 2))
        painter.drawEllipse(at, LENS_PX, LENS_PX)
