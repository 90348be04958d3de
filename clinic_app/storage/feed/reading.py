"""One reader's part of the feed: what is his organisation's, what is meant for it or was opened for it, what is gone.

Each of these is walked in its own index in the order of the feed, so that a page costs what is on it, however many
records others wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, literal, null, or_, select, union_all

from clinic_app.records import EVERYBODY
from clinic_app.storage.exchange.exchange import Change
from clinic_app.storage.feed.row_wall import for_the_hub_itself
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_GONE, FEED_RECORD
from clinic_app.storage.tables import HISTORY, RECORD


def changes_for(connection: Connection, caller: Caller, after: int, newest: int, count: int, *, with_own: bool) -> Any:  # noqa: ANN401 - the rows as they come
    """Return the rows of the caller's part of the feed in ``(after, newest]``, at most ``count``, in order."""
    asked = {"mine": caller.organization_id, "after": after, "newest": newest, "most": count}
    return connection.execute(_CHANGES[with_own], {**asked, "me": caller.workstation_id})


def newest_for(connection: Connection, organization_id: str) -> int:
    """Return the last place in an organisation's part of the feed; 0 where there is none."""
    return max(place or 0 for place in connection.execute(_NEWEST, {"mine": organization_id}).one())


def version_at(connection: Connection, position: int) -> tuple[str, ...]:
    """Return what names the last version that was written up to one place of the feed; empty where nothing was.

    That is its id and, last, its id with the moment: a copy of the hub that was put back writes the same version again,
    but not at the same moment. Cursors that were given before that was so have the id alone.
    """
    before = select(HISTORY.c.version_id, HISTORY.c.written_at).where(HISTORY.c.seq <= position)
    with for_the_hub_itself(connection):
        row = connection.execute(before.order_by(HISTORY.c.seq.desc()).limit(1)).first()
    if row is None:
        return ("",)
    return row.version_id, f"{row.version_id}.{''.join(each for each in row.written_at if each.isdigit())}"


def changes_in(rows: Sequence[Row[Any]]) -> tuple[Change, ...]:
    """Return the changes in rows of `changes_for`: each record once, in its last place."""
    last = {(row.type, row.id): row for row in rows}
    return tuple(_change(row) for row in rows if last[row.type, row.id] is row)


def _change(row: Row[Any]) -> Change:
    if row.gone is not None:
        return Change(row.type, row.id, b"", datetime.fromisoformat(row.gone_at), kind=row.gone)
    received_at = datetime.fromisoformat(row.received_at)
    kind: Any = "upsert" if row.seq == row.record_seq else "enter"
    return Change(row.type, row.id, bytes(row.body), received_at, row.organization_id, kind=kind)


def _is_between(column: Any) -> Any:  # noqa: ANN401 - a column of places
    return and_(column > bindparam("after"), column <= bindparam("newest"))


def _branch(query: Select[Any], place: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's types of a page
    """Return one index's part of a page, as something to join with others."""
    return select(query.where(_is_between(place)).order_by(place).limit(bindparam("most")).subquery())


def _is_same(table: Any, other: Any) -> Any:  # noqa: ANN401 - tables or parts of a query
    return (table.c.type == other.c.type) & (table.c.id == other.c.id)


def _changes(*, with_own: bool) -> Any:  # noqa: ANN401 - as above
    by_others = () if with_own else (FEED_RECORD.c.workstation_id != bindparam("me"),)
    is_here = (null().label("gone"), null().label("gone_at"))
    ours = select(FEED_RECORD.c.type, FEED_RECORD.c.id, FEED_RECORD.c.seq, *is_here)
    branches = [_branch(ours.where(FEED_RECORD.c.organization_id == bindparam("mine"), *by_others), FEED_RECORD.c.seq)]
    for reader in (bindparam("mine"), literal(EVERYBODY)):
        meant = (
            select(FEED_AUDIENCE.c.type, FEED_AUDIENCE.c.id, FEED_AUDIENCE.c.seq, *is_here)
            .join(FEED_RECORD, _is_same(FEED_RECORD, FEED_AUDIENCE))
            .where(
                FEED_AUDIENCE.c.organization_id == reader,
                FEED_RECORD.c.organization_id != bindparam("mine"),
                *by_others,
            )
        )
        branches.append(_branch(meant, FEED_AUDIENCE.c.seq))
        gone = select(
            FEED_GONE.c.type, FEED_GONE.c.id, FEED_GONE.c.seq, FEED_GONE.c.kind.label("gone"), FEED_GONE.c.gone_at
        ).where(FEED_GONE.c.organization_id == reader)
        branches.append(_branch(gone, FEED_GONE.c.seq))
    page = union_all(*branches).subquery("page")
    return (
        select(page, FEED_RECORD.c.seq.label("record_seq"), FEED_RECORD.c.received_at, FEED_RECORD.c.organization_id)
        .add_columns(RECORD.c.body)
        .select_from(page)
        .outerjoin(FEED_RECORD, and_(page.c.gone.is_(None), _is_same(FEED_RECORD, page)))
        .outerjoin(RECORD, and_(page.c.gone.is_(None), _is_same(RECORD, page)))
        .where(or_(page.c.gone.is_not(None), RECORD.c.body.is_not(None)))
        .order_by(page.c.seq)
        .limit(bindparam("most"))
    )


def _last_place(table: Any, reader: Any) -> Any:  # noqa: ANN401 - as above
    return select(func.max(table.c.seq)).where(table.c.organization_id == reader).scalar_subquery()


_CHANGES: Final = {with_own: _changes(with_own=with_own) for with_own in (False, True)}
_NEWEST: Final = select(
    _last_place(FEED_RECORD, bindparam("mine")),
    *(
        _last_place(table, reader)
        for table in (FEED_AUDIENCE, FEED_GONE)
        for reader in (bindparam("mine"), literal(EVERYBODY))
    ),
)
