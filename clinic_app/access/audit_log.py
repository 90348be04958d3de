"""The audit trail as the auditor reads it: filtered, page by page, checked for changes, and written out as a table.

Reading the trail is itself in the trail (DICOM PS3.15 A.5.3.2, Audit Log Used).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from clinic_app.access.audit_events import SUBTYPES
from clinic_app.access.session import Session
from clinic_app.access.trail import Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import NotFoundError
from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.foundation.texts import Text
from clinic_app.records import AuditEvent, Patient, Practitioner
from clinic_app.storage import AuditQuery, AuditRow, ChainVerdict, Store
from clinic_app.storage.trail.countersigned import kept_countersigned
from clinic_app.storage.trail.rows import standing_of

__all__ = ["AuditFilter", "AuditLine", "AuditLog", "AuditPerson", "ChainVerdict"]

MOST_LINES: Final = 1000
AUDIT_ACTION_WORDS: Final[Mapping[str, Text]] = {
    "read": Text("Read"),
    "search": Text("Searched"),
    "create": Text("Created"),
    "update": Text("Changed"),
    "sign": Text("Signed"),
    "send": Text("Sent"),
    "login": Text("Signed in"),
    "restrict": Text("Restricted"),
    "override": Text("Asked for an emergency"),
    "emergency": Text("Opened in an emergency"),
    "emergency-end": Text("Closed after an emergency"),
    "review": Text("Reviewed an emergency"),
    "audit-log": Text("Read the trail"),
    "export": Text("Exported"),
    "restore": Text("Restored from a backup"),
    "import": Text("Taken in from another hospital"),
    "join": Text("Joined by itself"),
    "keys": Text("Changed the keys"),
}
"""What an event can be, as codes of `AuditFilter.action` and words of a screen."""
_SUBTYPE_CODES: Final[Mapping[str, str]] = {name: coding.code or "" for name, coding in SUBTYPES.items()}
_NAMES: Final[Mapping[str, str]] = {code: name for name, code in _SUBTYPE_CODES.items()}
"""The events themselves carry the codes of their standards; DICOM's are numbers."""
OUTCOME_WORDS: Final[Mapping[str, Text]] = {"0": Text("Done"), "4": Text("Refused")}


