"""What somebody has begun to type and not saved: kept for him alone, encrypted, until he goes on or throws it away.

A draft is no record: it goes to no hub, into no audit and onto nobody else's screen. It is kept so that the lock, a
change of person, a closed window or a power cut cost nobody the words he had typed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from clinic_app.access.session import Session
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.storage import Store

LARGEST_BYTES: Final = 1 << 20
MOST: Final = 40
_log = logging.getLogger(__name__)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One form that was begun.

    Args:
        kind: which form; the windows know it by this word.
        patient_id: whom it is about, or empty where he is not registered yet.
        name: his name as the list shows it, or as far as it was typed.
        values: field to what stands in it.
        id: tells two drafts of one kind apart; empty until it is kept.
        begun_at: when it was first kept.
    """

    kind: str
    patient_id: str = ""
    name: str = ""
    values: dict[str, str] = {}
    id: str = ""
    begun_at: datetime | None = None

    def same_words(self, other: Draft) -> bool:
        """Return whether the same stands in both."""
        return (self.kind, self.patient_id, self.values) == (other.kind, other.patient_id, other.values)


class Drafts:
    """The drafts of everybody at this workstation, each person's out of the others' sight.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, session: Session) -> tuple[Draft, ...]:
        """Return what somebody has begun, the oldest first.

        What cannot be read (a later version wrote it) is put aside, never deleted.
        """
        name = _name(session)
        body = self._store.memory.get(name)
        if not body:
            return ()
        try:
            return msgspec.json.decode(body, type=tuple[Draft, ...])
        except msgspec.DecodeError:
            _log.warning("drafts cannot be read and are put aside")
            self._store.memory.put(f"{name}/unreadable", body)
            self._store.memory.put(name, b"")
            return ()

    def keep(self, session: Session, drafts: Sequence[Draft]) -> None:
        """Keep all that somebody has begun, in place of what was kept before; none at all forgets everything.

        Raises:
            InvalidInputError: too many, or too long to be kept; what was kept before is still there.
            StorageError: the store could not take them; what was kept before is still there.
        """
        if len(drafts) > MOST:
            raise InvalidInputError(Text("More than {most} drafts cannot be kept; finish some of them.", most=MOST))
        body = msgspec.json.encode(tuple(drafts)) if drafts else b""
        if len(body) > LARGEST_BYTES:
            raise InvalidInputError(Text("What you typed is too long to be kept as a draft."))
        self._store.memory.put(_name(session), body)


def _name(session: Session) -> str:
    return f"drafts/{session.practitioner_id}"
