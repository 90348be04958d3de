"""The lock of the computer: what Windows and a Linux desktop tell, and what of a silent system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from ctypes import wintypes
from typing import Any

import pytest
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QApplication

from ui.shell.system_lock import NoSystemLock, system_lock
from ui.shell.system_lock_linux import SCREEN_SAVERS, LinuxLock
from ui.shell.system_lock_windows import (
    WM_WTSSESSION_CHANGE,
    WTS_CONSOLE_DISCONNECT,
    WTS_REMOTE_DISCONNECT,
    WTS_SESSION_LOCK,
    WindowsLock,
)


class FakeSessions:
    """The library of sessions; ``is_willing``: whether it takes a window."""

    def __init__(self, *, is_willing: bool = True) -> None:
        self.is_willing = is_willing
        self.windows: list[int] = []

    def WTSRegisterSessionNotification(self, handle: wintypes.HWND, flags: int) -> int:  # noqa: N802
        assert flags == 0
        if self.is_willing:
            self.windows.append(handle.value or 0)
        return int(self.is_willing)

    def WTSUnRegisterSessionNotification(self, handle: wintypes.HWND) -> int:  # noqa: N802
        self.windows.remove(handle.value or 0)
        return 1


@pytest.fixture
def window(qapp: QApplication) -> Iterator[QWindow]:
    made = QWindow()
    made.create()
    yield made
    made.destroy()


def _tell(lock: WindowsLock, message: int, what: int, kind: bytes = b"windows_generic_MSG") -> Any:
    told = wintypes.MSG()
    told.message, told.wParam = message, what
    return lock.nativeEventFilter(kind, ctypes.addressof(told))


@pytest.mark.parametrize("what", [WTS_SESSION_LOCK, WTS_REMOTE_DISCONNECT, WTS_CONSOLE_DISCONNECT])
def test_windows_is_locked_or_left(window: QWindow, what: int) -> None:
    heard: list[str] = []
    sessions = FakeSessions()
    lock = WindowsLock(lambda: sessions)
    lock.start(window, lambda: heard.append("locked"))
    assert sessions.windows == [int(window.winId())]
    assert _tell(lock, WM_WTSSESSION_CHANGE, what) == (False, 0)
    assert heard == ["locked"]
    lock.stop()
    assert sessions.windows == []


@pytest.mark.parametrize(
    ("message", "what", "kind"),
    [
        (WM_WTSSESSION_CHANGE, 0x8, b"windows_generic_MSG"),
        (WM_WTSSESSION_CHANGE, 0x5, b"windows_generic_MSG"),
        (0x0200, WTS_SESSION_LOCK, b"windows_generic_MSG"),
        (WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK, b"xcb_generic_event_t"),
    ],
)
def test_every_other_message_is_left_alone(window: QWindow, message: int, what: int, kind: bytes) -> None:
    heard: list[str] = []
    lock = WindowsLock(FakeSessions)
    lock.start(window, lambda: heard.append("locked"))
    assert _tell(lock, message, what, kind) == (False, 0)
    assert heard == []
    lock.stop()


def test_a_windows_that_tells_nobody_is_logged_and_left_alone(
    window: QWindow, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    lock = WindowsLock(lambda: FakeSessions(is_willing=False))
    lock.start(window, lambda: heard.append("locked"))
    _tell(lock, WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK)
    lock.stop()
    assert heard == []
    assert "does not tell when it is locked" in caplog.text


def test_after_the_end_nothing_is_heard(window: QWindow) -> None:
    heard: list[str] = []
    lock = WindowsLock(FakeSessions)
    lock.start(window, lambda: heard.append("locked"))
    lock.stop()
    lock.stop()
    _tell(lock, WM_WTSSESSION_CHANGE, WTS_SESSION_LOCK)
    assert heard == []


class FakeBus:
    """A bus that remembers who listens."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.heard: list[tuple[Any, ...]] = []

    def isConnected(self) -> bool:  # noqa: N802
        return self.is_there

    def connect(self, *where: Any) -> bool:
        self.heard.append(where)
        return True

    def disconnect(self, *where: Any) -> bool:
        self.heard.remove(where)
        return True


@pytest.fixture
def buses(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBus]:
    made = {"session": FakeBus(), "system": FakeBus()}

    class Connections:
        """Qt's room for D-Bus."""

        QDBusConnection: Any = type(
            "QDBusConnection",
            (),
            {
                "sessionBus": staticmethod(lambda: made["session"]),
                "systemBus": staticmethod(lambda: made["system"]),
            },
        )

    monkeypatch.setitem(sys.modules, "PySide6.QtDBus", Connections)
    return made


def test_a_desktop_tells_of_its_screen_saver_and_logind_of_its_wish(window: QWindow, buses: dict[str, FakeBus]) -> None:
    heard: list[str] = []
    lock = LinuxLock()
    lock.start(window, lambda: heard.append("locked"))
    told = {(where[2], where[3]) for bus in buses.values() for where in bus.heard}
    assert told == {
        *((name, "ActiveChanged") for name in SCREEN_SAVERS),
        ("org.freedesktop.login1.Session", "Lock"),
    }
    lock.saver_changed(False)
    assert heard == []
    lock.saver_changed(True)
    lock.lock_wanted()
    assert heard == ["locked", "locked"]
    lock.stop()
    assert not any(bus.heard for bus in buses.values())
    lock.lock_wanted()
    assert heard == ["locked", "locked"]


def test_the_slots_are_there_under_the_names_qt_looks_for(qapp: QApplication) -> None:
    meta = LinuxLock().metaObject()
    assert meta.indexOfSlot("saver_changed(bool)") >= 0
    assert meta.indexOfSlot("lock_wanted()") >= 0


def test_without_a_bus_nobody_is_listened_to(window: QWindow, buses: dict[str, FakeBus]) -> None:
    for bus in buses.values():
        bus.is_there = False
    lock = LinuxLock()
    lock.start(window, lambda: None)
    assert not any(bus.heard for bus in buses.values())
    lock.stop()


def test_without_qts_room_for_the_bus_nothing_breaks(window: QWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtDBus", None)
    lock = LinuxLock()
    lock.start(window, lambda: None)
    lock.stop()
    lock.lock_wanted()


@pytest.mark.parametrize(
    ("system", "kind"),
    [("win32", WindowsLock), ("linux", LinuxLock), ("darwin", NoSystemLock), ("sunos5", NoSystemLock)],
)
def test_each_system_has_its_way(system: str, kind: type, monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert isinstance(system_lock(), kind)


def test_a_system_nobody_asked_yet_tells_nothing(window: QWindow) -> None:
    heard: list[str] = []
    lock = NoSystemLock()
    lock.start(window, lambda: heard.append("locked"))
    lock.stop()
    assert heard == []
