"""A main window over a `FakeWorkstation`, and what a test does with it."""

from __future__ import annotations

from typing import TypeVar, cast

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from clinic_app.records import Patient
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.waiting import wait_until
from ui.shell.main_window import MainWindow
from ui.shell.system_lock import SystemLock
from ui.tasks import TaskRunner
from ui.widgets.recovery_code_panel import RecoveryCodePanel

W = TypeVar("W", bound=QWidget)


class Desk:
    """One workstation's window and the person before it.

    Args:
        station: the services.
        runner: closed by `close`.
        computer: tells when the computer is locked.
    """

    def __init__(self, station: FakeWorkstation, runner: TaskRunner, computer: SystemLock | None = None) -> None:
        self.station = station
        self.runner = runner
        self.window = MainWindow(cast("object", station), runner, computer)  # type: ignore[arg-type]
        self.window.show()
        self.settle()

    def settle(self) -> None:
        """Wait until every answer of the background has been delivered; keys go to this window afterwards."""
        if not self.window.isActiveWindow():
            self.window.activateWindow()
            wait_until(self.window.isActiveWindow, what="the window to be in front")
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")
        QCoreApplication.processEvents()
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")

    def find(self, name: str, kind: type[W] = QWidget) -> W:  # type: ignore[assignment]
        """Return the visible widget called ``name``."""
        found = [each for each in self.window.findChildren(kind, name) if each.isVisible()]
        assert found, f"nothing visible is called {name!r}"
        return found[0]

    def sees(self, name: str) -> bool:
        """Return whether a widget called ``name`` is visible."""
        return any(each.isVisible() for each in self.window.findChildren(QWidget, name))

    def type(self, name: str, words: str) -> None:
        """Put words into a field, as typing would."""
        field = self.find(name, QLineEdit)
        field.setFocus()
        field.setText(words)
        field.textEdited.emit(words)
        field.editingFinished.emit()

    def click(self, name: str) -> None:
        """Press a button and wait for what it does."""
        button = self.find(name, QAbstractButton)
        assert button.isEnabled(), f"{name} is not enabled"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.settle()

    def press(self, name: str, *, is_double: bool = False) -> None:
        """Press a button and wait for nothing."""
        button = self.find(name, QAbstractButton)
        if is_double:
            QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QCoreApplication.processEvents()

    def hold(
        self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, times: int = 12
    ) -> None:
        """Hold a key down where the cursor is, as the keyboard repeats it, and let it go; wait for nothing."""
        for number in range(times):
            self._send(QEvent.Type.KeyPress, key, modifiers, is_repeated=number > 0)
        self._send(QEvent.Type.KeyRelease, key, modifiers, is_repeated=False)

    def strike(self, words: str) -> None:
        """Type where the cursor is, letter by letter, in any alphabet."""
        for sign in words:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                self._send(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, is_repeated=False, sign=sign)

    def _send(
        self, kind: QEvent.Type, key: Qt.Key, modifiers: Qt.KeyboardModifier, *, is_repeated: bool, sign: str = ""
    ) -> None:
        window = self.window.windowHandle()
        assert window is not None
        QApplication.sendEvent(window, QKeyEvent(kind, key, modifiers, sign, is_repeated))
        QCoreApplication.processEvents()

    def labels(self) -> list[QLabel]:
        """Return every label that can be seen."""
        return [each for each in self.window.findChildren(QLabel) if each.isVisible()]

    @property
    def cursor(self) -> str:
        """The name of the control the cursor is in."""
        focused = self.window.focusWidget()
        return focused.objectName() if focused is not None else ""

    def take(self, patient: Patient | None) -> None:
        """Put a patient into the hand of whoever is signed in."""
        assert self.window.work is not None
        self.window.work._context.hand.take(patient)
        self.settle()

    def keys(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press keys in the window and wait for what they do."""
        QTest.keyClick(self.window.windowHandle(), key, modifiers)
        self.settle()

    def words(self, name: str) -> str:
        """Return what a visible label says."""
        return self.find(name, QLabel).text()

    def enter(self, login: str) -> None:
        """Sign in."""
        self.type("sign_in.login", login)
        self.type("sign_in.password", PASSWORD)
        self.click("sign_in.enter")
        wait_until(lambda: self.window.work is not None, what="the work page")
        self.settle()

    def write_code_down(self) -> str:
        """Type one group of the recovery code back, as after the first start; return the code."""
        panel = self.find("recovery_code.panel", RecoveryCodePanel)
        groups = [self.words(f"recovery_code.panel.code.{number}") for number in range(1, 9)]
        self.type("recovery_code.panel.back", groups[panel.asked])
        self.click("recovery_code.panel.done")
        wait_until(lambda: self.window.work is not None, what="the work page")
        self.settle()
        return "-".join(groups)

    def close(self) -> None:
        """Close the window and the background."""
        self.window.close_now()
        self.window.deleteLater()
        self.runner.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
