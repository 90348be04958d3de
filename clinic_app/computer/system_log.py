"""The system's own log, where IT looks first: what `clinic_app.foundation.notices` names goes there, nothing else."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from clinic_app.foundation import notices
from clinic_app.foundation.notices import ATTRIBUTE, Told


class SystemLog(Protocol):
    """The log of this system."""

    def write(self, told: Told) -> None:
        """Write an event; a log that takes nothing stops nobody's work."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class NoticeHandler(logging.Handler):
    """Hands events of the log on to the system's own; other lines are not for it.

    Args:
        system: the system's log; None for this computer's.
    """

    def __init__(self, system: SystemLog | None = None) -> None:
        super().__init__()
        self._system = system or system_log()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on."""
        told = getattr(record, ATTRIBUTE, None)
        if isinstance(told, Told):
            self._system.write(told)

    def close(self) -> None:
        """Let go of the system's log."""
        self._system.close()
        super().close()


@contextmanager
def heard_by_the_system(system: SystemLog | None = None) -> Iterator[None]:
    """Hand events on for the length of the block."""
    handler = NoticeHandler(system)
    source = logging.getLogger(notices.__name__)
    source.setLevel(logging.INFO)  # whatever the rest of the program is told to keep to itself
    source.addHandler(handler)
    try:
        yield
    finally:
        source.removeHandler(handler)
        source.setLevel(logging.NOTSET)
        handler.close()


def system_log() -> SystemLog:
    """Return the log of this system."""
    if sys.platform == "win32":
        from clinic_app.computer.system_log_windows import EventLog

        return EventLog()
    from clinic_app.computer.system_log_posix import Syslog

    return Syslog()
