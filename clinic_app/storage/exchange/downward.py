"""What a facility hub takes in from the hub above it, so that its own workstations find it in their feed.

It is received as a workstation receives it, after all that was written here is in the outbox: so what meets an unsent
edit is seen as that. Nobody can be asked at a hub. The hub above was first: its version becomes the newest here, and
ours, which stays in the history, is given back to whoever wrote it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, select

from clinic_app.foundation.clock import Clock
from clinic_app.records import AuditEvent, decode
from clinic_app.storage.contents.transfers import queue_transfer
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.exchange.conflicts import close_conflict
from clinic_app.storage.exchange.exchange import Change, Written
from clinic_app.storage.exchange.giving_back import ABOVE, bring_again, give_back_refused, mark
from clinic_app.storage.exchange.lanes import Lane
from clinic_app.storage.exchange.outbox import UNSETTLED
from clinic_app.storage.exchange.receiving import receive_body
from clinic_app.storage.exchange.upward import UNTOLD, pass_over, queue_written
from clinic_app.storage.feed.bell import FeedBell
from clinic_app.storage.feed.buckets import put_gone
from clinic_app.storage.feed.erasing import erase_records, remove_records
from clinic_app.storage.feed.rows import Accepted, Caller, put_places
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_CONTENT, FEED_RECORD, FEED_REFERENCE, FEED_VERSION
from clinic_app.storage.memory import forget_values
from clinic_app.storage.record_rows import Key, write_version
from clinic_app.storage.record_store import put_cursor
from clinic_app.storage.store import Store
from clinic_app.storage.tables import CONFLICT, OUTBOX, RECORD

_FROM_ABOVE: Final = hashlib.sha256(b"by the hub above").hexdigest()
"""Stands for the reason of an erasure that another hub was given."""
_LET_SEE: Final = Upsert(FEED_AUDIENCE, "seq")
_CONTENT: Final = re.compile(rb'(?:urn:sha256:|"valueString"\s*:\s*")([0-9a-f]{64})"')
"""How a record points to content: an attachment's url, or `clinic_app.terminology.systems.CONTENT_SHA256`."""


class Downward:
    """The way down into one facility hub's store.

    Args:
        store: the hub's.
        organization_id: whose hub it is; owns what nobody is named as the owner of.
        bell: rung for those who wait for the feed.
        clock: says when something came.
    """

    def __init__(self, store: Store, organization_id: str, bell: FeedBell, clock: Clock) -> None:
        self._store = store
        self._organization_id = organization_id
        self._bell = bell
        self._clock = clock

    def take_in(self, changes: Sequence[Change], cursor: tuple[str, str]) -> tuple[Key, ...]:
        """Take in one page together with the cursor behind it; return what is new here. Safe to repeat."""
        now = self._clock.now()
        with self._store.database.writing() as connection:
            while queue_written(connection, now):
                pass
            taken = tuple(
                (change.type_name, change.id) for change in changes if self._take_one(connection, change, now)
            )
            pass_over(connection)
            put_cursor(connection, *cursor)
            self._ring(connection, is_news=bool(taken))
        return taken

    def owners_of(self, sha256: str) -> tuple[str, ...]:
        """Return the organisations from above whose records point to a content."""
        pointing = select(FEED_RECORD.c.organization_id).distinct().join(FEED_REFERENCE, _is_pointing())
        with self._store.database.reading() as connection:
            found = connection.execute(pointing.where(FEED_REFERENCE.c.sha256 == sha256)).scalars()
            return tuple(sorted(found))

    def tell_again(self, task_ids: Iterable[str]) -> None:
        """Bring Tasks down once more, whose second clock is known now."""
        for task_id in task_ids:
            with self._store.database.writing(may_use_reserve=True) as connection:
                bring_again(connection, ("Task", task_id))
                forget_values(connection, [f"{UNTOLD}{task_id}"])
                self._ring(connection, is_news=True)

    def give_back_refused(self, *, was_tried_again: bool) -> None:
        """Give back what the hub above refused; see `clinic_app.storage.exchange.giving_back`."""
        with self._store.database.writing(may_use_reserve=True) as connection:
            shown = give_back_refused(connection, was_tried_again=was_tried_again)
            self._ring(connection, is_news=shown > 0)

    def _ring(self, connection: Connection, *, is_news: bool) -> None:
        if is_news:
            self._bell.said(connection, {self._organization_id}, "")

    def _take_one(self, connection: Connection, change: Change, now: datetime) -> bool:
        key = (change.type_name, change.id)
        if not change.body:
            return self._let_leave(connection, change, now)
        before = _changed_seq(connection, key)
        receive_body(connection, change.body, now, is_from_hub=True)
        _give_way(connection, key, now)
        after = _changed_seq(connection, key)
        if after is None or after == before:
            return False
        self._place(connection, change, after, now)
        return True

    def _let_leave(self, connection: Connection, change: Change, now: datetime) -> bool:
        """Take out what the hub above shows this organisation no longer, or what nobody may keep.

        A record that was only shown stays while an edit of it waits to go up. With one that was erased by order the
        edit goes, too, and whoever wrote it is told.
        """
        key = (change.type_name, change.id)
        if change.type_name == AuditEvent.__name__:
            return False
        unsent = _newest_unsent(connection, key)
        if change.kind == "erase":
            if unsent is not None:
                mark(connection, key, unsent, is_conflict=True)
            erase_records(connection, [key], _FROM_ABOVE, now)
            return True
        if unsent is not None or _changed_seq(connection, key) is None:
            return False
        remove_records(connection, [key])
        put_gone(connection, [key], self._organization_id, "evict", now)
        return True

    def _place(self, connection: Connection, change: Change, seq: int, now: datetime) -> None:
        """Put a version that was received into its place in the feed."""
        key = (change.type_name, change.id)
        row = connection.execute(select(RECORD.c.version_id, RECORD.c.body).where(*_is(RECORD, change))).one()
        again = (*_is(FEED_VERSION, change), FEED_VERSION.c.version_id == row.version_id)
        connection.execute(delete(FEED_VERSION).where(*again))  # a version that was here before stands once more
        owner = change.owner_id or _owner(connection, change) or self._organization_id
        put_places(
            connection,
            Caller(ABOVE, owner),
            [
                Accepted(
                    Written(*key, row.version_id, now),
                    hashlib.sha256(change.body).hexdigest(),
                    decode(row.body),
                    bytes(row.body),
                    owner,
                    is_first=False,
                )
            ],
            {key: seq},
            now,
        )
        self._let_see(connection, key, owner, seq)
        _want_contents(connection, change, owner, now)

    def _let_see(self, connection: Connection, key: Key, owner_id: str, seq: int) -> None:
        """Let this organisation see what the hub above shows it, whether or not the record itself says so."""
        if owner_id != self._organization_id:
            reader = {"organization_id": self._organization_id, "bucket": ABOVE, "seq": seq}
            _LET_SEE.run(connection, {"type": key[0], "id": key[1], **reader})


