"""How high a calibration pulse is, in words, where it is not the usual millivolt."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QPainter

from clinic_app.foundation.numbers import show_number
from ui import language, theme
from ui.language import _

_POINTS: Final = 6.5
"""So much fits beside the traces at 25 mm/s, in every language."""
_EDGE_PX: Final = 2.0


def write_pulse(painter: QPainter, at: QPointF, millivolts: float, ratio: float) -> None:
    """Write the height of a pulse above it, or below its top where there is no room.

    Args:
        painter: of the picture.
        at: the left edge of what the pulse stands in, and its top; in device pixels.
        millivolts: its height.
        ratio: device pixels in a logical one.
    """
    words = _("{value} mV", value=show_number(millivolts, language.current()))
    painter.setFont(theme.body_font(_POINTS * ratio, QFont.Weight.DemiBold))
    metrics = painter.fontMetrics()
    above = at.y() - _EDGE_PX * ratio
    line = above if above >= metrics.ascent() else at.y() + metrics.ascent() + _EDGE_PX * ratio
    painter.drawText(QPointF(at.x() + _EDGE_PX * ratio, line), words)
