"""Labels and lines by their role on a page: title, heading, label, muted, error. The look is in ``theme.qss``."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

LONGEST_WORD: Final = 28
"""Letters; no word of a language is longer. A longer one is broken rather than cut off or let widen the window."""
_PIECE: Final = 12
LabelRole = Literal["name", "brand", "title", "heading", "strong", "label", "muted", "error", "body"]


def label(role: LabelRole = "body", text: str = "", *, is_wrapped: bool = False) -> QLabel:
    """Return a label; its text is plain, never read as markup, for it may come from a foreign file."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(is_wrapped)
    return made


def wear(part: QLabel, role: LabelRole) -> None:
    """Let a label look otherwise from now on."""
    if part.property("role") != role:
        part.setProperty("role", role)
        part.style().unpolish(part)
        part.style().polish(part)


def breakable(text: str) -> str:
    """Return words with places to break in whatever is too long for a line; other words stay as they are."""
    return " ".join(word if len(word) <= LONGEST_WORD else _in_pieces(word) for word in text.split(" "))


def _in_pieces(word: str) -> str:
    return "\u200b".join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE))


def plain_tip(text: str) -> str:
    """Return words for a tool tip that Qt shows as they are, never as markup (it may come from a foreign file).

    Qt guesses by the words themselves, and markup may point at a file of another computer.
    """
    return "<qt>" + escape(text).replace("\n", "<br>") + "</qt>" if "<" in text else text


class OneLine(QLabel):
    """A line that gives way: where room is short it ends in dots and is whole in its tool tip and for a screen reader.

    Args:
        text: plain words.
        least_px: it never gets narrower.
    """

    def __init__(self, text: str, least_px: int = 120) -> None:
        super().__init__(text)
        self.setProperty("role", "strong")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(text)
        self.setToolTip(plain_tip(text))
        self._least_px = least_px

    def say(self, text: str) -> None:
        """Put other words."""
        self.setText(text)
        self.setAccessibleName(text)
        self.setToolTip(plain_tip(text))

    def minimumSizeHint(self) -> QSize:
        """Return the least width, or that of the words where they are shorter."""
        whole = super().sizeHint()
        return QSize(min(self._least_px, whole.width()), whole.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw as much as there is room for."""
        painter = QPainter(self)
        area = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(area, int(self.alignment()), shown)


def line() -> QFrame:
    """Return a hairline across the page."""
    made = QFrame()
    made.setProperty("role", "line")
    made.setFixedHeight(1)
    return made


class Card(QFrame):
    """A raised surface with a column of parts.

    Args:
        margin: pixels between its edge and its parts.
        spacing: pixels between its parts.
    """

    def __init__(self, margin: int = 16, spacing: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(margin, margin, margin, margin)
        self.column.setSpacing(spacing)
