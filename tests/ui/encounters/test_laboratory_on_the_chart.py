"""Laboratory results on the chart: beside the vital signs, in every language, gone with their patient."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableView

from clinic_app.access import Session
from clinic_app.encounters.received_result import observations
from clinic_app.records import Observation, Patient
from clinic_app.registration import PatientForm
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.results import result
from tests.helpers.windows import Desk
from ui import language
from ui.encounters.laboratory_table import flag_look, flag_words, value_words
from ui.encounters.laboratory_table import test_words as measured_words

FORM = PatientForm(family="Петров", given="Сергей", birth_date="12.01.1980", gender="male")
NURSE = Session("n", "Омарова Әсем", "nurse", "nurse", "org", "Ырғыз АА")


def _found(of: Patient) -> tuple[Observation, ...]:
    results = [
        result(Decimal("7.90"), NOON, flags=("H",), reference_range="3.9 - 6.1"),
        result("> 25", NOON, code="XYZ", system="", label="XYZ", unit=""),
    ]
    return observations(results, of, NURSE)


@pytest.fixture
def enter(desk: Desk) -> Callable[[str], tuple[Desk, Patient]]:
    def entered(role: str) -> tuple[Desk, Patient]:
        station = desk.station
        patient = station.registration.register(station.people.sign_in("doctor", PASSWORD), FORM)
        station.encounters.laboratory_list = list(_found(patient))
        if role == "laboratory":
            station.people.add(None, "laboratory", PASSWORD, "Зертхана Айжан", "laboratory")
        desk.enter(role)
        desk.take(patient)
        desk.click("rail.chart")
        return desk, patient

    return entered


def _rows(desk: Desk) -> list[list[str]]:
    model = desk.find("chart.laboratory", QTableView).model()
    return [[str(model.index(row, at).data()) for at in range(model.columnCount())] for row in range(model.rowCount())]


@pytest.mark.parametrize("role", ["nurse", "doctor", "laboratory"])
def test_results_are_behind_their_own_word(enter: Callable[[str], tuple[Desk, Patient]], role: str) -> None:
    desk, _ = enter(role)
    assert not desk.sees("chart.laboratory")
    desk.click("chart.kinds.laboratory")
    assert [row[1:] for row in _rows(desk)] == [
        ["Глюкоза", "7,90 ммоль/л", "нормадан жоғары", "[3.9 - 6.1]", "AU", "Омарова Әсем"],
        ["XYZ", "> 25", "—", "—", "AU", "Омарова Әсем"],
    ]
    desk.click("chart.kinds.vitals")
    assert not desk.sees("chart.laboratory")


def test_the_words_are_reached_by_keys(enter: Callable[[str], tuple[Desk, Patient]]) -> None:
    desk, _ = enter("doctor")
    QTest.keyClick(desk.find("chart.kinds.vitals"), Qt.Key.Key_Right)
    desk.settle()
    QTest.keyClick(desk.find("chart.kinds.laboratory"), Qt.Key.Key_Space)
    desk.settle()
    assert desk.sees("chart.laboratory")


def test_without_results_there_is_nothing_to_choose(desk: Desk) -> None:
    station = desk.station
    patient = station.registration.register(station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("nurse")
    desk.take(patient)
    desk.click("rail.chart")
    assert not desk.sees("chart.kinds")


def test_another_patient_shows_none_of_the_former_ones(enter: Callable[[str], tuple[Desk, Patient]]) -> None:
    desk, patient = enter("nurse")
    desk.click("chart.kinds.laboratory")
    other = msgspec.structs.replace(patient, id="another")
    desk.take(other)
    desk.click("rail.chart")
    assert not desk.sees("chart.laboratory")
    assert not desk.sees("chart.kinds")


def test_a_result_is_told_in_the_language_of_the_windows() -> None:
    patient = Patient(id="p")
    known, own = _found(patient)
    said = set()
    for code in ("kk", "ru", "en"):
        language.use(code)  # type: ignore[arg-type]
        said.add((measured_words(known), value_words(known)))
        assert (measured_words(own), value_words(own)) == ("XYZ", "> 25")
    language.use("kk")
    assert ("Glucose", "7.90 mmol/L") in said
    assert ("Глюкоза", "7,90 ммоль/л") in said
    bare = msgspec.structs.replace(own, value_string=None, code=msgspec.structs.replace(own.code, text=None))
    assert (measured_words(bare), value_words(bare)) == ("XYZ", "—")


@pytest.mark.parametrize(
    ("flags", "words", "tone"),
    [
        (("H",), "above the range", "warn"),
        (("LL",), "far below the range", "alarm"),
        (("A",), "outside the range", "warn"),
        (("H", "A"), "above the range, outside the range", "warn"),
        (("<",), "below the scale", "warn"),
    ],
)
def test_what_an_analyser_calls_outside_the_range_is_said_in_words(
    flags: tuple[str, ...], words: str, tone: str
) -> None:
    language.use("en")
    (found,) = observations([result(Decimal(5), NOON, flags=flags)], _patient(), NURSE)
    look = flag_look(found)
    assert look is not None
    assert (flag_words(found), look.text, look.tone) == (words, words, tone)
    language.use("kk")


@pytest.mark.parametrize("flags", [(), ("N",), ("S",), ("haemolysed",)])
def test_what_is_within_the_range_or_says_something_else_has_no_mark(flags: tuple[str, ...]) -> None:
    (found,) = observations([result(Decimal(5), NOON, flags=flags, reference_range="3 - 6")], _patient(), NURSE)
    assert flag_look(found) is None
    assert flag_words(found) == "—"


def _patient() -> Patient:
    return Patient(id="p")
