"""Reading one record, its past, and searching: for each caller only what is his or meant for him.

Pages follow the order of the commits. A search goes by the place at which a record was first written, which no later
edit moves; the past goes backwards from the newest version. So a reader who asks page after page while others write
gets every record that was there when he began exactly once.

A version is shown if the record is the caller's to see today and that very version was his to see: what an organisation
drafted before it sent a referral stays its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select

from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.storage.feed.feed import MOST_PAGE_BYTES, Feed
from clinic_app.storage.feed.rows import Caller, is_version_shown, visible_to
from clinic_app.storage.feed.tables import FEED_RECORD, FEED_VERSION
from clinic_app.storage.feed.terms import Term, condition, in_time_order
from clinic_app.storage.tables import HISTORY, RECORD

_FIRST: Final = HISTORY.alias("first_version")
_EARLIER: Final = HISTORY.alias("earlier_version")


@dataclass(frozen=True)
class Version:
    """One version of a record as the hub has it."""

    type_name: str
    id: str
    version_id: str
    body: bytes
    received_at: datetime


@dataclass(frozen=True)
class VersionPage:
    """A piece of an answer; ``cursor`` begins the next one and is empty behind the last."""

    versions: tuple[Version, ...]
    cursor: str


@dataclass(frozen=True)
class Past:
    """Whose past is asked for: everything's, one type's, or one record's."""

    type_name: str = ""
    id: str = ""
    since: datetime | None = None


class Readable(Protocol):
    """What opens a transaction to read in: a database, or one moment of it that is open already."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that only reads."""


