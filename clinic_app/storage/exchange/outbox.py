"""What waits for the hub, in the order it may go: by lane, then as it was written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, Select, delete, exists, func, select, tuple_, update

from clinic_app.foundation.clock import Clock
from clinic_app.storage.engines.database import Database
from clinic_app.storage.exchange.lanes import FIRST, Lane
from clinic_app.storage.exchange.sent_again import Meeting, meet, settle_behind
from clinic_app.storage.exchange.unsent import Unsent, unsent_audit, unsent_rows
from clinic_app.storage.tables import OUTBOX, RECORD

OutboxState = Literal["queued", "held", "acked", "conflict", "quarantined"]
UNSETTLED: Final[tuple[OutboxState, ...]] = ("queued", "held", "conflict", "quarantined")
WAITING: Final[tuple[OutboxState, ...]] = ("queued", "held")
SUPERSEDED: Final = "superseded"
"""Why a row is settled that the hub never saw: a later one carried what it said."""
RecordKey = tuple[str, str]
"""FHIR type and id."""
_KEYS_AT_ONCE: Final = 200
_ERROR_LENGTH: Final = 2000
_COLUMNS: Final = tuple(c for c in OUTBOX.c if c.name not in ("lane_rank", "queued_at", "acked_at"))


@dataclass(frozen=True)
class OutboxRow:
    """One version of a record on its way.

    ``seq`` is the order of writing; ``op_id`` names the attempt for ever, so that a repeated send is known as one;
    ``base_hub_version`` is the hub's version this one was made from, None for a record the hub has never seen;
    ``hub_version`` the one it got from the hub, which it keeps when it has to be sent once more.
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
    hub_version: str | None = None


