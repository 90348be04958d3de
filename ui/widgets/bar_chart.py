"""Groups and how many are in each: one bar a line, its words on the left and its number beside it.

A group whose number is not told is a hatched piece with the word for it, so that it is known by its pattern and by
reading, not by its colour. The arrow keys go from line to line; what is marked is said to a screen reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import Translated, _

LINE_PX: Final = 24
_BAR_PX: Final = 14
_GAP: Final = 10
_PAD: Final = 4
_HIDDEN_PX: Final = 56
_MOST_OF_WIDTH: Final = 0.42


@dataclass(frozen=True)
class ChartLine:
    """One group: its words, and its number, or None where that is not told."""

    label: str
    count: int | None


class BarChart(Translated, QWidget):
    """The bars of one table.

    Args:
        name: stable object name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = ""
        self._lines: tuple[ChartLine, ...] = ()
        self._place = -1
        theme.notifier().changed.connect(self.update)
        self.retranslate()

    @property
    def lines(self) -> tuple[ChartLine, ...]:
        """What is drawn."""
        return self._lines

    @property
    def place(self) -> int:
        """The line that is marked; -1 for none."""
        return self._place

    def show_lines(self, title: str, lines: Sequence[ChartLine]) -> None:
        """Draw other groups."""
        self._title, self._lines = title, tuple(lines)
        self._place = min(self._place, len(self._lines) - 1)
        self.updateGeometry()
        self.retranslate()
        self.update()

    def retranslate(self) -> None:
        """Say in words what the picture shows; the marked line first."""
        self.setAccessibleName(self._title or _("Bar chart"))
        marked = [self._words(self._lines[self._place])] if self._place >= 0 else []
        self.setAccessibleDescription("; ".join([*marked, *map(self._words, self._lines)]) or _("Nothing to count"))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for every line."""
        return QSize(420, max(1, len(self._lines)) * LINE_PX + 2 * _PAD)

    def minimumSizeHint(self) -> QSize:
        """Return the same height: lines are never squeezed into one another."""
        return QSize(200, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from line to line by the arrow keys, to the ends by Home and End."""
        last = len(self._lines) - 1
        places = {
            Qt.Key.Key_Up: max(0, self._place - 1),
            Qt.Key.Key_Down: min(last, self._place + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if self._lines and event.key() in places:
            self._mark(places[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Mark the line under the pointer."""
        place = int((event.position().y() - _PAD) // LINE_PX)
        if 0 <= place < len(self._lines):
            self._mark(place)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw words, bars and numbers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        words_px = self._words_px()
        for place in range(len(self._lines)):
            self._draw_line(painter, place, words_px)
        painter.setPen(QPen(theme.token("border"), 1))
        left = words_px + _GAP + _PAD - 0.5
        painter.drawLine(QPointF(left, _PAD), QPointF(left, self.height() - _PAD))
        if self.hasFocus():
            painter.setPen(QPen(theme.token("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _draw_line(self, painter: QPainter, place: int, words_px: float) -> None:
        line = self._lines[place]
        area = QRectF(_PAD, _PAD + place * LINE_PX, self.width() - 2 * _PAD, LINE_PX)
        if place == self._place:
            painter.fillRect(area, theme.token("selected"))
        middle = Qt.AlignmentFlag.AlignVCenter
        words = painter.fontMetrics().elidedText(line.label, Qt.TextElideMode.ElideRight, int(words_px))
        painter.setPen(theme.token("text"))
        painter.drawText(
            QRectF(area.left(), area.top(), words_px, LINE_PX), middle | Qt.AlignmentFlag.AlignRight, words
        )
        bar = QRectF(area.left() + words_px + _GAP, area.top() + (LINE_PX - _BAR_PX) / 2, self._bar_px(line), _BAR_PX)
        if line.count is None:
            painter.setPen(QPen(theme.token("input_border"), 1))
            painter.setBrush(QBrush(theme.token("muted"), Qt.BrushStyle.BDiagPattern))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
            painter.drawRect(bar.toRect())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        elif line.count:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.token("accent"))
            painter.drawRoundedRect(bar, 2, 2)
        told = QRectF(bar.right() + 6, area.top(), area.right() - bar.right() - 6, LINE_PX)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if line.count is not None else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(theme.token("text" if line.count is not None else "muted"))
        painter.drawText(told, middle | Qt.AlignmentFlag.AlignLeft, self._told(line))
        painter.setFont(self.font())

    def _words_px(self) -> float:
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(line.label) for line in self._lines), default=0.0)
        return min(widest + 2, self.width() * _MOST_OF_WIDTH)

    def _bar_px(self, line: ChartLine) -> float:
        """Return how long a bar is; the longest leaves room for its number."""
        if line.count is None:
            return _HIDDEN_PX
        metrics = QFontMetricsF(self.font())
        told = max((metrics.horizontalAdvance(self._told(each)) * 1.15 for each in self._lines), default=0.0)
        room = max(10.0, self.width() - 2 * _PAD - self._words_px() - _GAP - told - 12)
        highest = max((each.count for each in self._lines if each.count), default=1)
        return max(2.0, room * line.count / highest) if line.count else 0.0

    def _mark(self, place: int) -> None:
        self._place = place
        self.retranslate()

    def _words(self, line: ChartLine) -> str:
        return f"{line.label}: {self._told(line)}"

    def _told(self, line: ChartLine) -> str:
        return _("hidden") if line.count is None else str(line.count)
