"""What lies in the outbox and is not at the hub, as a person is told of it: how big, since when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, func, select

from clinic_app.storage.exchange.lanes import FIRST, Lane
from clinic_app.storage.tables import OUTBOX

_COLUMNS: Final = ("seq", "type", "id", "body", "lane", "attempts", "state", "last_error", "queued_at")


@dataclass(frozen=True)
class Unsent:
    """One version of a record that the hub has not.

    ``queued_at`` is ISO 8601 in UTC; ``is_first`` where somebody wants it sent before everything else.
    """

    seq: int
    type: str
    id: str
    body: bytes
    lane: Lane
    attempts: int
    state: Literal["queued", "held", "conflict", "quarantined"]
    last_error: str
    queued_at: str
    is_first: bool = False


def unsent_rows(connection: Connection, limit: int) -> tuple[Unsent, ...]:
    """Return the rows that wait, and the refused ones before them: a person has to see these."""
    waiting = select(*(OUTBOX.c[name] for name in _COLUMNS), (OUTBOX.c.lane_rank == FIRST).label("is_first")).where(
        OUTBOX.c.lane != "audit"
    )
    refused = waiting.where(OUTBOX.c.state.in_(("conflict", "quarantined"))).order_by(OUTBOX.c.seq).limit(limit)
    queued = (
        waiting.where(OUTBOX.c.state.in_(("queued", "held"))).order_by(OUTBOX.c.lane_rank, OUTBOX.c.seq).limit(limit)
    )
    return tuple(Unsent(**row) for query in (refused, queued) for row in connection.execute(query).mappings())


def unsent_audit(connection: Connection) -> tuple[int, int, str | None]:
    """Return number, bytes and first moment of the audit events that wait."""
    sums = select(func.count(), func.sum(func.length(OUTBOX.c.body)), func.min(OUTBOX.c.queued_at))
    count, size_bytes, first = connection.execute(
        sums.where(OUTBOX.c.lane == "audit", OUTBOX.c.state == "queued")
    ).one()
    return int(count), int(size_bytes or 0), first
