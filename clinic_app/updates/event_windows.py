"""An event of the task in Windows' event log, told without the rooms of the program, of which the task has no copy.

The numbers and the source are those of `clinic_app.foundation.notices` and `clinic_app.computer`: ``UPDATED`` and
``UPDATE_FAILED``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

SOURCE: Final = "Dala"
UPDATED: Final = 1 << 30 | 10
UPDATE_FAILED: Final = 3 << 30 | 11
_INFORMATION: Final = 4
_ERROR: Final = 1


def events_api() -> Any:  # noqa: ANN401 - what ctypes gives has no type
    """Return the library of the event log; there is one on Windows only."""
    library = ctypes.WinDLL("advapi32")  # type: ignore[attr-defined,unused-ignore]
    library.RegisterEventSourceW.restype = ctypes.c_void_p
    return library


def write_event(words: str, *, is_grave: bool, api: Callable[[], Any] = events_api) -> None:
    """Write an event; a log that takes nothing stops nobody's work.

    Args:
        words: what happened.
        is_grave: whether somebody has to look.
        api: gives the library.
    """
    library = api()
    source = library.RegisterEventSourceW(None, SOURCE)
    if not source:
        return
    told = (ctypes.c_wchar_p * 1)(words)
    kind, number = (_ERROR, UPDATE_FAILED) if is_grave else (_INFORMATION, UPDATED)
    library.ReportEventW(ctypes.c_void_p(source), kind, 0, number, None, 1, 0, told, None)
    library.DeregisterEventSource(ctypes.c_void_p(source))
