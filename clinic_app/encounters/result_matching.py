"""Whose a result may be: patients whose number the device named exactly. A hint for a person, never a decision.

A name is never enough, and even a right number is only shown: the check digit of an IIN lets one slip in a dozen pass
at one of its places. What the device says of the name is compared with the patient's, so that a person is warned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from clinic_app.encounters.received_result import ReceivedResult
from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.folding import name_keys
from clinic_app.records import Patient, ServiceRequest
from clinic_app.registration.iin import check_iin
from clinic_app.storage import Store
from clinic_app.terminology.systems import CASE_NUMBER, CHART_NUMBER, IIN

Number = Literal["iin", "chart", "order"]


@dataclass(frozen=True)
class Match:
    """A patient a result may be of.

    Args:
        patient: he.
        by: which number says so.
        is_name_different: the device says words of which none is a name of his.
    """

    patient: Patient
    by: Number
    is_name_different: bool


def matches_of(store: Store, result: ReceivedResult) -> tuple[Match, ...]:
    """Return the patients whose number a result names, each once; asks nobody's permission."""
    found: dict[str, Match] = {}
    for patient, by in _named(store, result):
        found.setdefault(patient.id, Match(patient, by, is_other_name(result.patient_text, patient)))
    return tuple(found.values())


def is_other_name(said: str, patient: Patient) -> bool:
    """Return whether words were said and none of them is one of the patient's names."""
    words = {key for key in name_keys(said) if not key.isdigit() and len(key) > 1}
    own = {
        key for name in patient.name for part in (name.text, name.family, *name.given) for key in name_keys(part or "")
    }
    return bool(words) and not words & own


def _named(store: Store, result: ReceivedResult) -> Iterator[tuple[Patient, Number]]:
    numbers = dict.fromkeys(each.strip() for each in (result.patient_id, result.order_id, result.sample_id) if each)
    for number in numbers:
        for patient in _by_iin(store, number):
            yield patient, "iin"
        for patient in store.records.find(Patient, identifier=f"{CHART_NUMBER}|{number}"):
            yield patient, "chart"
        for order in store.records.find(ServiceRequest, identifier=f"{CASE_NUMBER}|{number}"):
            patient_of_order = _patient(store, order)
            if patient_of_order is not None:
                yield patient_of_order, "order"


def _by_iin(store: Store, number: str) -> tuple[Patient, ...]:
    try:
        return store.records.find(Patient, identifier=f"{IIN}|{check_iin(number)}")
    except InvalidInputError:
        return ()


def _patient(store: Store, order: ServiceRequest) -> Patient | None:
    try:
        return store.records.get(Patient, order.subject.id or "")
    except NotFoundError:
        return None
