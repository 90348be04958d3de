"""What makes a node a hub: records of many organisations, each with its owner and audience, in one order for everybody.

A write is judged, stored and put in its place in the feed in one transaction, or nothing of the whole Bundle is. A
reader asks for what came after his cursor and gets what is his or meant for him, each record once, as it is now. The
cursor carries the hub's epoch and the version that was written at its place, so that a hub made anew or restored from a
backup is noticed instead of silently skipping changes: what it writes in that place now has another version.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, ConflictError, InvalidInputError, NotAllowedError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import Resource
from clinic_app.storage.backups.restoring import RESTORED_AT
from clinic_app.storage.engines.database import Database
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.storage.feed.bell import FeedBell
from clinic_app.storage.feed.buckets import close_buckets, keep_buckets
from clinic_app.storage.feed.erasing import FeedErasing
from clinic_app.storage.feed.reading import changes_for, changes_in, newest_for, version_at
from clinic_app.storage.feed.rows import (
    Caller,
    Incoming,
    Standing,
    StoredRecord,
    looked_at,
    readers_of,
)
from clinic_app.storage.feed.tables import FEED_ANSWER
from clinic_app.storage.memory import put_values
from clinic_app.storage.tables import MEMORY

EPOCH: Final = "feed-epoch"
_SALT: Final = "feed-version-salt"
_SALT_BYTES: Final = 32
_EPOCH_RESTORED: Final = "feed-epoch-restored"
"""Which restoration the epoch has been renewed for."""
ANSWERS_KEPT: Final = timedelta(days=30)
MOST_PAGE_BYTES: Final = 4 << 20
_LONGEST_POSITION: Final = 18


class PreconditionError(ConflictError):
    """The record is not at the version the writer edited."""


class ErasedError(ConflictError):
    """The record was erased by order."""


class ForeignCursorError(ClinicError):
    """The cursor was given by another hub, or by this one before it was restored."""


class RefusedError(ClinicError):
    """One entry of a transaction was refused, and so the whole transaction.

    Args:
        cause: why.
        entry: its place, counted from 0.
    """

    def __init__(self, cause: ClinicError, entry: int) -> None:
        super().__init__(cause.text)
        self.cause = cause
        self.entry = entry


Judge = Callable[[Caller, StoredRecord | None, Resource], None]
"""Lets a write pass or raises a `ClinicError`."""


@dataclass(frozen=True)
class Page:
    """A piece of the feed: its changes and the cursor behind them."""

    changes: tuple[Change, ...]
    cursor: str


class Feed:
    """The change feed of one hub.

    Args:
        database: where it lies; the records themselves are in the ordinary tables.
        clock: says when a record came.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._epoch, self._salt = self._kept_names()
        self.bell = FeedBell(database)
        self.erasing = FeedErasing(database, clock, self.bell)

    def apply(
        self,
        caller: Caller,
        writes: Sequence[Write],
        judge: Judge,
        answer: Callable[[Sequence[Written]], bytes],
        key: str,
    ) -> bytes:
        """Store every write, or none, and return the answer; the same key gets the same answer again.

        Args:
            caller: who writes.
            writes: what.
            judge: asked for each record before it is stored.
            answer: turns what became of the writes into the answer's bytes.
            key: the writer's own name for this transaction; empty for none.

        Raises:
            RefusedError: one entry cannot be; nothing was stored.
            InvalidInputError: the key was used for other contents.
        """
        incoming = [looked_at(write) for write in writes]  # before anybody else has to wait

        def work(connection: Connection) -> bytes:
            return answer(self.put(connection, caller, incoming, judge))

        return self.answered(caller, key, _digest_of(writes), work)

    def answered(self, caller: Caller, key: str, digest: str, work: Callable[[Connection], bytes]) -> bytes:
        """Return the answer to a request that writes, given in one transaction; the same key gets it again.

        Args:
            caller: who writes.
            key: his own name for the request; empty for none.
            digest: of the request.
            work: does it, or raises a `ClinicError` and leaves nothing behind.

        Raises:
            InvalidInputError: the key was used for other contents.
        """
        with self._database.writing() as connection:
            earlier = self._earlier_answer(connection, caller, key, digest)
            if earlier is not None:
                return earlier
            body = work(connection)
            if key:
                self._keep_answer(connection, caller, key, digest, body, self._clock.now())
            return body

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction for `put`."""
        return self._database.writing()

    def put(
        self, connection: Connection, caller: Caller, incoming: Sequence[Incoming], judge: Judge
    ) -> tuple[Written, ...]:
        """Store every write, or raise for one of them; for a transaction that writes and asks for more besides.

        Raises:
            RefusedError: one entry cannot be; the transaction must not go on.
        """
        now = self._clock.now()
        standing = Standing(connection, caller, incoming, self._salt)
        written = tuple(_judged(standing, caller, each, judge, now, entry) for entry, each in enumerate(incoming))
        accepted = standing.put(connection, now)
        seen = readers_of(accepted) | keep_buckets(connection, accepted, now) | close_buckets(connection, now)
        self.bell.said(connection, seen, caller.workstation_id)
        return written

    def changes(self, caller: Caller, cursor: str, count: int, *, with_own: bool = False) -> Page:
        """Return what came after ``cursor`` and is the caller's to see, but for what he wrote himself.

        Args:
            caller: who asks.
            cursor: what the last page ended with; empty for the start.
            count: at most so many changes.
            with_own: also what he wrote himself, for one who was restored from a backup.

        Raises:
            ForeignCursorError: not a cursor of this hub.
        """
        with self._database.reading() as connection:
            after = self.position_in(connection, cursor)
            newest = newest_for(connection, caller.organization_id)
            if newest <= after:  # as nearly always; what others write moves nobody's cursor
                return Page((), cursor or self.cursor_at(connection, after))
            rows, is_all = self._page(changes_for(connection, caller, after, newest, count, with_own=with_own), count)
            last = newest if is_all else rows[-1].seq
            return Page(changes_in(rows), self.cursor_at(connection, last))

    def cursor_at(self, connection: Connection, position: int) -> str:
        """Return the cursor that names a place of the feed and what was written there."""
        version = version_at(connection, position)[-1]
        return base64.urlsafe_b64encode(f"{self._epoch}:{version}:{position}".encode()).decode()

    def position_in(self, connection: Connection, cursor: str) -> int:
        """Return the place a cursor names; 0 for an empty one.

        Raises:
            ForeignCursorError: not a cursor of this hub, or of what it was before it was restored.
        """
        position, version = self._position(cursor)
        if version not in version_at(connection, position):
            raise _foreign_cursor()
        return position

    def _page(self, found: Iterable[Row[Any]], count: int) -> tuple[list[Row[Any]], bool]:
        """Return the rows of one page, and whether there are no more; never more bytes than a reader takes at once."""
        rows: list[Row[Any]] = []
        size = 0
        for row in found:
            size += len(row.body or b"")
            if rows and size > MOST_PAGE_BYTES:
                return rows, False
            rows.append(row)
        return rows, len(rows) < count

    def _earlier_answer(self, connection: Connection, caller: Caller, key: str, digest: str) -> bytes | None:
        row = connection.execute(
            select(FEED_ANSWER.c.request_sha256, FEED_ANSWER.c.body).where(
                FEED_ANSWER.c.organization_id == caller.organization_id, FEED_ANSWER.c.key == key
            )
        ).first()
        if row is not None and row.request_sha256 != digest:
            raise InvalidInputError(Text("This Idempotency-Key was used for another transaction."))
        return bytes(row.body) if row is not None else None

    def _keep_answer(
        self, connection: Connection, caller: Caller, key: str, digest: str, body: bytes, now: datetime
    ) -> None:
        connection.execute(delete(FEED_ANSWER).where(FEED_ANSWER.c.answered_at < (now - ANSWERS_KEPT).isoformat()))
        connection.execute(
            insert(FEED_ANSWER).values(
                organization_id=caller.organization_id,
                key=key,
                request_sha256=digest,
                body=body,
                answered_at=now.isoformat(),
            )
        )

    @property
    def epoch(self) -> str:
        """Which life of this hub it is: another one after every restoration from a backup."""
        return self._epoch

    def _kept_names(self) -> tuple[str, bytes]:
        """Return the name of this life of the hub, and what its version ids are made with in all of its lives."""
        with self._database.writing() as connection:
            names = (EPOCH, _EPOCH_RESTORED, RESTORED_AT, _SALT)
            rows = connection.execute(select(MEMORY.c.name, MEMORY.c.value).where(MEMORY.c.name.in_(names)))
            kept = {row.name: bytes(row.value) for row in rows}
            restored = kept.get(RESTORED_AT, b"")
            if EPOCH not in kept or kept.get(_EPOCH_RESTORED, b"") != restored:
                kept[EPOCH] = new_id().encode()
                put_values(connection, {EPOCH: kept[EPOCH], _EPOCH_RESTORED: restored})
            if _SALT not in kept:
                kept[_SALT] = secrets.token_bytes(_SALT_BYTES)
                put_values(connection, {_SALT: kept[_SALT]})
            return kept[EPOCH].decode(), kept[_SALT]

    def _position(self, cursor: str) -> tuple[int, str]:
        """Return the place a cursor names, and the version that was written there."""
        if not cursor:
            return 0, ""
        try:
            epoch, version, position = base64.urlsafe_b64decode(cursor.encode()).decode().split(":")
            number = int(position) if len(position) <= _LONGEST_POSITION else -1
        except (binascii.Error, ValueError) as error:
            raise _foreign_cursor() from error
        if epoch != self._epoch or number < 0:
            raise _foreign_cursor()
        return number, version


def _judged(standing: Standing, caller: Caller, incoming: Incoming, judge: Judge, now: datetime, entry: int) -> Written:
    """Return what becomes of one write.

    Raises:
        RefusedError: it cannot be.
    """
    try:
        known = standing.known(incoming)
        if known is not None:
            return known
        if isinstance(incoming.record, ClinicError):
            raise incoming.record
        if standing.is_erased(incoming.key):
            raise ErasedError(Text("This record was erased by order and cannot come back."))
        stored = standing.record(incoming.key)
        is_base = incoming.write.base_version == (stored.version_id if stored else None)
        if not is_base or (stored is not None and not standing.is_shown(incoming.key, stored)):
            # what is not the caller's to see is answered as what he has never heard of
            raise PreconditionError(Text("The hub has another version of this record."))
        judge(caller, stored, incoming.record)
        is_guest = stored is not None and stored.organization_id != caller.organization_id
        if is_guest and incoming.unknown_members != standing.unknown_members(incoming.key):
            # the judge knows only elements that are modelled; of all others the owner alone says what they are
            raise NotAllowedError(Text("This record belongs to another organisation."))
        return standing.accept(incoming, incoming.record, stored, now)
    except ClinicError as error:
        raise RefusedError(error, entry) from error


def _digest_of(writes: Sequence[Write]) -> str:
    whole = hashlib.sha256()
    for write in writes:
        head = f"{write.type_name}/{write.id} {write.base_version} {len(write.body)}\n"
        whole.update(head.encode() + write.body)
    return whole.hexdigest()


def _foreign_cursor() -> ForeignCursorError:
    return ForeignCursorError(Text("This cursor was not given by this hub; begin from the start."))
