"""The trail says who, as what, did what, to whose record, at which workstation; and can be checked."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given

from clinic_app.access import ACTIONS, Action, People, Session, Trail, own_device
from clinic_app.records import (
    AllergyIntolerance,
    AuditEvent,
    CodeableConcept,
    Observation,
    Organization,
    Patient,
    Reference,
    Resource,
    Task,
    decode_as,
    encode,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import AUDIT_ACTION, RESTFUL_INTERACTION, ROLE
from tests.helpers.any_record import records
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("trail")) as store:
        set_up(store, "nurse", "doctor")
        yield store


@pytest.fixture(scope="module")
def trail(store: Store) -> Trail:
    return Trail(store, FixedClock())


@pytest.fixture(scope="module")
def nurse(store: Store) -> Session:
    return People(store, FixedClock(), QUICK).sign_in("nurse", PASSWORD)


def named(event: AuditEvent) -> list[str]:
    return [entity.what.reference or "" for entity in event.entity if entity.what]


def about(patient_id: str) -> Reference:
    return Reference(reference=f"Patient/{patient_id}")


def test_an_event_names_person_role_workstation_hospital_and_moment(store: Store, trail: Trail, nurse: Session) -> None:
    event = trail.event(nurse, "read", Patient(id="p"))
    person, workstation = event.agent
    assert (person.name, person.requestor) == ("nurse", True)
    assert person.who == Reference(reference=f"Practitioner/{nurse.practitioner_id}", display="nurse here")
    assert person.role[0].code(ROLE) == "nurse"
    assert workstation.requestor is False
    assert workstation.who is not None
    assert workstation.who.id == own_device(store).id
    assert event.source is not None
    assert event.source.site == "org-a"
    assert event.recorded == NOON
    assert event.outcome == "0"


@pytest.mark.parametrize(
    ("action", "code", "system"),
    [
        ("create", "C", RESTFUL_INTERACTION),
        ("read", "R", RESTFUL_INTERACTION),
        ("update", "U", RESTFUL_INTERACTION),
        ("sign", "E", AUDIT_ACTION),
        ("send", "E", AUDIT_ACTION),
    ],
)
def test_each_action_has_its_code(trail: Trail, nurse: Session, action: Action, code: str, system: str) -> None:
    event = trail.event(nurse, action, Patient(id="p"))
    assert event.action == code
    assert (event.subtype[0].system, event.subtype[0].code) == (system, action)


def test_no_action_is_without_a_code(trail: Trail, nurse: Session) -> None:
    assert {trail.event(nurse, action).subtype[0].code for action in ACTIONS} == set(ACTIONS)


def test_the_patients_of_what_was_touched_come_first_and_each_once(trail: Trail, nurse: Session) -> None:
    pulse = Observation(id="o", status="final", code=CodeableConcept(text="x"), subject=about("b"))
    allergy = AllergyIntolerance(id="a", patient=about("a"), code=CodeableConcept(text="x"))
    task = Task(id="t", status="requested", intent="order", for_=about("c"))
    event = trail.event(nurse, "read", pulse, Patient(id="a"), allergy, task)
    assert named(event) == ["Patient/a", "Patient/b", "Patient/c", "Observation/o", "AllergyIntolerance/a", "Task/t"]
    assert [entity.type.code for entity in event.entity if entity.type] == ["1", "1", "1", "2", "2", "2"]


@pytest.mark.parametrize("foreign", [Reference(), Reference(reference="Group/7"), Reference(display="Somebody")])
def test_a_subject_that_is_no_patient_is_not_taken_for_one(trail: Trail, nurse: Session, foreign: Reference) -> None:
    pulse = Observation(id="o", status="final", code=CodeableConcept(text="x"), subject=foreign)
    assert named(trail.event(nurse, "read", pulse)) == ["Observation/o"]


def test_a_record_about_nobody_is_named_by_itself(trail: Trail, nurse: Session) -> None:
    assert named(trail.event(nurse, "read", Organization(id="org-a"))) == ["Organization/org-a"]


@given(record=records())
def test_touching_any_record_at_all_can_be_noted_and_read_back(trail: Trail, nurse: Session, record: Resource) -> None:
    """Records of strangers are noted too; a row that could not be written would keep the record from being read."""
    event = trail.event(nurse, "read", record)
    assert decode_as(AuditEvent, encode(event)) == event


def test_an_event_holds_no_words_of_the_record(trail: Trail, nurse: Session) -> None:
    secret = "ЖИТС"
    pulse = Observation(id="o", status="final", code=CodeableConcept(text=secret), subject=about("p"))
    assert secret not in msgspec.json.encode(trail.event(nurse, "read", pulse)).decode()


def test_signing_in_and_failing_to_are_told_apart(trail: Trail) -> None:
    done, refused = trail.sign_in("d1", "Дәрігер", "0"), trail.sign_in("d1", "Дәрігер", "4")
    assert (done.outcome, refused.outcome) == ("0", "4")
    assert done.subtype[0].code == refused.subtype[0].code == "110122"
