"""What an audit event is found by, read off the event itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from clinic_app.records import AuditEvent


@dataclass(frozen=True)
class AuditLine:
    """What one event is found by; ``patients`` are ids."""

    person: str
    action: str
    outcome: str
    recorded: str
    patients: frozenset[str]


def line_of(event: AuditEvent) -> AuditLine:
    """Return what an event is found by."""
    about = (entity.what.reference or "" for entity in event.entity if entity.what)
    return AuditLine(
        person=person_of(event),
        action=action_of(event),
        outcome=event.outcome or "",
        recorded=moment_of(event.recorded),
        patients=frozenset(each.partition("/")[2] for each in about if each.startswith("Patient/")),
    )


def action_of(event: AuditEvent) -> str:
    """Return what was done, by the code of the event's subtype."""
    return next((coding.code or "" for coding in event.subtype), "")


def person_of(event: AuditEvent) -> str:
    """Return the id of the person who did it, or an empty string for a workstation or nobody."""
    who = event.agent[0].who if event.agent else None
    return who.id if who and (who.reference or "").startswith("Practitioner/") else ""


def moment_of(moment: datetime) -> str:
    """Return a moment as text that sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)
