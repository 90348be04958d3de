"""How somebody stands to a patient, from the records that are here: ours, asked about, lapsed, pretended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_app.access import Relation, Session, own_organization
from clinic_app.access.relations import Relations, is_ours
from clinic_app.records import Meta, Patient, Reference, Task
from clinic_app.storage import Store
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened, session_of, set_up

ELSEWHERE = Reference(reference="Organization/elsewhere")
DAYS = 90


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path, clock=FixedClock()) as store:
        set_up(store, "doctor", "specialist")
        yield store


def held(store: Store, patient: Patient, *, role: str = "doctor", open_for: frozenset[str] = frozenset()) -> Any:
    session: Session = session_of(store, role)
    return Relations(store, session, NOON, open_for, DAYS).of(patient.id)


def task(store: Store, patient_id: str, **changes: Any) -> None:
    """Store a question of another hospital to ours."""
    here = Reference(reference=f"Organization/{own_organization(store).id}")
    values: dict[str, Any] = {
        "id": f"t-{patient_id}", "status": "received", "intent": "order", "owner": here, "requester": ELSEWHERE,
        "for_": Reference(reference=f"Patient/{patient_id}"), "last_modified": NOON,
    }  # fmt: skip
    store.records.commit((Task(**{**values, **changes}),))


@pytest.mark.parametrize(
    ("source", "managed_by", "is_own"),
    [
        (None, None, True),
        (None, "org-a", True),
        (None, "elsewhere", False),
        ("Organization/elsewhere", None, False),
        ("Organization/elsewhere", "org-a", False),
        ("Organization/org-a", "org-a", True),
        ("urn:device:5", "org-a", True),
    ],
)
def test_a_patient_is_ours_by_who_keeps_him_and_never_by_what_a_package_says(
    source: str | None, managed_by: str | None, is_own: bool
) -> None:
    keeper = Reference(reference=f"Organization/{managed_by}") if managed_by else None
    assert is_ours(Patient(id="p", meta=Meta(source=source), managing_organization=keeper), "org-a") is is_own


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "requested"}, {"referred"}),
        ({"status": "in-progress", "last_modified": NOON - timedelta(days=5000)}, {"referred"}),
        ({"status": "completed"}, {"referred"}),
        ({"status": "completed", "last_modified": NOON - timedelta(days=DAYS, seconds=-1)}, {"referred"}),
        ({"status": "completed", "last_modified": NOON - timedelta(days=DAYS)}, set()),
        ({"status": "rejected", "last_modified": NOON - timedelta(days=DAYS + 1)}, set()),
        ({"status": "completed", "last_modified": None}, set()),
        ({"status": "completed", "last_modified": None, "authored_on": NOON}, {"referred"}),
        ({"status": "entered-in-error"}, set()),
        ({"status": "draft"}, set()),
        ({"owner": ELSEWHERE}, set()),
        ({"requester": Reference(reference="Organization/org-a")}, set()),
        ({"for_": Reference(reference="Patient/another")}, set()),
    ],
)
def test_a_question_opens_the_record_while_it_is_open_and_for_a_time_after(
    store: Store, changes: dict[str, Any], expected: set[Relation]
) -> None:
    patient = Patient(id="p", managing_organization=ELSEWHERE)
    store.records.commit((patient,))
    task(store, "p", **changes)
    assert held(store, patient) == expected


def test_one_open_question_is_enough_beside_lapsed_ones(store: Store) -> None:
    patient = Patient(id="p", managing_organization=ELSEWHERE)
    store.records.commit((patient,))
    for number in range(5):
        task(store, "p", id=f"old{number}", status="completed", last_modified=NOON - timedelta(days=400))
    assert held(store, patient) == set()
    task(store, "p", id="new")
    assert held(store, patient) == {"referred"}


def test_a_question_that_came_before_the_patient_s_record_names_somebody_we_know(store: Store) -> None:
    assert held(store, Patient(id="coming")) is None
    task(store, "coming")
    assert held(store, Patient(id="coming")) == {"referred"}


def test_our_own_patient_is_not_also_referred(store: Store) -> None:
    patient = Patient(id="p")
    store.records.commit((patient,))
    task(store, "p")
    assert held(store, patient) == {"own"}


def test_broken_glass_is_a_relation_of_its_own(store: Store) -> None:
    patient = Patient(id="p", managing_organization=ELSEWHERE)
    store.records.commit((patient,))
    assert held(store, patient, open_for=frozenset({"p"})) == {"emergency"}
    assert held(store, patient, open_for=frozenset({"q"})) == set()
