"""The audit trail of this workstation in the order it was written: pages of it, and whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select

from clinic_app.records import AuditEvent, decode_as
from clinic_app.storage.engines.database import Database
from clinic_app.storage.tables import AUDIT_CHAIN, RECORD
from clinic_app.storage.trail.chain import first_broken_link
from clinic_app.storage.trail.countersigned import Countersigned, Standing
from clinic_app.storage.trail.lines import action_of, moment_of
from clinic_app.storage.trail.tables import AUDIT_LINE, AUDIT_PATIENT

_DONE: Final = "0"


@dataclass(frozen=True)
class AuditQuery:
    """Which events are wanted; what is left empty does not matter.

    Args:
        person: id of the person who did it.
        patient: id of a patient it was about.
        action: the event's subtype code.
        outcome: its outcome code.
        from_at: the earliest moment.
        to_at: the moment after the latest.
    """

    person: str = ""
    patient: str = ""
    action: str = ""
    outcome: str = ""
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True)
class AuditRow:
    """One event with its place in the trail."""

    seq: int
    event: AuditEvent

    @property
    def action(self) -> str:
        """What was done, by the code of the event's subtype."""
        return action_of(self.event)


@dataclass(frozen=True)
class ChainVerdict:
    """What came out when the whole trail was checked.

    Args:
        rows: how many events are linked.
        is_whole: whether every event is as it was written, and none is missing, added or in another place.
        broken_id: the first event that is not; None where all are.
        head: the last link, in hex; whoever noted it earlier, on paper or at the hub, sees a trail that was cut off.
        seen: what the hub has last countersigned; None where it has not.
        standing: whether the trail still holds what the hub had seen: ``whole``, ``shorter`` or ``other``.
    """

    rows: int
    is_whole: bool
    broken_id: str | None
    head: str
    seen: Countersigned | None = None
    standing: Standing = "whole"

    @property
    def breaks(self) -> int:
        """How often the trail was not what the hub had seen of it, now included."""
        if self.seen is None:
            return 0
        is_new = self.standing != "whole" and self.seen.verdict == "whole"
        return self.seen.breaks + is_new


class AuditRows:
    """The trail of one database.

    Args:
        database: where it lies.
        key: of the chain.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def page(self, wanted: AuditQuery, limit: int, before_seq: int | None = None) -> tuple[AuditRow, ...]:
        """Return events, the newest first, from before a place in the trail."""
        places = _places(wanted, before_seq).order_by(AUDIT_LINE.c.seq.desc()).limit(limit)
        with self._database.reading() as connection:  # three quick looks: joined, SQLite would walk every event
            seqs = connection.execute(places).scalars().all()
            links = connection.execute(select(AUDIT_CHAIN.c.id, AUDIT_CHAIN.c.seq).where(AUDIT_CHAIN.c.seq.in_(seqs)))
            seq_of = {row.id: row.seq for row in links}
            bodies = select(RECORD.c.id, RECORD.c.body).where(RECORD.c.type == "AuditEvent", RECORD.c.id.in_(seq_of))
            rows = [AuditRow(seq_of[row.id], decode_as(AuditEvent, row.body)) for row in connection.execute(bodies)]
        return tuple(sorted(rows, key=lambda row: row.seq, reverse=True))

    def hours(self, wanted: AuditQuery) -> Mapping[datetime, int]:
        """Return how many events fell into each hour (its beginning, UTC) that has any."""
        hour = func.substr(AUDIT_LINE.c.recorded, 1, len("2026-03-05T07"))
        query = _places(wanted, None).with_only_columns(hour.label("hour"), func.count().label("events")).group_by(hour)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {datetime.strptime(f"{row.hour}+0000", "%Y-%m-%dT%H%z"): row.events for row in rows}

    def head(self) -> tuple[str, int]:
        """Return the last link in hex, empty for an empty trail, and how many links there are."""
        with self._database.reading() as connection:
            mac = connection.execute(select(AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq.desc()).limit(1)).scalar()
            count = connection.execute(select(func.count()).select_from(AUDIT_CHAIN)).scalar_one()
        return (mac.hex() if mac else "", count)

    def link(self, place: int) -> str:
        """Return the link at one length of the trail in hex, counted from 1; empty where there is none."""
        if place < 1:
            return ""
        query = select(AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq).offset(place - 1).limit(1)
        with self._database.reading() as connection:
            mac = connection.execute(query).scalar()
        return mac.hex() if mac else ""

    def verify(self) -> ChainVerdict:
        """Go through the whole trail."""
        head, count = self.head()
        with self._database.reading() as connection:
            broken = first_broken_link(connection, self._key)
        return ChainVerdict(count, broken is None, broken, head)


def _places(wanted: AuditQuery, before_seq: int | None) -> Select[Any]:
    """Return the query for the places of the events that are wanted.

    Only what fits the fewest events is looked up in its index, newest first; the rest is compared row by row: neither
    database knows how common a value is, and sorting a million rows takes a second. The text joined to nothing keeps an
    index from being used (sqlite.org/optoverview.html, "Disqualifying terms").
    """
    query = select(AUDIT_LINE.c.seq)
    if wanted.patient:
        query = query.join(AUDIT_PATIENT, AUDIT_PATIENT.c.seq == AUDIT_LINE.c.seq)
        query = query.where(AUDIT_PATIENT.c.patient == wanted.patient)
    is_looked_up = bool(wanted.patient)
    outcome = (AUDIT_LINE.c.outcome, wanted.outcome)
    rarest_first = [(AUDIT_LINE.c.person, wanted.person), (AUDIT_LINE.c.action, wanted.action)]
    rarest_first.insert(2 if wanted.outcome == _DONE else 0, outcome)
    for column, value in rarest_first:
        if value:
            query = query.where((column.concat("") if is_looked_up else column) == value)
            is_looked_up = True
    recorded = AUDIT_LINE.c.recorded.concat("") if is_looked_up else AUDIT_LINE.c.recorded
    if wanted.from_at is not None:
        query = query.where(recorded >= moment_of(wanted.from_at))
    if wanted.to_at is not None:
        query = query.where(recorded < moment_of(wanted.to_at))
    return query if before_seq is None else query.where(AUDIT_LINE.c.seq < before_seq)


def standing_of(word: Countersigned, rows: AuditRows) -> Standing:
    """Return whether the trail still holds what the hub has seen of it: by our own copy of its word."""
    _, links = rows.head()
    if links < word.links:
        return "shorter"
    return "whole" if not word.links or rows.link(word.links) == word.head else "other"
