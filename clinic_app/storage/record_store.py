"""The records of one data folder: written in one transaction with everything that belongs to the write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection, select

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.records import AuditEvent, Meta, Patient, Resource, decode, decode_as, encode
from clinic_app.storage.accounts import Account, add_accounts
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.contents.transfers import queue_transfer
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.exchange.conflicts import (
    Conflict,
    close_conflict,
    close_conflicts,
    drop_unsent,
    keep_version,
    open_conflicts,
)
from clinic_app.storage.exchange.exchange import Change
from clinic_app.storage.exchange.lanes import Lane
from clinic_app.storage.exchange.leaving import is_erased, let_leave, purge
from clinic_app.storage.exchange.receiving import receive_body
from clinic_app.storage.finding import bodies_with
from clinic_app.storage.memory import forget_values, put_values
from clinic_app.storage.patient_search import matching_bodies
from clinic_app.storage.record_rows import StoredRow, key_of, new_version_id, queue_row, stored_row, write_version
from clinic_app.storage.tables import CURSOR, HISTORY
from clinic_app.storage.trail.chain import add_link, first_broken_link

R = TypeVar("R", bound=Resource)
_KEEP_CURSOR: Final = Upsert(CURSOR, "value")


class RecordStore:
    """Reads and writes records.

    Args:
        database: where they lie.
        blobs: where the contents lie that records point to.
        audit_key: of the audit chain.
        clock: says when a version was written.
    """

    def __init__(self, database: Database, blobs: BlobStore, audit_key: bytes, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._audit_key = audit_key
        self._clock = clock

    def get(self, kind: type[R], id: str) -> R:
        """Return the newest version of a record.

        Raises:
            NotFoundError: there is none.
        """
        return decode_as(kind, self.body(kind, id))

    def body(self, kind: type[Resource], id: str) -> bytes:
        """Return the newest version as the bytes that are stored.

        Raises:
            NotFoundError: there is none.
        """
        return self._row(kind, id).body

    def hub_version(self, kind: type[Resource], id: str) -> str | None:
        """Return the hub's version the record was last in step with, or None if the hub never had it.

        Raises:
            NotFoundError: there is no such record.
        """
        return self._row(kind, id).hub_version

    def find(self, kind: type[R], *, limit: int = 500, **params: str) -> tuple[R, ...]:
        """Return the records that have all of ``params``, last changed first.

        Args:
            kind: the type.
            limit: at most so many.
            **params: names of `clinic_app.storage.indexes.NAMES`, values as they are written there.

        Raises:
            ValueError: a name no record is indexed by.
        """
        query = bodies_with(kind.__name__, params, limit)
        with self._database.reading() as connection:
            bodies = connection.execute(query).scalars().all()
        return tuple(decode_as(kind, body) for body in bodies)

    def search_patients(self, words: str, *, limit: int = 50) -> tuple[Patient, ...]:
        """Return the patients whose names and numbers begin with every word typed, in whatever script."""
        with self._database.reading() as connection:
            bodies = matching_bodies(connection, words, limit)
        return tuple(decode_as(Patient, body) for body in bodies)

    def versions(self, kind: type[R], id: str) -> tuple[R, ...]:
        """Return every version ever written, the oldest first."""
        query = select(HISTORY.c.body).where(HISTORY.c.type == kind.__name__, HISTORY.c.id == id)
        with self._database.reading() as connection:
            bodies = connection.execute(query.order_by(HISTORY.c.seq)).scalars().all()
        return tuple(decode_as(kind, body) for body in bodies)

    def commit(
        self,
        records: Sequence[Resource],
        *,
        audit: Sequence[AuditEvent] = (),
        send: bool = True,
        uploads: Sequence[str] = (),
        lane: Lane = "records",
        accounts: Sequence[Account] = (),
        values: Mapping[str, bytes] | None = None,
        forgotten: Sequence[str] = (),
    ) -> tuple[Resource, ...]:
        """Write everything in one transaction, or nothing; return the records with their new versions.

        Args:
            records: new ones without a version, edited ones with the version they were read at.
            audit: who did it; always sent, in a lane of its own.
            send: whether the hub gets the records.
            uploads: addresses of contents the hub gets too; they must be in the blob store.
            lane: how pressing it is.
            accounts: new accounts that belong to the write.
            values: small values for `Memory` that belong to the write.
            forgotten: names of small values that go with it.

        Raises:
            ConflictError: a record was changed since it was read, or a new one exists.
            NotFoundError: an upload is not in the blob store.
            DiskFullError: no room; nothing was written. Audit rows alone may use the reserve.
        """
        sizes = {sha256: self._blobs.size(sha256) for sha256 in uploads}
        now = self._clock.now()
        is_only_audit = not (records or uploads or accounts)
        with self._database.writing(may_use_reserve=is_only_audit) as connection:
            written = tuple(self._write(connection, record, lane if send else None, now) for record in records)
            for event in audit:
                self._write(connection, event, "audit", now)
            for sha256, size in sizes.items():
                queue_transfer(connection, sha256, "up", lane, size, now)
            add_accounts(connection, accounts)
            put_values(connection, values or {})
            forget_values(connection, forgotten)
        return written

    def receive(
        self,
        bodies: Sequence[bytes],
        *,
        cursor: tuple[str, str] | None = None,
        is_from_hub: bool = True,
        leaving: Sequence[Change] = (),
    ) -> tuple[Resource, ...]:
        """Take in what another node wrote; return what changed here. Safe to repeat.

        Args:
            bodies: JSON of records; unreadable ones are left out.
            cursor: name and value of the feed's cursor, kept in the same transaction.
            is_from_hub: whether the versions are the hub's; those of a package are the sender's own.
            leaving: changes of other records, which say that they leave.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            received = (receive_body(connection, body, now, is_from_hub=is_from_hub) for body in bodies)
            changed = tuple(record for record in received if record is not None)
            for change in leaving:
                let_leave(connection, change, now)
            if cursor:
                put_cursor(connection, *cursor)
        return changed

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return the records changed both here and elsewhere that wait for a person, the oldest first."""
        with self._database.reading() as connection:
            return open_conflicts(connection)

    def keep_version(self, body: bytes) -> None:
        """Put a former version of the hub's into the history, so that edits made from it can be joined later."""
        now = self._clock.now()
        with self._database.writing() as connection:
            keep_version(connection, body, now)

    def give_way(self, body: bytes) -> Resource:
        """Make the hub's version the newest, whatever of ours waits that it will never take; the history keeps both."""
        now, record = self._clock.now(), decode(body)
        with self._database.writing() as connection:
            drop_unsent(connection, record.type_name, record.id)
            close_conflicts(connection, record.type_name, record.id, now)
            write_version(connection, record, body, hub_version=record.version_id, origin="received", at=now)
        return record

    def settle(
        self,
        conflict: Conflict,
        chosen: Resource,
        *,
        audit: Sequence[AuditEvent] = (),
        body: bytes | None = None,
        made_from: str | None = None,
    ) -> Resource:
        """Make ``chosen`` the newest version, based on the other node's; both former ones stay in the history.

        Args:
            conflict: the question.
            chosen: the answer.
            audit: who gave it.
            body: the answer's bytes, whose elements we do not model are kept; by default the other node's are.
            made_from: our version that was compared; None where that does not matter.

        Raises:
            NotFoundError: the conflict is settled already.
            ConflictError: the record was changed here since it was compared.
        """
        now = self._clock.now()
        with self._database.writing() as connection:
            theirs = close_conflict(connection, conflict.seq, now)
            if is_erased(conflict.theirs):  # somebody has seen that his edit goes with the record
                purge(connection, key_of(conflict.mine))
                for event in audit:
                    self._write(connection, event, "audit", now)
                return conflict.mine
            row = stored_row(connection, chosen.type_name, chosen.id)
            if row is None or made_from not in (None, row.version_id):
                raise _changed_meanwhile()
            hub_version = conflict.theirs_hub_version or row.hub_version  # what came in a package is no version of it
            record = decode_as(type(chosen), theirs)
            write_version(connection, record, theirs, hub_version=hub_version, origin="received", at=now)
            chosen = _with_meta(chosen, conflict.theirs.version_id, now)
            settled = self._write(connection, chosen, "records", now, body)
            for event in audit:
                self._write(connection, event, "audit", now)
        return settled

    def broken_audit_row(self) -> str | None:
        """Return the id of the first audit row that is not as it was written, or None when the trail is whole."""
        with self._database.reading() as connection:
            return first_broken_link(connection, self._audit_key)

    def _row(self, kind: type[Resource], id: str) -> StoredRow:
        with self._database.reading() as connection:
            row = stored_row(connection, kind.__name__, id)
        if row is None:
            raise NotFoundError(Text("This record is not on this computer."))
        return row

    def _write(
        self, connection: Connection, record: Resource, lane: Lane | None, now: datetime, base: bytes | None = None
    ) -> Resource:
        row = stored_row(connection, record.type_name, record.id)
        if record.version_id != (row.version_id if row else None):
            raise _changed_meanwhile()
        record = _with_meta(record, new_version_id(), now)
        hub_version = row.hub_version if row else None
        body = encode(record, base or (row.body if row else None))
        write_version(connection, record, body, hub_version=hub_version, origin="local", at=now, is_first=row is None)
        if lane is not None:
            queue_row(connection, record, body, base_hub_version=hub_version, lane=lane, at=now)
        if isinstance(record, AuditEvent):
            add_link(connection, self._audit_key, record.id, body)
        return record


def put_cursor(connection: Connection, name: str, value: str) -> None:
    """Keep how far a feed was read, inside a transaction."""
    _KEEP_CURSOR.run(connection, {"name": name, "value": value})


def _changed_meanwhile() -> ConflictError:
    return ConflictError(Text("Somebody else changed this record meanwhile. Open it again to see the change."))


def _with_meta(record: R, version_id: str | None, now: datetime) -> R:
    meta = msgspec.structs.replace(record.meta or Meta(), version_id=version_id, last_updated=now)
    return msgspec.structs.replace(record, meta=meta)
