"""Questions and answers of archives: what may be asked, what fits, how a name is spelt, and where it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.imaging.intake.identity import PersonInFile
from clinic_app.imaging.network.dicom_words import image_of, question, series_of, study_of
from clinic_app.imaging.network.found import AnswerSieve, FoundStudy, Wanted, fits, spellings
from clinic_app.imaging.network.latin import latin, latin_spellings
from clinic_app.imaging.network.syntaxes import MOST_CONTEXTS, contexts_for
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, made_file

CT_CLASS, SR_CLASS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.22"
STUDY = FoundStudy(
    "1.2",
    PersonInFile("KASSYMOV NURLAN", (("640305300123", ""),), "1964-03-05"),
    "A17",
    "2026-03-01",
    "Head",
    ("CT",),
    3,
)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(name="*"),
        Wanted(name="?? *"),
        Wanted(patient_id="**"),
        Wanted(accession=" "),
        Wanted(modality="CT"),
        Wanted(to_day=date(2026, 1, 1)),
        Wanted(patient_id="x" * 65),
        Wanted(name="a\\b"),
        Wanted(name="a\x1bb"),
        Wanted(patient_id="1", from_day=date(2026, 2, 1), to_day=date(2026, 1, 1)),
    ],
)
def test_what_narrows_nothing_or_cannot_be_asked_is_refused(wanted: Wanted) -> None:
    with pytest.raises(InvalidInputError):
        wanted.checked()


def test_a_question_is_tidied() -> None:
    asked = Wanted(" 17 ", "  Қасымов   Нұрлан ", " A ", " ct ").checked()
    assert asked == Wanted("17", "Қасымов Нұрлан", "A", "CT")


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (None, None, ""),
        (date(2026, 3, 1), None, "20260301-"),
        (None, date(2026, 3, 1), "-20260301"),
        (date(2026, 3, 1), date(2026, 3, 1), "20260301"),
        (date(2026, 3, 1), date(2026, 4, 1), "20260301-20260401"),
    ],
)
def test_days_are_asked_as_the_standard_writes_them(first: date | None, last: date | None, said: str) -> None:
    assert Wanted(from_day=first, to_day=last).days == said


@pytest.mark.parametrize(
    ("wanted", "is_fitting"),
    [
        (Wanted("640305300123"), True),
        (Wanted("640305 300123"), True),
        (Wanted("6403*"), True),
        (Wanted("6403"), False),
        (Wanted(accession="a17"), True),
        (Wanted(accession="A1?"), True),
        (Wanted(accession="A18"), False),
        (Wanted(modality="CT"), True),
        (Wanted(modality="MR"), False),
        (Wanted(from_day=date(2026, 3, 1)), True),
        (Wanted(from_day=date(2026, 3, 2)), False),
        (Wanted(to_day=date(2026, 2, 28)), False),
        (Wanted(name="Қасымов"), True),
        (Wanted(name="Касымов Нурлан"), True),
        (Wanted(name="Kasym*"), True),
        (Wanted(name="K?s*"), True),
        (Wanted(name="Nurlan"), True),
        (Wanted(name="Қасымов Серік"), False),
        (Wanted(name="ym"), False),
    ],
)
def test_an_answer_is_looked_at_again(wanted: Wanted, is_fitting: bool) -> None:
    assert fits(STUDY, wanted) is is_fitting


def test_what_an_archive_does_not_say_contradicts_nothing() -> None:
    everything = Wanted("17", "Қасымов", "A1", "CT", date(2026, 1, 1), date(2026, 2, 1))
    assert fits(FoundStudy("1.2"), everything)


def test_a_sieve_keeps_each_once_and_counts_the_rest() -> None:
    sieve = AnswerSieve(Wanted(patient_id="640305300123"))
    other = replace(STUDY, uid="1.3", person=PersonInFile("X", (("9", ""),)))
    newer = replace(STUDY, uid="1.4", day="2026-04-01")
    for each in (STUDY, other, STUDY, None, newer):
        sieve.take(each)
    answers = sieve.answers()
    assert [each.uid for each in answers.studies] == ["1.4", "1.2"]
    assert (answers.unfit, answers.unreadable, answers.is_cut) == (1, 1, False)


def test_a_sieve_is_full_when_enough_came_or_hardly_anything_fits() -> None:
    fitting = AnswerSieve(Wanted(patient_id="6*"), most=3)
    for place in range(3):
        fitting.take(replace(STUDY, uid=f"1.{place}"))
    assert fitting.is_full
    assert fitting.answers().is_cut
    ignoring = AnswerSieve(Wanted(patient_id="17"), most=3)
    for place in range(12):
        assert not ignoring.is_full
        ignoring.take(replace(STUDY, uid=f"1.{place}"))
    assert ignoring.is_full
    assert ignoring.answers().studies == ()


# --- names ---


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", ("",)),
        ("Petrov", ("Petrov*", "PETROV*")),
        ("petrov petr", ("petrov^petr*", "PETROV^PETR*", "Petrov^Petr*")),
        ("PETROV*", ("PETROV*", "Petrov*")),
        ("Иванов", ("Иванов*", "IVANOV*", "IV?NOV*")),
    ],
)
def test_a_name_is_asked_as_typed_and_as_devices_write_it(name: str, expected: tuple[str, ...]) -> None:
    found = spellings(name, latin_spellings)
    assert found[0] == expected[0]
    assert set(expected[:2]) <= set(found)
    assert len(found) <= 3


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("Щербаков", "Shcherbakov"),
        ("ҚАСЫМ-ЖОМАРТ", "KASYM-ZHOMART"),
        ("Әсет", "Aset"),
        ("Үлгібай Өтеген", "Ulgibai Otegen"),
        ("Smith 3", "Smith 3"),
        ("Яна", "Yana"),
    ],
)
def test_names_are_written_as_in_a_passport(name: str, spelt: str) -> None:
    assert latin(name) == spelt


@pytest.mark.parametrize("written", ["KASSYMOV", "KASYMOV", "KASIMOV", "KASSIMOV"])
def test_the_loose_spelling_finds_what_clerks_write(written: str) -> None:
    import fnmatch

    loose = latin_spellings("Қасымов*")[1].upper()
    assert fnmatch.fnmatchcase(written, loose.replace("[", "?"))


# --- as DICOM writes it ---


def test_a_question_says_its_letters_and_asks_for_what_is_shown() -> None:
    asked = question("STUDY", Wanted("17", "x", "A", "CT", date(2026, 3, 1)), "Қасымов*")
    assert asked.SpecificCharacterSet == "ISO_IR 192"
    assert (asked.PatientName, asked.PatientID, asked.StudyDate) == ("Қасымов*", "17", "20260301-")
    assert "NumberOfStudyRelatedInstances" in asked


def test_images_are_named_one_by_one() -> None:
    asked = question("IMAGE", study_uid="1.2", series_uid="1.3", images=["1.4", "1.5"])
    assert list(asked.SOPInstanceUID) == ["1.4", "1.5"]
    assert "SOPClassUID" not in asked


def test_an_answer_in_wrong_letters_is_read_all_the_same() -> None:
    letters = "Петров^Пётр".encode("cp1251")
    made = bytes_of(made_file(SpecificCharacterSet="ISO_IR 100", PatientName="X" * len(letters)))
    raw = read_dataset(made.replace(b"X" * len(letters), letters))
    found = study_of(raw)
    assert found is not None
    assert found.person.name == "Петров Пётр"


@pytest.mark.parametrize("uid", ["", "1.2.3/../../x", "x" * 70, None])
def test_an_answer_that_names_nothing_is_none(uid: str | None) -> None:
    answer = Dataset()
    answer.add_new("StudyInstanceUID", "LO", uid)
    assert study_of(answer) is None
    assert series_of(answer, "1.2") is None
    assert image_of(answer) is None


def test_a_series_of_another_study_is_none_of_this_one() -> None:
    answer = Dataset()
    answer.StudyInstanceUID, answer.SeriesInstanceUID = "1.9", "1.9.1"
    assert series_of(answer, "1.2") is None
    answer.StudyInstanceUID = "1.2"
    found = series_of(answer, "1.2")
    assert found is not None
    assert (found.uid, found.images) == ("1.9.1", -1)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["StudyDate", "ModalitiesInStudy", "PatientName", "PatientID"]), st.text(max_size=40)
    )
)
def test_whatever_an_answer_says_is_read_or_left_out(told: dict[str, str]) -> None:
    answer = Dataset()
    answer.StudyInstanceUID = "1.2"
    for keyword, value in told.items():
        answer.add_new(keyword, "LO", value)
    found = study_of(answer)
    assert found is not None
    assert found.day == "" or len(found.day) == 10


# --- what is agreed on ---


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "", "unknown"])
def test_there_is_room_for_everything_that_is_asked(modality: str) -> None:
    found = contexts_for([], modality)
    assert 0 < len(found) <= MOST_CONTEXTS
    assert any(kind == SR_CLASS for kind, _syntaxes in found)


def test_every_packing_of_a_known_kind_is_asked_apart() -> None:
    found = contexts_for([CT_CLASS], "CT")
    packings = [syntaxes for kind, syntaxes in found if kind == CT_CLASS]
    assert len(packings) > 10
    assert all(len(each) == 1 for each in packings[1:])
    assert not any(kind.endswith(".1.1.4") for kind, _syntaxes in found), "no other modality takes room"
    assert sum(kind == SR_CLASS for kind, _syntaxes in found) == 1, "a report is never packed"
