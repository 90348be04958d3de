"""What a facility hub owes the hub above it: all that its workstations wrote, in the order they wrote it.

What they wrote is in the history. Up to which row of it was put into the outbox is kept beside it and moves in the same
transaction, and what comes from above moves it on, too: so nothing is queued twice, and nothing goes back to where it
came from. A transaction of a workstation presses as much as the referral in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, exists, func, insert, select

from clinic_app.foundation.ids import new_id
from clinic_app.storage.contents.transfers import queue_transfer
from clinic_app.storage.exchange.lanes import RANKS, Lane
from clinic_app.storage.feed.tables import FEED_CONTENT, FEED_RECORD, FEED_REFERENCE, FEED_VERSION
from clinic_app.storage.memory import put_values
from clinic_app.storage.store import Store
from clinic_app.storage.tables import HISTORY, MEMORY, OUTBOX, RECORD, TRANSFER

QUEUED_TO: Final = "upward-queued-to"
"""The last row of the history that was put into the outbox, or came from above."""
UNTOLD: Final = "upward-untold/"
"""Before a Task's id: a Task whose workstations have not heard yet when the hub above got it."""
_BATCH: Final = 500
_TASK: Final = "Task"


class _Urgency(msgspec.Struct):
    """What says how pressing a Task is."""

    priority: str = ""


