"""Draws calipers over a trace: two upright lines, or a rectangle, and the reading beside the second mark."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from ui import theme
from ui.widgets.calipers import Calipers


def paint_calipers(painter: QPainter, calipers: Calipers, seen: QRect, words: str) -> None:
    """Draw them in the coordinates of ``seen``, with what they span in words."""
    first, second = QPointF(calipers.x0, calipers.y0), QPointF(calipers.x1, calipers.y1)
    colour = theme.token("warn", "clinical")
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 1.2))
    if calipers.is_box:
        tint = theme.token("warn", "clinical")
        tint.setAlpha(28)
        painter.fillRect(QRectF(first, second).normalized(), tint)
        painter.drawRect(QRectF(first, second).normalized())
    else:
        for x in (calipers.x0, calipers.x1):
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom() + 1))
        painter.drawLine(first, QPointF(calipers.x1, calipers.y0))
        painter.setPen(QPen(colour, 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(calipers.x0, calipers.y1), second)
    _paint_reading(painter, words, max(calipers.x0, calipers.x1), min(calipers.y0, calipers.y1), seen)


def _paint_reading(painter: QPainter, words: str, x: float, y: float, seen: QRect) -> None:
    """Write the reading beside the second mark, inside the view."""
    painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
    width = painter.fontMetrics().horizontalAdvance(words) + 18.0
    left = max(4.0, min(x + 8, seen.width() - width - 4))
    plate = QRectF(left, min(max(y - 34, 4), seen.height() - 32), width, 26)
    painter.setPen(theme.token("warn", "clinical"))
    painter.setBrush(theme.token("warn_soft", "clinical"))
    painter.drawRect(plate)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
