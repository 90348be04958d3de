"""The chart under clumsy hands and a slow store: nothing twice, nothing for the wrong patient, no false emptiness."""

from __future__ import annotations

from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QTableView

from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.registration import PatientForm
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.held import Held
from tests.helpers.waiting import wait_until
from tests.helpers.windows import Desk
from ui import language
from ui.encounters.chart_screen import ChartScreen

CTRL = Qt.KeyboardModifier.ControlModifier


def _patient(desk: Desk, family: str) -> Patient:
    form = PatientForm(family=family, given="Сергей", birth_date="12.01.1980", gender="male")
    return desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), form)


@pytest.fixture
def chart(desk: Desk) -> Desk:
    patient = _patient(desk, "Петров")
    desk.enter("nurse")
    desk.take(patient)
    desk.click("rail.chart")
    return desk


def _typed(desk: Desk, key: str) -> str:
    return desk.find(f"chart.{key}", QLineEdit).text()


def test_save_pressed_twice_saves_once(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    slow = Held(chart.station.encounters, "record_vitals")
    chart.press("chart.save_vitals", is_double=True)
    chart.press("chart.save_vitals")
    slow.let_go()
    chart.settle()
    assert len(slow.calls) == 1
    assert len(chart.station.encounters.observations) == 1


def test_ctrl_enter_held_down_saves_once(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    slow = Held(chart.station.encounters, "record_vitals")
    chart.hold(Qt.Key.Key_Return, CTRL)
    slow.let_go()
    chart.settle()
    assert len(slow.calls) == 1


def test_an_allergy_added_by_a_held_enter_stands_there_once(chart: Desk) -> None:
    chart.type("chart.allergy", "йод")
    slow = Held(chart.station.encounters, "record_allergy")
    chart.hold(Qt.Key.Key_Return)
    slow.let_go()
    chart.settle()
    assert len(chart.station.encounters.allergy_list) == 1
    assert chart.words("chart.allergies") == "йод"


def test_values_typed_for_one_patient_cannot_be_saved_for_the_next(chart: Desk) -> None:
    chart.type("chart.systolic", "150")
    chart.type("chart.allergy", "пенициллин")
    chart.take(_patient(chart, "Сидорова"))
    assert (_typed(chart, "systolic"), _typed(chart, "allergy")) == ("", "")
    chart.find("chart.systolic").setFocus()
    chart.keys(Qt.Key.Key_Z, CTRL)
    assert _typed(chart, "systolic") == ""


def test_an_error_of_one_patients_values_does_not_stay_for_the_next(chart: Desk) -> None:
    chart.type("chart.systolic", "150")
    chart.click("chart.save_vitals")
    chart.take(_patient(chart, "Сидорова"))
    assert chart.words("chart.diastolic.message") == ""


def test_a_new_version_of_the_same_patient_leaves_what_is_being_typed(chart: Desk) -> None:
    chart.type("chart.systolic", "150")
    registration = chart.station.registration
    doctor = chart.station.people.sign_in("doctor", PASSWORD)
    form = PatientForm(family="Петров", given="Сергей", birth_date="12.01.1980", gender="male", phone="+7 701 1112233")
    chart.take(registration.amend(doctor, registration.patients[0], form))
    assert _typed(chart, "systolic") == "150"


def test_an_answer_that_comes_when_another_patient_is_there_leaves_his_values_alone(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    slow = Held(chart.station.encounters, "record_vitals")
    chart.press("chart.save_vitals")
    other = _patient(chart, "Сидорова")
    assert chart.window.work is not None
    chart.window.work._context.hand.take(other)
    chart.find("chart.heart_rate", QLineEdit).setText("71")
    slow.let_go()
    chart.settle()
    assert _typed(chart, "heart_rate") == "71"
    assert slow.calls[0][1] == chart.station.registration.patients[0].id


def test_the_form_stands_still_while_it_is_saved_and_gives_the_cursor_back(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    slow = Held(chart.station.encounters, "record_vitals")
    chart.hold(Qt.Key.Key_Return, CTRL, times=1)
    assert not chart.find("chart.spo2").isEnabled()
    slow.let_go()
    chart.settle()
    assert chart.find("chart.spo2").isEnabled()
    assert chart.cursor == "chart.spo2"


def test_a_refused_save_keeps_every_value_and_says_why(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    slow = Held(chart.station.encounters, "record_vitals", StorageError(Text("Nobody yet")))
    chart.press("chart.save_vitals")
    slow.let_go()
    chart.settle()
    assert _typed(chart, "spo2") == "96"
    assert chart.words("notice.text") == "Әзірге ешкім жоқ"
    chart.click("chart.save_vitals")
    assert len(chart.station.encounters.observations) == 1


def test_no_allergy_is_said_only_when_the_chart_has_been_read(desk: Desk) -> None:
    language.use("en")
    patient = _patient(desk, "Петров")
    desk.enter("nurse")
    desk.click("rail.patients")
    slow = Held(desk.station.encounters, "vitals")
    assert desk.window.work is not None
    desk.window.work._context.hand.take(patient)
    desk.press("rail.chart")
    slow.wait_for_calls()
    assert desk.words("chart.allergies") == "The chart is being read…"
    slow.let_go()
    desk.settle()
    assert desk.words("chart.allergies") == "None recorded. Ask the patient."


def test_a_chart_that_cannot_be_read_does_not_look_empty(desk: Desk) -> None:
    language.use("en")
    patient = _patient(desk, "Петров")
    desk.enter("nurse")
    slow = Held(desk.station.encounters, "vitals", StorageError(Text("Nobody yet")))
    slow._open.set()
    desk.take(patient)
    desk.click("rail.chart")
    assert desk.words("chart.allergies") == "The chart could not be read; allergies are not known."
    assert "Nothing measured yet" not in [label.text() for label in desk.labels()]
    assert desk.words("notice.text") == "Nobody yet"


def test_the_last_of_two_readings_counts_whatever_their_order(chart: Desk) -> None:
    encounters, nurse = chart.station.encounters, chart.window.session
    assert chart.window.work is not None
    assert nurse is not None
    screen = cast("ChartScreen", chart.window.work.widget_of("chart"))
    older = Held(encounters, "allergies")
    screen.entered()
    older.wait_for_calls()
    encounters.allergies = lambda _session, _patient_id: ()  # type: ignore[method-assign]
    encounters.record_vitals(nurse, "p", VitalsForm(spo2="91"))
    screen.entered()
    wait_until(lambda: screen._model.chart.sittings, what="the newer reading")
    encounters.observations = []
    older.let_go()
    chart.settle()
    assert chart.find("chart.sittings", QTableView).model().rowCount() == 1


def test_the_decimal_sign_of_shown_values_changes_with_the_language(chart: Desk) -> None:
    chart.type("chart.temperature", "36,6")
    chart.click("chart.save_vitals")
    model = chart.find("chart.sittings", QTableView).model()
    shown = []
    for code in ("kk", "en", "ru"):
        language.use(code)  # type: ignore[arg-type]
        chart.settle()
        shown.append(model.index(0, 4).data())
    assert shown == ["36,6", "36.6", "36,6"]


def test_a_sentence_at_a_field_follows_the_language(chart: Desk) -> None:
    chart.type("chart.systolic", "150")
    chart.click("chart.save_vitals")
    language.use("en")
    chart.settle()
    assert chart.words("chart.diastolic.message") == "A blood pressure has two values."
    assert _typed(chart, "systolic") == "150"


@pytest.mark.parametrize("typed", ["abc", "1e3", "inf", "nan", "-5", "٣٦", "9" * 5000, "36,6,6", "<b>36</b>", "🫀"])
def test_what_is_no_plausible_temperature_is_said_at_the_field_and_not_saved(chart: Desk, typed: str) -> None:
    chart.type("chart.temperature", typed)
    chart.click("chart.save_vitals")
    assert chart.words("chart.temperature.message") != ""
    assert chart.cursor == "chart.temperature"
    assert chart.station.encounters.observations == []
    assert chart.window.minimumSizeHint().width() <= 1366
