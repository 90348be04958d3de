"""The registration form: errors tied to fields, hints that do not stop, and nothing lost when amended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.records import Address, ContactPoint, HumanName, Identifier, Patient
from clinic_app.registration.form import PatientForm, check_form, filled, form_of, hints_for
from clinic_app.registration.keyboard import other_layout, other_layouts
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
        ("phone", "-----"),
        ("phone", "+()()()"),
        ("phone", "+7 (7)"),
        ("phone", "٨٧٠١١٢٣٤٥٦٧"),
        ("given", ""),
        ("family", "-"),
        ("family", "🫀"),
        ("patronymic", "(нет)"),
        ("gender", "fem"),
        ("birth_date", "22.11.1900"),
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


@pytest.mark.parametrize(
    "name",
    [
        "Ән",
        "Жан-Поль",
        "Анна‑Мария",
        "О’Брайен",
        "O‘zbekov",
        "д'Артаньян",
        "Ibn al-Ḥasan",
        "Неизвестный 1",
        "М.",
        "Ўрис",
    ],
)
def test_a_name_as_papers_bear_it_is_right(name: str) -> None:
    form = replace(GOOD, family=name, given=name, patronymic=name)
    assert wrong_fields(form) == []
    assert form_of(filled(Patient(id="p"), form)).family == name


@pytest.mark.parametrize("pasted", ["Аи\u0306гүл", "Ай\u200bгүл", " Айгүл\u00a0", "Ай\x00гүл\r\n", "\u202aАйгүл\u202c"])
def test_a_pasted_name_is_kept_as_if_it_were_typed(pasted: str) -> None:
    form = replace(GOOD, given=pasted)
    assert wrong_fields(form) == []
    assert filled(Patient(id="p"), form).name[0].given[0] == "Айгүл"


def test_a_patronymic_never_slips_into_the_place_of_a_missing_first_name() -> None:
    assert wrong_fields(replace(GOOD, given=" ")) == ["given"]


def test_an_address_of_another_system_that_the_form_cannot_show_stays() -> None:
    patient = Patient(id="p", address=(Address(city="Ақтөбе"), Address(text="second")))
    assert filled(patient, replace(GOOD, address="")).address == patient.address
    assert filled(patient, GOOD).address[0] == Address(city="Ақтөбе", text=GOOD.address)


def test_a_second_telephone_that_the_form_cannot_show_stays() -> None:
    phones = (ContactPoint(system="phone", value="1"), ContactPoint(system="phone", value="2", use="work"))
    assert filled(Patient(id="p", telecom=phones), GOOD).telecom[1:] == phones[1:]
    assert filled(Patient(id="p", telecom=phones), replace(GOOD, phone="")).telecom == phones[1:]


def test_an_address_that_is_wiped_out_goes() -> None:
    patient = filled(Patient(id="p"), GOOD)
    assert filled(patient, replace(GOOD, address=" ", phone="", iin="")).address == ()


@pytest.mark.parametrize("kept", ["1964", "1964-03", "2020-02-31", "0000-00-00"])
def test_a_birth_date_that_is_no_whole_day_is_asked_again(kept: str) -> None:
    assert form_of(Patient(id="p", birth_date=kept)).birth_date == ""


@pytest.mark.parametrize("sick", [Patient(id="p"), Patient(id="p", name=(HumanName(text="Қасым Нұрлан"),))])
def test_a_patient_of_whom_little_is_known_opens_an_empty_form(sick: Patient) -> None:
    assert form_of(sick) == PatientForm()


@given(st.builds(PatientForm, *[st.text(st.characters(), max_size=30)] * 8))
def test_what_is_filled_in_is_shown_again_as_it_was_kept(typed: PatientForm) -> None:
    form = replace(typed, birth_date="5.3.1964", gender="other", iin="850101300124")
    if wrong_fields(form) == []:
        shown = form_of(filled(Patient(id="p"), form))
        assert wrong_fields(shown) == []
        assert form_of(filled(filled(Patient(id="p"), form), shown)) == shown
        assert shown.birth_date == "05.03.1964"
        assert shown.iin == "850101 300 124"


def test_the_wrong_keyboard_is_tried_as_russian_first_and_as_kazakh_then() -> None:
    assert other_layouts("ghbdtn") == ("привет", "привет")
    assert other_layouts("-v3hpf0") == ("-м3рза0", "өмірзақ")
    assert other_layouts("fyyf-vfhbz")[0] == "анна-мария"
    assert other_layouts("2345890-=a")[1] == "әіңғүұқөһф"


@pytest.mark.parametrize("words", ["850101300124", "26-000001", "", "Иваnov"])
def test_numbers_and_mixed_words_are_no_other_layout(words: str) -> None:
    assert other_layouts(words) == (words,)


def test_the_wrong_keyboard_is_read_both_ways() -> None:
    assert other_layout("ghbdtn") == "привет"
    assert other_layout("привет") == "ghbdtn"
    assert other_layout("Иваnov") == "Иваnov"
