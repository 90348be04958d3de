"""A word on a coloured ground: a state, an urgency, an allergy. The word carries the meaning, the colour helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import icons, theme
from ui.widgets.labels import plain_tip

Tone = Literal["ok", "warn", "alarm", "info", "neutral"]
_TONES: Final[dict[Tone, tuple[str, str]]] = {
    "ok": ("ok", "ok_soft"),
    "warn": ("warn", "warn_soft"),
    "alarm": ("alarm", "alarm_soft"),
    "info": ("info", "info_soft"),
    "neutral": ("muted", "raised"),
}
HEIGHT: Final = 24
_PAD: Final = 9
_ICON: Final = 14
_SLACK: Final = 3
"""Pixels a last letter may stand out of its advance, and the edge of the box takes."""


@dataclass(frozen=True)
class ChipLook:
    """What a chip says and how.

    Args:
        text: its words.
        tone: its colours.
        icon: name of a small icon before the words, or empty.
    """

    text: str
    tone: Tone = "neutral"
    icon: str = ""


def chip_width(look: ChipLook, font: QFont) -> float:
    """Return the width a chip needs, in pixels."""
    sign = _ICON + 5 if look.icon else 0
    return QFontMetricsF(_chip_font(font)).horizontalAdvance(look.text) + 2 * _PAD + sign + _SLACK


def paint_chip(
    painter: QPainter, area: QRectF, look: ChipLook, font: QFont, worn: theme.ThemeName | None = None
) -> None:
    """Draw a chip at the left of ``area``, in its middle; too long words end in dots."""
    ink, ground = (theme.token(name, worn) for name in _TONES[look.tone])
    width = min(chip_width(look, font), area.width())
    box = QRectF(area.left(), area.center().y() - HEIGHT / 2, width, HEIGHT).adjusted(0.5, 0.5, -0.5, -0.5)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.0) if look.tone == "alarm" else Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)
    words = box.adjusted(_PAD, 0, -_PAD, 0)
    if look.icon:
        sign = icons.pixmap(look.icon, _TONES[look.tone][0], _ICON, theme_name=worn)
        painter.drawPixmap(words.topLeft().toPoint() + _middle(words.height()), sign)
        words.adjust(_ICON + 5, 0, 0, 0)
    painter.setPen(ink)
    painter.setFont(_chip_font(font))
    shown = QFontMetricsF(painter.font()).elidedText(look.text, Qt.TextElideMode.ElideRight, words.width() + 1)
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


class Chip(QWidget):
    """A chip that stands on a page by itself.

    Args:
        name: stable object name.
    """

    def __init__(self, name: str = "", look: ChipLook | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.look = ChipLook("")
        self.show_look(look or ChipLook(""))

    def show_look(self, look: ChipLook) -> None:
        """Say something else."""
        self.look = look
        self.setAccessibleName(look.text)
        self.setToolTip(plain_tip(look.text))
        self.updateGeometry()
        self.update()

    def text(self) -> str:
        """Return the words it shows."""
        return self.look.text

    def sizeHint(self) -> QSize:
        """Return the size its words need."""
        return QSize(round(chip_width(self.look, self.font()) + 1), HEIGHT + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the chip."""
        if self.look.text:
            paint_chip(QPainter(self), QRectF(self.rect()), self.look, self.font(), theme.worn_by(self))


def _chip_font(font: QFont) -> QFont:
    smaller = QFont(font)
    smaller.setPointSizeF(9.0)
    smaller.setWeight(QFont.Weight.DemiBold)
    return smaller


def _middle(height: float) -> QPoint:
    return QPoint(0, round((height - _ICON) / 2))
