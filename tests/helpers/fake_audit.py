"""An audit trail in memory, and emergencies to judge; each answers as the real one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from clinic_app.access import (
    AuditFilter,
    AuditLine,
    AuditPerson,
    ChainVerdict,
    Emergency,
    EmergencyReview,
    ReasonCode,
    Session,
)
from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import NOON, FixedClock

DOCTOR, NURSE = "p-doctor", "p-nurse"
PATIENT, OTHER = "pat-1", "pat-2"
NAMES = {PATIENT: "Әлібекқызы Гүлнұр", OTHER: "Петров Сергей"}
PEOPLE = (AuditPerson(NURSE, "Жүнісова Іңкәр", "nurse"), AuditPerson(DOCTOR, "Өмірзақ Әлішер", "doctor"))
HEAD = "3f9a" * 16


def line(seq: int, **changed: object) -> AuditLine:
    """Return an event: the doctor reads a patient, ``seq`` minutes after a day before noon."""
    plain = AuditLine(
        seq=seq,
        event_id=f"event-{seq}",
        recorded_at=NOON - timedelta(days=1) + timedelta(minutes=seq),
        person_id=DOCTOR,
        person="Өмірзақ Әлішер",
        login="doctor",
        role="doctor",
        action="read",
        outcome="0",
        patients=(PATIENT,),
        patient_names=(NAMES[PATIENT],),
        records=("Observation",),
        description="",
        is_emergency=False,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


class FakeAuditLog:
    """Lines in a list, the newest first."""

    def __init__(self, count: int = 450) -> None:
        self.lines = [self._varied(seq) for seq in range(count, 0, -1)]
        self.verdict = ChainVerdict(count, True, None, HEAD)
        self.asked: list[AuditFilter] = []

    @staticmethod
    def _varied(seq: int) -> AuditLine:
        if seq % 10 == 0:
            return line(seq, person_id=NURSE, person="Жүнісова Іңкәр", login="nurse", role="nurse", action="create")
        if seq % 15 == 4:
            return line(seq, patients=(OTHER,), patient_names=(NAMES[OTHER],), outcome="4", description="closed")
        return line(seq)

    def find(
        self, session: Session, wanted: AuditFilter, *, limit: int = 200, before_seq: int | None = None
    ) -> tuple[AuditLine, ...]:
        session.require("read", "AuditEvent")
        self.asked.append(wanted)
        fitting = [each for each in self._fitting(wanted) if before_seq is None or each.seq < before_seq]
        return tuple(fitting[:limit])

    def counts(self, session: Session, wanted: AuditFilter) -> Mapping[datetime, int]:
        session.require("read", "AuditEvent")
        moments = (each.recorded_at.replace(minute=0) for each in self._fitting(wanted))
        return dict(Counter(moments))

    def people(self, session: Session) -> tuple[AuditPerson, ...]:
        session.require("read", "AuditEvent")
        return PEOPLE

    def patients(self, session: Session, words: str, *, limit: int = 20) -> tuple[tuple[str, str], ...]:
        session.require("read", "AuditEvent")
        return tuple(pair for pair in NAMES.items() if words.casefold() in pair[1].casefold())[:limit]

    def verify(self, session: Session) -> ChainVerdict:
        session.require("read", "AuditEvent")
        return self.verdict

    def write_csv(
        self, session: Session, wanted: AuditFilter, path: Path, told: Callable[[int], object] | None = None
    ) -> int:
        session.require("read", "AuditEvent")
        found = self._fitting(wanted)
        for count, _each in enumerate(found, 1):
            if told is not None:
                told(count)
        path.write_text("\n".join(each.event_id for each in found), encoding="utf-8")
        return len(found)

    def _fitting(self, wanted: AuditFilter) -> list[AuditLine]:
        return [
            each
            for each in self.lines
            if wanted.person in ("", each.person_id)
            and (not wanted.patient or wanted.patient in each.patients)
            and wanted.action in ("", each.action)
            and wanted.outcome in ("", each.outcome)
            and (wanted.from_at is None or each.recorded_at >= wanted.from_at)
            and (wanted.to_at is None or each.recorded_at < wanted.to_at)
        ]


@dataclass(frozen=True)
class Judgement:
    """What the auditor said."""

    event_id: str
    is_justified: bool
    words: str


class FakeBreakGlass:
    """Emergencies of one hour."""

    def __init__(self, clock: FixedClock | None = None) -> None:
        self.clock = clock or FixedClock()
        self.opened: list[tuple[str, str, ReasonCode, str]] = []
        self.judgements: list[Judgement] = []
        self.until: dict[tuple[str, str], datetime] = {}
        self.reviews: list[EmergencyReview] = []

    def open(self, session: Session, patient_id: str, reason: ReasonCode, words: str) -> Emergency:
        session.require("override", "Patient")
        if len(words.strip()) < 3:
            raise InvalidInputError(Text("Say why in {least} to {most} characters.", least=3, most=500), "words")
        until_at = self.clock.now() + timedelta(hours=1)
        self.opened.append((session.login, patient_id, reason, words))
        self.until[session.login, patient_id] = until_at
        self.reviews.append(review(len(self.reviews) + 1, session.name, words))
        return Emergency(patient_id, until_at)

    def active(self, session: Session) -> tuple[Emergency, ...]:
        now = self.clock.now()
        mine = {patient: until for (login, patient), until in self.until.items() if login == session.login}
        return tuple(Emergency(patient, until) for patient, until in mine.items() if until > now)

    def end(self, session: Session, patient_id: str) -> None:
        self.until.pop((session.login, patient_id), None)

    def to_review(self, session: Session) -> tuple[EmergencyReview, ...]:
        session.require("review", "AuditEvent")
        done = {each.event_id for each in self.judgements}
        return tuple(each for each in self.reviews if each.event_id not in done)

    def review(self, session: Session, event_id: str, is_justified: bool, words: str) -> None:
        session.require("review", "AuditEvent")
        if any(each.event_id == event_id for each in self.judgements):
            raise NotFoundError(Text("This emergency is reviewed already."))
        if not is_justified and len(words.strip()) < 3:
            raise InvalidInputError(Text("Say why in {least} to {most} characters.", least=3, most=500), "words")
        self.judgements.append(Judgement(event_id, is_justified, words))


def review(number: int, person: str = "Өмірзақ Әлішер", words: str = "Есінен танған") -> EmergencyReview:
    """Return an emergency that waits for its judgement."""
    opened_at = NOON - timedelta(hours=number)
    return EmergencyReview(
        event_id=f"emergency-{number}",
        person=person,
        patient_id=PATIENT,
        patient=NAMES[PATIENT],
        reason="emergency-treatment",
        words=words,
        opened_at=opened_at,
        until_at=opened_at + timedelta(hours=1),
        due_at=opened_at + timedelta(hours=72),
        is_overdue=number > 72,
    )
