"""Breaking the glass: who may, how long, what it opens, what the trail says of it, and the look at it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pydicom.data import get_testdata_file

from clinic_app.access import (
    REASON_WORDS,
    REASONS,
    ROLES,
    AuditFilter,
    AuditLog,
    BreakGlass,
    ClosedRecordError,
    People,
    Session,
    Trail,
    is_restricted,
)
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import DISK_FULL
from clinic_app.foundation.errors import DiskFullError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.records import AuditEvent, Coding, Meta, Patient, Reference
from clinic_app.registration import PatientForm, Registration
from clinic_app.storage import AuditQuery, Store
from clinic_app.terminology.systems import CONFIDENTIALITY
from clinic_app.waveforms import Recording, Recordings, from_dicom
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, session_of, set_up

WORDS: Final = "Есінен танып қалды, аллергиясын білу керек"
FORM: Final = PatientForm(family="Қасымов", given="Нұрлан", birth_date="05.03.1964", gender="male")
FAR: Final = Patient(id="far", managing_organization=Reference(reference="Organization/elsewhere"))
CLOSED: Final = Patient(id="closed", meta=Meta(security=(Coding(system=CONFIDENTIALITY, code="R"),)))


class Clinic:
    """The services of one workstation over one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.trail = Trail(store, clock)
        self.glass = BreakGlass(store, self.trail, clock)
        self.log = AuditLog(store, self.trail, clock)
        self.registration = Registration(store, self.trail, clock, lambda: "TEST")
        self.encounters = Encounters(store, self.trail, clock)
        self.recordings = Recordings(store, self.trail, clock)
        self.people = People(store, clock, QUICK)

    def session(self, role: str) -> Session:
        return session_of(self.store, role)

    def newest(self) -> AuditEvent:
        return self.store.audit.page(AuditQuery(), 1)[0].event


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def clinic(tmp_path: Path, clock: FixedClock) -> Iterator[Clinic]:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, *(role for role in ROLES if role != "administrator"))
        store.records.commit((FAR, CLOSED))
        yield Clinic(store, clock)


@pytest.fixture
def doctor(clinic: Clinic) -> Session:
    return clinic.session("doctor")


@pytest.mark.parametrize("patient", ["far", "closed"])
def test_a_closed_record_says_that_it_can_be_opened_and_opens_for_an_hour(
    clinic: Clinic, clock: FixedClock, doctor: Session, patient: str
) -> None:
    with pytest.raises(ClosedRecordError) as caught:
        clinic.registration.get(doctor, patient)
    assert caught.value.patient_id == patient
    emergency = clinic.glass.open(doctor, patient, "emergency-treatment", WORDS)
    assert (emergency.patient_id, emergency.until_at) == (patient, NOON + timedelta(minutes=60))
    assert clinic.glass.active(doctor) == (emergency,)
    clock.advance(minutes=59, seconds=59)
    assert clinic.registration.get(doctor, patient).id == patient
    clock.advance(seconds=1)
    assert clinic.glass.active(doctor) == ()
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, patient)


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_treat_break_the_glass(clinic: Clinic, role: str) -> None:
    session = clinic.session(role)
    if role in ("nurse", "doctor", "specialist"):
        assert clinic.glass.open(session, "far", "other", WORDS).patient_id == "far"
    else:
        with pytest.raises(NotAllowedError):
            clinic.glass.open(session, "far", "other", WORDS)
        assert clinic.glass.active(session) == ()


def test_an_emergency_opens_one_record_to_one_person(clinic: Clinic, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "emergency-treatment", WORDS)
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "closed")
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(clinic.session("specialist"), "far")


def test_what_is_done_through_broken_glass_is_marked_and_nothing_else_is(clinic: Clinic, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "emergency-treatment", WORDS)
    own = clinic.registration.register(doctor, FORM)
    clinic.encounters.vitals(doctor, "far")
    clinic.encounters.record_vitals(doctor, "far", VitalsForm(heart_rate="120"))
    clinic.registration.get(doctor, "far")
    clinic.registration.get(doctor, own.id)
    auditor = clinic.session("auditor")
    lines = clinic.log.find(auditor, AuditFilter(person=doctor.practitioner_id))
    marked = {(line.action, line.patients) for line in lines if line.is_emergency}
    assert marked == {(name, ("far",)) for name in ("emergency", "search", "create", "read")}
    assert {line.patients for line in lines if not line.is_emergency} == {(own.id,)}


