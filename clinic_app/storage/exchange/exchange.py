"""What goes between two nodes, as plain values: a write on its way up, what became of it, a change on its way down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


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
class GivenBack:
    """A version a facility hub had taken and the hub above did not: whoever wrote it is to be asked, or told why.

    ``is_conflict`` tells a record that was changed elsewhere first from one that is not taken at all.
    """

    version: str
    is_conflict: bool
    words: str


ChangeKind = Literal["upsert", "enter", "evict", "erase"]
"""A new version; a record that was opened for the reader, as it is; one he no longer sees; one nobody may keep."""


@dataclass(frozen=True)
class Change:
    """One record on its way down, with the hub's version in its meta; without a body if it has to leave.

    ``owner_id`` is whose it is, where a hub asked for it. ``is_on_way`` says that there is a hub above this one which
    has not seen it: the time is not the second clock.
    """

    type_name: str
    id: str
    body: bytes
    received_at: datetime
    owner_id: str = ""
    is_on_way: bool = False
    given_back: tuple[GivenBack, ...] = ()
    kind: ChangeKind = "upsert"
