"""What machines are told of the day's orders: asked by station, kind, date, patient; in letters they can read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from clinic_app.imaging.network.letters import character_set, person_name, spoken
from clinic_app.imaging.network.peers import Letters
from clinic_app.imaging.network.worklist import MOST_ANSWERS, Worklist, is_within
from clinic_app.imaging.orders import ImageOrder
from clinic_app.records import HumanName
from tests.helpers.image_desk import IIN_OF_ONE, Desk, all_of, image_desk

US, CT = all_of("US4", "Ultrasound, room 4"), all_of("CT1")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with image_desk(tmp_path) as made:
        yield made


def question(charset: str = "ISO_IR 192", step: dict[str, Any] | None = None, **keys: Any) -> Dataset:
    """Return what a machine asks."""
    asked = Dataset()
    asked.SpecificCharacterSet = charset
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "RequestedProcedureDescription"):
        setattr(asked, keyword, keys.pop(keyword, ""))
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    item = Dataset()
    for keyword in ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate"):
        setattr(item, keyword, (step or {}).get(keyword, ""))
    for keyword, value in (step or {}).items():
        setattr(item, keyword, value)
    asked.ScheduledProcedureStepSequence = Sequence([item])
    return asked


def told(desk: Desk, asked: Dataset, peer: Any = US) -> list[Dataset]:
    worklist = Worklist(desk.orders.open_ones, lambda: "Хромтау аудандық ауруханасы")
    return list(worklist.answers(asked, peer))


def test_an_order_is_told_with_its_numbers_and_its_patient(desk: Desk) -> None:
    order = desk.order(priority="stat", note="Аллергия")
    (answer,) = told(desk, question(StudyInstanceUID="", RequestedProcedurePriority="", RequestedProcedureComments=""))
    assert (answer.AccessionNumber, answer.StudyInstanceUID) == (order.accession, order.study_uid)
    assert (str(answer.PatientName), answer.PatientID) == ("Қасымов^Ерлан", IIN_OF_ONE)
    assert (answer.RequestedProcedurePriority, answer.SpecificCharacterSet) == ("STAT", "ISO_IR 192")
    assert "Аллергия" in answer.RequestedProcedureComments
    (step,) = answer.ScheduledProcedureStepSequence
    assert (step.Modality, step.ScheduledStationAETitle) == ("US", "US4")
    assert step.ScheduledProcedureStepStartDate == order.at.astimezone().strftime("%Y%m%d")


def test_only_what_is_asked_for_is_told_and_what_nobody_knows_is_empty(desk: Desk) -> None:
    desk.order()
    (answer,) = told(desk, question(PatientWeight="", Occupation="", BodyPartExamined=""))
    assert "ReasonForTheRequestedProcedure" not in answer
    assert answer["Occupation"].value in ("", None)


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({"step": {"Modality": "US"}}, True),
        ({"step": {"Modality": "CT"}}, False),
        ({"step": {"Modality": ["CT", "US"]}}, True),
        ({"step": {"ScheduledStationAETitle": "US4"}}, True),
        ({"step": {"ScheduledStationAETitle": "US9"}}, False),
        ({"step": {"ScheduledStationAETitle": "*"}}, True),
        ({"step": {"ScheduledProcedureStepStartDate": "20260305"}}, True),
        ({"step": {"ScheduledProcedureStepStartDate": "20260304-20260306"}}, True),
        ({"step": {"ScheduledProcedureStepStartDate": "20260306-"}}, False),
        ({"step": {"ScheduledProcedureStepStartDate": "-20260304"}}, False),
        ({"PatientID": IIN_OF_ONE}, True),
        ({"PatientID": "85*"}, True),
        ({"PatientID": "84*"}, False),
        ({"PatientName": "Kasymov*"}, True),
        ({"PatientName": "КАСЫМОВ^ЕРЛАН"}, True),
        ({"PatientName": "Қас*"}, True),
        ({"PatientName": "Kasym"}, False),
        ({"PatientName": "Қас*ов"}, True),
        ({"PatientName": "*ymov*^Er?an"}, True),
        ({"PatientName": "*ov"}, True),
        ({"PatientName": "Kas*in"}, False),
        ({"PatientName": "*kasym"}, False),
        ({"PatientName": "ymov*"}, False),
        ({"PatientName": "ov*kas*"}, False),
        ({"PatientName": "Kasymov-Petr*"}, False),
        ({"PatientName": "Kasymov-Erl*"}, True),
        ({"PatientName": "Petr*"}, False),
        ({"AccessionNumber": "AB12??000001"}, True),
        ({"AccessionNumber": "AB12"}, False),
        ({"StudyInstanceUID": "1.2.3"}, False),
    ],
)
def test_keys_ranges_and_wildcards(desk: Desk, change: dict[str, Any], is_told: bool) -> None:
    desk.order(station="US4", at=datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert bool(told(desk, question(**change))) == is_told


def test_an_order_for_any_machine_is_told_to_each_and_one_for_another_to_none(desk: Desk) -> None:
    anyone, other = desk.order(), desk.order(station="US9")
    answers = told(desk, question(step={"ScheduledStationAETitle": "US4"}))
    assert [each.AccessionNumber for each in answers] == [anyone.accession]
    assert other.accession in [each.AccessionNumber for each in told(desk, question())]


def test_a_plate_reader_takes_what_was_ordered_as_digital_x_ray_and_is_told_its_own_kind(desk: Desk) -> None:
    desk.order(modality="DX", body_part="Chest")
    (answer,) = told(desk, question(step={"Modality": "CR"}))
    assert answer.ScheduledProcedureStepSequence[0].Modality == "CR"
    assert told(desk, question(step={"Modality": "US"})) == []


@pytest.mark.parametrize(
    ("charset", "letters", "name", "said"),
    [
        ("ISO_IR 192", "as-asked", "Қасымов^Ерлан", "ISO_IR 192"),
        ("ISO_IR 144", "as-asked", "Касымов^Ерлан", "ISO_IR 144"),
        ("ISO_IR 100", "as-asked", "Kasymov^Erlan", ""),
        ("", "as-asked", "Kasymov^Erlan", ""),
        ("ISO_IR 192", "latin", "Kasymov^Erlan", ""),
        ("ISO_IR 100", "cyrillic", "Касымов^Ерлан", "ISO_IR 144"),
        ("", "utf-8", "Қасымов^Ерлан", "ISO_IR 192"),
    ],
)
def test_a_machine_is_told_names_in_letters_it_can_read(
    desk: Desk, charset: str, letters: Letters, name: str, said: str
) -> None:
    desk.order(body_part="Құрсақ")
    peer = all_of("US4", letters=letters)
    (answer,) = told(desk, question(charset), peer)
    assert (str(answer.PatientName), str(answer.get("SpecificCharacterSet", ""))) == (name, said)
    words = answer.RequestedProcedureDescription
    assert "?" not in words
    assert answer.to_json()


def test_a_code_extension_of_two_sets_is_understood() -> None:
    assert character_set(["", "ISO 2022 IR 144"], "as-asked") == "ISO_IR 144"
    assert character_set(["GB18030"], "as-asked") == "ISO_IR 192"


def test_names_have_their_parts_and_no_separator_of_theirs_breaks_them() -> None:
    assert person_name("Сидоров", ("Иван", "Петрович"), "ISO_IR 192") == "Сидоров^Иван^Петрович"
    assert person_name("A^B=C\\D", (), "ISO_IR 6") == "A B C D"
    assert len(person_name("я" * 100, ("b",), "ISO_IR 6")) == 64
    assert person_name("", (), "ISO_IR 192") == ""


@settings(max_examples=25)
@given(st.text(st.characters(min_codepoint=0x400, max_codepoint=0x4FF), max_size=30))
def test_whatever_letters_a_name_has_each_set_can_hold_what_is_said(text: str) -> None:
    spoken(text, "ISO_IR 144").encode("iso8859-5")
    spoken(text, "ISO_IR 6").encode("ascii")
    assert spoken(text, "ISO_IR 192") == " ".join(text.split())


def test_no_kazakh_letter_becomes_a_question_mark() -> None:
    for charset in ("ISO_IR 144", "ISO_IR 6"):
        assert "?" not in spoken("Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі Ёё Щщ Ъъ «№—»", charset)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "form", "is_in"),
    [
        ("", "%Y%m%d", True),
        ("20260305", "%Y%m%d", True),
        ("2026.03.05", "%Y%m%d", True),
        ("20260306", "%Y%m%d", False),
        ("-", "%Y%m%d", True),
        ("0800-1000", "%H%M%S", True),
        ("080000.00-093000.00", "%H%M%S", True),
        ("1000-", "%H%M%S", False),
        ("09", "%H%M%S", True),
        ("nonsense", "%Y%m%d", False),
    ],
)
def test_ranges_of_days_and_times(asked: str, form: str, is_in: bool) -> None:
    assert is_within(asked, datetime(2026, 3, 5, 9, 30, tzinfo=UTC), form) == is_in


def test_a_patient_with_a_name_in_one_piece_and_no_number_is_told(desk: Desk) -> None:
    order = desk.order()
    bare = type(desk.one)(id="x", name=(HumanName(text="Неизвестный"),), gender="male", birth_date="1964")
    worklist = Worklist(lambda: [ImageOrder(order.record, bare)], str)
    (answer,) = worklist.answers(question(PatientSex="", PatientBirthDate=""), US)
    assert (str(answer.PatientName), answer.PatientID, answer.PatientSex) == ("Неизвестный", "", "M")
    assert not answer.PatientBirthDate


def test_a_question_without_a_step_gets_all_of_it_and_no_answer_is_endless(desk: Desk) -> None:
    asked = Dataset()
    asked.PatientName = "*"
    order = desk.order()
    worklist = Worklist(lambda: [order] * (MOST_ANSWERS + 10), str)
    answers = list(worklist.answers(asked, CT))
    assert len(answers) == MOST_ANSWERS
    assert answers[0].ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT1"


def test_orders_of_tomorrow_are_told_to_who_asks_for_tomorrow(desk: Desk) -> None:
    desk.order()
    tomorrow = desk.order(at=desk.clock.now() + timedelta(days=1))
    day = tomorrow.at.astimezone().strftime("%Y%m%d")
    (answer,) = told(desk, question(step={"ScheduledProcedureStepStartDate": day}))
    assert answer.AccessionNumber == tomorrow.accession
