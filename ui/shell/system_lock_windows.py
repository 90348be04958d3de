"""The lock of Windows: Win+L, the lid, a remote session that breaks off, another user who is switched to.

Source: ``WTSRegisterSessionNotification`` and ``WM_WTSSESSION_CHANGE`` of the Windows API (wtsapi32, winuser.h).
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from ctypes import wintypes
from typing import Any, Final

from PySide6.QtCore import QAbstractNativeEventFilter, QByteArray, QCoreApplication
from PySide6.QtGui import QWindow

WM_WTSSESSION_CHANGE: Final = 0x02B1
WTS_CONSOLE_DISCONNECT: Final = 0x2
WTS_REMOTE_DISCONNECT: Final = 0x4
WTS_SESSION_LOCK: Final = 0x7
NOTIFY_FOR_THIS_SESSION: Final = 0
_LEAVING: Final = frozenset({WTS_CONSOLE_DISCONNECT, WTS_REMOTE_DISCONNECT, WTS_SESSION_LOCK})
_Kind = QByteArray | bytes | bytearray | memoryview
_KINDS: Final = frozenset({b"windows_generic_MSG", b"windows_dispatcher_MSG"})
log = logging.getLogger(__name__)


def session_api() -> Any:  # noqa: ANN401  # what ctypes gives has no type
    """Return the library that tells of sessions; there is one on Windows only."""
    return ctypes.WinDLL("wtsapi32")  # type: ignore[attr-defined,unused-ignore]


class WindowsLock(QAbstractNativeEventFilter):
    """Listens to the messages of one window.

    Args:
        api: gives the library of sessions.
    """

    def __init__(self, api: Callable[[], Any] = session_api) -> None:
        super().__init__()
        self._make_api = api
        self._api: Any = None
        self._handle = 0
        self._locked: Callable[[], None] | None = None

    def start(self, window: QWindow, locked: Callable[[], None], /) -> None:
        """Ask Windows to tell this window; where it will not, the idle lock alone protects it."""
        self._api, self._handle = self._make_api(), int(window.winId())
        if not self._api.WTSRegisterSessionNotification(wintypes.HWND(self._handle), NOTIFY_FOR_THIS_SESSION):
            log.warning("Windows does not tell when it is locked")
            return
        self._locked = locked
        application = QCoreApplication.instance()
        if application is not None:
            application.installNativeEventFilter(self)

    def stop(self) -> None:
        """Tell Windows that nobody listens any more."""
        if self._locked is not None:
            self._locked = None
            application = QCoreApplication.instance()
            if application is not None:
                application.removeNativeEventFilter(self)
            self._api.WTSUnRegisterSessionNotification(wintypes.HWND(self._handle))

    def nativeEventFilter(self, kind: _Kind, message: int) -> tuple[bool, int]:
        """Hear a message; none is ever kept from the window."""
        if self._locked is not None and bytes(kind) in _KINDS:  # type: ignore[arg-type]
            told = wintypes.MSG.from_address(int(message))
            if told.message == WM_WTSSESSION_CHANGE and told.wParam in _LEAVING:
                self._locked()
        return False, 0
