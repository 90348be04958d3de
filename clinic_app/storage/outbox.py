"""What waits for the hub, in the order it may go: by lane, then as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, Select, func, select, update

from clinic_app.storage.database import Database
from clinic_app.storage.lanes import Lane
from clinic_app.storage.tables import OUTBOX, RECORD
from clinic_app.storage.unsent import Unsent, unsent_audit, unsent_rows

OutboxState = Literal["queued", "acked", "conflict", "quarantined"]
UNSETTLED: Final[tuple[OutboxState, ...]] = ("queued", "conflict", "quarantined")
_ERROR_LENGTH: Final = 2000
_COLUMNS: Final = tuple(c for c in OUTBOX.c if c.name not in ("hub_version", "lane_rank", "queued_at"))


@dataclass(frozen=True)
class OutboxRow:
    """One version of a record on its way.

    ``seq`` is the order of writing; ``op_id`` names the attempt for ever, so that a repeated send is known as one;
    ``base_hub_version`` is the hub's version this one was made from, None for a record the hub has never seen.
    """

    seq: int
    op_id: str
    type: str
    id: str
    body: bytes
    base_hub_version: str | None
    lane: Lane
    attempts: int
    state: OutboxState
    last_error: str


class Outbox:
    """The rows that wait for the hub, of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, limit: int = 200) -> tuple[OutboxRow, ...]:
        """Return the rows to send next, the most pressing lane first, within a lane the oldest first."""
        ready = select(*_COLUMNS).where(OUTBOX.c.state == "queued")
        return self._rows(ready.order_by(OUTBOX.c.lane_rank, OUTBOX.c.seq).limit(limit))

    def rows_for(self, type: str, id: str) -> tuple[OutboxRow, ...]:
        """Return every row of one record, acknowledged ones too, the oldest first."""
        return self._rows(select(*_COLUMNS).where(OUTBOX.c.type == type, OUTBOX.c.id == id).order_by(OUTBOX.c.seq))

    def set_aside(self) -> tuple[OutboxRow, ...]:
        """Return the rows that wait for a person: refused by the hub, or changed on both sides; the oldest first."""
        return self._rows(
            select(*_COLUMNS).where(OUTBOX.c.state.in_(("conflict", "quarantined"))).order_by(OUTBOX.c.seq)
        )

    def unsent(self, limit: int = 200) -> tuple[Unsent, ...]:
        """Return what the hub has not, refused rows too, without the audit trail; the most pressing lane first."""
        with self._database.reading() as connection:
            return unsent_rows(connection, limit)

    def unsent_audit(self) -> tuple[int, int, str | None]:
        """Return how many events of the audit trail wait, their bytes, and since when the first one does."""
        with self._database.reading() as connection:
            return unsent_audit(connection)

    def count(self) -> int:
        """Return how many rows wait."""
        with self._database.reading() as connection:
            waiting = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.state == "queued")
            return connection.execute(waiting).scalar_one()

    def oldest_queued_at(self) -> str | None:
        """Return when the longest waiting row was written (ISO 8601, UTC), or None when nothing waits."""
        with self._database.reading() as connection:
            oldest = select(OUTBOX.c.queued_at).where(OUTBOX.c.state == "queued").order_by(OUTBOX.c.seq).limit(1)
            return connection.execute(oldest).scalar()

    def acknowledge(self, seqs_with_hub_versions: Mapping[int, str]) -> None:
        """Note that the hub has these rows, each under the version the hub gave it; safe to repeat."""
        with self._database.writing(may_use_reserve=True) as connection:
            for seq in sorted(seqs_with_hub_versions):
                acknowledge_row(connection, seq, seqs_with_hub_versions[seq])

    def failed(self, seqs: Iterable[int], error: str) -> None:
        """Note one more attempt that came to nothing; the rows stay queued."""
        values = {"attempts": OUTBOX.c.attempts + 1, "last_error": error[:_ERROR_LENGTH]}
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.seq.in_(list(seqs))).values(values))

    def quarantine(self, seq: int, error: str) -> None:
        """Set one row aside that the hub will never take, so that the others go on."""
        self._settle(seq, "quarantined", error)

    def conflicted(self, seq: int, error: str) -> None:
        """Set one row aside because the hub has another version; a person chooses."""
        self._settle(seq, "conflict", error)

    def release(self, seq: int) -> None:
        """Queue a row again that was set aside."""
        self._settle(seq, "queued", "")

    def _settle(self, seq: int, state: OutboxState, error: str) -> None:
        values = {"state": state, "last_error": error[:_ERROR_LENGTH]}
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.seq == seq, OUTBOX.c.state != "acked").values(values))

    def _rows(self, query: Select[tuple[object, ...]]) -> tuple[OutboxRow, ...]:
        with self._database.reading() as connection:
            return tuple(OutboxRow(**row) for row in connection.execute(query).mappings())


def acknowledge_row(connection: Connection, seq: int, hub_version: str) -> None:
    """Mark one row as taken by the hub; what was written onto it since is now based on ``hub_version``."""
    row = connection.execute(
        select(OUTBOX.c.type, OUTBOX.c.id, OUTBOX.c.state).where(OUTBOX.c.seq == seq)
    ).one_or_none()
    if row is None or row.state == "acked":
        return
    same = (OUTBOX.c.type == row.type, OUTBOX.c.id == row.id)
    connection.execute(
        update(OUTBOX).where(OUTBOX.c.seq == seq).values(state="acked", hub_version=hub_version, last_error="")
    )
    newer = update(OUTBOX).where(*same, OUTBOX.c.seq > seq, OUTBOX.c.state != "acked")
    connection.execute(newer.values(base_hub_version=hub_version))
    record = update(RECORD).where(RECORD.c.type == row.type, RECORD.c.id == row.id)
    connection.execute(record.values(hub_version=hub_version))