class Upward:
    """The way up out of one facility hub's store.

    Args:
        store: the hub's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def queue(self, at: datetime) -> int:
        """Put everything written since the last time into the outbox, and return how much that was."""
        total = 0
        while True:
            with self._store.database.writing(may_use_reserve=True) as connection:
                done = queue_written(connection, at)
            total += done
            if done < _BATCH:
                return total

    def has_news(self) -> bool:
        """Whether something was written since the last time."""
        with self._store.database.reading() as connection:
            newest = connection.scalar(select(func.max(HISTORY.c.seq))) or 0
            return newest > queued_to(connection)

    def queue_contents(self, organization_id: str, at: datetime) -> None:
        """Put every content on its way that this organisation has handed in here in full."""
        with self._store.database.reading() as connection:
            due = connection.execute(_due_contents(organization_id)).all()
            lanes = {row.sha256: _content_lane(connection, row.sha256) for row in due}
        if due:
            with self._store.database.writing() as connection:
                for row in due:
                    queue_transfer(connection, row.sha256, "up", lanes[row.sha256], row.size, at)

    def untold(self) -> tuple[str, ...]:
        """Return the ids of the Tasks whose second clock is still to be told."""
        names = select(MEMORY.c.name).where(MEMORY.c.name.like(f"{UNTOLD}%"))
        with self._store.database.reading() as connection:
            return tuple(name.removeprefix(UNTOLD) for name in connection.execute(names).scalars())


def queue_written(connection: Connection, at: datetime, most: int = _BATCH) -> int:
    """Put the next rows of the history into the outbox inside a transaction; return how many there were.

    Args:
        connection: an open writing transaction.
        at: now.
        most: at most so many.
    """
    query = select(HISTORY.c.seq, HISTORY.c.type, HISTORY.c.id, HISTORY.c.body, HISTORY.c.written_at)
    query = query.add_columns(RECORD.c.hub_version).join(
        RECORD, (RECORD.c.type == HISTORY.c.type) & (RECORD.c.id == HISTORY.c.id)
    )
    rows = connection.execute(
        query.where(HISTORY.c.seq > queued_to(connection), _is_written_here()).order_by(HISTORY.c.seq).limit(most)
    ).all()
    queued: list[dict[str, object]] = []
    for _, transaction in groupby(rows, lambda row: row.written_at):
        queued += _queued(list(transaction), at)
    if queued:
        connection.execute(insert(OUTBOX), queued)
        put_values(connection, {QUEUED_TO: str(rows[-1].seq).encode()})
        put_values(connection, {f"{UNTOLD}{row.id}": b"" for row in rows if row.type == _TASK})
    if len(rows) < most:
        pass_over(connection)
    return len(rows)


def queued_to(connection: Connection) -> int:
    """Return the last row of the history that needs no queueing any more."""
    kept = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == QUEUED_TO))
    return int(kept or b"0")


def pass_over(connection: Connection) -> None:
    """Leave out what else stands in the history now: it came from above."""
    newest = connection.scalar(select(func.max(HISTORY.c.seq))) or 0
    if newest != queued_to(connection):
        put_values(connection, {QUEUED_TO: str(newest).encode()})


def _is_written_here() -> Any:  # noqa: ANN401 - an SQL condition
    """Return the condition on `HISTORY` that a version is one of the feed."""
    return exists().where(
        FEED_VERSION.c.type == HISTORY.c.type,
        FEED_VERSION.c.id == HISTORY.c.id,
        FEED_VERSION.c.version_id == HISTORY.c.version_id,
    )


def _queued(transaction: Sequence[Any], at: datetime) -> list[dict[str, object]]:
    pressing = _lane(transaction)
    rows: list[dict[str, object]] = []
    for row in transaction:
        lane: Lane = "audit" if row.type == "AuditEvent" else pressing
        rows.append(
            {
                "op_id": new_id(),
                "type": row.type,
                "id": row.id,
                "body": row.body,
                "base_hub_version": row.hub_version,
                "lane": lane,
                "lane_rank": RANKS[lane],
                "attempts": 0,
                "state": "queued",
                "last_error": "",
                "queued_at": at.isoformat(),
            }
        )
    return rows


def _lane(transaction: Sequence[Any]) -> Lane:
    """Return the lane of what was written together: that of the most pressing referral in it."""
    tasks = [msgspec.json.decode(row.body, type=_Urgency) for row in transaction if row.type == _TASK]
    if not tasks:
        return "records"
    return "emergency" if any(task.priority == "stat" for task in tasks) else "referral"


def _due_contents(organization_id: str) -> Any:  # noqa: ANN401 - an SQL query
    """Return the query for what is whole, was handed in here, is pointed to, and was never put on its way."""
    is_under_way = exists().where(TRANSFER.c.sha256 == FEED_CONTENT.c.sha256)
    is_pointed_to = exists().where(
        FEED_REFERENCE.c.sha256 == FEED_CONTENT.c.sha256,
        FEED_RECORD.c.type == FEED_REFERENCE.c.type,
        FEED_RECORD.c.id == FEED_REFERENCE.c.id,
        FEED_RECORD.c.organization_id == organization_id,
    )
    handed_in = (FEED_CONTENT.c.organization_id == organization_id, FEED_CONTENT.c.is_whole.is_(True))
    return (
        select(FEED_CONTENT.c.sha256, FEED_CONTENT.c.size).where(*handed_in, ~is_under_way, is_pointed_to).limit(_BATCH)
    )


def _content_lane(connection: Connection, sha256: str) -> Lane:
    """Return the lane of a content: that of the most pressing record that points to it, never that of the records."""
    pointing = (
        select(OUTBOX.c.lane, OUTBOX.c.type)
        .join(FEED_REFERENCE, (FEED_REFERENCE.c.type == OUTBOX.c.type) & (FEED_REFERENCE.c.id == OUTBOX.c.id))
        .where(FEED_REFERENCE.c.sha256 == sha256)
        .order_by(OUTBOX.c.lane_rank)
    )
    row = connection.execute(pointing.limit(1)).first()
    if row is None or row.type == "ImagingStudy":
        return "bulk"
    lane: Lane = row.lane
    return lane if RANKS[lane] < RANKS["records"] else "images"


@dataclass(frozen=True)
class Backlog:
    """What waits to go up: records, contents, their bytes, and since when; what the hub above does not take."""

    records: int
    contents: int
    bytes_waiting: int
    oldest_at: str | None
    not_taken: int


def backlog(store: Store) -> Backlog:
    """Return what a facility hub still owes the hub above, also what was written just now and is in no queue yet."""
    counted = select(func.count(), func.sum(func.length(OUTBOX.c.body))).where(OUTBOX.c.state == "queued")
    with store.database.reading() as connection:
        records, size_bytes = connection.execute(counted).one()
        late = select(func.count(), func.sum(func.length(HISTORY.c.body))).where(_is_written_here())
        late_records, late_bytes = connection.execute(late.where(HISTORY.c.seq > queued_to(connection))).one()
        refused = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.state.in_(("conflict", "quarantined")))
        not_taken = connection.execute(refused).scalar_one()
    return Backlog(
        records=records + late_records,
        contents=len(store.transfers.pending("up")),
        bytes_waiting=int(size_bytes or 0) + int(late_bytes or 0) + store.transfers.waiting_bytes(),
        oldest_at=store.outbox.oldest_queued_at(),
        not_taken=not_taken,
    )
