"""A heart or lung sound to look at and listen to: ECG, phonocardiogram and spectrogram over one time, with a cursor.

Keys: Space plays from the cursor and stops, Left and Right move it by 0.2 s, Home and End to the ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.waveforms.sound import FLOOR_DB, Spectrogram
from ui import language, theme
from ui.language import Translated, _, say
from ui.waveforms.view_model_sound import SIDES, SoundPicture, SoundViewModel
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.picker import Picker
from ui.widgets.segmented import Option
from ui.widgets.trace_columns import Samples, column_edges, column_lines, draw_trace, extremes

STEP_S: Final = 0.2
_GUTTER: Final = 56
_FOOT: Final = 18
_PARTS: Final = (("ecg", 0.22), ("sound", 0.38), ("spectrum", 0.40))
_TICKS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
_LEAST_TICK_PX: Final = 70
_HEAT: Final = ((10, 14, 17), (28, 44, 92), (120, 40, 120), (226, 92, 70), (252, 214, 110), (255, 255, 230))
"""From silence to the loudest; told apart also without colours, for each is lighter than the one before."""


def heat_image(spectrum: Spectrogram) -> QImage:
    """Return a spectrogram as a picture, high frequencies at the top; one pixel for each value."""
    share = (spectrum.decibels[::-1] - FLOOR_DB) / -FLOOR_DB * (len(_HEAT) - 1)
    below = np.floor(share).astype(int).clip(0, len(_HEAT) - 2)
    table, part = np.array(_HEAT, dtype=np.float32), (share - below)[..., np.newaxis]
    pixels = np.ascontiguousarray(table[below] * (1 - part) + table[below + 1] * part, dtype=np.uint8)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class SoundCanvas(Translated, QWidget):
    """The picture of one sound.

    Args:
        model: what is listened to.
    """

    def __init__(self, model: SoundViewModel) -> None:
        super().__init__()
        self.setObjectName("sound.canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._model = model
        self._still = QPixmap()
        model.changed.connect(self._redraw)
        model.moved.connect(self.update)
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return a size in which a few beats are easy to see."""
        return QSize(900, 480)

    def retranslate(self) -> None:
        """Say for a screen reader what is shown."""
        self.setAccessibleName(_("Phonocardiogram and spectrogram"))
        self._redraw()

    def x_of(self, seconds: float) -> float:
        """Return where a moment lies."""
        picture = self._model.picture
        length = picture.seconds if picture is not None and picture.seconds > 0 else 1.0
        return _GUTTER + seconds / length * (self.width() - _GUTTER - 4)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Draw anew."""
        self._redraw()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Copy the picture, then draw the cursor."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("bg", "clinical"))
        picture = self._model.picture
        if picture is None:
            return
        if self._still.isNull():
            self._still = self._drawn(picture)
        painter.drawPixmap(0, 0, self._still)
        x = self.x_of(self._model.cursor_s)
        painter.setPen(QPen(theme.token("warn", "clinical"), 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - _FOOT))
        if self.hasFocus():
            painter.setPen(QPen(theme.token("focus", "clinical"), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the cursor there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Take the cursor along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Listen without a mouse."""
        model, picture = self._model, self._model.picture
        steps = {Qt.Key.Key_Left: -STEP_S, Qt.Key.Key_Right: STEP_S}
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space:
            model.toggle()
        elif key in steps:
            model.go(model.cursor_s + steps[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            model.go(0.0 if key == Qt.Key.Key_Home or picture is None else picture.seconds)
        else:
            super().keyPressEvent(event)

    def _go(self, x: float) -> None:
        picture = self._model.picture
        if picture is not None:
            self._model.go((x - _GUTTER) / max(1, self.width() - _GUTTER - 4) * picture.seconds)

    def _redraw(self) -> None:
        self._still = QPixmap()
        self.update()

    def _drawn(self, picture: SoundPicture) -> QPixmap:
        ratio = self.devicePixelRatioF()
        still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        still.setDevicePixelRatio(ratio)
        still.fill(theme.token("bg", "clinical"))
        painter = QPainter(still)
        parts = [part for part in _PARTS if part[0] != "ecg" or picture.lead is not None]
        room, whole, top = self.height() - _FOOT, sum(share for _name, share in parts), 0.0
        for name, share in parts:
            area = QRectF(_GUTTER, top + 4, self.width() - _GUTTER - 4, room * share / whole - 8)
            self._paint_part(painter, name, picture, area)
            top += room * share / whole
        self._paint_time(painter, picture)
        painter.end()
        return still

    def _paint_part(self, painter: QPainter, name: str, picture: SoundPicture, area: QRectF) -> None:
        painter.setPen(QPen(theme.token("trace_grid", "clinical"), 1))
        painter.drawRect(area)
        if name == "spectrum":
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(area, heat_image(picture.spectrum))
            self._write(painter, area, _("{value} Hz", value=round(picture.spectrum.highest_hz)))
        elif name == "ecg" and picture.lead is not None:
            self._paint_curve(painter, picture.lead.samples, picture.lead.rate_hz, area, "trace_ecg")
            self._write(painter, area, picture.lead.label)
        else:
            self._paint_curve(painter, picture.samples, picture.channel.rate_hz, area, "trace_pleth")
            self._write(painter, area, _("Sound"))

    def _paint_curve(self, painter: QPainter, samples: Samples, rate_hz: float, area: QRectF, colour: str) -> None:
        """Draw a curve that fills its part, over the time of the sound."""
        known = samples[np.isfinite(samples)]
        if not known.size or self._model.picture is None:
            return
        per_column = self._model.picture.seconds * rate_hz / area.width()
        edges = column_edges(0, int(area.width()), per_column).clip(max=len(samples))
        columns = int(np.searchsorted(edges, len(samples))) or 1
        edges = edges[: columns + 1]
        low, high = extremes(samples[: edges[-1]], edges)
        bottom, top = float(known.min()), float(known.max())
        scale = area.height() * 0.92 / (top - bottom) if top > bottom else 0.0
        middle, y = (bottom + top) / 2, area.center().y()
        lines = column_lines(area.left() + 0.5, y - (low - middle) * scale, y - (high - middle) * scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_trace(painter, lines, theme.token(colour, "clinical"), 1.0)

    @staticmethod
    def _write(painter: QPainter, area: QRectF, words: str) -> None:
        painter.setFont(theme.body_font(9.0, QFont.Weight.DemiBold))
        painter.setPen(theme.token("overlay", "clinical"))
        painter.drawText(QRectF(2, area.top(), _GUTTER - 6, 18), Qt.AlignmentFlag.AlignLeft, words)

    def _paint_time(self, painter: QPainter, picture: SoundPicture) -> None:
        every = next((each for each in _TICKS_S if self.x_of(each) - self.x_of(0) >= _LEAST_TICK_PX), _TICKS_S[-1])
        painter.setFont(theme.body_font(8.5, QFont.Weight.Normal))
        painter.setPen(theme.token("muted", "clinical"))
        for number in range(int(picture.seconds / every) + 1):
            words = _("{seconds} s", seconds=show_number(round(number * every, 1), language.current()))
            place = QRectF(self.x_of(number * every) - 30, self.height() - _FOOT, 60, _FOOT)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)


class SoundView(Translated, QWidget):
    """The picture with what is chosen for it.

    Args:
        model: what is listened to.
    """

    def __init__(self, model: SoundViewModel) -> None:
        super().__init__()
        self.setObjectName("sound")
        self._model = model
        self.canvas = SoundCanvas(model)
        self._play = Button("sound.play", "primary", "play")
        self._side = Picker("sound.side", [Option(name, _side_words(name)) for name in SIDES], lambda: _("Stethoscope"))
        self._where = label("muted")
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self._play, self._side, self._where):
            row.addWidget(part)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.canvas, 1)
        self._play.clicked.connect(model.toggle)
        self._side.chosen.connect(model.choose)
        self._side.choose(model.side)
        model.changed.connect(self._show)
        model.moved.connect(self._show)
        self.setFocusProxy(self.canvas)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._show()

    def _show(self) -> None:
        picture = self._model.picture
        self._play.setEnabled(picture is not None)
        words = _("Stop") if self._model.is_playing else _("Play")
        if self._play.text() != words:
            self._play.say(words, _("Space"))
        if picture is None:
            self._where.setText("")
            return
        now, whole = (show_number(round(s, 1), language.current()) for s in (self._model.cursor_s, picture.seconds))
        self._where.setText(_("{now} of {whole} s", now=now, whole=whole))


def _side_words(name: str) -> Callable[[], str]:
    band, words = SIDES[name], _SIDE_WORDS[name]
    return words if name == "whole" else lambda: f"{words()} {say(band.text)}"


_SIDE_WORDS: Final[dict[str, Callable[[], str]]] = {
    "whole": lambda: _("Whole sound"), "bell": lambda: _("Bell"), "diaphragm": lambda: _("Diaphragm"),
}  # fmt: skip