@pytest.mark.parametrize(
    ("reason", "codes"),
    [("emergency-treatment", ["BTG", "ETREAT"]), ("patient-wish", ["BTG", "PATRQT"]), ("other", ["BTG"])],
)
def test_the_opening_is_in_the_trail_with_its_reason_and_its_words(
    clinic: Clinic, doctor: Session, reason: Any, codes: list[str]
) -> None:
    clinic.glass.open(doctor, "far", reason, f"  {WORDS} ")
    event = clinic.newest()
    assert event.type.code == "110113"
    assert event.subtype[0].code == "110127"
    assert sorted(concept.coding[0].code or "" for concept in event.agent[0].purpose_of_use) == codes
    assert [entity.what.reference for entity in event.entity if entity.what] == ["Patient/far"]
    assert event.entity[-1].description == f"{reason}: {WORDS}"
    assert {REASON_WORDS[each].msgid for each in REASONS} == {REASON_WORDS[each].msgid for each in REASON_WORDS}


@pytest.mark.parametrize(
    ("reason", "words", "field"),
    [
        ("curiosity", WORDS, "reason"),
        ("", WORDS, "reason"),
        ("other", "", "words"),
        ("other", " \u200b\u200b\u200b\u200b ", "words"),
        ("other", "аб", "words"),
        ("other", "а" * 501, "words"),
    ],
)
def test_without_a_reason_and_words_it_stays_closed(
    clinic: Clinic, doctor: Session, reason: Any, words: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clinic.glass.open(doctor, "far", reason, words)
    assert caught.value.field == field
    assert clinic.glass.active(doctor) == ()
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "far")


@pytest.mark.parametrize("patient", ["nobody", "", "../far"])
def test_there_is_no_glass_before_somebody_who_is_not_here(clinic: Clinic, doctor: Session, patient: str) -> None:
    with pytest.raises(NotFoundError):
        clinic.glass.open(doctor, patient, "other", WORDS)


def test_it_outlives_a_restart_and_so_does_the_inbox(tmp_path: Path, clock: FixedClock) -> None:
    with opened(tmp_path, clock=clock) as store:
        set_up(store, "doctor", "auditor")
        store.records.commit((FAR,))
        clinic = Clinic(store, clock)
        clinic.glass.open(clinic.session("doctor"), "far", "other", WORDS)
    clock.advance(minutes=30)
    with opened(tmp_path, clock=clock) as store:
        clinic = Clinic(store, clock)
        assert clinic.registration.get(clinic.session("doctor"), "far").id == "far"
        assert len(clinic.glass.to_review(clinic.session("auditor"))) == 1


def test_it_ends_when_the_person_says_so(clinic: Clinic, clock: FixedClock, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    clinic.glass.open(doctor, "closed", "other", WORDS)
    clock.advance(minutes=5)
    clinic.glass.end(clinic.session("nurse"), "far")
    assert clinic.registration.get(doctor, "far").id == "far", "somebody else's end ends nothing"
    clinic.glass.end(doctor, "far")
    assert clinic.newest().subtype[0].code == "110138"
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "far")
    assert clinic.registration.get(doctor, "closed").id == "closed"
    before = clinic.newest()
    clinic.glass.end(doctor, "far")
    assert clinic.newest() == before
    (review, _) = clinic.glass.to_review(clinic.session("auditor"))
    assert review.until_at == NOON + timedelta(minutes=5)


