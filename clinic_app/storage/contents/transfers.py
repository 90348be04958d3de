"""Blobs on their way to or from the hub: how far each has come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, func, select, update

from clinic_app.foundation.clock import Clock
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.upserts import Upsert
from clinic_app.storage.exchange.lanes import FIRST, RANKS, Lane
from clinic_app.storage.tables import TRANSFER

Direction = Literal["up", "down"]
TransferState = Literal["queued", "done", "failed"]
_ERROR_LENGTH: Final = 2000
_MOST_FIRST: Final = 500
"""Contents of one case at most, so that they fit into one statement."""
_QUEUE: Final = Upsert(TRANSFER)
_COLUMNS: Final = tuple(c for c in TRANSFER.c if c.name not in ("lane_rank", "queued_at"))


@dataclass(frozen=True)
class Transfer:
    """One blob on its way; ``size`` and ``offset`` in bytes of the plain content."""

    sha256: str
    direction: Direction
    lane: Lane
    size: int
    offset: int
    state: TransferState
    last_error: str


class Transfers:
    """The blobs on their way, of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def queue(self, sha256: str, direction: Direction, lane: Lane, size: int) -> None:
        """Put a blob on its way; one that failed starts again where it stopped, one that is done stays done."""
        with self._database.writing() as connection:
            queue_transfer(connection, sha256, direction, lane, size, self._clock.now())

    def pending(self, direction: Direction) -> tuple[Transfer, ...]:
        """Return what is still on its way, the most pressing lane first, small before large."""
        waiting = select(*_COLUMNS).where(TRANSFER.c.direction == direction, TRANSFER.c.state == "queued")
        ordered = waiting.order_by(TRANSFER.c.lane_rank, TRANSFER.c.size, TRANSFER.c.queued_at)
        with self._database.reading() as connection:
            return tuple(Transfer(**row) for row in connection.execute(ordered).mappings())

    def first(self, direction: Direction, lane: Lane, *, without: Collection[str] = ()) -> Transfer | None:
        """Return what goes next in one lane, or None; small before large.

        Args:
            direction: up or down.
            lane: of this one only.
            without: contents that had their turn.
        """
        waiting = select(*_COLUMNS).where(
            TRANSFER.c.direction == direction, TRANSFER.c.state == "queued", TRANSFER.c.lane == lane
        )
        ordered = waiting.order_by(TRANSFER.c.lane_rank, TRANSFER.c.size, TRANSFER.c.queued_at)
        with self._database.reading() as connection:
            rows = connection.execute(ordered.limit(len(without) + 1)).mappings()
            return next((Transfer(**row) for row in rows if row["sha256"] not in without), None)

    def unfinished(self, limit: int = 200) -> tuple[Transfer, ...]:
        """Return what has not arrived in either direction, failed ones too, the most pressing lane first."""
        waiting = select(*_COLUMNS).where(TRANSFER.c.state != "done")
        ordered = waiting.order_by(TRANSFER.c.lane_rank, TRANSFER.c.size, TRANSFER.c.queued_at).limit(limit)
        with self._database.reading() as connection:
            return tuple(Transfer(**row) for row in connection.execute(ordered).mappings())

    def get(self, sha256: str, direction: Direction) -> Transfer | None:
        """Return one transfer, or None if it was never queued."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(*_is(sha256, direction))).mappings().one_or_none()
        return Transfer(**row) if row else None

    def progress(self, sha256: str, direction: Direction, offset: int) -> None:
        """Note how many bytes have arrived."""
        self._update(sha256, direction, offset=offset)

    def done(self, sha256: str, direction: Direction) -> None:
        """Note that the blob is where it was to go."""
        self._update(sha256, direction, offset=TRANSFER.c.size, state="done", last_error="")

    def failed(self, sha256: str, direction: Direction, error: str) -> None:
        """Note that it will not get there; queueing it again starts anew."""
        self._update(sha256, direction, state="failed", last_error=error[:_ERROR_LENGTH])

    def held_up(self, sha256: str, direction: Direction, error: str) -> None:
        """Note why it does not go on at the moment; it stays on its way."""
        self._update(sha256, direction, last_error=error[:_ERROR_LENGTH])

    def put_first(self, digests: Collection[str]) -> int:
        """Take these before everything else that is on its way, in either direction; return how many there are."""
        wanted = (TRANSFER.c.sha256.in_(sorted(digests)[:_MOST_FIRST]), TRANSFER.c.state == "queued")
        with self._database.writing() as connection:
            first = update(TRANSFER).where(*wanted).values(lane="emergency", lane_rank=FIRST)
            return connection.execute(first).rowcount

    def send_again(self, since: datetime) -> int:
        """Queue what went up since a moment once more, for a hub that has lost it; return how many.

        The hub says at once which it still has.
        """
        gone = (TRANSFER.c.direction == "up", TRANSFER.c.state == "done", TRANSFER.c.queued_at >= since.isoformat())
        with self._database.writing(may_use_reserve=True) as connection:
            return connection.execute(update(TRANSFER).where(*gone).values(state="queued", offset=0)).rowcount

    def waiting_bytes(self) -> int:
        """Return how many bytes are still to go up."""
        left = select(func.sum(TRANSFER.c.size - TRANSFER.c.offset))
        waiting = left.where(TRANSFER.c.direction == "up", TRANSFER.c.state == "queued")
        with self._database.reading() as connection:
            return int(connection.execute(waiting).scalar() or 0)

    def _update(self, sha256: str, direction: Direction, **values: object) -> None:
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(update(TRANSFER).where(*_is(sha256, direction)).values(**values))


def queue_transfer(
    connection: Connection, sha256: str, direction: Direction, lane: Lane, size: int, at: datetime
) -> None:
    """Put a blob on its way inside a transaction; a more pressing lane wins over the one it is in."""
    row = {
        "sha256": sha256,
        "direction": direction,
        "lane": lane,
        "lane_rank": RANKS[lane],
        "size": size,
        "offset": 0,
        "state": "queued",
        "last_error": "",
        "queued_at": at.isoformat(),
    }
    _QUEUE.run(connection, row)
    again = update(TRANSFER).where(*_is(sha256, direction), TRANSFER.c.state == "failed")
    connection.execute(again.values(state="queued", last_error=""))
    sooner = update(TRANSFER).where(*_is(sha256, direction), TRANSFER.c.lane_rank > RANKS[lane])
    connection.execute(sooner.values(lane=lane, lane_rank=RANKS[lane]))


def _is(sha256: str, direction: Direction) -> tuple[ColumnElement[bool], ...]:
    return (TRANSFER.c.sha256 == sha256, TRANSFER.c.direction == direction)
