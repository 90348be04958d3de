"""Erasing by order: what the law says nobody may keep, out of a hub and out of everybody who had it.

Every version and everything made from it goes; a tombstone stays for ever, so that the record cannot come back from
somebody who had not heard of it. Everybody is told, because nobody knows any more who had it: an id tells nothing.
The places in the history stay, empty, so that no cursor is led astray.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, tuple_

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import EVERYBODY
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.exchange.leaving import purge
from clinic_app.storage.feed.bell import FeedBell
from clinic_app.storage.feed.buckets import put_gone
from clinic_app.storage.feed.tables import (
    FEED_AUDIENCE,
    FEED_BUCKET,
    FEED_CONTENT,
    FEED_PIECE,
    FEED_RECORD,
    FEED_REFERENCE,
    FEED_TOMBSTONE,
    FEED_VERSION,
)
from clinic_app.storage.record_rows import Key
from clinic_app.storage.tables import INDEX_ENTRY, RECORD

_TELL: Final = Upsert(FEED_TOMBSTONE)
_KEPT_TYPES: Final = ("AuditEvent",)
"""Who looked at what stays provable."""


class FeedErasing:
    """The erasing of one hub.

    Args:
        database: where the feed lies.
        clock: says when.
        bell: rung for everybody.
    """

    def __init__(self, database: Database, clock: Clock, bell: FeedBell) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell

    def of_patient(self, patient_id: str) -> tuple[Key, ...]:
        """Return a patient's record and every record about him."""
        about = select(INDEX_ENTRY.c.type, INDEX_ENTRY.c.id).where(
            INDEX_ENTRY.c.name == "subject", INDEX_ENTRY.c.value == patient_id
        )
        with self._database.reading() as connection:
            found = {(row.type, row.id) for row in connection.execute(about)}
        return (("Patient", patient_id), *sorted(found))

    def there(self, keys: Sequence[Key]) -> tuple[Key, ...]:
        """Return those of the records that are there and may be erased, the oldest first.

        Raises:
            NotFoundError: none is.
        """
        with self._database.reading() as connection:
            return _there(connection, keys)

    def erase(self, keys: Sequence[Key], reason: str) -> tuple[Key, ...]:
        """Erase records and return those that were there; of the reason only a digest is kept.

        Raises:
            NotFoundError: none of them is there.
        """
        with self._database.writing() as connection:
            gone = _there(connection, keys)
            digest = hashlib.sha256(reason.encode()).hexdigest()
            erase_records(connection, gone, digest, self._clock.now())
            self._bell.said(connection, (EVERYBODY,), "")
        return gone


def _there(connection: Connection, keys: Sequence[Key]) -> tuple[Key, ...]:
    found = select(RECORD.c.type, RECORD.c.id).where(tuple_(RECORD.c.type, RECORD.c.id).in_(keys))
    there = ((row.type, row.id) for row in connection.execute(found.order_by(RECORD.c.changed_seq)))
    gone = tuple(key for key in there if key[0] not in _KEPT_TYPES)
    if not gone:
        raise NotFoundError(Text("The hub has no such record."))
    return gone


def erase_records(connection: Connection, keys: Sequence[Key], reason_sha256: str, now: datetime) -> None:
    """Erase records inside a transaction, leave their tombstones and tell everybody who reads the feed."""
    remove_records(connection, keys)
    reason = {"reason_sha256": reason_sha256, "erased_at": now.isoformat()}
    _TELL.run_all(connection, [{"type": type_name, "id": record_id, **reason} for type_name, record_id in keys])
    put_gone(connection, keys, EVERYBODY, "erase", now)


def remove_records(connection: Connection, keys: Sequence[Key]) -> None:
    """Take records out of a feed inside a transaction, with all that was made from them; nobody is told."""
    marks = [{"of_type": type_name, "of_id": record_id} for type_name, record_id in keys]
    _forget_contents(connection, keys)
    for table in (FEED_RECORD, FEED_VERSION, FEED_AUDIENCE, FEED_REFERENCE):
        of_record = (table.c.type == bindparam("of_type"), table.c.id == bindparam("of_id"))
        connection.execute(delete(table).where(*of_record), marks)
    patients = [record_id for type_name, record_id in keys if type_name == "Patient"]
    tasks = [record_id for type_name, record_id in keys if type_name == "Task"]
    connection.execute(delete(FEED_BUCKET).where(FEED_BUCKET.c.patient_id.in_(patients) | FEED_BUCKET.c.id.in_(tasks)))
    for key in keys:
        purge(connection, key, keeps_places=True)


def _forget_contents(connection: Connection, keys: Sequence[Key]) -> None:
    """Forget the contents that of their owner's records only these point to; what others handed in is theirs.

    What lies in pieces on the disk goes with the next look.
    """
    query = select(FEED_RECORD.c.organization_id, FEED_REFERENCE.c.sha256).join(
        FEED_RECORD, (FEED_RECORD.c.type == FEED_REFERENCE.c.type) & (FEED_RECORD.c.id == FEED_REFERENCE.c.id)
    )
    is_gone = tuple_(FEED_REFERENCE.c.type, FEED_REFERENCE.c.id).in_(keys)
    named = {tuple(row) for row in connection.execute(query.where(is_gone))}
    digests = {sha256 for _, sha256 in named}
    others = query.where(FEED_REFERENCE.c.sha256.in_(digests), ~is_gone)
    alone = named - {tuple(row) for row in connection.execute(others)}
    marks = [{"of_organization": owner, "of_sha256": sha256} for owner, sha256 in sorted(alone)]
    for table in (FEED_CONTENT, FEED_PIECE) if marks else ():
        is_it = (table.c.organization_id == bindparam("of_organization"), table.c.sha256 == bindparam("of_sha256"))
        connection.execute(delete(table).where(*is_it), marks)
