"""A person at a window: finds controls by their names, types, clicks, waits for what should appear.

Everything goes through real Qt events, so that a disabled button stays unpressed and a hidden field untyped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

W = TypeVar("W", bound=QWidget)
PATIENCE_S = 30.0


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE_S) -> None:
    """Let the program run until ``condition`` holds.

    Raises:
        AssertionError: it did not hold in time; ``what`` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for: {what}")
        QTest.qWait(15)


class Hand:
    """Works one window.

    Args:
        window: the main window of one workstation.
    """

    def __init__(self, window: QWidget) -> None:
        self.window = window

    def find(self, name: str, kind: type[W]) -> W:
        """Return the control called ``name``, once it can be seen."""
        found: list[W] = []

        def look() -> bool:
            candidates = [*self.window.findChildren(kind, name)]
            candidates += [
                w for top in QApplication.topLevelWidgets() for w in top.findChildren(kind, name) if top.isVisible()
            ]
            found[:] = [each for each in candidates if each.isVisible()]
            return bool(found)

        wait_for(look, f"a visible {kind.__name__} called {name!r}", 15)
        return found[0]

    def sees(self, name: str) -> bool:
        """Return whether a control called ``name`` is on the screen now."""
        return any(w.isVisible() for w in self.window.findChildren(QWidget, name))

    def type(self, name: str, text: str) -> None:
        """Put the cursor into a field and type, replacing what is there."""
        self._come_forward()
        field = self.find(name, QWidget)
        wait_for(field.isEnabled, f"{name} to be enabled", 15)
        field.setFocus()
        if isinstance(field, (QLineEdit, QPlainTextEdit, QTextEdit)):
            field.selectAll()
            if isinstance(field, QLineEdit) or field.toPlainText():
                QTest.keyClick(field, Qt.Key.Key_Delete)
        self.type_here(text)

    def type_here(self, text: str) -> None:
        """Type where the cursor is."""
        field = QApplication.focusWidget()
        assert field is not None, "the cursor is nowhere"
        for sign in text:  # QTest.keyClicks ends the process at the first letter outside Latin-1
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.sendEvent(field, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, sign))
        QApplication.processEvents()

    def _come_forward(self) -> None:
        """Bring this window to the front: keys and short cuts go to the active one of several."""
        if QApplication.activeModalWidget() is None and not self.window.isActiveWindow():
            self.window.activateWindow()
            wait_for(self.window.isActiveWindow, "the window to come to the front", 5)

    def click(self, name: str) -> None:
        """Press a button, once it is enabled."""
        button = self.find(name, QWidget)
        wait_for(button.isEnabled, f"{name} to be enabled", 15)
        if isinstance(button, QAbstractButton):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        else:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=button.rect().center())
        QApplication.processEvents()

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the cursor is."""
        self._come_forward()
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, modifiers)
        QApplication.processEvents()

    def choose(self, name: str, data: object) -> None:
        """Choose the entry of a drop-down list that stands for ``data``."""
        box = self.find(name, QComboBox)
        wait_for(lambda: box.findData(data) >= 0, f"{data!r} in {name}")
        box.setCurrentIndex(box.findData(data))
        QApplication.processEvents()

    def open_row(self, name: str, row: int = 0) -> None:
        """Select a row of a list and press Enter on it, once it is there."""
        view = self.find(name, QAbstractItemView)
        wait_for(
            lambda: view.model() is not None and view.model().rowCount(QModelIndex()) > row, f"row {row} of {name}"
        )
        index = view.model().index(row, 0)
        view.setCurrentIndex(index)
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_Return)
        QApplication.processEvents()

    def drag(self, name: str, start: QPoint, end: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Drag the mouse over a picture or a trace."""
        widget = self.find(name, QWidget)
        QTest.mousePress(widget, button, pos=start)
        for part in range(1, 9):
            QTest.mouseMove(widget, start + (end - start) * part / 8)
            QTest.qWait(5)
        QTest.mouseRelease(widget, button, pos=end)
        QApplication.processEvents()
