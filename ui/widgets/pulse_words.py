"""How high a calibration pulse is, in words, where it is not the usual millivolt."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter

from clinic_app.foundation.numbers import show_number
from ui import language, theme
from ui.language import _


def write_pulse(painter: QPainter, area: QRectF, millivolts: float, ratio: float) -> None:
    """Write the height of a pulse at the top left of an area, in device pixels."""
    words = _("{value} mV", value=show_number(millivolts, language.current()))
    painter.setFont(theme.body_font(8.0 * ratio, QFont.Weight.DemiBold))
    height = max(area.height(), float(painter.fontMetrics().height()))
    place = QRectF(area.left(), area.top(), area.width(), height)
    painter.drawText(
        place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextDontClip), words
    )
