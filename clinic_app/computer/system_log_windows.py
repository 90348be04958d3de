"""Windows' event log, source *Dala*: the sentences are in ``Dala-events.dll``, in the language of whoever reads it.

Source: Windows' ReportEventW; the number of an event carries its gravity in the two highest bits.
"""

from __future__ import annotations

import sys
from typing import Final

from clinic_app.foundation.notices import Level, Notice, Told

SOURCE: Final = "Dala"
SEVERITIES: Final[dict[Level, int]] = {"information": 1, "warning": 2, "error": 3}
_TYPES: Final[dict[Level, int]] = {"information": 4, "warning": 2, "error": 1}


def number_of(notice: Notice) -> int:
    """Return an event's number as the file of the sentences has it."""
    return SEVERITIES[notice.level] << 30 | notice.number


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _api = ctypes.WinDLL("advapi32", use_last_error=True)
    _api.RegisterEventSourceW.restype = wintypes.HANDLE
    _api.RegisterEventSourceW.argtypes = (wintypes.LPCWSTR, wintypes.LPCWSTR)
    _api.DeregisterEventSource.argtypes = (wintypes.HANDLE,)
    _api.ReportEventW.argtypes = (
        wintypes.HANDLE, wintypes.WORD, wintypes.WORD, wintypes.DWORD, ctypes.c_void_p, wintypes.WORD, wintypes.DWORD,
        ctypes.POINTER(wintypes.LPCWSTR), ctypes.c_void_p,
    )  # fmt: skip

    class EventLog:
        """The event log of this Windows."""

        def __init__(self) -> None:
            self._source = _api.RegisterEventSourceW(None, SOURCE)

        def write(self, told: Told) -> None:
            """Write an event."""
            if not self._source:
                return
            words = (wintypes.LPCWSTR * 1)(told.detail)
            kind, number = _TYPES[told.notice.level], number_of(told.notice)
            _api.ReportEventW(self._source, kind, 0, number, None, 1, 0, words, None)

        def close(self) -> None:
            """Let go of it."""
            if self._source:
                _api.DeregisterEventSource(self._source)
                self._source = None
