"""Single rows of the record tables, inside a transaction that somebody else opened."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, delete, insert, select, text, update

from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient, Resource
from clinic_app.storage import indexes
from clinic_app.storage.lanes import RANKS, Lane
from clinic_app.storage.tables import HISTORY, INDEX_ENTRY, OUTBOX, RECORD

Origin = Literal["local", "received"]
_VERSION_BYTES: Final = 5


@dataclass(frozen=True)
class StoredRow:
    """The newest version of a record as it lies in its table."""

    version_id: str
    hub_version: str | None
    body: bytes


def new_version_id() -> str:
    """Return a version id no other node will have given; versions are compared for equality only."""
    return secrets.token_hex(_VERSION_BYTES)


def stored_row(connection: Connection, type_name: str, record_id: str) -> StoredRow | None:
    """Return the newest version of a record, or None where there is none."""
    columns = select(RECORD.c.version_id, RECORD.c.hub_version, RECORD.c.body)
    row = connection.execute(columns.where(RECORD.c.type == type_name, RECORD.c.id == record_id)).one_or_none()
    return StoredRow(row.version_id, row.hub_version, row.body) if row else None


def write_version(
    connection: Connection, record: Resource, body: bytes, *, hub_version: str | None, origin: Origin, at: datetime
) -> None:
    """Write one version of ``record`` into the history and make it the newest, found by what it now says."""
    key = {"type": record.type_name, "id": record.id}
    version = {"version_id": record.version_id or "", "body": body}
    written = connection.execute(
        insert(HISTORY).values(**key, **version, origin=origin, written_at=at.isoformat())
    ).inserted_primary_key
    assert written is not None
    newest = {**version, "hub_version": hub_version, "changed_seq": written[0]}
    changed = connection.execute(update(RECORD).where(*_is(record)).values(**newest))
    if changed.rowcount == 0:
        connection.execute(insert(RECORD).values(**key, **newest))
    _write_index(connection, record)


def queue_row(
    connection: Connection, record: Resource, body: bytes, *, base_hub_version: str | None, lane: Lane, at: datetime
) -> None:
    """Put one version of ``record`` on its way to the hub."""
    connection.execute(
        insert(OUTBOX).values(
            op_id=new_id(),
            type=record.type_name,
            id=record.id,
            body=body,
            base_hub_version=base_hub_version,
            lane=lane,
            lane_rank=RANKS[lane],
            attempts=0,
            state="queued",
            last_error="",
            queued_at=at.isoformat(),
        )
    )


def _write_index(connection: Connection, record: Resource) -> None:
    key = {"type": record.type_name, "id": record.id}
    connection.execute(delete(INDEX_ENTRY).where(INDEX_ENTRY.c.type == record.type_name, INDEX_ENTRY.c.id == record.id))
    rows = [{**key, "name": name, "value": value} for name, value in sorted(indexes.entries(record))]
    if rows:
        connection.execute(insert(INDEX_ENTRY), rows)
    if isinstance(record, Patient):
        connection.execute(text("DELETE FROM patient_search WHERE id = :id"), {"id": record.id})
        keys = indexes.search_keys(record)
        connection.execute(
            text("INSERT INTO patient_search (id, keys) VALUES (:id, :keys)"), {"id": record.id, "keys": keys}
        )


def _is(record: Resource) -> tuple[ColumnElement[bool], ...]:
    return (RECORD.c.type == record.type_name, RECORD.c.id == record.id)
