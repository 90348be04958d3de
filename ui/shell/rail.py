"""The navigation rail: pictures with words, Alt+1 to Alt+8 from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout

from ui import icons
from ui.language import Translated, say
from ui.shell.screens import Screen
from ui.widgets.labels import plain_tip

WIDTH = 104
BUTTON_HEIGHT = 60


class Rail(Translated, QFrame):
    """One button for each screen of the role; the last one, the settings, stands at the foot.

    Args:
        screens: in order; a button is called ``rail.`` and the key of its screen.

    Signal ``chosen`` carries the key of a screen.
    """

    chosen = Signal(str)

    def __init__(self, screens: Sequence[Screen]) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setProperty("role", "rail")
        self.setFixedWidth(WIDTH)
        self._screens = tuple(screens)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._counts: dict[str, int] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(2)
        for screen in self._screens:
            if screen.is_at_foot:
                column.addStretch()
            column.addWidget(self._button(screen))
        self._add_shortcuts()
        if not any(screen.is_at_foot for screen in self._screens):
            column.addStretch()
        self.retranslate()

    def _button(self, screen: Screen) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"rail.{screen.key}")
        button.setProperty("role", "rail")
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFixedHeight(BUTTON_HEIGHT)
        button.setIconSize(QSize(22, 22))
        icons.put(button, screen.icon, "rail_text", 22)
        button.toggled.connect(
            lambda is_down, b=button, s=screen: icons.put(b, s.icon, "rail_on" if is_down else "rail_text", 22)
        )
        button.clicked.connect(lambda _down=False, key=screen.key: self.chosen.emit(key))
        self._group.addButton(button)
        self._buttons[screen.key] = button
        return button

    def _add_shortcuts(self) -> None:
        """Alt and a digit, at once: a button's own shortcut would first play being pressed for a tenth of a second."""
        for place, screen in enumerate(self._screens, 1):
            keys = QShortcut(QKeySequence(f"Alt+{place}"), self)
            keys.activated.connect(partial(self._choose, screen.key))

    def _choose(self, key: str) -> None:
        if self._buttons[key].isEnabled():
            self.chosen.emit(key)

    def mark(self, key: str) -> None:
        """Show which screen is in front."""
        self._buttons[key].setChecked(True)

    def allow(self, key: str, is_allowed: bool) -> None:
        """Open or close the way to a screen (one that needs a patient, while there is none)."""
        self._buttons[key].setEnabled(is_allowed)

    def count(self, key: str, count: int) -> None:
        """Say beside a screen's name how much waits there for a person; 0 takes it back."""
        self._counts[key] = count
        self.retranslate()

    def retranslate(self) -> None:
        """Put the words of the buttons."""
        for place, screen in enumerate(self._screens, 1):
            count = self._counts.get(screen.key, 0)
            words = f"{say(screen.title)} ({count})" if count else say(screen.title)
            button = self._buttons[screen.key]
            button.setText(words)
            button.setAccessibleName(words)
            button.setToolTip(plain_tip(f"{words} (Alt+{place})"))
