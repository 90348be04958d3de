"""All the hours of a recording as one strip: what was received, the gaps, the marks, the page and what is chosen.

A click goes there; dragging chooses a stretch. By keyboard the arrows move the page (Page Up and Page Down in the
view), Shift with Home or End lets what is chosen begin or end with it.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.waveforms.view_model_long_reading import LongOverview
from ui.widgets.trend_plot import LEFT_PX

STRIP_PX: Final = 34
_BAR: Final = QRectF(0, 12, 0, 14)
_NEAR_PX: Final = 4.0


class LongStrip(QWidget):
    """The strip; it lies on the time axis of the numbers above it.

    Args:
        name: stable object name.

    Signals: ``pointed(float)``: a moment was clicked; ``dragged(float, float)``: a stretch was chosen.
    """

    pointed = Signal(float)
    dragged = Signal(float, float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self._overview: LongOverview | None = None
        self._page_s = (0.0, 0.0)
        self._chosen_s = (0.0, 0.0)
        self._pressed: QPointF | None = None

    def sizeHint(self) -> QSize:
        """Return its height; it is as wide as there is room."""
        return QSize(200, STRIP_PX)

    def show_overview(self, overview: LongOverview | None) -> None:
        """Show a recording, or none."""
        self._overview = overview
        self.update()

    def show_page(self, begin_s: float, end_s: float) -> None:
        """Show which page is on the paper."""
        self._page_s = begin_s, end_s
        self.update()

    def show_chosen(self, begin_s: float, end_s: float) -> None:
        """Show what is chosen."""
        self._chosen_s = begin_s, end_s
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to choose."""
        if event.button() == Qt.MouseButton.LeftButton and self._overview is not None:
            self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose on."""
        if self._is_drag(event.position()):
            assert self._pressed is not None
            self.dragged.emit(self._seconds(self._pressed.x()), self._seconds(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Keep what was chosen, or go where it was clicked."""
        pressed, is_drag = self._pressed, self._is_drag(event.position())
        self._pressed = None
        if pressed is not None and not is_drag:
            self.pointed.emit(self._seconds(pressed.x()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        overview = self._overview
        if overview is None:
            return
        painter = QPainter(self)
        whole = self._rect(0.0, overview.seconds)
        painter.fillRect(whole, theme.token("trace_ecg", "clinical").darker(260))
        for first, last in overview.gaps_s:
            gap = self._rect(first, last)
            painter.fillRect(gap, theme.token("bg", "clinical"))
            painter.fillRect(gap, _dense(theme.token("warn", "clinical")))
        is_part = self._chosen_s != (0.0, overview.seconds)
        chosen = self._rect(*self._chosen_s).adjusted(0, -3, 0, 3)
        if is_part:
            light = QColor(theme.token("accent", "clinical"))
            light.setAlpha(110)
            painter.fillRect(chosen, light)
            painter.setPen(theme.token("accent", "clinical"))
            painter.drawRect(chosen)
        painter.setPen(theme.token("warn", "clinical"))
        for mark in overview.marks:
            x = self._x((mark.at - overview.begins_at).total_seconds())
            painter.drawLine(QPointF(x, 2), QPointF(x, STRIP_PX - 4))
        page = self._rect(*self._page_s).adjusted(0, -5, 0, 5)
        painter.setPen(QPen(theme.token("text", "clinical"), 2))
        painter.drawRect(QRectF(page.left(), page.top(), max(page.width(), 2), page.height()))
        painter.end()

    def _is_drag(self, at: QPointF) -> bool:
        return self._pressed is not None and abs(at.x() - self._pressed.x()) > _NEAR_PX

    def _rect(self, first_s: float, last_s: float) -> QRectF:
        left, right = self._x(first_s), self._x(last_s)
        return QRectF(left, _BAR.top(), max(right - left, 1.0), _BAR.height())

    def _x(self, seconds: float) -> float:
        whole = self._overview.seconds if self._overview is not None else 0.0
        share = seconds / whole if whole else 0.0
        return LEFT_PX + share * max(self.width() - LEFT_PX - 1, 1)

    def _seconds(self, x: float) -> float:
        whole = self._overview.seconds if self._overview is not None else 0.0
        return min(max((x - LEFT_PX) / max(self.width() - LEFT_PX - 1, 1), 0.0), 1.0) * whole


def _dense(colour: QColor) -> QColor:
    thin = QColor(colour)
    thin.setAlpha(60)
    return thin
