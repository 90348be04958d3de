"""How far something has come, as a line of stations: what is behind is ticked, where it is now is bold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import icons, theme

_RADIUS: Final = 9.0
_TOP: Final = 12.0
_HEIGHT: Final = 46


class ProgressTrack(QWidget):
    """The stations from left to right.

    Args:
        name: stable object name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._stations: tuple[str, ...] = ()
        self._place = 0
        theme.notifier().changed.connect(self.update)

    def show_progress(self, stations: Sequence[str], place: int) -> None:
        """Show the stations and which of them, counted from 0, it has come to."""
        self._stations, self._place = tuple(stations), place
        self.setAccessibleName(f"{place + 1}/{len(stations)}: {self.text()}")
        self.update()

    def text(self) -> str:
        """Return the word of the station it has come to."""
        return self._stations[self._place] if self._stations else ""

    def sizeHint(self) -> QSize:
        """Return room for the words of six stations."""
        return QSize(600, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw line, stations and words."""
        if not self._stations:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        step = self.width() / len(self._stations)
        centres = [QPointF(step * (place + 0.5), _TOP) for place in range(len(self._stations))]
        for place in range(1, len(centres)):
            reached = place <= self._place
            painter.setPen(QPen(theme.token("ok" if reached else "border"), 2))
            gap = QPointF(_RADIUS + 5, 0)
            painter.drawLine(centres[place - 1] + gap, centres[place] - gap)
        for place, centre in enumerate(centres):
            self._station(painter, place, centre, step)
        painter.end()

    def _station(self, painter: QPainter, place: int, centre: QPointF, step: float) -> None:
        is_behind = place < self._place or place == len(self._stations) - 1 == self._place
        is_here = place == self._place and not is_behind
        ink = "ok" if is_behind else "accent" if is_here else "input_border"
        painter.setPen(QPen(theme.token(ink), 1.6))
        painter.setBrush(theme.token("ok_soft" if is_behind else "accent" if is_here else "surface"))
        painter.drawEllipse(centre, _RADIUS, _RADIUS)
        if is_behind:
            painter.drawPixmap(centre - QPointF(6, 6), icons.pixmap("check", "ok", 12))
        font = QFont(self.font())
        font.setPointSizeF(9.0)
        font.setWeight(QFont.Weight.DemiBold if place == self._place else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(theme.token("text" if place == self._place else "muted"))
        area = QRectF(centre.x() - step / 2 + 4, _TOP + _RADIUS + 5, step - 8, 18)
        words = painter.fontMetrics().elidedText(self._stations[place], Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)
