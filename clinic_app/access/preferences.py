"""What each person likes, kept with the person and not with the computer; and what belongs to the computer alone."""

from __future__ import annotations

from typing import Final

from clinic_app.access.session import Session
from clinic_app.storage import Store

_COMPUTER: Final = "computer/"


class Preferences:
    """The preferences of everybody at this workstation.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, session: Session, key: str) -> str | None:
        """Return one preference of somebody, or None where he never chose."""
        value = self._store.memory.get(_name(session, key))
        return value.decode() if value is not None else None

    def put(self, session: Session, key: str, value: str) -> None:
        """Remember one preference of somebody."""
        self._store.memory.put(_name(session, key), value.encode())

    def of_computer(self, key: str) -> str | None:
        """Return what somebody set for everybody at this computer (the size of its screens), or None."""
        value = self._store.memory.get(f"{_COMPUTER}{key}")
        return value.decode() if value is not None else None

    def put_for_computer(self, key: str, value: str) -> None:
        """Remember something for everybody at this computer."""
        self._store.memory.put(f"{_COMPUTER}{key}", value.encode())


def _name(session: Session, key: str) -> str:
    return f"preference/{session.practitioner_id}/{key}"
