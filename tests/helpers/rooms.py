"""One room in a window of its own, over a `FakeStation`, and what a test does with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QModelIndex, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLabel, QPlainTextEdit, QWidget

from clinic_app.access import Session
from tests.helpers.fake_referral import FakeStation
from tests.helpers.waiting import wait_until
from ui.events import CoreEvents
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

W = TypeVar("W", bound=QWidget)


class Room:
    """A room, its model and the person before it.

    Args:
        screen_type: the widget of the room.
        model_type: its model.
        station: the services.
        session: who is signed in.
    """

    def __init__(self, screen_type: Any, model_type: Any, station: FakeStation, session: Session) -> None:
        self.station = station
        self.runner = TaskRunner(2)
        self.hand = PatientInHand()
        self.events = CoreEvents()
        self.model = model_type(station, self.runner, session, self.hand, self.events)
        self.screen = screen_type(self.model)
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.screen.resize(1262, 660)
        self.screen.show()
        self.screen.entered()
        self.settle()

    def settle(self) -> None:
        """Wait until every answer of the background has been delivered."""
        if not self.screen.isActiveWindow():
            self.screen.activateWindow()
            wait_until(self.screen.isActiveWindow, what="the window to be in front")
        for _ in range(2):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QCoreApplication.processEvents()

    def find(self, name: str, kind: type[W] = QWidget) -> W:  # type: ignore[assignment]
        """Return the visible widget called ``name``."""
        found = [each for each in self.screen.findChildren(kind, name) if each.isVisible()]
        assert found, f"nothing visible is called {name!r}"
        return found[0]  # type: ignore[no-any-return]

    def sees(self, name: str) -> bool:
        """Return whether a widget called ``name`` is visible."""
        return any(each.isVisible() for each in self.screen.findChildren(QWidget, name))

    def words(self, name: str) -> str:
        """Return what a visible label or chip says."""
        widget = self.find(name)
        return widget.text() if isinstance(widget, (QLabel, QAbstractButton)) else str(widget.text())  # type: ignore[attr-defined]

    def all_words(self) -> str:
        """Return every word a person can read on the screen."""
        labels = [each.text() for each in self.screen.findChildren(QLabel) if each.isVisible()]
        texts = [each.toPlainText() for each in self.screen.findChildren(QPlainTextEdit) if each.isVisible()]
        return "\n".join(labels + texts)

    def click(self, name: str) -> None:
        """Press a button and wait for what it does."""
        button = self.find(name, QAbstractButton)
        assert button.isEnabled(), f"{name} is not enabled"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def write(self, name: str, text: str) -> None:
        """Put the cursor into an editor and insert text."""
        editor = self.find(name, QPlainTextEdit)
        editor.setFocus()
        editor.insertPlainText(text)
        QCoreApplication.processEvents()

    def choose(self, name: str, data: object) -> None:
        """Choose an entry of a drop-down list."""
        box = self.find(name, QComboBox)
        assert box.findData(data) >= 0, f"{data!r} is not in {name}"
        box.setCurrentIndex(box.findData(data))

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the window and wait for what it does."""
        QTest.keyClick(self.screen.windowHandle(), key, modifiers)
        self.settle()

    def open_row(self, name: str, row: int = 0) -> None:
        """Put the cursor on a row and press Enter."""
        view = self.find(name, QAbstractItemView)
        view.setFocus()
        view.setCurrentIndex(view.model().index(row, 0))
        self.press(Qt.Key.Key_Return)

    def cell(self, name: str, row: int, column: int) -> str:
        """Return the text of a cell of a list."""
        model = self.find(name, QAbstractItemView).model()
        assert row < model.rowCount(QModelIndex()), f"{name} has only {model.rowCount(QModelIndex())} rows"
        return str(model.index(row, column).data())

    def nameless(self) -> list[str]:
        """Return the focusable controls a screen reader would have no name for."""
        return [f"{type(each).__name__} {each.objectName()}" for each in self._controls() if not _name(each)]

    def close(self) -> None:
        """Close the window and the background."""
        self.screen.close()
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")
        self.screen.deleteLater()
        self.runner.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _controls(self) -> Iterator[QWidget]:
        for each in self.screen.findChildren(QWidget):
            if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.focusProxy() is None:
                yield each


def _name(widget: QWidget) -> str:
    seen = QAccessible.queryAccessibleInterface(widget)
    return seen.text(QAccessible.Text.Name) if seen else ""
