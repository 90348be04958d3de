"""Labels and lines by their role on a page: title, heading, label, muted, error. The look is in ``theme.qss``."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

LabelRole = Literal["name", "brand", "title", "heading", "strong", "label", "muted", "error", "body"]


def label(role: LabelRole = "body", text: str = "", *, is_wrapped: bool = False) -> QLabel:
    """Return a label; its text is plain, never read as markup, for it may come from a foreign file."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(is_wrapped)
    return made


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
