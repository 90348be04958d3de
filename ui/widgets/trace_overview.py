"""The last minutes of one trace in a strip: where one looks, what was marked, and a way to go there by the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.language import Translated, _
from ui.strokes import next_turn
from ui.widgets.sweep_source import SweepSource
from ui.widgets.trace_columns import Values, column_lines

HEIGHT: Final = 54
_STROKE_COLUMNS: Final = 60
"""Columns looked up at one turn of the event loop."""
_MOST_STROKE_SAMPLES: Final = 40_000
_TICKS_S: Final = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
_LEAST_TICK_PX: Final = 90


class TraceOverview(Translated, QWidget):
    """The strip.

    Args:
        name: stable object name.

    Signal ``moved`` carries the seconds between the newest sample and the right edge of where somebody wants to look.
    """

    moved = Signal(float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._source: SweepSource | None = None
        self._row = 0
        self._end = 0
        self._kept_s = 0.0
        self._page_s = 0.0
        self._back_s = 0.0
        self._marks: tuple[float, ...] = ()
        self._low: Values = np.empty(0)
        self._high: Values = np.empty(0)
        self._done = 0
        self._round = 0
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return the size of a strip."""
        return QSize(600, HEIGHT)

    @property
    def is_whole(self) -> bool:
        """Whether every column has been looked up."""
        return self._done >= len(self._low)

    def show_source(self, source: SweepSource | None, row: int, end: int, kept_s: float) -> None:
        """Show what one channel did before a moment; the columns are looked up in strokes, the newest first.

        Args:
            source: where the samples are; None for nothing.
            row: which channel.
            end: one after the newest sample.
            kept_s: seconds before it.
        """
        self._source, self._row, self._end, self._kept_s = source, row, end, kept_s
        self._begin_round()

    def show_page(self, page_s: float, back_s: float) -> None:
        """Show where one looks."""
        self._page_s, self._back_s = page_s, back_s
        self.retranslate()
        self.update()

    def show_marks(self, back_s: Sequence[float]) -> None:
        """Show where something was marked, in seconds before the newest sample."""
        self._marks = tuple(back_s)
        self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Look the columns up anew."""
        self._begin_round()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, trace, time, marks and the window."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("surface", "clinical"))
        if self._source is None or self._kept_s <= 0:
            return
        self._paint_time(painter)
        self._paint_trace(painter)
        painter.setPen(QPen(theme.token("warn", "clinical"), 2))
        for back_s in self._marks:
            if back_s <= self._kept_s:
                x = self._x_of(back_s)
                painter.drawLine(QPointF(x, 0), QPointF(x, 10))
        window = QRectF(self._x_of(self._back_s + self._page_s), 1, 0, self.height() - 2)
        window.setRight(max(self._x_of(self._back_s), window.left() + 4))
        tint = theme.token("accent", "clinical")
        tint.setAlpha(60)
        painter.fillRect(window, tint)
        painter.setPen(QPen(theme.token("accent", "clinical"), 1.5))
        painter.drawRect(window)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def retranslate(self) -> None:
        """Say for a screen reader where one looks."""
        self.setAccessibleName(_("Overview of what is kept"))
        self.setAccessibleDescription(
            _("{back} s back of {kept} s", back=round(self._back_s), kept=round(self._kept_s))
        )
        self.update()

    def _go(self, x: float) -> None:
        if self._kept_s > 0 and self.width():
            middle_s = self._kept_s * (1 - x / self.width())
            self.moved.emit(max(0.0, min(middle_s - self._page_s / 2, self._kept_s - self._page_s)))

    def _x_of(self, back_s: float) -> float:
        return self.width() * (1 - back_s / self._kept_s)

    def _begin_round(self) -> None:
        self._round += 1
        self._low = np.full(max(1, self.width()), np.nan)
        self._high = self._low.copy()
        self._done = 0
        self._go_on(self._round)

    def _go_on(self, number: int) -> None:
        """Look up some more columns, from the right to the left."""
        source, columns = self._source, len(self._low)
        if source is None or number != self._round or self._done >= columns or self._kept_s <= 0:
            return
        per_column = self._kept_s * source.rate_hz() / columns
        count = max(1, min(_STROKE_COLUMNS, int(_MOST_STROKE_SAMPLES / max(1.0, per_column)), columns - self._done))
        last = columns - self._done
        edges = np.round(self._end - (columns - np.arange(last - count, last + 1)) * per_column).astype(np.int64)
        samples = source.read(int(edges[0]), max(int(edges[-1]), int(edges[0]) + 1))[self._row]
        starts = (edges[:-1] - edges[0]).clip(0, len(samples) - 1)
        self._low[last - count : last] = np.fmin.reduceat(samples, starts)
        self._high[last - count : last] = np.fmax.reduceat(samples, starts)
        self._done += count
        self.update()
        if self._done < columns:
            next_turn(self, lambda: self._go_on(number))

    def _paint_trace(self, painter: QPainter) -> None:
        known = np.isfinite(self._low)
        if not known.any():
            return
        bottom, top = np.percentile(self._low[known], 1), np.percentile(self._high[known], 99)
        scale = (self.height() - 18) / (top - bottom) if top > bottom else 0.0
        base = self.height() - 15.0
        low = (base - (self._low - bottom) * scale).clip(2, base)
        high = (base - (self._high - bottom) * scale).clip(2, base)
        painter.setPen(QPen(theme.token("trace_ecg", "clinical"), 1))
        for line in column_lines(0.5, low, high):
            painter.drawPolyline(line)

    def _paint_time(self, painter: QPainter) -> None:
        """Write how long ago it was, as often as there is room."""
        every = next((s for s in _TICKS_S if s / self._kept_s * self.width() >= _LEAST_TICK_PX), _TICKS_S[-1])
        painter.setFont(theme.body_font(8.0, QFont.Weight.Normal))
        for number in range(1, int(self._kept_s / every) + 1):
            x = self._x_of(number * every)
            painter.setPen(QPen(theme.token("trace_grid", "clinical"), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
            painter.setPen(theme.token("muted", "clinical"))
            minutes, seconds = divmod(number * every, 60)
            place = QRectF(x + 3, self.height() - 15, 70, 14)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft, f"\N{MINUS SIGN}{minutes}:{seconds:02d}")