class Outbox:
    """The rows that wait for the hub, of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def pending(
        self, limit: int = 200, *, most_seq: int | None = None, lanes: Collection[Lane] | None = None
    ) -> tuple[OutboxRow, ...]:
        """Return the rows to send next, the most pressing lane first, within a lane the oldest first.

        Args:
            limit: at most so many.
            most_seq: nothing that was written after this one.
            lanes: of these only.
        """
        ready = select(*_COLUMNS).where(OUTBOX.c.state == "queued")
        if most_seq is not None:
            ready = ready.where(OUTBOX.c.seq <= most_seq)
        if lanes is not None:
            ready = ready.where(OUTBOX.c.lane.in_(lanes))
        return self._rows(ready.order_by(OUTBOX.c.lane_rank, OUTBOX.c.seq).limit(limit))

    def rows_of(self, keys: Collection[RecordKey]) -> dict[RecordKey, tuple[OutboxRow, ...]]:
        """Return what is not settled of many records, the oldest row of each first; who has none is left out."""
        wanted, found = sorted(keys), dict[RecordKey, tuple[OutboxRow, ...]]()
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = tuple_(OUTBOX.c.type, OUTBOX.c.id).in_(wanted[start : start + _KEYS_AT_ONCE])
            query = select(*_COLUMNS).where(some, OUTBOX.c.state.in_(UNSETTLED))
            for row in self._rows(query.order_by(OUTBOX.c.seq)):
                found[row.type, row.id] = (*found.get((row.type, row.id), ()), row)
        return found

    def newest_seq(self) -> int:
        """Return the number of the row that was written last; 0 where there is none."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(OUTBOX.c.seq))).scalar() or 0

    def rows_for(self, type: str, id: str) -> tuple[OutboxRow, ...]:
        """Return every row of one record, acknowledged ones too, the oldest first."""
        return self._rows(select(*_COLUMNS).where(OUTBOX.c.type == type, OUTBOX.c.id == id).order_by(OUTBOX.c.seq))

    def set_aside(self) -> tuple[OutboxRow, ...]:
        """Return the rows that wait for a person: refused by the hub, or changed on both sides; the oldest first."""
        return self._rows(
            select(*_COLUMNS).where(OUTBOX.c.state.in_(("conflict", "quarantined"))).order_by(OUTBOX.c.seq)
        )

    def in_conflict(self) -> tuple[OutboxRow, ...]:
        """Return the rows that were refused for being made from another version than the hub's; the oldest first."""
        return self._rows(select(*_COLUMNS).where(OUTBOX.c.state == "conflict").order_by(OUTBOX.c.seq))

    def unsent(self, limit: int = 200) -> tuple[Unsent, ...]:
        """Return what the hub has not, refused rows too, without the audit trail; the most pressing lane first."""
        with self._database.reading() as connection:
            return unsent_rows(connection, limit)

    def unsent_audit(self) -> tuple[int, int, str | None]:
        """Return how many events of the audit trail wait, their bytes, and since when the first one does."""
        with self._database.reading() as connection:
            return unsent_audit(connection)

    def count(self) -> int:
        """Return how many rows wait, also for other rows."""
        with self._database.reading() as connection:
            waiting = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.state.in_(WAITING))
            return connection.execute(waiting).scalar_one()

    def oldest_queued_at(self) -> str | None:
        """Return when the longest waiting row was written (ISO 8601, UTC), or None when nothing waits."""
        with self._database.reading() as connection:
            oldest = select(OUTBOX.c.queued_at).where(OUTBOX.c.state.in_(WAITING)).order_by(OUTBOX.c.seq).limit(1)
            return connection.execute(oldest).scalar()

    def acknowledge(self, seqs_with_hub_versions: Mapping[int, str]) -> None:
        """Note that the hub has these rows, each under the version the hub gave it; safe to repeat."""
        with self._database.writing(may_use_reserve=True) as connection:
            for seq in sorted(seqs_with_hub_versions):
                acknowledge_row(connection, seq, seqs_with_hub_versions[seq], self._clock.now())

    def sending(self, seqs: Iterable[int]) -> None:
        """Note, before it begins, one more attempt: from now on the hub may have these rows."""
        self._put(seqs, attempts=OUTBOX.c.attempts + 1)

    def send_again(self, since: datetime) -> int:
        """Queue what the hub took since a moment once more, for a hub that has lost it; return how many rows."""
        taken = (OUTBOX.c.state == "acked", OUTBOX.c.hub_version.is_not(None))
        again = update(OUTBOX).where(*taken, OUTBOX.c.queued_at >= since.isoformat())
        with self._database.writing(may_use_reserve=True) as connection:
            return connection.execute(again.values(state="queued", attempts=0, last_error="")).rowcount

    def is_telling_again(self) -> bool:
        """Whether something that is sent once more has not been tried yet."""
        untold = (OUTBOX.c.state == "queued", OUTBOX.c.hub_version.is_not(None), OUTBOX.c.attempts == 0)
        with self._database.reading() as connection:
            return connection.execute(select(OUTBOX.c.seq).where(*untold).limit(1)).first() is not None

    def meet(self, seq: int, body: bytes, hub_version: str) -> Meeting:
        """Return what it means for a row the hub refused that the hub, which was restored, has this body now."""
        with self._database.writing(may_use_reserve=True) as connection:
            row = connection.execute(select(OUTBOX).where(OUTBOX.c.seq == seq)).one()
            meeting = meet(connection, row, body, hub_version)
            if meeting == "settled":
                settle_behind(connection, row.type, row.id, body)
            return meeting

    def forget(self, before: datetime) -> int:
        """Remove what the hub took before a moment and nobody needs any more; return how many rows.

        The version that the next edit of a record is made from is kept, whatever its age.
        """
        is_base = exists().where(
            RECORD.c.type == OUTBOX.c.type, RECORD.c.id == OUTBOX.c.id, RECORD.c.hub_version == OUTBOX.c.hub_version
        )
        settled = (OUTBOX.c.state == "acked", OUTBOX.c.queued_at < before.isoformat())
        with self._database.writing(may_use_reserve=True) as connection:
            old = delete(OUTBOX).where(*settled, (OUTBOX.c.lane == "audit") | ~is_base)
            return connection.execute(old).rowcount

    def failed(self, seqs: Iterable[int], error: str) -> None:
        """Note that an attempt came to nothing; the rows stay queued."""
        self._put(seqs, last_error=error[:_ERROR_LENGTH])

    def hold(self, seqs: Iterable[int], parent: RecordKey) -> None:
        """Let rows wait for a record they refer to, which the hub has not and for now does not take."""
        self._put(seqs, state="held", last_error="/".join(parent))

    def put_first(self, seqs: Iterable[int]) -> None:
        """Send these before everything else."""
        self._put(seqs, lane="emergency", lane_rank=FIRST)

    def waiting_bytes(self) -> int:
        """Return how many bytes of records wait, the audit trail with them."""
        total = select(func.sum(func.length(OUTBOX.c.body))).where(OUTBOX.c.state.in_(WAITING))
        with self._database.reading() as connection:
            return int(connection.execute(total).scalar() or 0)

    def let_go(self) -> None:
        """Queue again what was held for a record that the hub has meanwhile, or may get now."""
        held = select(OUTBOX.c.last_error).where(OUTBOX.c.state == "held").distinct()
        with self._database.reading() as connection:
            parents = {tuple(name.split("/", 1)): name for name in connection.execute(held).scalars()}
        if not parents:
            return
        rows = self.rows_of([key for key in parents if len(key) == 2])
        blocked = {key for key, unsettled in rows.items() if is_blocking(unsettled)}
        free = [name for key, name in parents.items() if key not in blocked]
        if free:
            with self._database.writing(may_use_reserve=True) as connection:
                waiting = update(OUTBOX).where(OUTBOX.c.state == "held", OUTBOX.c.last_error.in_(free))
                connection.execute(waiting.values(state="queued", last_error=""))

    def _put(self, seqs: Iterable[int], **values: object) -> None:
        wanted = sorted(seqs)
        with self._database.writing(may_use_reserve=True) as connection:
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                some = OUTBOX.c.seq.in_(wanted[start : start + _KEYS_AT_ONCE])
                connection.execute(update(OUTBOX).where(some, OUTBOX.c.state != "acked").values(values))

    def quarantine(self, seq: int, error: str) -> None:
        """Set one row aside that the hub will never take, so that the others go on; it speaks for earlier ones too."""
        self._settle(seq, "quarantined", error)
        row = select(OUTBOX.c.type, OUTBOX.c.id).where(OUTBOX.c.seq == seq)
        with self._database.writing(may_use_reserve=True) as connection:
            for found in connection.execute(row).all():
                _supersede(connection, found.type, found.id, seq)

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


