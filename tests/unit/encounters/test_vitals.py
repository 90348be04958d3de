"""The vitals form: plausible, complete, never silently zero."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clinic_app.encounters.vitals import VITAL_SIGNS, VitalsForm, check_vitals, measured

GOOD = VitalsForm(systolic="165", diastolic="95", heart_rate="88", spo2="94", temperature="36,9")


def test_a_good_form_is_right_and_keeps_its_decimals() -> None:
    assert check_vitals(GOOD) == ()
    values = {sign.field: quantity.value for sign, quantity in measured(GOOD)}
    assert values == {
        "systolic": Decimal(165),
        "diastolic": Decimal(95),
        "heart_rate": Decimal(88),
        "spo2": Decimal(94),
        "temperature": Decimal("36.9"),
    }


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("temperature", "369"),
        ("temperature", "36,9,1"),
        ("spo2", "101"),
        ("heart_rate", "abc"),
        ("diastolic", ""),
        ("systolic", ""),
        ("systolic", "90"),
        ("systolic", "95"),
        ("glucose", "-5"),
    ],
)
def test_each_error_belongs_to_its_field(field: str, typed: str) -> None:
    errors = check_vitals(replace(GOOD, **{field: typed}))
    assert [error.field for error in errors] == [field]
    assert all(error.text.render("ru") != error.text.render("en") for error in errors)


def test_an_empty_form_says_so() -> None:
    assert len(check_vitals(VitalsForm())) == 1


def test_codes_are_unique() -> None:
    assert len({sign.loinc for sign in VITAL_SIGNS}) == len(VITAL_SIGNS)
