"""One widget in a window of its own, and what a test does with it by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QComboBox, QLabel, QLineEdit, QWidget
from shiboken6 import isValid

from tests.helpers.waiting import wait_until
from ui.tasks import TaskRunner

W = TypeVar("W", bound=QWidget)
P = TypeVar("P", bound=QWidget)


class Pane(Generic[P]):
    """A widget that is shown, the background it asks, and the person before it.

    Args:
        widget: shown at once.
        runner: of its model; None where nothing is asked.
    """

    def __init__(self, widget: P, runner: TaskRunner | None = None, size: tuple[int, int] = (1262, 660)) -> None:
        self.widget = widget
        self._runner = runner
        widget.resize(*size)
        widget.show()
        self.settle()

    def settle(self) -> None:
        """Wait until every answer of the background has been delivered."""
        if (
            isValid(self.widget)
            and self.widget.isVisible()
            and self.widget.isWindow()
            and not self.widget.isActiveWindow()
        ):
            self.widget.activateWindow()
            wait_until(self.widget.isActiveWindow, what="the window to be in front")
        for _ in range(2):
            if self._runner is not None:
                wait_until(lambda: self._runner is None or self._runner.is_idle, what="the background to be idle")
            QCoreApplication.processEvents()

    def find(self, name: str, kind: type[W] = QWidget) -> W:  # type: ignore[assignment]
        """Return the visible widget called ``name``."""
        found = [each for each in self.widget.findChildren(kind, name) if each.isVisible()]
        assert found, f"nothing visible is called {name!r}"
        return found[0]

    def sees(self, name: str) -> bool:
        """Return whether a widget called ``name`` is visible."""
        return any(each.isVisible() for each in self.widget.findChildren(QWidget, name))

    def words(self, name: str) -> str:
        """Return what a visible label, button or chip says."""
        found = self.find(name)
        return found.text() if isinstance(found, (QLabel, QAbstractButton)) else str(found.text())  # type: ignore[attr-defined]

    def all_words(self) -> str:
        """Return every word a person can read in labels and on buttons."""
        parts = [*self.widget.findChildren(QLabel), *self.widget.findChildren(QAbstractButton)]
        return "\n".join(each.text() for each in parts if each.isVisible() and each.text())

    def type(self, name: str, words: str) -> None:
        """Put words into a field, as a paste would."""
        field = self.find(name, QLineEdit)
        field.setFocus()
        field.setText(words)
        field.textEdited.emit(words)
        QCoreApplication.processEvents()

    def strike(self, words: str) -> None:
        """Type where the cursor is, letter by letter, in any alphabet."""
        for sign in words:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                event = QKeyEvent(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, sign)
                QApplication.sendEvent(self.widget.windowHandle(), event)
            QCoreApplication.processEvents()

    def keys(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the window and wait for what it does."""
        QTest.keyClick(self.widget.windowHandle(), key, modifiers)
        self.settle()

    def click(self, name: str) -> None:
        """Press a button and wait for what it does."""
        self.press(name)
        self.settle()

    def press(self, name: str) -> None:
        """Press a button and wait for nothing."""
        button = self.find(name, QAbstractButton)
        assert button.isEnabled(), f"{name} is not enabled"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QCoreApplication.processEvents()

    def choose(self, name: str, data: object) -> None:
        """Choose an entry of a drop-down list."""
        box = self.find(name, QComboBox)
        assert box.findData(data) >= 0, f"{data!r} is not in {name}"
        box.setCurrentIndex(box.findData(data))
        box.activated.emit(box.currentIndex())
        self.settle()

    def column(self, name: str, column: int) -> list[str]:
        """Return the texts of one column of a list, from top to bottom."""
        model = self.find(name, QAbstractItemView).model()
        return [str(model.index(row, column).data()) for row in range(model.rowCount())]

    @property
    def cursor(self) -> str:
        """The name of the control the cursor is in."""
        focused = self.widget.focusWidget()
        return focused.objectName() if focused is not None else ""

    def nameless(self) -> list[str]:
        """Return the focusable controls a screen reader would have no name for."""
        return [f"{type(each).__name__} {each.objectName()}" for each in self._controls() if not _name(each)]

    def _controls(self) -> Iterator[QWidget]:
        for each in self.widget.findChildren(QWidget):
            if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.focusProxy() is None:
                yield each


@contextmanager
def shown(make: Callable[[TaskRunner], P], size: tuple[int, int] = (1262, 660)) -> Iterator[Pane[P]]:
    """Show what ``make`` makes with a background of its own, and take both away afterwards."""
    runner = TaskRunner(2)
    widget = make(runner)
    try:
        yield Pane(widget, runner, size)
    finally:
        widget.close()
        wait_until(lambda: runner.is_idle, what="the background to be idle")
        widget.deleteLater()
        runner.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _name(widget: QWidget) -> str:
    seen = QAccessible.queryAccessibleInterface(widget)
    return seen.text(QAccessible.Text.Name) if seen else ""
