"""Words that lie over a picture of signals: on a plate in its middle, and the hatch over what is not to be trusted."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QPainter

from ui import theme


def paint_plate(painter: QPainter, area: QRectF, words: str, tone: str) -> None:
    """Write words on a plate in the middle of ``area``."""
    painter.setFont(theme.body_font(11.0, QFont.Weight.DemiBold))
    width = min(area.width() - 8, painter.fontMetrics().horizontalAdvance(words) + 36.0)
    plate = QRectF(area.center().x() - width / 2, area.center().y() - 17, width, 34)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.token(tone, "clinical"))
    painter.setBrush(theme.token(f"{tone}_soft", "clinical"))
    painter.drawRoundedRect(plate, 5, 5)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def paint_veil(painter: QPainter, area: QRectF) -> None:
    """Take the light from what is no longer now."""
    veil = theme.token("bg", "clinical")
    veil.setAlpha(175)
    painter.fillRect(area, veil)
    tint = theme.token("warn", "clinical")
    tint.setAlpha(40)
    painter.fillRect(area, tint)


def paint_hatch(painter: QPainter, area: QRectF, words: str) -> None:
    """Hatch a lane whose electrode is off, and say so at its right."""
    colour = theme.token("warn", "clinical")
    colour.setAlpha(110)
    painter.fillRect(area, QBrush(colour, Qt.BrushStyle.BDiagPattern))
    painter.setFont(theme.body_font(9.0, QFont.Weight.DemiBold))
    width = painter.fontMetrics().horizontalAdvance(words) + 16.0
    plate = QRectF(area.right() - width - 6, area.center().y() - 10, width, 20)
    painter.fillRect(plate, theme.token("warn_soft", "clinical"))
    painter.setPen(theme.token("warn", "clinical"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