def is_blocking(unsettled: Collection[OutboxRow]) -> bool:
    """Return whether a record is none the hub has or may get now, by what is not settled of it."""
    return any(
        row.state in ("quarantined", "held") and row.base_hub_version is None and row.hub_version is None
        for row in unsettled
    ) and not any(row.state in ("queued", "conflict") for row in unsettled)


def acknowledge_row(connection: Connection, seq: int, hub_version: str, at: datetime) -> None:
    """Mark one row as taken by the hub ``at`` a moment; what was written onto it is now based on ``hub_version``."""
    row = connection.execute(
        select(OUTBOX.c.type, OUTBOX.c.id, OUTBOX.c.state, OUTBOX.c.hub_version).where(OUTBOX.c.seq == seq)
    ).one_or_none()
    if row is None or row.state == "acked":
        return
    same = (OUTBOX.c.type == row.type, OUTBOX.c.id == row.id)
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.seq == seq)
        .values(state="acked", hub_version=hub_version, last_error="", queued_at=at.isoformat())
    )
    _supersede(connection, row.type, row.id, seq)
    newer = update(OUTBOX).where(*same, OUTBOX.c.seq > seq, OUTBOX.c.state != "acked")
    record = update(RECORD).where(RECORD.c.type == row.type, RECORD.c.id == row.id)
    if row.hub_version is not None:  # sent once more: what has been made since stands on other versions, too
        newer = newer.where(OUTBOX.c.base_hub_version == row.hub_version)
        record = record.where(RECORD.c.hub_version == row.hub_version)
    connection.execute(newer.values(base_hub_version=hub_version))
    connection.execute(record.values(hub_version=hub_version))


def _supersede(connection: Connection, type_name: str, record_id: str, seq: int) -> None:
    """Settle what is older than one row of a record: that row says it all."""
    older = update(OUTBOX).where(OUTBOX.c.type == type_name, OUTBOX.c.id == record_id, OUTBOX.c.seq < seq)
    connection.execute(older.where(OUTBOX.c.state != "acked").values(state="acked", last_error=SUPERSEDED))
