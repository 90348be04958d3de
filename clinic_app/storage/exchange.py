"""What goes between two nodes, as plain values: a write on its way up, what became of it, a change on its way down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Write:
    """One record on its way up. ``base_version`` is the hub's version it was edited from, None for a new record."""

    type_name: str
    id: str
    body: bytes
    base_version: str | None


@dataclass(frozen=True)
class Written:
    """What the hub made of one write: its version there and when the hub got it."""

    type_name: str
    id: str
    version: str
    received_at: datetime
    is_new: bool = True


@dataclass(frozen=True)
class Change:
    """One record on its way down, with the hub's version in its meta."""

    type_name: str
    id: str
    body: bytes
    received_at: datetime
