"""Rows of the record tables, inside a transaction that somebody else opened: one version or hundreds at once."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, delete, insert, select

from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient, Resource
from clinic_app.storage import indexes
from clinic_app.storage.count_rows import keep_counted
from clinic_app.storage.engines.upserts import Addition, Upsert
from clinic_app.storage.exchange.lanes import RANKS, Lane
from clinic_app.storage.patient_search import keep_names
from clinic_app.storage.tables import HISTORY, INDEX_ENTRY, OUTBOX, RECORD

Origin = Literal["local", "received"]
Key = tuple[str, str]
"""A record's type and id."""
VERSION_BYTES: Final = 5


@dataclass(frozen=True)
class StoredRow:
    """The newest version of a record as it lies in its table."""

    version_id: str
    hub_version: str | None
    body: bytes


def new_version_id() -> str:
    """Return a version id no other node will have given; versions are compared for equality only."""
    return secrets.token_hex(VERSION_BYTES)


def stored_row(connection: Connection, type_name: str, record_id: str) -> StoredRow | None:
    """Return the newest version of a record, or None where there is none."""
    row = connection.execute(_STORED, {"of_type": type_name, "of_id": record_id}).one_or_none()
    return StoredRow(row.version_id, row.hub_version, row.body) if row else None


def write_version(
    connection: Connection,
    record: Resource,
    body: bytes,
    *,
    hub_version: str | None,
    origin: Origin,
    at: datetime,
    is_first: bool = False,
) -> int:
    """Write one version of ``record`` into the history and make it the newest, found by what it now says.

    ``is_first`` says that it is known that there is none yet.

    Returns:
        The version's number in the history.
    """
    new = (key_of(record),) if is_first else ()
    numbers = write_versions(connection, [(record, body)], hub_version=hub_version, origin=origin, at=at, new=new)
    return numbers[key_of(record)]


def write_versions(
    connection: Connection,
    versions: Sequence[tuple[Resource, bytes]],
    *,
    hub_version: str | None,
    origin: Origin,
    at: datetime,
    new: Collection[Key] = (),
) -> dict[Key, int]:
    """Write versions of records, each of another one, in sets of rows; make them the newest.

    Args:
        connection: an open writing transaction.
        versions: the records and their bytes.
        hub_version: the hub's version of them; where there is none yet, the one before stays known.
        origin: where they come from.
        at: now.
        new: the keys of records of which it is known that there is none yet.

    Returns:
        The number of each version in the history; they grow in the order of ``versions``.
    """
    rows = [
        {"type": record.type_name, "id": record.id, "version_id": record.version_id or "", "body": body}
        for record, body in versions
    ]
    written_at = at.isoformat()
    told = _ADD_VERSIONS.run(connection, [{**row, "origin": origin, "written_at": written_at} for row in rows])
    numbers = {(row.type, row.id): row.seq for row in told}
    newest = [{**row, "hub_version": hub_version, "changed_seq": numbers[row["type"], row["id"]]} for row in rows]
    (_MAKE_NEWEST if hub_version is not None else _MAKE_NEWEST_HERE).run_all(connection, newest)
    records = [record for record, _ in versions]
    _write_indexes(connection, records, new)
    keep_names(connection, [record for record in records if isinstance(record, Patient)])
    keep_counted(connection, records, at)
    return numbers


def key_of(record: Resource) -> Key:
    """Return what a record is known by."""
    return record.type_name, record.id


def by_type(keys: Iterable[Key]) -> dict[str, list[str]]:
    """Return the ids of keys under their types, to be looked up type by type."""
    ids: dict[str, list[str]] = defaultdict(list)
    for type_name, record_id in keys:
        ids[type_name].append(record_id)
    return ids


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


def _write_indexes(connection: Connection, records: Sequence[Resource], new: Collection[Key]) -> None:
    standing: dict[Key, set[tuple[str, str]]] = defaultdict(set)
    for type_name, ids in by_type(key_of(record) for record in records if key_of(record) not in new).items():
        for row in connection.execute(_INDEXED, {"of_type": type_name, "of_ids": ids}):
            standing[type_name, row.id].add((row.name, row.value))
    gone: list[dict[str, str]] = []
    fresh: list[dict[str, str]] = []
    for record in records:
        type_name, record_id = key_of(record)
        wanted, kept = indexes.entries(record), standing.get((type_name, record_id), set())
        fresh += [{"type": type_name, "id": record_id, "name": n, "value": v} for n, v in sorted(wanted - kept)]
        gone += [{"of_type": type_name, "of_id": record_id, "of_name": n, "of_value": v} for n, v in kept - wanted]
    if gone:
        connection.execute(_UNINDEX, gone)
    _INDEX.run(connection, fresh)


_STORED: Final = select(RECORD.c.version_id, RECORD.c.hub_version, RECORD.c.body).where(
    RECORD.c.type == bindparam("of_type"), RECORD.c.id == bindparam("of_id")
)
_ADD_VERSIONS: Final = Addition(HISTORY, HISTORY.c.seq, HISTORY.c.type, HISTORY.c.id)
_MAKE_NEWEST: Final = Upsert(RECORD, "version_id", "hub_version", "body", "changed_seq")
_MAKE_NEWEST_HERE: Final = Upsert(RECORD, "version_id", "body", "changed_seq")
_QUEUE: Final = insert(OUTBOX)
_INDEX: Final = Addition(INDEX_ENTRY)
_INDEXED: Final = select(INDEX_ENTRY.c.id, INDEX_ENTRY.c.name, INDEX_ENTRY.c.value).where(
    INDEX_ENTRY.c.type == bindparam("of_type"), INDEX_ENTRY.c.id.in_(bindparam("of_ids", expanding=True))
)
_UNINDEX: Final = delete(INDEX_ENTRY).where(
    INDEX_ENTRY.c.type == bindparam("of_type"),
    INDEX_ENTRY.c.id == bindparam("of_id"),
    INDEX_ENTRY.c.name == bindparam("of_name"),
    INDEX_ENTRY.c.value == bindparam("of_value"),
)
