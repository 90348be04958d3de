"""Sheets of results, and the observations they become."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from clinic_app.access import Session
from clinic_app.encounters.received_result import TOGETHER, observations, sheets_of
from clinic_app.encounters.vitals import vital_sign_of
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.terminology.systems import DEVICE_RESULT, DEVICE_TEST, LOINC, OBSERVATION_CATEGORY, UCUM
from tests.helpers.clocks import NOON
from tests.helpers.results import result, vital
from tests.helpers.stores import patient

NURSE = Session("nurse-1", "Омарова Әсем", "nurse", "nurse", "org-a", "Хромтау")
PATIENT = patient()


def test_results_with_the_same_names_on_them_are_one_sheet() -> None:
    one, two = result(sample_id="S1"), result(sample_id="S1", code="718-7", unit="g/L")
    other = result(sample_id="S2", at=NOON + timedelta(minutes=1))
    sheets = sheets_of([other, two, one])
    assert [sheet.first.sample_id for sheet in sheets] == ["S2", "S1"]
    assert set(sheets[1].ids) == {one.fingerprint, two.fingerprint}


def test_results_of_another_device_are_another_sheet() -> None:
    assert len(sheets_of([result(sample_id="S1"), result(sample_id="S1", device="XN")])) == 2


def test_results_that_come_much_later_are_another_sheet() -> None:
    first = result(sample_id="S1")
    second = result(sample_id="S1", at=NOON + TOGETHER)
    third = result(sample_id="S1", at=NOON + TOGETHER * 2 + timedelta(seconds=1))
    assert [len(sheet.results) for sheet in sheets_of([first, second, third])] == [1, 2]


def test_nameless_results_are_together_only_at_the_same_moment() -> None:
    high, low = vital("8480-6", "150", "mm[Hg]"), vital("8462-4", "90", "mm[Hg]")
    next_patient = vital("8480-6", "120", "mm[Hg]", NOON + timedelta(minutes=2))
    assert [len(sheet.results) for sheet in sheets_of([high, low, next_patient])] == [1, 2]


def test_a_laboratory_value_keeps_every_digit_and_remark() -> None:
    (made,) = observations(
        [result(Decimal("5.60"), flags=("H",), reference_range="3.9-6.1", comment="hemolysed", label="CREA",
                code="14682-9", unit="umol/L")], PATIENT, NURSE
    )  # fmt: skip
    assert made.value_quantity is not None
    assert str(made.value_quantity.value) == "5.60"
    assert (made.value_quantity.unit, made.value_quantity.system) == ("umol/L", UCUM)
    assert made.category[0].code(OBSERVATION_CATEGORY) == "laboratory"
    assert made.code.code(LOINC) == "14682-9"
    assert made.note[0].text == "H [3.9-6.1] hemolysed"
    assert (made.effective_date_time, made.issued) == (NOON, NOON)
    assert made.device is not None
    assert made.device.display == "AU"


def test_words_stay_words() -> None:
    (made,) = observations([result("> 25")], PATIENT, NURSE)
    assert (made.value_quantity, made.value_string) == (None, "> 25")


def test_a_code_of_the_devices_own_claims_to_be_nothing_else() -> None:
    (made,) = observations([result(code="XYZ", system="", label="XYZ")], PATIENT, NURSE)
    assert (made.code.coding[0].system, made.code.coding[0].code, made.code.text) == (DEVICE_TEST, "XYZ", "XYZ")


def test_the_two_values_of_a_blood_pressure_become_one() -> None:
    high, low = vital("8480-6", "150", "mm[Hg]"), vital("8462-4", "90", "mm[Hg]")
    pressure, pulse = observations([low, vital("8867-4", "72", "/min"), high], PATIENT, NURSE)
    values = [part.value_quantity.value for part in pressure.component if part.value_quantity]
    assert (pressure.code.code(LOINC), values) == ("85354-9", [150, 90])
    assert {each.value for each in pressure.identifier} == {high.fingerprint, low.fingerprint}
    sign = vital_sign_of(pulse)
    assert sign is not None
    assert sign.field == "heart_rate"
    assert pulse.category[0].code(OBSERVATION_CATEGORY) == "vital-signs"


def test_half_a_blood_pressure_stays_half_a_one() -> None:
    later = NOON + timedelta(minutes=5)
    made = observations([vital("8480-6", "150", "mm[Hg]"), vital("8462-4", "90", "mm[Hg]", later)], PATIENT, NURSE)
    assert [len(each.component) for each in made] == [0, 0]


def test_a_vital_sign_in_another_unit_is_no_vital_sign() -> None:
    (made,) = observations([vital("8310-5", "98.6", "[degF]")], PATIENT, NURSE)
    assert made.category[0].code(OBSERVATION_CATEGORY) == "laboratory"


def test_a_vital_sign_no_living_person_has_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        observations([vital("8480-6", "900", "mm[Hg]")], PATIENT, NURSE)
    assert refusal.value.field == "systolic"


def test_what_was_measured_has_a_name_for_people() -> None:
    assert result().name == Text("Glucose")
    assert result(code="718-7", unit="g/L").name == Text("Haemoglobin")
    assert result(code="X-1", system="", label="Xanthin").name == "Xanthin"
    assert result(code="X-1", system="", label="").name == "X-1"


def test_every_observation_says_which_result_it_was() -> None:
    (made,) = observations([result(sample_id="S1")], PATIENT, NURSE)
    assert made.identifier[0].system == DEVICE_RESULT
    assert made.identifier[0].value == result(sample_id="S1").fingerprint
    assert made.subject is not None
    assert made.subject.id == PATIENT.id
    assert made.performer[0].display == "Омарова Әсем"