def test_it_ends_with_the_person_s_access(clinic: Clinic, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    clinic.people.set_active(clinic.people.sign_in("admin", PASSWORD), "doctor", is_active=False)
    with pytest.raises(NotAllowedError, match="ended by an administrator"):
        clinic.registration.get(doctor, "far")
    with pytest.raises(NotAllowedError, match="ended by an administrator"):
        clinic.glass.open(doctor, "closed", "other", WORDS)


def test_a_clock_that_goes_back_ends_it_instead_of_prolonging_it(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    clock.advance(minutes=-4)
    assert clinic.glass.active(doctor), "a clock put right by minutes is nobody's trick"
    clock.advance(days=-365)
    assert clinic.glass.active(doctor) == ()


def test_opened_again_it_lasts_an_hour_from_then_and_shows_once(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    clock.advance(minutes=30)
    clinic.glass.open(doctor, "far", "emergency-treatment", WORDS)
    (active,) = clinic.glass.active(doctor)
    assert active.until_at == NOON + timedelta(minutes=90)
    assert len(clinic.glass.to_review(clinic.session("auditor"))) == 2


def test_an_opening_that_cannot_be_noted_does_not_happen(
    clinic: Clinic, doctor: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError(DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(clinic.store.records, "commit", full)
        with pytest.raises(DiskFullError):
            clinic.glass.open(doctor, "far", "other", WORDS)
    assert clinic.glass.active(doctor) == ()


def test_the_inbox_tells_who_opened_whose_record_why_and_until_when_it_is_due(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    clinic.glass.open(doctor, "far", "patient-wish", WORDS)
    auditor = clinic.session("auditor")
    (review,) = clinic.glass.to_review(auditor)
    assert (review.person, review.patient_id, review.reason, review.words) == (
        doctor.name, "far", "patient-wish", WORDS,
    )  # fmt: skip
    assert (review.opened_at, review.until_at) == (NOON, NOON + timedelta(hours=1))
    assert review.due_at == NOON + timedelta(hours=72)
    assert not review.is_overdue
    clock.advance(hours=72, seconds=1)
    assert clinic.glass.to_review(auditor)[0].is_overdue


@pytest.mark.parametrize("is_justified", [True, False])
def test_a_review_takes_it_from_the_inbox_and_stands_in_the_trail(
    clinic: Clinic, clock: FixedClock, doctor: Session, is_justified: bool
) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    auditor = clinic.session("auditor")
    (waiting,) = clinic.glass.to_review(auditor)
    clinic.glass.review(auditor, waiting.event_id, is_justified, "Кезекші дәрігер еді")
    assert clinic.glass.to_review(auditor) == ()
    event = clinic.newest()
    assert event.subtype[0].code == "review"
    assert event.outcome_desc == f"{'' if is_justified else 'not '}justified: Кезекші дәрігер еді"
    assert [entity.what.id for entity in event.entity if entity.what] == [waiting.event_id]
    assert clinic.glass.active(doctor), "a review does not take the record from whoever treats"
    with pytest.raises(NotFoundError):
        clinic.glass.review(auditor, waiting.event_id, True, "")
    clock.advance(hours=2)
    clinic.glass.open(doctor, "closed", "other", WORDS)
    kept = len(clinic.trail.emergencies.all())
    assert kept == (1 if is_justified else 2), "what is over and was right leaves the list"


def test_a_judgement_against_somebody_needs_words(clinic: Clinic, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    auditor = clinic.session("auditor")
    (waiting,) = clinic.glass.to_review(auditor)
    for words in ("", "  ", "жж", "ж" * 501):
        with pytest.raises(InvalidInputError):
            clinic.glass.review(auditor, waiting.event_id, False, words)
    assert len(clinic.glass.to_review(auditor)) == 1


@pytest.mark.parametrize("role", [role for role in ROLES if role != "auditor"])
def test_nobody_else_reviews(clinic: Clinic, doctor: Session, role: str) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    session = clinic.session(role)
    with pytest.raises(NotAllowedError):
        clinic.glass.to_review(session)
    with pytest.raises(NotAllowedError):
        clinic.glass.review(session, "x", True, WORDS)


def test_who_wrote_something_about_a_restricted_patient_treats_him(clinic: Clinic, doctor: Session) -> None:
    own = clinic.registration.register(doctor, FORM)
    nurse = clinic.session("nurse")
    clinic.encounters.record_vitals(nurse, own.id, VitalsForm(heart_rate="70"))
    restricted = clinic.registration.restrict(doctor, own, True)
    assert is_restricted(restricted)
    assert clinic.newest().subtype[0].code == "restrict"
    assert clinic.registration.get(nurse, own.id) == restricted
    for role in ("doctor", "specialist", "registrar"):
        with pytest.raises(NotAllowedError):
            clinic.registration.get(clinic.session(role), own.id)
    with pytest.raises(ClosedRecordError):
        clinic.registration.restrict(doctor, restricted, False)
    clinic.glass.open(doctor, own.id, "other", WORDS)
    assert not is_restricted(clinic.registration.restrict(doctor, restricted, False))
    assert clinic.registration.get(clinic.session("registrar"), own.id).id == own.id


def test_an_hour_that_has_passed_stays_passed_when_the_clock_is_set_back(
    tmp_path: Path, clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    clock.advance(minutes=61)
    assert clinic.glass.active(doctor) == ()
    clock.advance(minutes=-30)
    assert clinic.glass.active(doctor) == ()
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "far")
    clinic = Clinic(clinic.store, clock)
    assert clinic.glass.active(doctor) == (), "and over a restart of the program"
    (review,) = clinic.glass.to_review(clinic.session("auditor"))
    assert review.until_at == NOON + timedelta(minutes=60)
    clinic.glass.open(doctor, "far", "other", WORDS)
    assert clinic.glass.active(doctor), "but a new emergency is a new hour"


def test_an_hour_that_has_passed_stays_passed_on_a_disk_that_takes_nothing(
    clinic: Clinic, clock: FixedClock, doctor: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)

    def refuse(_name: str, _value: bytes) -> None:
        raise DiskFullError(DISK_FULL)

    monkeypatch.setattr(clinic.store.memory, "put", refuse)
    clock.advance(minutes=60)
    assert clinic.glass.active(doctor) == ()
    clock.advance(minutes=-30)
    assert clinic.glass.active(doctor) == ()


def ecg(clock: FixedClock) -> Recording:
    """A real ECG, recorded before the record was opened, as a trace that ran already is."""
    real = from_dicom(Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes())
    return replace(real, started_at=clock.now() - timedelta(minutes=20))


def _visited(clinic: Clinic, doctor: Session, clock: FixedClock) -> None:
    """The doctor opens a restricted record in an emergency, writes into it, and the hour passes."""
    here = clinic.session("nurse").organization_id
    ours = Patient(id="ours", meta=CLOSED.meta, managing_organization=Reference(reference=f"Organization/{here}"))
    clinic.store.records.commit((ours,))
    clinic.glass.open(doctor, "ours", "emergency-treatment", WORDS)
    clinic.encounters.record_vitals(doctor, "ours", VitalsForm(heart_rate="70"))
    clinic.encounters.record_allergy(doctor, "ours", "Пенициллин")
    clinic.recordings.save(doctor, "ours", ecg(clock))
    clock.advance(minutes=61)


def test_what_is_written_through_broken_glass_does_not_keep_the_record_open(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    _visited(clinic, doctor, clock)
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "ours")
    (waiting,) = clinic.glass.to_review(clinic.session("auditor"))
    clinic.glass.review(clinic.session("auditor"), waiting.event_id, False, "Себебі жоқ")
    clock.advance(days=400)
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(doctor, "ours")
    assert clinic.glass.to_review(clinic.session("auditor")) == ()


def test_who_was_found_to_have_treated_in_an_emergency_is_one_of_those_who_treat(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    _visited(clinic, doctor, clock)
    (waiting,) = clinic.glass.to_review(clinic.session("auditor"))
    clinic.glass.review(clinic.session("auditor"), waiting.event_id, True, "")
    assert clinic.registration.get(doctor, "ours").id == "ours"
    with pytest.raises(ClosedRecordError):
        clinic.registration.get(clinic.session("nurse"), "ours")


def test_an_emergency_does_not_take_away_what_somebody_had_treated_before(
    clinic: Clinic, clock: FixedClock, doctor: Session
) -> None:
    own = clinic.registration.register(doctor, FORM)
    clinic.encounters.record_vitals(doctor, own.id, VitalsForm(heart_rate="70"))
    clinic.registration.restrict(doctor, own, True)
    clock.advance(minutes=30)
    clinic.glass.open(doctor, own.id, "other", WORDS)
    clinic.encounters.record_vitals(doctor, own.id, VitalsForm(heart_rate="80"))
    clock.advance(minutes=61)
    assert clinic.registration.get(doctor, own.id).id == own.id


def test_nobody_judges_his_own_emergency(clinic: Clinic, doctor: Session) -> None:
    clinic.glass.open(doctor, "far", "other", WORDS)
    (waiting,) = clinic.glass.to_review(clinic.session("auditor"))
    account = clinic.store.accounts.get("doctor")
    assert account is not None
    clinic.store.accounts.update(replace(account, role="auditor"))
    promoted = clinic.people.sign_in("doctor", PASSWORD)
    with pytest.raises(NotAllowedError, match="of his own"):
        clinic.glass.review(promoted, waiting.event_id, True, "")
    assert len(clinic.glass.to_review(promoted)) == 1