@dataclass(frozen=True)
class AuditFilter:
    """Which events are wanted; what is left empty does not matter.

    Args:
        person: id of the person (of `AuditLog.people`).
        patient: id of the patient.
        action: a code of `AUDIT_ACTION_WORDS`.
        outcome: a code of `OUTCOME_WORDS`.
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
class AuditLine:
    """One event as a line of the list.

    Args:
        seq: its place in the trail of this workstation; the next page begins before the last line's.
        event_id: id of the AuditEvent.
        recorded_at: when, by this workstation's clock.
        person_id: who; empty for the workstation itself and for a login nobody has.
        person: his name.
        login: his login.
        role: his role's code.
        action: a code of `AUDIT_ACTION_WORDS`.
        outcome: a code of `OUTCOME_WORDS`.
        patients: ids of the patients it was about.
        patient_names: their names, in the same order; empty for one whose record is not here.
        records: the other records it was about: ``Observation/0190...``, or the types that were asked for.
        description: what was searched, why it was refused, the reason of an emergency.
        is_emergency: whether it was done through broken glass.
    """

    seq: int
    event_id: str
    recorded_at: datetime
    person_id: str
    person: str
    login: str
    role: str
    action: str
    outcome: str
    patients: tuple[str, ...]
    patient_names: tuple[str, ...]
    records: tuple[str, ...]
    description: str
    is_emergency: bool


@dataclass(frozen=True)
class AuditPerson:
    """Somebody the trail can be filtered by."""

    practitioner_id: str
    name: str
    login: str


class AuditLog:
    """Reads the trail for the auditor.

    Args:
        store: where it lies.
        trail: says who may, and notes that it was read.
        clock: the time.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def find(
        self, session: Session, wanted: AuditFilter, *, limit: int = 200, before_seq: int | None = None
    ) -> tuple[AuditLine, ...]:
        """Return a page of events, the newest first.

        Args:
            session: who looks.
            wanted: which events.
            limit: at most so many, and at most `MOST_LINES`.
            before_seq: the ``seq`` of the last line of the page before; None for the first page.

        Raises:
            NotAllowedError: this person does not read the trail.
        """
        self._trail.require(session, "read", "AuditEvent")
        rows = self._store.audit.page(_query(wanted), min(limit, MOST_LINES), before_seq)
        if before_seq is None:
            event = self._trail.happening(session, "audit-log", query=_told(wanted))
            self._store.records.commit((), audit=(event,))
        names: dict[str, str] = {}
        return tuple(self._line(row, names) for row in rows)

    def verify(self, session: Session) -> ChainVerdict:
        """Go through the whole trail and say whether it is as it was written, and as the hub has seen it.

        Raises:
            NotAllowedError: this person does not read the trail.
        """
        self._trail.require(session, "read", "AuditEvent")
        verdict = self._store.audit.verify()
        seen = kept_countersigned(self._store.memory)
        if seen is not None:
            verdict = replace(verdict, seen=seen, standing=standing_of(seen, self._store.audit))
        told = f"{verdict.rows} {verdict.head} {verdict.broken_id or 'whole'}"
        if verdict.standing != "whole":
            told += f", {verdict.standing} than the hub has seen"
        event = self._trail.happening(session, "audit-log", description=told)
        self._store.records.commit((), audit=(event,))
        return verdict

    def counts(self, session: Session, wanted: AuditFilter) -> Mapping[datetime, int]:
        """Return how many of the events fell into each hour (its beginning, UTC) that has any.

        Raises:
            NotAllowedError: this person does not read the trail.
        """
        self._trail.require(session, "read", "AuditEvent")
        return self._store.audit.hours(_query(wanted))

    def write_csv(
        self, session: Session, wanted: AuditFilter, path: Path, told: Callable[[int], object] | None = None
    ) -> int:
        """Write the events out as a table for a spreadsheet, the newest first; return how many.

        The file is in its place whole or not at all, and nothing in it is a formula. The export is noted first.

        Args:
            session: who exports.
            wanted: which events.
            path: of the file.
            told: called with the number of lines after each; what it raises ends the export and leaves no file.

        Raises:
            NotAllowedError: this person does not read the trail.
            DiskFullError: no room.
            StorageError: the disk refused it.
        """
        self._trail.require(session, "read", "AuditEvent")
        event = self._trail.happening(session, "export", query=_told(wanted))
        self._store.records.commit((), audit=(event,))
        count = 0

        def rows() -> Iterator[tuple[object, ...]]:
            nonlocal count
            yield _COLUMNS
            for line in self._all(wanted):
                count += 1
                if told is not None:
                    told(count)
                yield _cells(line)

        write_atomically(path, csv_lines(rows()))
        return count

    def people(self, session: Session) -> tuple[AuditPerson, ...]:
        """Return everybody the trail can be filtered by: who may or might sign in here, by name."""
        self._trail.require(session, "read", "AuditEvent")
        people = [
            AuditPerson(each.practitioner_id, self._name(Practitioner, each.practitioner_id), each.login)
            for each in self._store.accounts.all()
        ]
        return tuple(sorted(people, key=lambda each: (each.name, each.login)))

    def patients(self, session: Session, words: str, *, limit: int = 20) -> tuple[tuple[str, str], ...]:
        """Return id and name of the patients the trail can be filtered by, found by what was typed; noted as a search.

        Raises:
            NotAllowedError: this person does not read the trail.
        """
        self._trail.require(session, "read", "AuditEvent")
        found = self._store.records.search_patients(words, limit=limit) if words.strip() else ()
        event = self._trail.happening(session, "search", *found, query=words)
        self._store.records.commit((), audit=(event,))
        return tuple((each.id, f"{each.full_name} {each.birth_date or ''}".strip()) for each in found)

    def _all(self, wanted: AuditFilter) -> Iterator[AuditLine]:
        before: int | None = None
        names: dict[str, str] = {}
        while rows := self._store.audit.page(_query(wanted), MOST_LINES, before):
            yield from (self._line(row, names) for row in rows)
            before = rows[-1].seq

    def _line(self, row: AuditRow, names: dict[str, str]) -> AuditLine:
        event = row.event
        about = [entity.what.reference or "" for entity in event.entity if entity.what]
        patients = tuple(each.partition("/")[2] for each in about if each.startswith("Patient/"))
        others = [each for each in about if not each.startswith("Patient/")]
        others += [entity.name for entity in event.entity if entity.name]
        agent = event.agent[0]
        is_person = agent.who is not None and (agent.who.reference or "").startswith("Practitioner/")
        for patient in patients:
            names.setdefault(patient, self._name(Patient, patient))
        return AuditLine(
            seq=row.seq,
            event_id=event.id,
            recorded_at=event.recorded,
            person_id=agent.who.id if agent.who and is_person else "",
            person=(agent.who.display or "") if agent.who else "",
            login=(agent.name or "") if is_person else "",
            role=next((coding.code or "" for role in agent.role for coding in role.coding), ""),
            action=_NAMES.get(row.action, row.action),
            outcome=event.outcome or "",
            patients=patients,
            patient_names=tuple(names[each] for each in patients),
            records=tuple(others),
            description=_description(event),
            is_emergency=bool(agent.purpose_of_use),
        )

    def _name(self, kind: type[Patient | Practitioner], id: str) -> str:
        try:
            return self._store.records.get(kind, id).full_name
        except NotFoundError:
            return ""


_COLUMNS: Final = (
    "No", "Moment (UTC)", "Person", "Login", "Role", "Action", "Outcome", "Patient", "Patient id", "Records",
    "Description", "Emergency", "Event id",
)  # fmt: skip
"""Said in English in every language: these tables are compared by programs."""


def _cells(line: AuditLine) -> tuple[object, ...]:
    return (
        line.seq,
        line.recorded_at,
        line.person,
        line.login,
        line.role,
        line.action,
        line.outcome,
        ", ".join(line.patient_names),
        " ".join(line.patients),
        " ".join(line.records),
        line.description,
        "BTG" if line.is_emergency else "",
        line.event_id,
    )


def _query(wanted: AuditFilter) -> AuditQuery:
    action = _SUBTYPE_CODES.get(wanted.action, wanted.action)
    return AuditQuery(wanted.person, wanted.patient, action, wanted.outcome, wanted.from_at, wanted.to_at)


def _told(wanted: AuditFilter) -> str:
    """Return the filter in one line, as the trail keeps it; an open one is told too."""
    values = {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}
    said = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items() if value
    }
    return "&".join(f"{name}={value}" for name, value in said.items()) or "*"


def _description(event: AuditEvent) -> str:
    """Return what an event says in words: what was searched, the reason given, why it was refused."""
    queries = (_decoded(entity.query) for entity in event.entity if entity.query)
    reasons = (entity.description for entity in event.entity if entity.description)
    return " · ".join(part for part in (*queries, *reasons, event.outcome_desc or "") if part)


def _decoded(query: str) -> str:
    try:
        return base64.b64decode(query, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
