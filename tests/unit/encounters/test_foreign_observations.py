"""Findings as strangers write them are listed or left out, and never keep the rest from being seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from clinic_app.access import People, Session, Trail
from clinic_app.encounters import Encounters, vital_sign_of
from clinic_app.foundation.ids import new_id
from clinic_app.records import AllergyIntolerance, CodeableConcept, Coding, Observation, Patient, Reference, encode
from clinic_app.storage import Store
from clinic_app.terminology.systems import OBSERVATION_CATEGORY
from tests.helpers.any_record import structs
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import PASSWORD, QUICK, opened, set_up

VITAL = CodeableConcept(coding=(Coding(system=OBSERVATION_CATEGORY, code="vital-signs", display="Vital Signs"),))
LAB = CodeableConcept(coding=(Coding(system=OBSERVATION_CATEGORY, code="laboratory"),))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("foreign")
    with opened(folder) as store:
        set_up(store, "doctor")
        yield store


@pytest.fixture(scope="module")
def doctor(store: Store) -> Session:
    return People(store, FixedClock(), QUICK).sign_in("doctor", PASSWORD)


@pytest.fixture(scope="module")
def bedside(store: Store) -> Encounters:
    return Encounters(store, Trail(store, FixedClock()), FixedClock())


def received(store: Store, *records: Observation | AllergyIntolerance) -> str:
    """Take records in as from the hub, all of one new patient; return the patient's id."""
    patient_id = new_id()
    store.records.commit((Patient(id=patient_id),))
    about = Reference(reference=f"Patient/{patient_id}")
    for record in records:
        field = "subject" if isinstance(record, Observation) else "patient"
        mine = msgspec.structs.replace(record, id=new_id(), **{field: about})
        store.records.receive([encode(mine)], is_from_hub=False)
    return patient_id


QUIETLY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@QUIETLY
@given(first=structs(Observation), second=structs(Observation), lab=structs(Observation))
def test_any_vital_signs_are_listed_by_their_moment_and_nothing_else_is(
    store: Store, bedside: Encounters, doctor: Session, first: Observation, second: Observation, lab: Observation
) -> None:
    pair = [msgspec.structs.replace(each, category=(LAB, VITAL), status="final") for each in (first, second)]
    patient_id = received(store, *pair, msgspec.structs.replace(lab, category=(LAB,)))
    listed = bedside.vitals(doctor, patient_id)
    assert len(listed) == 2
    moments = [each.effective_date_time for each in listed if each.effective_date_time]
    assert moments == sorted(moments, reverse=True)
    assert listed[-1].effective_date_time is None or len(moments) == 2
    for each in listed:
        vital_sign_of(each)


@QUIETLY
@given(allergy=structs(AllergyIntolerance))
def test_any_allergy_is_listed(store: Store, bedside: Encounters, doctor: Session, allergy: AllergyIntolerance) -> None:
    """Better one too many than one unseen."""
    patient_id = received(store, allergy)
    assert len(bedside.allergies(doctor, patient_id)) == 1
