"""Patients as strangers write them: any record at all opens the form, and amending it takes nothing away."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.records import ContactPoint, Patient, decode_as, encode
from clinic_app.registration import PatientForm, check_form, form_of, hints_for
from clinic_app.registration.form import filled
from clinic_app.terminology.systems import IIN
from tests.helpers.any_record import structs

TODAY = date(2026, 11, 22)
GOOD = PatientForm("Үлгібаев", "Ерлан", "Сәбитұлы", "850101 300 124", "01.01.1985", "male", "+7 701 000 00 00", "Үй 1")
PATIENTS = structs(Patient)


@given(patient=PATIENTS)
def test_any_patient_opens_the_form_and_the_form_can_be_looked_at(patient: Patient) -> None:
    shown = form_of(patient)
    assert all(isinstance(getattr(shown, field.name), str) for field in fields(shown))
    for error in check_form(shown, TODAY):
        assert error.field in {field.name for field in fields(shown)}
    hints_for(shown)


@given(patient=PATIENTS)
def test_amending_any_patient_keeps_everything_the_form_does_not_show(patient: Patient) -> None:
    amended = filled(patient, GOOD)
    assert form_of(amended) == GOOD
    assert [i for i in amended.identifier if i.system != IIN] == [i for i in patient.identifier if i.system != IIN]
    assert amended.name[1:] == patient.name[1:]
    assert amended.address[1:] == patient.address[1:]
    assert [t for t in amended.telecom if t.system != "phone"] == [t for t in patient.telecom if t.system != "phone"]
    others = sum(t.system == "phone" for t in patient.telecom[:]) or 1
    assert sum(t.system == "phone" for t in amended.telecom) == others
    for kept in ("id", "meta", "extension", "active", "managing_organization"):
        assert getattr(amended, kept) == getattr(patient, kept)


def test_a_phone_that_is_listed_twice_is_listed_twice_after_an_amendment() -> None:
    twice = _with_both(ContactPoint(system="phone", use="home"))
    assert filled(twice, GOOD).telecom == (
        ContactPoint(system="phone", value=GOOD.phone, use="home"),
        ContactPoint(system="phone", use="home"),
    )


def _with_both(phone: ContactPoint) -> Patient:
    return Patient(id="p1", telecom=(phone, phone))


@given(patient=PATIENTS)
def test_wiping_the_form_takes_only_what_it_showed(patient: Patient) -> None:
    amended = filled(patient, replace(GOOD, iin="", phone="", address=""))
    gone = [t for t in patient.telecom if t not in amended.telecom]
    assert all(t.system == "phone" for t in gone)
    assert len([a for a in patient.address if a not in amended.address]) <= 1
    assert all(a.text for a in patient.address if a not in amended.address)
    assert amended.identifier_value(IIN) is None


@given(patient=PATIENTS)
def test_an_amended_patient_goes_over_the_wire_and_comes_back(patient: Patient) -> None:
    base = encode(patient)
    body = encode(filled(decode_as(Patient, base), GOOD), base)
    assert form_of(decode_as(Patient, body)) == GOOD


@given(patient=PATIENTS, form=st.builds(PatientForm, *[st.text(st.characters(), max_size=30)] * 8))
def test_no_form_that_passes_the_check_breaks_any_patient(patient: Patient, form: PatientForm) -> None:
    form = replace(form, birth_date="29.02.2024", gender="female", iin="", phone="")
    if check_form(form, TODAY) == ():
        assert decode_as(Patient, encode(filled(patient, form))).birth_date == "2024-02-29"


@pytest.mark.parametrize("kept", ["1964", "1964-03", "1964-02-30", "9999-12-31", "0001-01-01"])
def test_a_strange_birth_date_never_keeps_a_patient_from_being_opened(kept: str) -> None:
    shown = form_of(Patient(id="p", birth_date=kept))
    assert [error.field for error in check_form(replace(GOOD, birth_date=shown.birth_date), TODAY)] == ["birth_date"]
