"""A question that is being written: kept for each patient until it is sent, whatever screen is in front.

The evidence of the patient is read in the background; the newest recording and the newest vital signs go along unless
the doctor says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from clinic_app.access import Draft as Kept
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Organization, Patient, Urgency
from clinic_app.referral import ReferralForm
from clinic_app.referral.sending import LONGEST_QUESTION
from clinic_app.terminology.specialties import URGENCIES, Evidence, specialty
from ui.hand import Hand
from ui.language import _, say
from ui.referral.evidence import EvidenceItem, completeness, evidence_items, ticked_at_first
from ui.referral.services import Station
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.referral import Case

_FIELDS: Final = {"performer_organization_id": "destination"}
"""The core's name of a field to the form's, where they differ."""


@dataclass(frozen=True)
class Draft:
    """What stands in the form of one patient."""

    specialty: str = ""
    urgency: Urgency | None = None
    question: str = ""
    destination: str = ""
    ticked: frozenset[str] | None = None

    def as_words(self) -> dict[str, str]:
        """Return it as it is kept while nobody works at it."""
        words = {"specialty": self.specialty, "question": self.question, "destination": self.destination}
        if self.urgency is not None:
            words["urgency"] = self.urgency
        if self.ticked is not None:
            words["ticked"] = "\n".join(sorted(self.ticked))
        return words

    @classmethod
    def from_words(cls, words: Mapping[str, str]) -> Draft:
        """Return it as it stood; what a later version wrote beside it is left out."""
        urgency = words.get("urgency")
        ticked = words.get("ticked")
        return cls(
            words.get("specialty", ""),
            urgency if urgency in URGENCIES else None,
            words.get("question", ""),
            words.get("destination", ""),
            None if ticked is None else frozenset(filter(None, ticked.split("\n"))),
        )


@dataclass
class _OnePatient:
    """The patient the form is for and what can go with his question."""

    patient: Patient | None = None
    items: tuple[EvidenceItem, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)


class FormViewModel(QObject):
    """The form of a new referral.

    ``is_watched`` is set while the form is on the screen; what nobody looks at is not read.

    Signals: ``changed`` after the patient, the evidence, the hospitals or the errors changed; ``busy_changed`` while it
    is being sealed; ``sent`` after COMMIT, with the case; ``noticed`` with words and a tone.
    """

    changed = Signal()
    busy_changed = Signal(bool)
    sent = Signal(object)
    noticed = Signal(str, str)

    def __init__(self, station: Station, runner: TaskRunner, session: Session, hand: Hand) -> None:
        super().__init__()
        self._station = station
        self._runner = runner
        self._session = session
        self._hand = hand
        self._drafts: dict[str, Draft] = {}
        self._names: dict[str, str] = {}
        self._now = _OnePatient()
        self.destinations: tuple[Organization, ...] = ()
        self.is_busy = False
        self.is_watched = False
        hand.changed.connect(self._follow_hand)
        self._follow_hand()

    @property
    def patient(self) -> Patient | None:
        """The patient the question is about."""
        return self._now.patient

    @property
    def items(self) -> tuple[EvidenceItem, ...]:
        """What can go along."""
        return self._now.items

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by field: specialty, urgency, question, destination, evidence."""
        return self._now.errors

    @property
    def draft(self) -> Draft:
        """What stands in the form now."""
        return self._drafts.get(self._now.patient.id, Draft()) if self._now.patient else Draft()

    @property
    def ticked(self) -> tuple[EvidenceItem, ...]:
        """The evidence that goes along."""
        chosen = self.draft.ticked
        keys = ticked_at_first(self.items) if chosen is None else chosen
        return tuple(item for item in self.items if item.key in keys)

    @property
    def wanted(self) -> tuple[tuple[Evidence, bool], ...]:
        """What the chosen specialty wants to see and whether it goes along."""
        return completeness(specialty(self.draft.specialty), self.ticked)

    def has_draft(self) -> bool:
        """Tell whether something unsent is written for the patient in hand."""
        return bool(self.draft.question.strip())

    def begun(self) -> tuple[Kept, ...]:
        """Return the questions that are written and not sent, of every patient."""
        return tuple(
            Kept(kind="referral", patient_id=patient_id, name=self._names.get(patient_id, ""), values=draft.as_words())
            for patient_id, draft in self._drafts.items()
            if draft.question.strip()
        )

    def take_back(self, kept: Kept) -> None:
        """Put a question back; its patient is in hand."""
        if self._now.patient:
            self._set_draft(Draft.from_words(kept.values))
            self.changed.emit()

    def _set_draft(self, draft: Draft) -> None:
        patient = self._now.patient
        if patient:
            self._drafts[patient.id] = draft
            self._names[patient.id] = patient.full_name

    def write(
        self,
        *,
        specialty: str | None = None,
        urgency: Urgency | None = None,
        question: str | None = None,
        destination: str | None = None,
    ) -> None:
        """Keep what was typed or chosen; what is None stays as it was."""
        new = {"specialty": specialty, "urgency": urgency, "question": question, "destination": destination}
        given = {name: value for name, value in new.items() if value is not None}
        if self._now.patient:
            self._set_draft(replace(self.draft, **given))  # type: ignore[arg-type]
            for name in given:
                self._now.errors.pop(name, None)
            self.changed.emit()

    def tick(self, key: str, is_ticked: bool) -> None:
        """Let a piece of evidence go along, or not."""
        keys = frozenset(item.key for item in self.ticked)
        if self._now.patient and is_ticked != (key in keys):
            ticked = keys | {key} if is_ticked else keys - {key}
            self._set_draft(replace(self.draft, ticked=ticked))
            self._now.errors.pop("evidence", None)
            self.changed.emit()

    def look(self) -> None:
        """Read the patient's evidence and the hospitals anew."""
        patient = self._now.patient
        if patient is None:
            return
        station, session = self._station, self._session

        def work() -> tuple[tuple[EvidenceItem, ...], tuple[Organization, ...]]:
            items = evidence_items(
                station.recordings.of_patient(session, patient.id),
                station.key_images.of_patient(session, patient.id),
                station.imaging.studies(session, patient.id),
                station.encounters.vitals(session, patient.id),
            )
            return items, tuple(station.referrals.destinations(session))

        def show(found: tuple[tuple[EvidenceItem, ...], tuple[Organization, ...]]) -> None:
            if self._now.patient and self._now.patient.id == patient.id:
                self._now.items, self.destinations = found
                if len(self.destinations) == 1 and not self.draft.destination:
                    self.write(destination=self.destinations[0].id)
                self.changed.emit()

        self._runner.run(work, owner=self, done=show, failed=self._fail)

    def send(self) -> None:
        """Seal the question and put it in the queue, if it is whole."""
        patient, draft = self._now.patient, self.draft
        if patient is None or self.is_busy:
            return
        self._now.errors = {name: say(sentence) for name, sentence in faults(draft).items()}
        self.changed.emit()
        if self._now.errors or draft.urgency is None:
            return
        references = tuple(reference for item in self.ticked for reference in item.references)
        form = ReferralForm(
            specialty=draft.specialty,
            urgency=draft.urgency,
            question=draft.question.strip(),
            performer_organization_id=draft.destination,
            evidence=references,
        )
        self._be_busy(True)
        self._runner.run(
            lambda: self._station.referrals.send(self._session, patient.id, form),
            owner=self,
            done=lambda case: self._after_send(patient.id, case),
            failed=lambda error: self._refuse(patient.id, error),
        )

    def _after_send(self, patient_id: str, case: Case) -> None:
        self._be_busy(False)
        self._drafts.pop(patient_id, None)
        self.changed.emit()
        self.noticed.emit(_("Saved here. It goes to the hub as soon as there is a link."), "ok")
        self.sent.emit(case)

    def _fail(self, error: ClinicError) -> None:
        self.noticed.emit(say(error.text), "warn")

    def _refuse(self, patient_id: str, error: ClinicError) -> None:
        self._be_busy(False)
        is_in_hand = self._now.patient is not None and self._now.patient.id == patient_id
        name = error.field if isinstance(error, InvalidInputError) and is_in_hand else ""
        name = _FIELDS.get(name, name)
        if name in ("specialty", "urgency", "question", "destination", "evidence"):
            self._now.errors[name] = say(error.text)
            self.changed.emit()
        else:
            self._fail(error)

    def _be_busy(self, is_busy: bool) -> None:
        if self.is_busy != is_busy:
            self.is_busy = is_busy
            self.busy_changed.emit(is_busy)

    def _follow_hand(self) -> None:
        patient, old = self._hand.patient, self._now.patient
        if patient and old and patient.id == old.id:
            self._now.patient = patient
            return
        self._now = _OnePatient(patient)
        self.changed.emit()
        if self.is_watched:
            self.look()


def faults(draft: Draft) -> dict[str, Text]:
    """Return what keeps a draft from being sent, by field."""
    found: dict[str, Text] = {}
    question = draft.question.strip()
    if not draft.specialty:
        found["specialty"] = Text("Choose the specialty to ask.")
    if draft.urgency is None:
        found["urgency"] = Text("Choose how urgent it is.")
    if not question:
        found["question"] = Text("Write the question to the specialist.")
    elif len(question) > LONGEST_QUESTION:
        found["question"] = Text("The question is too long; {most} characters fit.", most=LONGEST_QUESTION)
    if not draft.destination:
        found["destination"] = Text("Choose the hospital to ask.")
    return found
