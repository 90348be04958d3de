"""The newest warnings and faults of this process, for whoever looks after the hub; the whole log is on its computer.

No patient is in them: a fault is told by the kind of the error without its words, and whatever looks like an id, a
number of a person or a token is left out.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MOST: Final = 50
_LONGEST: Final = 200
_TELLING: Final = re.compile(r"[0-9A-Za-z_]{8,}(?:-[0-9A-Za-z_]+){2,}|\d{5,}|[0-9A-Za-z_+=-]{32,}|\?\S*")


@dataclass(frozen=True)
class LatestError:
    """One line: when, from which part of the program, how grave (``WARNING`` …), and the words."""

    at: datetime
    part: str
    level: str
    words: str


class LatestErrors(logging.Handler):
    """Keeps the newest of them; put it on the root of the loggers."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: deque[LatestError] = deque(maxlen=MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        words = record.getMessage()
        kind = record.exc_info[0] if record.exc_info else None
        if kind is not None:
            words = f"{words} ({kind.__name__})"
        at = datetime.fromtimestamp(record.created, UTC)
        part = record.name.removeprefix("clinic_app.")
        self._kept.append(LatestError(at, part, record.levelname, without_ids(words)))

    def newest(self) -> tuple[LatestError, ...]:
        """Return them, the newest first."""
        return tuple(self._kept)[::-1]  # a deque is copied at once


def without_ids(words: str) -> str:
    """Return words without what names a record, a person or a secret, in one line of at most 200 letters."""
    return _TELLING.sub("…", " ".join(words.split()))[:_LONGEST]
