"""A gate page that is a window of its own, for what must be settled before the workstation stands."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.texts import Language
from ui import language, theme
from ui.shell.gate_page import GatePage

WIDTH = 1180
HEIGHT = 720


class EarlyWindow(GatePage):
    """The frame; language and theme are put on at once, for nobody has signed in whose choice they could be.

    Args:
        name: stable object name.
        card_width: pixels.

    Signal ``closed``: the person has closed the window.
    """

    closed = Signal()

    def __init__(self, name: str, card_width: int) -> None:
        super().__init__(name)
        self._is_held = False
        self.setWindowTitle("Dala")
        self.card.setFixedWidth(card_width)
        self.choices.language_chosen.connect(lambda chosen: language.use(cast("Language", chosen)))
        self.choices.theme_chosen.connect(_dress)

    def sizeHint(self) -> QSize:
        """Return about the size of the program's window."""
        return QSize(WIDTH, HEIGHT)

    def hold(self, is_held: bool) -> None:
        """Keep the window from being closed while the data are being opened: nobody would be there to close them."""
        self._is_held = is_held

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell that the window is gone."""
        if self._is_held:
            event.ignore()
            return
        super().closeEvent(event)
        self.closed.emit()


def _dress(shade: str) -> None:
    application = QApplication.instance()
    if isinstance(application, QApplication):
        theme.apply(application, cast("theme.ThemeName", shade))
