"""What the screens know about sync: one closed set of states, and what still waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clinic_app.foundation.texts import Text


@dataclass(frozen=True)
class Never:
    """The hub has not been reached since the program started."""


@dataclass(frozen=True)
class Running:
    """An exchange is under way: ``done`` of ``total`` records and contents have gone up."""

    done: int
    total: int


@dataclass(frozen=True)
class Succeeded:
    """The last exchange came to its end."""

    at: datetime


@dataclass(frozen=True)
class Failed:
    """The last exchange broke off; nothing was lost, and it will be tried again."""

    at: datetime
    reason: Text


@dataclass(frozen=True)
class Erased:
    """The hub has ordered that the data of this computer be erased, and they were; there is no exchange any more."""

    at: datetime
    reason: Text


SyncState = Never | Running | Succeeded | Failed | Erased


@dataclass(frozen=True)
class QueueSummary:
    """What waits for the hub: records, contents and their bytes, and since when."""

    records: int
    blobs: int
    bytes_waiting: int
    oldest_at: datetime | None
