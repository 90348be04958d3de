"""The lock of a Linux desktop, told over D-Bus: the screen saver's news and the wish of logind to lock the session.

Qt's own D-Bus room is used where it was installed; without it, or without a bus (a bare X server, a container), nobody
tells anything and the idle lock alone protects the window.

Source: ``org.freedesktop.ScreenSaver`` (and GNOME's own of the same form), ``org.freedesktop.login1.Session``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import SLOT, QObject, Slot
from PySide6.QtGui import QWindow

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

SCREEN_SAVERS: Final = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")
_SAVER_CHANGED: Final = str(SLOT("saver_changed(bool)"))
_LOCK_WANTED: Final = str(SLOT("lock_wanted()"))
SESSION: Final = "org.freedesktop.login1.Session"


class LinuxLock(QObject):
    """Listens to the session bus and to logind."""

    def __init__(self) -> None:
        super().__init__()
        self._locked: Callable[[], None] | None = None
        self._ends: list[Callable[[], object]] = []

    def start(self, _window: QWindow, locked: Callable[[], None], /) -> None:
        """Listen to whoever tells."""
        try:
            from PySide6.QtDBus import QDBusConnection
        except ImportError:
            return
        self._locked = locked
        for name in SCREEN_SAVERS:
            self._listen(QDBusConnection.sessionBus(), name, "ActiveChanged", _SAVER_CHANGED)
        self._listen(QDBusConnection.systemBus(), SESSION, "Lock", _LOCK_WANTED)

    def stop(self) -> None:
        """Listen no longer."""
        self._locked = None
        for end in self._ends:
            end()
        self._ends.clear()

    def _listen(self, bus: QDBusConnection, interface: str, signal: str, slot: str) -> None:
        where: tuple[Any, ...] = ("", "", interface, signal, self, slot)  # Qt's own types want bytes and take words
        if bus.isConnected() and bus.connect(*where):
            self._ends.append(lambda: bus.disconnect(*where))

    @Slot(bool)
    def saver_changed(self, is_active: bool) -> None:
        """The screen saver came or went."""
        if is_active:
            self.lock_wanted()

    @Slot()
    def lock_wanted(self) -> None:
        """The session is to be locked."""
        if self._locked is not None:
            self._locked()
