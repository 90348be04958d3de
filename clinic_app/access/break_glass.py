"""Breaking the glass: a closed record opened in an emergency, for an hour, with a reason, and looked at afterwards.

Shape: AuditEvent with ``purposeOfUse`` BTG and ETREAT (HL7 v3 ActReason) and DICOM's codes of an emergency override.
The auditor has 72 hours to say whether it was right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args

import msgspec

from clinic_app.access.audit_events import PURPOSES, person_agent
from clinic_app.access.emergencies import LASTS, EmergencyRecord, ReasonCode
from clinic_app.access.session import Session
from clinic_app.access.trail import Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.foundation.typed_words import tidy
from clinic_app.records import AuditEvent, Patient, Practitioner
from clinic_app.storage import Store

REVIEW_WITHIN: Final = timedelta(hours=72)
LEAST_WORDS: Final = 3
MOST_WORDS: Final = 500
REASONS: Final[tuple[ReasonCode, ...]] = get_args(ReasonCode)
REASON_WORDS: Final[Mapping[ReasonCode, Text]] = {
    "emergency-treatment": Text("Emergency treatment"),
    "patient-wish": Text("The patient wishes it"),
    "other": Text("Another reason"),
}


@dataclass(frozen=True)
class Emergency:
    """A record that is open to somebody until a moment."""

    patient_id: str
    until_at: datetime


@dataclass(frozen=True)
class EmergencyReview:
    """One emergency as the reviewer sees it.

    Args:
        event_id: the audit event of its opening.
        person: who opened the record.
        patient_id: whose record.
        patient: his name; empty where his record is not here.
        reason: why, as a code of `REASON_WORDS`.
        words: why, in the person's words.
        opened_at: when.
        until_at: when it ended or will end.
        due_at: until when the review is to be done.
        is_overdue: whether that moment has passed.
    """

    event_id: str
    person: str
    patient_id: str
    patient: str
    reason: ReasonCode
    words: str
    opened_at: datetime
    until_at: datetime
    due_at: datetime
    is_overdue: bool


class BreakGlass:
    """Opens closed records in an emergency, and has it reviewed.

    Args:
        store: keeps the emergencies.
        trail: says who may, and notes it.
        clock: says when an emergency is over.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def open(self, session: Session, patient_id: str, reason: ReasonCode, words: str) -> Emergency:
        """Open a patient's record to this person for an hour; again, if it is open already.

        Raises:
            NotAllowedError: his role never opens a record this way.
            NotFoundError: there is no such patient here.
            InvalidInputError: no reason, or no words to it.
        """
        self._trail.require(session, "override", "Patient", patient_id)
        if reason not in REASONS:
            raise InvalidInputError(Text("Choose why the record has to be opened."), "reason")
        words = tidy(words)
        if not LEAST_WORDS <= len(words) <= MOST_WORDS:
            sentence = Text("Say why in {least} to {most} characters.", least=LEAST_WORDS, most=MOST_WORDS)
            raise InvalidInputError(sentence, "words")
        patient, now = self._store.records.get(Patient, patient_id), self._clock.now()
        event = self._trail.happening(session, "emergency", patient, description=f"{reason}: {words}")
        event = _for_reason(event, session, reason)
        record = EmergencyRecord(
            event_id=event.id,
            practitioner_id=session.practitioner_id,
            patient_id=patient_id,
            opened_at=now,
            until_at=now + LASTS,
            reason=reason,
            words=words,
        )
        self._trail.emergencies.change(lambda kept: (*kept, record), event)
        return Emergency(patient_id, record.until_at)

    def active(self, session: Session) -> tuple[Emergency, ...]:
        """Return the records that are open to this person in an emergency now, each once, the last to end first."""
        until: dict[str, datetime] = {}
        for each in self._trail.emergencies.open_of(session):
            until[each.patient_id] = max(each.until_at, until.get(each.patient_id, each.until_at))
        newest_first = sorted(until.items(), key=lambda pair: pair[1], reverse=True)
        return tuple(Emergency(*pair) for pair in newest_first)

    def end(self, session: Session, patient_id: str) -> None:
        """Close a patient's record again; nothing happens where none is open."""
        self._trail.require_signed_in(session)
        ours = {each.event_id for each in self._trail.emergencies.open_of(session) if each.patient_id == patient_id}
        if not ours:
            return
        now, patient = self._clock.now(), self._store.records.get(Patient, patient_id)
        self._trail.emergencies.change(
            lambda kept: tuple(
                msgspec.structs.replace(each, ended_at=now) if each.event_id in ours else each for each in kept
            ),
            self._trail.happening(session, "emergency-end", patient),
        )

    def to_review(self, session: Session) -> tuple[EmergencyReview, ...]:
        """Return the emergencies nobody has reviewed yet, the oldest first.

        Raises:
            NotAllowedError: this person reviews nothing.
        """
        self._trail.require(session, "review", "AuditEvent")
        return tuple(self._as_review(each) for each in self._trail.emergencies.all() if not each.is_reviewed)

    def review(self, session: Session, event_id: str, is_justified: bool, words: str) -> None:
        """Say whether an emergency was one.

        Args:
            session: who says it.
            event_id: of `EmergencyReview`.
            is_justified: his judgement.
            words: his reasons; needed where it was not justified.

        Raises:
            NotAllowedError: this person reviews nothing, or it was himself.
            NotFoundError: it was reviewed already, or there was none.
            InvalidInputError: no words to a judgement against somebody.
        """
        self._trail.require(session, "review", "AuditEvent")
        words = tidy(words)
        if len(words) > MOST_WORDS or (not is_justified and len(words) < LEAST_WORDS):
            sentence = Text("Say why in {least} to {most} characters.", least=LEAST_WORDS, most=MOST_WORDS)
            raise InvalidInputError(sentence, "words")
        waiting = (each for each in self._trail.emergencies.all() if each.event_id == event_id and not each.is_reviewed)
        judged_one = next(waiting, None)
        if judged_one is None:
            raise NotFoundError(Text("This emergency is reviewed already."))
        if judged_one.practitioner_id == session.practitioner_id:
            raise NotAllowedError(Text("Nobody judges an emergency of his own."))
        opening = self._store.records.get(AuditEvent, event_id)
        judged = f"{'justified' if is_justified else 'not justified'}: {words}"
        event = self._trail.event(session, "review", opening)
        event = msgspec.structs.replace(event, outcome_desc=judged)
        self._trail.emergencies.change(
            lambda kept: tuple(
                msgspec.structs.replace(each, is_reviewed=True, is_justified=is_justified)
                if each.event_id == event_id
                else each
                for each in kept
            ),
            event,
        )

    def _as_review(self, each: EmergencyRecord) -> EmergencyReview:
        due_at = each.opened_at + REVIEW_WITHIN
        return EmergencyReview(
            event_id=each.event_id,
            person=self._name(Practitioner, each.practitioner_id),
            patient_id=each.patient_id,
            patient=self._name(Patient, each.patient_id),
            reason=each.reason,
            words=each.words,
            opened_at=each.opened_at,
            until_at=each.ended_at or each.until_at,
            due_at=due_at,
            is_overdue=self._clock.now() > due_at,
        )

    def _name(self, kind: type[Patient | Practitioner], id: str) -> str:
        try:
            return self._store.records.get(kind, id).full_name
        except NotFoundError:
            return ""


def _for_reason(event: AuditEvent, session: Session, reason: ReasonCode) -> AuditEvent:
    """Return the opening's event with its purpose: it is not open yet when the event is made."""
    return msgspec.structs.replace(event, agent=(person_agent(session, PURPOSES[reason]), *event.agent[1:]))
