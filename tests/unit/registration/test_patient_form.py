"""The registration form: errors tied to fields, hints that do not stop, and nothing lost when amended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.records import Address, ContactPoint, HumanName, Identifier, Patient
from clinic_app.registration.form import PatientForm, check_form, filled, form_of, hints_for
from clinic_app.registration.keyboard import other_layout
from clinic_app.terminology.systems import CHART_NUMBER, IIN

TODAY = date(2026, 11, 22)
GOOD = PatientForm(
    family="Үлгібаев",
    given="Ерлан",
    patronymic="Сәбитұлы",
    iin="850101 300 124",
    birth_date="01.01.1985",
    gender="male",
    phone="+7 701 000 00 00",
    address="Үлгі ауылы, 1-үй",
)


def wrong_fields(form: PatientForm) -> list[str]:
    return [error.field for error in check_form(form, TODAY)]


def test_a_full_form_is_right() -> None:
    assert wrong_fields(GOOD) == []
    assert hints_for(GOOD) == ()


def test_papers_phone_and_patronymic_may_be_missing() -> None:
    assert wrong_fields(replace(GOOD, iin="", phone="", patronymic="", address="", family="")) == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("iin", "850101300125"),
        ("birth_date", "23.11.2026"),
        ("birth_date", "01.01.1885"),
        ("birth_date", ""),
        ("birth_date", "31.02.2020"),
        ("gender", ""),
        ("phone", "call me"),
        ("family", "123"),
        ("given", "<b>"),
        ("address", "x" * 201),
    ],
)
def test_each_error_belongs_to_its_field(field: str, typed: str) -> None:
    assert wrong_fields(replace(GOOD, **{field: typed})) == [field]


def test_somebody_needs_a_name() -> None:
    assert wrong_fields(replace(GOOD, family=" ", given="")) == ["family"]


def test_every_error_has_a_sentence_in_every_language() -> None:
    empty = PatientForm(iin="1")
    for error in check_form(empty, TODAY):
        assert error.text.render("kk") != error.text.render("en") != error.text.render("ru")


def test_a_number_that_tells_another_birth_is_a_hint_not_an_error() -> None:
    form = replace(GOOD, birth_date="02.01.1985", gender="female")
    assert wrong_fields(form) == []
    assert [field for field, _ in hints_for(form)] == ["birth_date", "gender"]


def test_a_patient_is_filled_from_the_form() -> None:
    patient = filled(Patient(id="p"), GOOD)
    assert patient.full_name == "Үлгібаев Ерлан Сәбитұлы"
    assert patient.birth_date == "1985-01-01"
    assert patient.identifier_value(IIN) == "850101300124"
    assert form_of(patient) == GOOD


def test_amending_keeps_what_the_form_does_not_show() -> None:
    patient = Patient(
        id="p",
        identifier=(Identifier(system=CHART_NUMBER, value="A-1"), Identifier(system=IIN, value="061211600012")),
        name=(HumanName(family="Old"), HumanName(use="maiden", family="Maiden")),
        telecom=(ContactPoint(system="email", value="a@b"), ContactPoint(system="phone", value="1", use="home")),
        address=(Address(text="x", city="Y"), Address(text="second")),
    )
    amended = filled(patient, GOOD)
    assert amended.identifier_value(CHART_NUMBER) == "A-1"
    assert amended.name[1].family == "Maiden"
    assert {t.value for t in amended.telecom} == {"a@b", GOOD.phone}
    assert amended.address[0].city == "Y"
    assert amended.address[1].text == "second"


@given(st.builds(PatientForm, *[st.text(max_size=30)] * 8))
def test_no_typed_text_breaks_the_check(form: PatientForm) -> None:
    errors = check_form(form, TODAY)
    hints_for(form)
    if not errors:
        assert filled(Patient(id="p"), form).birth_date


def test_the_wrong_keyboard_is_read_both_ways() -> None:
    assert other_layout("ghbdtn") == "привет"
    assert other_layout("привет") == "ghbdtn"
    assert other_layout("Иваnov") == "Иваnov"
