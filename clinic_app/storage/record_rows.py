"""Single rows of the record tables, inside a transaction that somebody else opened."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, delete, insert, select

from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient, Resource
from clinic_app.storage import indexes
from clinic_app.storage.count_rows import keep_counted
from clinic_app.storage.lanes import RANKS, Lane
from clinic_app.storage.patient_search import keep_names
from clinic_app.storage.tables import HISTORY, INDEX_ENTRY, OUTBOX, RECORD
from clinic_app.storage.upserts import Upsert

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
    row = connection.execute(_STORED, {"of_type": type_name, "of_id": record_id}).one_or_none()
    return StoredRow(row.version_id, row.hub_version, row.body) if row else None


def write_version(
    connection: Connection, record: Resource, body: bytes, *, hub_version: str | None, origin: Origin, at: datetime
) -> int:
    """Write one version of ``record`` into the history and make it the newest, found by what it now says.

    Returns:
        The version's number in the history.
    """
    version = {"type": record.type_name, "id": record.id, "version_id": record.version_id or "", "body": body}
    written = connection.execute(_ADD_VERSION, {**version, "origin": origin, "written_at": at.isoformat()})
    assert written.inserted_primary_key is not None
    seq: int = written.inserted_primary_key[0]
    _MAKE_NEWEST.run(connection, {**version, "hub_version": hub_version, "changed_seq": seq})
    _write_index(connection, record)
    keep_counted(connection, record, at)
    return seq


def queue_row(
    connection: Connection, record: Resource, body: bytes, *, base_hub_version: str | None, lane: Lane, at: datetime
) -> None:
    """Put one version of ``record`` on its way to the hub."""
    row = {
        "op_id": new_id(),
        "type": record.type_name,
        "id": record.id,
        "body": body,
        "base_hub_version": base_hub_version,
        "lane": lane,
        "lane_rank": RANKS[lane],
        "attempts": 0,
        "state": "queued",
        "last_error": "",
        "queued_at": at.isoformat(),
    }
    connection.execute(_QUEUE, row)


def _write_index(connection: Connection, record: Resource) -> None:
    key = {"of_type": record.type_name, "of_id": record.id}
    wanted = indexes.entries(record)
    standing = {(row.name, row.value) for row in connection.execute(_INDEXED, key)}
    for name, value in standing - wanted:
        connection.execute(_UNINDEX, {**key, "of_name": name, "of_value": value})
    rows = [{"type": record.type_name, "id": record.id, "name": n, "value": v} for n, v in sorted(wanted - standing)]
    if rows:
        connection.execute(_INDEX, rows)
    if isinstance(record, Patient):
        keep_names(connection, record)


_STORED: Final = select(RECORD.c.version_id, RECORD.c.hub_version, RECORD.c.body).where(
    RECORD.c.type == bindparam("of_type"), RECORD.c.id == bindparam("of_id")
)
_ADD_VERSION: Final = insert(HISTORY)
_MAKE_NEWEST: Final = Upsert(RECORD, "version_id", "hub_version", "body", "changed_seq")
_QUEUE: Final = insert(OUTBOX)
_INDEX: Final = insert(INDEX_ENTRY)
_OF_RECORD: Final = (INDEX_ENTRY.c.type == bindparam("of_type"), INDEX_ENTRY.c.id == bindparam("of_id"))
_INDEXED: Final = select(INDEX_ENTRY.c.name, INDEX_ENTRY.c.value).where(*_OF_RECORD)
_UNINDEX: Final = delete(INDEX_ENTRY).where(
    *_OF_RECORD, INDEX_ENTRY.c.name == bindparam("of_name"), INDEX_ENTRY.c.value == bindparam("of_value")
)