def _give_way(connection: Connection, key: Key, now: datetime) -> None:
    """Let the version of the hub above stand where an unsent one of ours meets it; ours is given back."""
    of_record = (CONFLICT.c.type == key[0], CONFLICT.c.id == key[1], CONFLICT.c.settled_at.is_(None))
    for question in connection.execute(select(CONFLICT).where(*of_record).order_by(CONFLICT.c.seq)).all():
        newest = _newest_unsent(connection, key)
        if newest is not None:
            mark(connection, key, newest, is_conflict=True)
        theirs = close_conflict(connection, question.seq, now)
        above = {"hub_version": question.theirs_hub_version, "origin": "received", "at": now}
        write_version(connection, decode(theirs), theirs, **above)


def _newest_unsent(connection: Connection, key: Key) -> Any:  # noqa: ANN401 - a row, or None
    """Return the newest version of a record that has not gone up, as a row of the outbox."""
    unsent = select(OUTBOX.c.seq, OUTBOX.c.body, OUTBOX.c.last_error).where(
        OUTBOX.c.type == key[0], OUTBOX.c.id == key[1], OUTBOX.c.state.in_(UNSETTLED)
    )
    return connection.execute(unsent.order_by(OUTBOX.c.seq.desc()).limit(1)).first()


def _changed_seq(connection: Connection, key: Key) -> int | None:
    return connection.scalar(select(RECORD.c.changed_seq).where(RECORD.c.type == key[0], RECORD.c.id == key[1]))


def _owner(connection: Connection, change: Change) -> str | None:
    return connection.scalar(select(FEED_RECORD.c.organization_id).where(*_is(FEED_RECORD, change)))


def _want_contents(connection: Connection, change: Change, owner_id: str, now: datetime) -> None:
    """Ask for the contents a record from above points to, if its owner's copy of them is not here."""
    lane: Lane = "bulk" if change.type_name == "ImagingStudy" else "images"
    for sha256 in sorted({each.decode() for each in _CONTENT.findall(change.body)}):
        is_here = exists().where(
            FEED_CONTENT.c.sha256 == sha256,
            FEED_CONTENT.c.organization_id == owner_id,
            FEED_CONTENT.c.is_whole.is_(True),
        )
        if not connection.scalar(select(is_here)):
            queue_transfer(connection, sha256, "down", lane, 0, now)


def _is_pointing() -> Any:  # noqa: ANN401 - an SQL condition
    return (FEED_REFERENCE.c.type == FEED_RECORD.c.type) & (FEED_REFERENCE.c.id == FEED_RECORD.c.id)


def _is(table: Any, change: Change) -> tuple[Any, ...]:  # noqa: ANN401 - a table
    return (table.c.type == change.type_name, table.c.id == change.id)
