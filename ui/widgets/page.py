"""The ground of every screen: a title with its actions on one line, then what the screen is for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui.language import Translated
from ui.widgets.labels import label


class Page(Translated, QWidget):
    """A screen of the work area.

    A page takes its view model as a child, so that both go together and a late answer finds nobody to harm.

    Args:
        name: stable object name.
        place: what it will stand in. A page that is made in its place is dressed once; one that is put there when it is
            whole is dressed a second time, with every part of it, which takes as long as making it.

    Signal ``noticed`` carries words and a tone for the notice bar; ``went`` the key of a screen to go to.
    """

    noticed = Signal(str, str)
    went = Signal(str)

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(18, 14, 18, 14)
        self.column.setSpacing(12)
        self.head = QHBoxLayout()
        self.head.setSpacing(10)
        self.title = label("title")
        self.head.addWidget(self.title)
        self.head.addStretch(1)
        self.column.addLayout(self.head)

    def entered(self) -> None:
        """The screen was brought to the front."""

    def shortcut(self, keys: str, act: Callable[[], object]) -> None:
        """Let keys do something while this screen can be seen."""
        made = QShortcut(QKeySequence(keys), self)
        made.setContext(Qt.ShortcutContext.WindowShortcut)
        made.setAutoRepeat(False)  # a key held too long must not act on whatever comes next
        made.activated.connect(act)
        made.activatedAmbiguously.connect(act)

    def primary_shortcut(self, act: Callable[[], object]) -> None:
        """Let Ctrl+Enter, of the main block and of the number block, do what the screen's primary button does."""
        self.shortcut("Ctrl+Return", act)
        self.shortcut("Ctrl+Enter", act)


def scrolled(inner: QWidget) -> QScrollArea:
    """Return ``inner`` in an area that scrolls up and down when the screen is small."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(inner)
    inner.setAutoFillBackground(False)  # setWidget switches it on
    return area
