"""A long day at the reception: many steps in any order, restarts and stale forms among them; the paper list agrees."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from clinic_app.access import People, Session, Trail
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.foundation.errors import ConflictError
from clinic_app.records import AuditEvent, Patient
from clinic_app.registration import PatientForm, Registration, form_of
from clinic_app.storage import Store
from clinic_app.terminology.systems import CHART_NUMBER
from tests.helpers.clocks import FixedClock
from tests.helpers.refusals import outcome
from tests.helpers.stores import KEY, PASSWORD, QUICK, set_up

FAMILIES = st.sampled_from(["Өмірзақов", "Омирзаков", "Иванов", "Һасан", "Щербакова", "Li"])
GIVEN = st.sampled_from(["Қайрат", "Айгүл", "Иван", "Ян"])
PULSES = st.integers(40, 180)


class ReceptionDay(RuleBasedStateMachine):
    """What the program keeps, beside what a clerk would have on paper."""

    patients: Bundle[Patient] = Bundle("patients")
    """Patients as somebody once read them, so the newest version or an old one."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FixedClock()
        self.newest: dict[str, PatientForm] = {}
        self.versions: dict[str, str | None] = {}
        self.pulses: dict[str, list[int]] = {}
        self.allergies: dict[str, list[str]] = {}
        self.writes = 0

    @initialize()
    def morning(self) -> None:
        """The program starts on an empty folder."""
        self._open()
        set_up(self.store, "nurse")
        self.session: Session = People(self.store, self.clock, QUICK).sign_in("nurse", PASSWORD)

    @rule(target=patients, family=FAMILIES, given=GIVEN)
    def register(self, family: str, given: str) -> Patient:
        """Somebody comes for the first time, or says so."""
        form = PatientForm(family, given, birth_date="01.01.1985", gender="unknown")
        patient = self.reception.register(self.session, form)
        assert patient.id not in self.newest
        self.pulses[patient.id], self.allergies[patient.id] = [], []
        self._wrote(patient, form)
        return patient

    @rule(target=patients, patient=patients, family=FAMILIES)
    def amend(self, patient: Patient, family: str) -> Patient:
        """Somebody saves a form that may have been open since the morning."""
        form = PatientForm(family, "Жаңа", birth_date="02.02.1985", gender="other")
        is_stale = patient.version_id != self.versions[patient.id]
        saved, error = outcome(lambda: self.reception.amend(self.session, patient, form))
        assert is_stale == isinstance(error, ConflictError)
        if saved is None:
            return self.reception.get(self.session, patient.id)
        self._wrote(saved, form)
        return saved

    @rule(patient=patients, pulse=PULSES)
    def measure(self, patient: Patient, pulse: int) -> None:
        """The nurse counts a pulse."""
        self.clock.advance(minutes=1)
        self.bedside.record_vitals(self.session, patient.id, VitalsForm(heart_rate=str(pulse)))
        self.pulses[patient.id].append(pulse)
        self.writes += 1

    @rule(patient=patients, words=st.sampled_from(["пенициллин", "йод", "<b>"]))
    def note_allergy(self, patient: Patient, words: str) -> None:
        """The nurse notes an allergy."""
        self.bedside.record_allergy(self.session, patient.id, words)
        self.allergies[patient.id].append(words)
        self.writes += 1

    @rule(is_orderly=st.booleans())
    def restart(self, is_orderly: bool) -> None:
        """The program is closed, or the power goes."""
        if is_orderly:
            self.store.close()
        else:
            self.store.database.close()
        self._open()

    @rule(words=st.sampled_from(["Омирзаков", "Hasan", "иван", "Ли", "Жаңа", "01"]))
    def search(self, words: str) -> None:
        """Somebody is looked for; whoever is found is shown as last saved."""
        for patient in self.reception.search(self.session, words):
            assert form_of(patient) == self.newest[patient.id]

    @invariant()
    def the_paper_list_agrees(self) -> None:
        """Everybody is there once, as last saved, with a number of his own and all that was measured."""
        if not hasattr(self, "session"):
            return
        kept = self.store.records.find(Patient)
        assert {patient.id: form_of(patient) for patient in kept} == self.newest
        numbers = [patient.identifier_value(CHART_NUMBER) for patient in kept]
        assert len(set(numbers)) == len(numbers)
        for patient_id, pulses in self.pulses.items():
            vitals = self.bedside.vitals(self.session, patient_id)
            assert [int(each.value_quantity.value or 0) for each in vitals if each.value_quantity] == pulses[::-1]
            allergies = self.bedside.allergies(self.session, patient_id)
            assert [each.code.text for each in allergies if each.code] == self.allergies[patient_id][::-1]

    @invariant()
    def every_write_is_in_the_trail_and_in_the_queue(self) -> None:
        """Record, audit row and outbox row were written together, whatever came after."""
        if not hasattr(self, "session"):
            return
        events = self.store.records.find(AuditEvent, limit=10_000)
        assert sum(event.action in ("C", "U") for event in events) == self.writes
        clinical = ("Patient", "Observation", "AllergyIntolerance")
        queued = [row for row in self.store.outbox.pending(10_000) if row.type in clinical]
        assert len(queued) == self.writes
        assert self.store.records.broken_audit_row() is None

    def teardown(self) -> None:
        """The day ends; the folder goes."""
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.folder)

    def _open(self) -> None:
        self.store = Store.open(self.folder, KEY, self.clock)
        trail = Trail(self.store, self.clock)
        self.reception = Registration(self.store, trail, self.clock, lambda: "7F3A")
        self.bedside = Encounters(self.store, trail, self.clock)

    def _wrote(self, patient: Patient, form: PatientForm) -> None:
        self.newest[patient.id] = form
        self.versions[patient.id] = patient.version_id
        self.writes += 1


TestReceptionDay: Any = ReceptionDay.TestCase
TestReceptionDay.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
