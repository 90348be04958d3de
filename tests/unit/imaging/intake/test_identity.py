"""Whose files these are: numbers decide, a name alone never does."""

from __future__ import annotations

import pytest

from clinic_app.imaging.intake.identity import PersonInFile, Sameness, groups, is_same_person, person_of, sameness
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.registration.iin import check_digit
from clinic_app.terminology.systems import CHART_NUMBER, IIN
from tests.helpers.dicom_files import item, made_file


def iin(first_eleven: str) -> str:
    return f"{first_eleven}{check_digit(first_eleven)}"


OURS, OTHERS = iin("64030530012"), iin("70121240033")
PATIENT = Patient(
    id="p1",
    name=(HumanName(family="Қасымов", given=("Нұрлан",)),),
    birth_date="1964-03-05",
    identifier=(Identifier(system=IIN, value=OURS), Identifier(system=CHART_NUMBER, value="AK-26-000017")),
)


def person(name: str = "Kasymov Nurlan", *ids: str, issuer: str = "", born: str = "") -> PersonInFile:
    return PersonInFile(name, tuple((each, issuer) for each in ids), born)


@pytest.mark.parametrize(
    ("in_file", "expected"),
    [
        (person("Kasymov Nurlan", OURS), "identifier"),
        (person("", OURS), "identifier"),
        (person("Касымов Нурлан", f"{OURS[:6]} {OURS[6:]}"), "identifier"),
        (person("Kasymov Nurlan", "ak-26-000017"), "identifier"),
        (person("Kasymov Nurlan", "AK-26-000017", issuer="Аурухана"), "identifier"),
        (person("Kasymov Nurlan", "AK-26-000017", issuer="Other hospital"), "name"),
        (person("Kasymov Nurlan", "17"), "name"),
        (person("Kasymov Nurlan"), "name"),
        (person("Kasymov Nurlan", born="1964-03-05"), "name"),
        (person(""), "unsaid"),
        (person("", "4711"), "unsaid"),
        (person("Kasymov Nurlan", OTHERS), "other"),
        (person("Kasymov Nurlan", OTHERS, "AK-26-000017"), "other"),
        (person("Kasymov Nurlan", born="1964-03-06"), "other"),
        (person("Kasymov Serik", OURS), "other"),
        (person("Sidorova Anna"), "other"),
    ],
)
def test_how_far_a_file_and_a_patient_agree(in_file: PersonInFile, expected: Sameness) -> None:
    assert sameness(PATIENT, in_file, ("org-1", "Аурухана")) == expected


def test_a_patient_without_numbers_is_never_found_by_one() -> None:
    nameless = Patient(id="p2", name=PATIENT.name)
    assert sameness(nameless, person("Kasymov Nurlan", OURS, "AK-26-000017")) == "name"


def test_a_year_of_birth_contradicts_no_day() -> None:
    about = Patient(id="p3", name=PATIENT.name, birth_date="1964")
    assert sameness(about, person(born="1964-03-05")) == "name"
    assert sameness(about, person(born="1970-03-05")) == "other"
    assert sameness(Patient(id="p4", name=PATIENT.name, birth_date="1964-03"), person(born="1964-04-05")) == "other"


def test_a_file_says_its_person_with_all_numbers_and_their_issuers() -> None:
    others = [item(PatientID=OURS, IssuerOfPatientID="IIN"), item(PatientID="")]
    dataset = made_file(PatientID="17", IssuerOfPatientID="District", PatientBirthDate="19640305", PatientSex="M")
    dataset.OtherPatientIDsSequence = others
    assert person_of(dataset, "Test Name") == PersonInFile(
        "Test Name", (("17", "District"), (OURS, "IIN")), "1964-03-05", "M"
    )


@pytest.mark.parametrize("born", ["", "19640", "unknown", "1964.03.05x"])
def test_a_birth_date_that_is_none_is_not_said(born: str) -> None:
    dataset = made_file()
    dataset.add_new("PatientBirthDate", "LO", born)
    assert person_of(dataset, "").birth_date == ""


def test_an_old_way_to_write_a_date_is_read() -> None:
    dataset = made_file()
    dataset.add_new("PatientBirthDate", "LO", "1964.03.05")
    assert person_of(dataset, "").birth_date == "1964-03-05"


def test_spellings_and_gaps_of_one_person_meet() -> None:
    full = person("Касымов Нурлан", OURS, born="1964-03-05")
    files = [person("Kasymov Nurlan"), full, person("", OURS), person("Sidorova Anna", "9")]
    leaders = groups(files)
    assert len(set(leaders.values())) == 2
    assert leaders[files[0]] == leaders[files[2]] == full


@pytest.mark.parametrize(
    "other",
    [
        person("Kasymov Nurlan", OTHERS),
        person("Kasymov Nurlan", OURS, born="1999-01-01"),
        person("Sidorova Anna", OURS),
    ],
)
def test_two_people_are_never_counted_as_one(other: PersonInFile) -> None:
    one = person("Kasymov Nurlan", OURS, born="1964-03-05")
    assert len(set(groups([one, other]).values())) == 2


def test_a_name_of_one_word_is_enough_where_there_is_no_other() -> None:
    only = Patient(id="p4", name=(HumanName(given=("Нұрлан",)),))
    assert is_same_person(only, "NURLAN")
    assert not is_same_person(only, "SERIK")
