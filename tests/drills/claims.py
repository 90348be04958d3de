"""What a writing process said it had saved, and how that is told over a pipe: one JSON line for each claim.

A process says a thing only after the store's call has returned, so whatever was said must be there after any disaster.
It also says which contents it is *about* to write: those may be there or not, but never in part.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line.

    ``records`` are (type, id, version), the version empty where it is not known; ``blobs`` and ``attempts`` are
    addresses, saved and about to be; ``accounts`` and ``slots`` are logins; ``values`` only ever grow; ``sent`` are
    outbox rows the hub is said to have; ``arrived`` are addresses said to be there; ``backups`` are names of files.
    """

    records: tuple[tuple[str, str, str], ...] = ()
    blobs: tuple[str, ...] = ()
    attempts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    values: dict[str, int] = {}
    cursors: dict[str, int] = {}
    sent: tuple[int, ...] = ()
    arrived: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()


@dataclass
class Claims:
    """Everything that was said so far; ``count`` without the announcements."""

    records: set[tuple[str, str, str]] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)
    values: dict[str, int] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    sent: set[int] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    backups: set[str] = field(default_factory=set)
    count: int = 0

    def take(self, claim: Claim) -> None:
        """Add one line."""
        for name in ("records", "blobs", "attempts", "accounts", "slots", "sent", "arrived", "backups"):
            getattr(self, name).update(getattr(claim, name))
        for name in ("values", "cursors"):
            known = getattr(self, name)
            for key, number in getattr(claim, name).items():
                known[key] = max(number, known.get(key, 0))
        self.count += claim != Claim(attempts=claim.attempts)

    def hear(self, said: bytes) -> bytes:
        """Add every whole line; return what is left: the start of one that was cut off."""
        *lines, rest = said.split(b"\n")
        for line in lines:
            self.take(msgspec.json.decode(line, type=Claim))
        return rest


def line_of(claim: Claim) -> bytes:
    """Return a claim as one line."""
    return msgspec.json.encode(claim) + b"\n"
