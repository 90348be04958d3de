"""Two answers to one question: kept side by side until a person says which it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import Resource, decode
from clinic_app.storage.outbox import UNSETTLED
from clinic_app.storage.tables import CONFLICT, OUTBOX, RECORD


@dataclass(frozen=True)
class Conflict:
    """One record that was changed here and elsewhere."""

    seq: int
    mine: Resource
    theirs: Resource
    theirs_hub_version: str | None
    found_at: datetime
    theirs_body: bytes = b""
    """The other answer as it came, with what we do not model."""


def open_conflicts(connection: Connection) -> tuple[Conflict, ...]:
    """Return what waits for a person, the oldest first."""
    rows = connection.execute(select(CONFLICT).where(CONFLICT.c.settled_at.is_(None)).order_by(CONFLICT.c.seq))
    return tuple(
        Conflict(
            row.seq,
            decode(row.mine),
            decode(row.theirs),
            row.theirs_hub_version,
            datetime.fromisoformat(row.found_at),
            bytes(row.theirs),
        )
        for row in rows
    )


def close_conflicts(connection: Connection, type_name: str, record_id: str, at: datetime) -> None:
    """Mark the conflicts of a record as settled: what the hub has now is newer than theirs."""
    waiting = (CONFLICT.c.type == type_name, CONFLICT.c.id == record_id, CONFLICT.c.settled_at.is_(None))
    connection.execute(update(CONFLICT).where(*waiting).values(settled_at=at.isoformat()))


def close_conflict(connection: Connection, seq: int, at: datetime) -> bytes:
    """Mark a conflict as settled and what waited as superseded; return the other node's body.

    Raises:
        NotFoundError: it is settled already, or never was.
    """
    open_one = (CONFLICT.c.seq == seq, CONFLICT.c.settled_at.is_(None))
    row = connection.execute(select(CONFLICT).where(*open_one)).one_or_none()
    if row is None:
        raise NotFoundError(Text("This conflict is settled already."))
    connection.execute(update(CONFLICT).where(*open_one).values(settled_at=at.isoformat()))
    waiting = (OUTBOX.c.type == row.type, OUTBOX.c.id == row.id, OUTBOX.c.state.in_(UNSETTLED))
    connection.execute(update(OUTBOX).where(*waiting).values(state="acked", last_error="superseded"))
    is_record = (RECORD.c.type == row.type, RECORD.c.id == row.id)
    connection.execute(update(RECORD).where(*is_record).values(hub_version=row.theirs_hub_version))
    return bytes(row.theirs)
