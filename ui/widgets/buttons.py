"""Push buttons: one primary a screen, plain ones, and quiet ones without an edge."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton

from ui import icons
from ui.widgets.labels import plain_tip

ButtonRole = Literal["primary", "plain", "quiet"]
_ICON_COLOUR = {"primary": "on_accent", "plain": "text", "quiet": "accent"}
PRIMARY_SHORTCUT = "Ctrl+Return"


class Button(QPushButton):
    """A button with an optional icon; Enter presses it when it has the focus, as Space does.

    Args:
        name: stable object name, ``room.action``.
        role: its weight on the page.
        icon: name of its icon, or empty.
    """

    def __init__(self, name: str, role: ButtonRole = "plain", icon: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", role)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if icon:
            icons.put(self, icon, _ICON_COLOUR[role])

    def say(self, text: str, shortcut: str = "") -> None:
        """Put the button's words; a shortcut is shown in its tool tip."""
        self.setText(text.replace("&", "&&"))
        self.setAccessibleName(text)
        self.setToolTip(plain_tip(f"{text} ({shortcut})") if shortcut else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter press the button, once however long it is held down."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if not event.isAutoRepeat():
                self.click()
        else:
            super().keyPressEvent(event)
