"""Two answers to one question: kept side by side until a person says which it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import Resource, decode
from clinic_app.storage.exchange.outbox import SUPERSEDED, UNSETTLED
from clinic_app.storage.tables import CONFLICT, HISTORY, OUTBOX


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
    base_version: str | None = None
    """The hub's version that both answers began with; None where the hub had none."""
    base: bytes | None = None
    """That version as it was, or None where it is not known here."""


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
            version := _base_version(connection, row.type, row.id),
            version_body(connection, row.type, row.id, version) if version else None,
        )
        for row in rows.all()
    )


def version_body(connection: Connection, type_name: str, record_id: str, hub_version: str) -> bytes | None:
    """Return a record as it was in one version of the hub: as it came, or as it was sent and taken."""
    came = select(HISTORY.c.body).where(*_is(HISTORY, type_name, record_id), HISTORY.c.version_id == hub_version)
    sent = select(OUTBOX.c.body).where(*_is(OUTBOX, type_name, record_id), OUTBOX.c.hub_version == hub_version)
    for query in (came.where(HISTORY.c.origin == "received"), sent):
        body = connection.execute(query.limit(1)).scalar()
        if body is not None:
            return bytes(body)
    return None


def keep_version(connection: Connection, body: bytes, at: datetime) -> None:
    """Put a former version of the hub's into the history, if it is not there; the newest one stays the newest."""
    record = decode(body)
    if version_body(connection, record.type_name, record.id, record.version_id or "") is None:
        version = {"type": record.type_name, "id": record.id, "version_id": record.version_id or "", "body": body}
        connection.execute(insert(HISTORY).values(**version, origin="received", written_at=at.isoformat()))


def _base_version(connection: Connection, type_name: str, record_id: str) -> str | None:
    """Return the hub's version that the oldest unsent edit of a record was made from."""
    unsent = select(OUTBOX.c.base_hub_version).where(*_is(OUTBOX, type_name, record_id))
    return connection.execute(unsent.where(OUTBOX.c.state.in_(UNSETTLED)).order_by(OUTBOX.c.seq).limit(1)).scalar()


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
    drop_unsent(connection, row.type, row.id)
    return bytes(row.theirs)


def drop_unsent(connection: Connection, type_name: str, record_id: str) -> None:
    """Mark what waits of a record as superseded: another version was chosen, or is the only one that counts."""
    waiting = (*_is(OUTBOX, type_name, record_id), OUTBOX.c.state.in_(UNSETTLED))
    connection.execute(update(OUTBOX).where(*waiting).values(state="acked", last_error=SUPERSEDED))


def _is(table: Table, type_name: str, record_id: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.type == type_name, table.c.id == record_id)
