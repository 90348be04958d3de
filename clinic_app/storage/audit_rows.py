"""The audit trail of this workstation in the order it was written: pages of it, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from clinic_app.records import AuditEvent, decode_as
from clinic_app.storage.audit_chain import first_broken_link
from clinic_app.storage.database import Database
from clinic_app.storage.tables import AUDIT_CHAIN, RECORD


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

    def fits(self, event: AuditEvent) -> bool:
        """Return whether an event is among those that are wanted."""
        about = {entity.what.reference for entity in event.entity if entity.what}
        return (
            self.person in ("", person_of(event))
            and (not self.patient or f"Patient/{self.patient}" in about)
            and self.action in ("", action_of(event))
            and self.outcome in ("", event.outcome)
            and (self.from_at is None or event.recorded >= self.from_at)
            and (self.to_at is None or event.recorded < self.to_at)
        )


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
    """

    rows: int
    is_whole: bool
    broken_id: str | None
    head: str


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
        query = select(AUDIT_CHAIN.c.seq, RECORD.c.body).join(
            RECORD, (RECORD.c.type == "AuditEvent") & (RECORD.c.id == AUDIT_CHAIN.c.id)
        )
        if before_seq is not None:
            query = query.where(AUDIT_CHAIN.c.seq < before_seq)
        found: list[AuditRow] = []
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(AUDIT_CHAIN.c.seq.desc())):
                event = decode_as(AuditEvent, row.body)
                if wanted.fits(event):
                    found.append(AuditRow(row.seq, event))
                if len(found) >= limit:
                    break
        return tuple(found)

    def head(self) -> tuple[str, int]:
        """Return the last link in hex, empty for an empty trail, and how many links there are."""
        with self._database.reading() as connection:
            mac = connection.execute(select(AUDIT_CHAIN.c.mac).order_by(AUDIT_CHAIN.c.seq.desc()).limit(1)).scalar()
            count = connection.execute(select(func.count()).select_from(AUDIT_CHAIN)).scalar_one()
        return (mac.hex() if mac else "", count)

    def verify(self) -> ChainVerdict:
        """Go through the whole trail."""
        head, count = self.head()
        with self._database.reading() as connection:
            broken = first_broken_link(connection, self._key)
        return ChainVerdict(count, broken is None, broken, head)


def action_of(event: AuditEvent) -> str:
    """Return what was done, by the code of the event's subtype."""
    return next((coding.code or "" for coding in event.subtype), "")


def person_of(event: AuditEvent) -> str:
    """Return the id of the person who did it, or an empty string."""
    who = event.agent[0].who if event.agent else None
    return who.id if who and (who.reference or "").startswith("Practitioner/") else ""
