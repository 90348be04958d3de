"""Single rows of the feed, inside a transaction that the feed has opened."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, Table, delete, exists, insert, or_, select

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import EVERYBODY, Meta, Resource, audience_of, decode, encode
from clinic_app.storage.exchange import Change, Write, Written
from clinic_app.storage.feed_tables import FEED_AUDIENCE, FEED_RECORD, FEED_REFERENCE, FEED_VERSION
from clinic_app.storage.record_rows import new_version_id, stored_row, write_version
from clinic_app.storage.tables import HISTORY, RECORD
from clinic_app.storage.upserts import Upsert

MOST_RECORD_BYTES: Final = 2 << 20
"""FHIR records are some kilobytes; a reader takes pages of `clinic_app.storage.feed.MOST_PAGE_BYTES`."""
_PUT_PLACE: Final = Upsert(FEED_RECORD, "seq", "workstation_id", "received_at")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""FHIR R4, data type id."""
_LONGEST_ID: Final = 64
_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True)
class Caller:
    """A workstation that has shown its token."""

    workstation_id: str
    organization_id: str


@dataclass(frozen=True)
class StoredRecord:
    """A record as the hub has it, and the organisation that owns it."""

    organization_id: str
    version_id: str
    record: Resource


def decoded(write: Write) -> Resource:
    """Return the record of a write, which is what its address says.

    Raises:
        InvalidInputError: it cannot be read, is another record, has no id, or is larger than a reader would take.
    """
    if len(write.body) > MOST_RECORD_BYTES:
        raise InvalidInputError(Text("This record cannot be read: {detail}", detail="too large"))
    record = decode(write.body)
    if (record.type_name, record.id) != (write.type_name, write.id):
        raise InvalidInputError(Text("The record is not the one its address names."))
    if not _ID.fullmatch(record.id):
        raise InvalidInputError(Text("This record cannot be read: {detail}", detail="its id is none"))
    return record


def stored_record(connection: Connection, write: Write) -> StoredRecord | None:
    """Return what the hub has under the write's address, with its owner."""
    row = stored_row(connection, write.type_name, write.id)
    if row is None:
        return None
    owner = connection.scalar(select(FEED_RECORD.c.organization_id).where(*_is(FEED_RECORD, write)))
    if owner is None:
        return None
    return StoredRecord(owner, row.version_id, decode(row.body))


def known_version(connection: Connection, caller: Caller, write: Write, digest: str) -> Written | None:
    """Return what became of the very same bytes when this organisation sent them before, or None."""
    row = connection.execute(
        select(FEED_VERSION.c.version_id, FEED_VERSION.c.received_at).where(
            *_is(FEED_VERSION, write),
            FEED_VERSION.c.sha256 == digest,
            FEED_VERSION.c.organization_id == caller.organization_id,
        )
    ).first()
    if row is None:
        return None
    return Written(write.type_name, write.id, row.version_id, datetime.fromisoformat(row.received_at), is_new=False)


def put_write(
    connection: Connection, caller: Caller, write: Write, record: Resource, stored: StoredRecord | None, now: datetime
) -> Written:
    """Store one write as the newest version, in its place in the feed."""
    version = new_version_id()
    meta = msgspec.structs.replace(record.meta or Meta(), version_id=version, last_updated=now)
    record = msgspec.structs.replace(record, meta=meta)
    body = encode(record, write.body)
    seq = write_version(connection, record, body, hub_version=None, origin="received", at=now)
    key = {"type": write.type_name, "id": write.id}
    connection.execute(
        insert(FEED_VERSION).values(
            **key,
            version_id=version,
            organization_id=caller.organization_id,
            sha256=hashlib.sha256(write.body).hexdigest(),
            received_at=now.isoformat(),
        )
    )
    owner = stored.organization_id if stored else caller.organization_id
    place = {"seq": seq, "workstation_id": caller.workstation_id, "received_at": now.isoformat()}
    _PUT_PLACE.run(connection, {**key, "organization_id": owner, **place})
    if stored is not None:
        for table in (FEED_AUDIENCE, FEED_REFERENCE):
            connection.execute(delete(table).where(*_is(table, write)))
    _put_many(connection, key, FEED_AUDIENCE, "organization_id", _audience(record))
    digests = {digest.decode() for digest in _DIGEST.findall(body)}
    _put_many(connection, key, FEED_REFERENCE, "sha256", digests)
    return Written(write.type_name, write.id, version, now, is_new=stored is None)


def visible_to(organization_id: str) -> Any:  # noqa: ANN401 - an SQL condition
    """Return the condition on `FEED_RECORD` that a record is this organisation's or meant for it."""
    meant = exists().where(
        FEED_AUDIENCE.c.type == FEED_RECORD.c.type,
        FEED_AUDIENCE.c.id == FEED_RECORD.c.id,
        FEED_AUDIENCE.c.organization_id.in_((organization_id, EVERYBODY)),
    )
    return or_(FEED_RECORD.c.organization_id == organization_id, meant)


def is_version_shown(caller: Caller, owner_id: str, body: bytes) -> bool:
    """Return whether one version of a record of ``owner_id`` was the caller's to see when it was the newest."""
    return owner_id == caller.organization_id or bool({caller.organization_id, EVERYBODY} & audience_of(decode(body)))


def visible_changes(caller: Caller, after: int, newest: int, count: int, *, with_own: bool = False) -> Select[Any]:
    """Return the query for the caller's part of the feed in ``(after, newest]``, with or without what he wrote."""
    not_own = FEED_RECORD.c.workstation_id != caller.workstation_id
    return (
        select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.seq, FEED_RECORD.c.received_at, RECORD.c.body)
        .join(RECORD, (RECORD.c.type == FEED_RECORD.c.type) & (RECORD.c.id == FEED_RECORD.c.id))
        .where(FEED_RECORD.c.seq > after, FEED_RECORD.c.seq <= newest)
        .where(visible_to(caller.organization_id), *(() if with_own else (not_own,)))
        .order_by(FEED_RECORD.c.seq)
        .limit(count)
    )


def version_at(connection: Connection, position: int) -> str:
    """Return the version that was written at one place of the feed; empty where nothing was."""
    return connection.scalar(select(HISTORY.c.version_id).where(HISTORY.c.seq == position)) or ""


def change(row: Row[Any]) -> Change:
    """Return the change in one row of `visible_changes`."""
    return Change(row.type, row.id, bytes(row.body), datetime.fromisoformat(row.received_at))


def _audience(record: Resource) -> set[str]:
    """Return who a record is meant for; a word too long for an organisation's id is nobody's."""
    return {each for each in audience_of(record) if len(each) <= _LONGEST_ID and "\0" not in each}


def _put_many(connection: Connection, key: dict[str, str], table: Table, name: str, values: Collection[str]) -> None:
    rows = [{**key, name: value} for value in sorted(values)]
    if rows:
        connection.execute(insert(table), rows)


def _is(table: Any, write: Write) -> tuple[Any, ...]:  # noqa: ANN401
    return (table.c.type == write.type_name, table.c.id == write.id)
