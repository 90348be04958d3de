"""The registrar's service: search, second look, register, amend. Works without any link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, Literal

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.dates import parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.records import Identifier, Patient, Reference
from clinic_app.registration.confidentiality import masked, with_access_of, with_restriction
from clinic_app.registration.form import PatientForm, check_form, filled
from clinic_app.registration.iin import check_iin
from clinic_app.registration.keyboard import other_layouts
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER, IIN

_LEAFED: Final = 4
"""So many times more patients are looked at than are listed: some may be closed to the reader."""


class Registration:
    """Finds and registers patients.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: tells today's date.
        site_code: tells what starts every chart number given here, so that two workstations never give the same.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock, site_code: Callable[[], str]) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._site_code = site_code

    def search(self, session: Session, words: str, *, limit: int = 50) -> tuple[Patient, ...]:
        """Return patients by name in any script or layout, by IIN or by chart number; best first.

        Nothing typed gives the patients registered last, without those whose record is closed to this person: nobody
        is to leaf through them. Who looks for such a patient by his name is shown so much that he is not registered
        twice and can be opened in an emergency (`is_masked`).
        """
        self._trail.require(session, "read", "Patient")
        if not words.strip():
            newest = self._store.records.find(Patient, limit=limit * _LEAFED)
            found = self._trail.permitted(session, "read", "Patient", newest, lambda each: each)[:limit]
        else:
            spellings = (words, *other_layouts(words))
            answers = (self._store.records.search_patients(each, limit=limit) for each in spellings)
            found = next(filter(None, answers), ())
        return self._shown(session, found, words)

    def get(self, session: Session, patient_id: str) -> Patient:
        """Return one patient.

        Raises:
            NotAllowedError: his record is closed to this person.
            NotFoundError: there is none here with this id.
        """
        self._trail.require(session, "read", "Patient", patient_id)
        patient = self._store.records.get(Patient, patient_id)
        self._store.records.commit((), audit=(self._trail.event(session, "read", patient),))
        return patient

    def check(self, form: PatientForm) -> tuple[InvalidInputError, ...]:
        """Return what is wrong with a form, field by field."""
        return check_form(form, self._today())

    def possible_duplicates(self, session: Session, form: PatientForm) -> tuple[Patient, ...]:
        """Return patients who may be the same person: the same IIN, or a like name and the same birth date.

        A warning, never a lock: two people can share name and birth date, and an IIN can be mistyped unseen.
        """
        self._trail.require(session, "read", "Patient")
        found = {patient.id: patient for patient in self._same_iin(form)}
        found |= {patient.id: patient for patient in self._same_name_and_birth(form)}
        typed = (form.iin, form.family, form.given, form.birth_date)
        return self._shown(session, tuple(found.values()), " ".join(filter(None, typed)))

    def register(self, session: Session, form: PatientForm) -> Patient:
        """Register a new patient and give a chart number; saved when this returns.

        Raises:
            InvalidInputError: the first of the form's errors.
            NotAllowedError: this person registers nobody.
        """
        self._trail.require(session, "create", "Patient")
        self._refuse_wrong(form)
        blank = Patient(
            id=new_id(),
            active=True,
            identifier=(Identifier(use="usual", system=CHART_NUMBER, value=self._next_chart_number()),),
            managing_organization=Reference(reference=f"Organization/{session.organization_id}"),
        )
        return self._commit(session, "create", filled(blank, form))

    def amend(self, session: Session, patient: Patient, form: PatientForm) -> Patient:
        """Change a patient's details; what the form does not show stays as it was, and who may see him does too.

        Raises:
            ConflictError: somebody changed the patient since ``patient`` was read.
            InvalidInputError: the first of the form's errors.
        """
        self._trail.require(session, "update", "Patient", patient.id)
        self._refuse_wrong(form)
        stored = self._store.records.get(Patient, patient.id)
        return self._commit(session, "update", with_access_of(stored, filled(patient, form)))

    def restrict(self, session: Session, patient: Patient, is_restricted: bool) -> Patient:
        """Close a patient's record to all but those who treat him, or open it to the staff again.

        Raises:
            NotAllowedError: only a doctor who treats him decides this.
            ConflictError: somebody changed the patient since ``patient`` was read.
        """
        self._trail.require(session, "restrict", "Patient", patient.id)
        return self._commit(session, "restrict", with_restriction(patient, is_restricted=is_restricted))

    def _refuse_wrong(self, form: PatientForm) -> None:
        for error in self.check(form):
            raise error

    def _commit(self, session: Session, action: Literal["create", "update", "restrict"], patient: Patient) -> Patient:
        event = self._trail.event(session, action, patient)
        (saved,) = self._store.records.commit((patient,), audit=(event,))
        assert isinstance(saved, Patient)
        return saved

    def _next_chart_number(self) -> str:
        year = self._today().year % 100
        number = self._store.memory.next_number(f"chart-number-{year:02d}")
        return f"{self._site_code()}-{year:02d}-{number:06d}"

    def _same_iin(self, form: PatientForm) -> tuple[Patient, ...]:
        try:
            iin = check_iin(form.iin)
        except InvalidInputError:
            return ()
        return self._store.records.find(Patient, identifier=f"{IIN}|{iin}")

    def _same_name_and_birth(self, form: PatientForm) -> tuple[Patient, ...]:
        try:
            born = parse_form_date(form.birth_date).isoformat()
        except InvalidInputError:
            return ()
        words = f"{form.family} {form.given}".strip()
        candidates = self._store.records.search_patients(words, limit=200) if words else ()
        return tuple(patient for patient in candidates if patient.birth_date == born)

    def _shown(self, session: Session, found: tuple[Patient, ...], asked: str) -> tuple[Patient, ...]:
        """Return what this person is shown of the patients found, and note what was asked, also where none was."""
        open_ids = {each.id for each in self._trail.permitted(session, "read", "Patient", found, lambda each: each)}
        shown = tuple(each if each.id in open_ids else masked(each) for each in found)
        self._store.records.commit((), audit=(self._trail.happening(session, "search", *shown, query=asked),))
        return shown

    def _today(self) -> date:
        return self._clock.now().astimezone().date()
