"""Words that lie over a picture of signals: on a plate in its middle, and the hatch over what is not to be trusted."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QPainter

from ui import theme

_POINTS: Final = (11.0, 10.0, 9.0, 8.0)
_PAD_PX: Final = 10.0
_FLAGS: Final = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)


def plate_font(area: QRectF, words: str) -> tuple[QFont, QRectF]:
    """Return the largest font in which words fit into ``area``, and the plate they take in its middle.

    What is too long for one line even when small goes on in a second one; nothing is cut off.
    """
    room = QRectF(0, 0, max(area.width() - 8 - 2 * _PAD_PX, 1.0), 1e6)
    fonts = [theme.body_font(points, QFont.Weight.DemiBold) for points in _POINTS]
    fitting = (each for each in fonts if QFontMetricsF(each).horizontalAdvance(words) <= room.width())
    font = next(fitting, fonts[-1])
    taken = QFontMetricsF(font).boundingRect(room, _FLAGS, words)
    width, height = taken.width() + 2 * _PAD_PX + 2, max(taken.height() + 8, min(34.0, area.height() - 2))
    return font, QRectF(area.center().x() - width / 2, area.center().y() - height / 2, width, height)


def paint_plate(painter: QPainter, area: QRectF, words: str, tone: str) -> None:
    """Write words on a plate in the middle of ``area``."""
    font, plate = plate_font(area, words)
    painter.save()
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.token(tone, "clinical"))
    painter.setBrush(theme.token(f"{tone}_soft", "clinical"))
    painter.drawRoundedRect(plate, 5, 5)
    painter.drawText(plate, _FLAGS, words)
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