class FeedSearch:
    """What callers may ask one hub about its records.

    Args:
        database: where they lie.
        feed: gives and knows the cursors.
    """

    def __init__(self, database: Readable, feed: Feed) -> None:
        self._database = database
        self._feed = feed

    def read(self, caller: Caller, type_name: str, record_id: str) -> Version:
        """Return the newest version of a record.

        Raises:
            NotFoundError: there is none that the caller may see.
        """
        query = _newest(caller, type_name).where(FEED_RECORD.c.id == record_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _unknown()
        return _version(row)

    def version(self, caller: Caller, type_name: str, record_id: str, version_id: str) -> Version:
        """Return one version of a record.

        Raises:
            NotFoundError: there is none that the caller may see.
        """
        query = _past(caller, Past(type_name, record_id)).where(HISTORY.c.version_id == version_id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None or not is_version_shown(caller, row.organization_id, bytes(row.body)):
            raise _unknown()
        return _version(row)

    def history(self, caller: Caller, past: Past, cursor: str, count: int) -> VersionPage:
        """Return versions, the newest first; a page may hold fewer than ``count`` and still not be the last.

        Raises:
            NotFoundError: the one record asked for is none that the caller may see.
            ForeignCursorError: not a cursor of this hub.
        """
        query = _past(caller, past).order_by(HISTORY.c.seq.desc())
        with self._database.reading() as connection:
            if past.id and not _is_seen(connection, caller, past):
                raise _unknown()
            before = self._feed.position_in(connection, cursor)
            if cursor:
                query = query.where(HISTORY.c.seq < before)
            if past.since is not None:
                query = query.where(in_time_order(FEED_VERSION.c.received_at, connection) >= past.since.isoformat())
            rows, cursor = self._page(connection, query, count)
            shown = (row for row in rows if is_version_shown(caller, row.organization_id, bytes(row.body)))
            return VersionPage(tuple(_version(row) for row in shown), cursor)

    def search(self, caller: Caller, type_name: str, terms: Sequence[Term], cursor: str, count: int) -> VersionPage:
        """Return the records of one type that meet every term, in the order in which they first came.

        Raises:
            ForeignCursorError: not a cursor of this hub.
        """
        with self._database.reading() as connection:
            after = self._feed.position_in(connection, cursor)
            query = _newest(caller, type_name, is_walk=not terms).add_columns(_FIRST.c.seq)
            query = query.join(_FIRST, _is_same(_FIRST))
            earlier = exists().where(_is_same(_EARLIER), _EARLIER.c.seq < _FIRST.c.seq)
            asked = (condition(connection, type_name, term) for term in terms)
            query = query.where(_FIRST.c.seq > after, ~earlier, *asked).order_by(_FIRST.c.seq)
            rows, cursor = self._page(connection, query, count)
            return VersionPage(tuple(_version(row) for row in rows), cursor)

    def among(self, caller: Caller, type_name: str, terms: Sequence[Term], most: int) -> tuple[Version, ...]:
        """Return some of the records that meet every term, at most so many: to see whether there is one, or another.

        There is no order in it, so that nobody has to look at more of them than are returned.
        """
        with self._database.reading() as connection:
            asked = (condition(connection, type_name, term) for term in terms)
            rows = connection.execute(_newest(caller, type_name).where(*asked).limit(most))
            return tuple(_version(row) for row in rows)

    def count(self, caller: Caller, type_name: str, terms: Sequence[Term]) -> int:
        """Return how many records `search` would find in all."""
        with self._database.reading() as connection:
            met = _met(connection, caller, type_name, terms)
            return connection.scalar(select(func.count()).select_from(FEED_RECORD).where(*met)) or 0

    def _page(self, connection: Connection, query: Select[Any], count: int) -> tuple[list[Row[Any]], str]:
        """Return the rows of one page, never more bytes than a reader takes at once, and the cursor behind them."""
        rows: list[Row[Any]] = []
        size = 0
        for row in connection.execute(query.limit(count + 1)):
            size += len(row.body)
            if rows and (size > MOST_PAGE_BYTES or len(rows) == count):
                return rows, self._feed.cursor_at(connection, rows[-1].seq)
            rows.append(row)
        return rows, ""


def _newest(caller: Caller, type_name: str, *, is_walk: bool = False) -> Select[Any]:
    return (
        select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.received_at, RECORD.c.version_id, RECORD.c.body)
        .join(RECORD, _is_same(RECORD))
        .where(_is_of(type_name, is_walk=is_walk), visible_to(caller.organization_id))
    )


def _past(caller: Caller, past: Past) -> Select[Any]:
    versions = _is_same(FEED_VERSION) & (FEED_VERSION.c.version_id == HISTORY.c.version_id)
    query = (
        select(HISTORY.c.seq, HISTORY.c.type, HISTORY.c.id, HISTORY.c.version_id, HISTORY.c.body)
        .add_columns(FEED_VERSION.c.received_at, FEED_RECORD.c.organization_id)
        .select_from(FEED_RECORD)
        .join(HISTORY, _is_same(HISTORY))
        .join(FEED_VERSION, versions)
        .where(visible_to(caller.organization_id))
    )
    if past.type_name:
        query = query.where(_is_of(past.type_name, is_walk=not past.id))
    return query.where(FEED_RECORD.c.id == past.id) if past.id else query


def _met(connection: Connection, caller: Caller, type_name: str, terms: Sequence[Term]) -> tuple[Any, ...]:
    conditions = (condition(connection, type_name, term) for term in terms)
    return (FEED_RECORD.c.type == type_name, visible_to(caller.organization_id), *conditions)


def _is_of(type_name: str, *, is_walk: bool) -> ColumnElement[bool]:
    """Return the condition on the type; a walk in order of the commits does without the index that would bring all."""
    column = func.coalesce(FEED_RECORD.c.type, "") if is_walk else FEED_RECORD.c.type
    found: ColumnElement[bool] = column == type_name
    return found


def _is_seen(connection: Connection, caller: Caller, past: Past) -> bool:
    query = _newest(caller, past.type_name).where(FEED_RECORD.c.id == past.id)
    return connection.execute(query).first() is not None


def _is_same(table: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a table or an alias of one
    same: ColumnElement[bool] = (table.c.type == FEED_RECORD.c.type) & (table.c.id == FEED_RECORD.c.id)
    return same


def _version(row: Row[Any]) -> Version:
    return Version(row.type, row.id, row.version_id, bytes(row.body), datetime.fromisoformat(row.received_at))


def _unknown() -> NotFoundError:
    return NotFoundError(Text("The hub has no such record for you."))
