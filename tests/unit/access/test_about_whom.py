"""Whom a record is about: what decides who may see it names every patient in it, and nobody else."""

from __future__ import annotations

import pytest

from clinic_app.access.audit_events import patients_of, record_entities
from clinic_app.records import Appointment, AppointmentParticipant, Coding, Encounter, Patient, Reference, Resource
from clinic_app.storage.indexes import entries


def _reference(address: str) -> Reference:
    return Reference(reference=address)


def _appointment(*actors: str) -> Appointment:
    coming = tuple(AppointmentParticipant(actor=_reference(each), status="accepted") for each in actors)
    return Appointment(id="w", status="booked", participant=(*coming, AppointmentParticipant(status="tentative")))


@pytest.mark.parametrize(
    ("record", "patients"),
    [
        (_appointment("Practitioner/n", "Patient/p", "Location/l"), ["p"]),
        (_appointment("Patient/p", "Patient/q"), ["p", "q"]),
        (_appointment("Practitioner/n"), []),
        (Encounter(id="e", status="planned", class_=Coding(code="AMB"), subject=_reference("Patient/p")), ["p"]),
        (Encounter(id="e", status="planned", class_=Coding(code="AMB"), subject=_reference("Group/g")), []),
        (Patient(id="p"), ["p"]),
    ],
)
def test_a_record_is_about_the_patients_it_names(record: Resource, patients: list[str]) -> None:
    assert [each.partition("/")[2] for each in patients_of(record)] == patients
    named = [
        each.what.reference for each in record_entities((record,)) if each.what and each.type and each.type.code == "1"
    ]
    assert named == [f"Patient/{each}" for each in patients]


def test_visits_are_found_by_their_patient() -> None:
    assert ("subject", "p") in entries(_appointment("Practitioner/n", "Patient/p"))
    assert ("subject", "n") not in entries(_appointment("Practitioner/n", "Patient/p"))
    stay = Encounter(id="e", status="planned", class_=Coding(code="AMB"), subject=_reference("Patient/p"))
    assert ("subject", "p") in entries(stay)
