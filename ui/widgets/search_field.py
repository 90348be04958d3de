"""A search field that asks when the typing pauses, and at once on Enter."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from ui import icons, theme

PAUSE_MS = 200
LONGEST = 200


class SearchField(QLineEdit):
    """An input with a magnifying glass.

    Args:
        name: stable object name.

    Signal ``searched`` carries the words, stripped; empty when the field was emptied.
    """

    searched = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setClearButtonEnabled(True)
        self.setMaxLength(LONGEST)
        self._glass = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.textChanged.connect(lambda _text: self._pause.start())
        self.returnPressed.connect(self._ask)
        theme.notifier().changed.connect(self._draw)
        self._draw()

    def set_words(self, name: str, placeholder: str) -> None:
        """Name the field for a screen reader and say in it what can be typed."""
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hear Enter once, however long it is held down."""
        if event.isAutoRepeat() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return
        super().keyPressEvent(event)

    def _ask(self) -> None:
        self._pause.stop()
        self.searched.emit(self.text().strip())

    def _draw(self) -> None:
        self._glass.setIcon(icons.icon("search", "muted"))
