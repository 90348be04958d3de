"""Keys, backups and room of a workstation without a disk; each answers as the real one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from clinic_app.access import Session
from clinic_app.foundation.errors import DiskFullError, InvalidInputError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import NOON

CODE = "7RQK-2M0W-9XTA-HH41-C3ZN-5PVB-E8D6-YJ0S"
SECOND_CODE = "1111-2222-3333-4444-5555-6666-7777-8888"
FULL = Text(
    "The disk is full. What is saved can be read; nothing new can be saved until some space has been made free."
)
RECIPIENT = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"


@dataclass(frozen=True)
class FakeBackup:
    """What a screen tells of a backup."""

    made_at: datetime
    kind: str = "hourly"
    size_bytes: int = 42_000_000
    records: int = 1200
    is_verified: bool = True
    path: Path = Path("backup.db")


def three_backups() -> tuple[FakeBackup, ...]:
    """Return an hourly one, a daily one, and one that could not be checked; the newest first."""
    return (
        FakeBackup(NOON - timedelta(minutes=40)),
        FakeBackup(NOON - timedelta(hours=20), "daily", records=1100),
        FakeBackup(NOON - timedelta(days=9), "weekly", records=800, is_verified=False),
    )


class FakeKeys:
    """Ways to the key by name."""

    def __init__(self, *ways: str) -> None:
        self.kinds = set(ways or ("keyring", "user", "recovery"))
        self.codes: list[str] = []
        self.recipient = ""

    def ways(self) -> frozenset[str]:
        return frozenset(self.kinds)

    def has_recovery_code(self) -> bool:
        return "recovery" in self.kinds

    def new_recovery_code(self, session: Session) -> str:
        session.require("update", "Device")
        self.kinds.add("recovery")
        self.codes.append(SECOND_CODE)
        return SECOND_CODE

    def escrow_recipient(self, session: Session) -> str:
        session.require("update", "Device")
        return self.recipient

    def keep_escrow(self, session: Session, recipient: str) -> None:
        session.require("update", "Device")
        if not recipient.startswith("age1"):
            raise InvalidInputError(Text("The other hospital's key cannot be read."))
        self.recipient = recipient
        self.kinds.add("escrow")


@dataclass
class FakeKeeper:
    """How it stands with the copies."""

    newest: FakeBackup | None = None
    problem: Text | None = None
    carried_at: datetime | None = None
    second_problem: Text | None = None
    is_busy: bool = False


class FakeSpace:
    """Room a test sets."""

    def __init__(self) -> None:
        self.state = "ok"
        self.subscribers: list[Callable[[], None]] = []

    @property
    def is_read_only(self) -> bool:
        return self.state == "full"

    @property
    def reason(self) -> Text | None:
        return None if self.state == "ok" else FULL

    def become(self, state: str) -> None:
        """Change the room and tell the subscribers, as a thread of the core would."""
        self.state = state
        for callback in list(self.subscribers):
            callback()


class FakeSafekeeping:
    """Three backups, and more by hand."""

    def __init__(self) -> None:
        self.found: tuple[FakeBackup, ...] = three_backups()
        self.keeper = FakeKeeper(self.found[0])
        self.room = FakeSpace()

    def backups(self, session: Session) -> tuple[FakeBackup, ...]:
        session.require("update", "Device")
        return self.found

    def back_up_now(self, session: Session) -> FakeBackup:
        session.require("update", "Device")
        if self.room.is_read_only:
            raise DiskFullError(FULL)
        made = FakeBackup(NOON, "by-hand")
        self.found = (made, *self.found)
        self.keeper = FakeKeeper(made)
        return made

    def state(self) -> FakeKeeper:
        return self.keeper

    def space(self) -> FakeSpace:
        return self.room

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.room.subscribers.append(callback)
        return lambda: self.room.subscribers.remove(callback)
