"""The lock of the computer itself: when Windows or the desktop locks, the window locks too.

One way for each system, chosen here; a system that tells nobody leaves the window to its own idle lock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from PySide6.QtGui import QWindow


class SystemLock(Protocol):
    """Tells when the session of the computer is locked or leaves its screen."""

    def start(self, window: QWindow, locked: Callable[[], None], /) -> None:
        """Call ``locked``, on this thread, whenever it happens; a system that does not answer is left alone."""
        ...

    def stop(self) -> None:
        """Listen no longer."""
        ...


def system_lock() -> SystemLock:
    """Return the way of this system."""
    system: str = sys.platform  # a plain word: the type checker reads every branch wherever it runs
    if system == "win32":
        from ui.shell.system_lock_windows import WindowsLock

        return WindowsLock()
    if system == "linux":
        from ui.shell.system_lock_linux import LinuxLock

        return LinuxLock()
    return NoSystemLock()


class NoSystemLock:
    """A system nobody has asked yet: the idle lock alone protects the window there."""

    def start(self, _window: QWindow, _locked: Callable[[], None], /) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""
