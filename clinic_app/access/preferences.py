"""What each person likes: language and colours of the windows, kept with the person and not with the computer."""

from __future__ import annotations

from clinic_app.access.session import Session
from clinic_app.storage import Store


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


def _name(session: Session, key: str) -> str:
    return f"preference/{session.practitioner_id}/{key}"
