"""The chart: vital signs typed with either decimal sign, allergies, what is wrong at its field."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtWidgets import QLineEdit, QTableView

from clinic_app.records import Observation
from clinic_app.registration import PatientForm
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.windows import Desk
from ui.encounters.view_model import sittings_of


@pytest.fixture
def chart(desk: Desk) -> Desk:
    form = PatientForm(family="Петров", given="Сергей", birth_date="12.01.1980", gender="male")
    patient = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), form)
    desk.enter("nurse")
    work = desk.window.work
    assert work is not None
    work._context.hand.take(patient)
    desk.click("rail.chart")
    return desk


def test_vital_signs_are_saved_and_shown_as_one_sitting(chart: Desk) -> None:
    for key, words in {"systolic": "150", "diastolic": "90", "temperature": "36,6"}.items():
        chart.type(f"chart.{key}", words)
    chart.click("chart.save_vitals")
    model = chart.find("chart.sittings", QTableView).model()
    assert model.rowCount() == 1
    assert [model.index(0, place).data() for place in (1, 4)] == ["150/90", "36,6"]
    assert chart.find("chart.systolic", QLineEdit).text() == ""
    assert chart.words("notice.text") == "Өмірлік көрсеткіштер сақталды."


def test_half_a_blood_pressure_is_refused_at_its_field(chart: Desk) -> None:
    chart.type("chart.systolic", "150")
    chart.click("chart.save_vitals")
    assert chart.words("chart.diastolic.message") != ""
    assert chart.station.encounters.observations == []
    assert chart.find("chart.systolic", QLineEdit).text() == "150"


def test_nothing_measured_is_said_and_not_saved(chart: Desk) -> None:
    chart.click("chart.save_vitals")
    assert chart.sees("notice.text")
    assert chart.station.encounters.observations == []


def test_an_empty_chart_says_what_to_do(chart: Desk) -> None:
    assert chart.sees("chart.sittings.empty")
    assert chart.words("chart.allergies") == "Жазылмаған. Пациенттен сұраңыз."


def test_an_allergy_is_added_and_its_field_emptied(chart: Desk) -> None:
    chart.type("chart.allergy", "йод")
    chart.click("chart.add_allergy")
    assert chart.words("chart.allergies") == "йод"
    assert chart.find("chart.allergy", QLineEdit).text() == ""


def test_values_of_two_moments_are_two_sittings(chart: Desk) -> None:
    chart.type("chart.spo2", "96")
    chart.click("chart.save_vitals")
    (first,) = chart.station.encounters.observations
    later = Observation(
        id="2", status="final", code=first.code, value_quantity=first.value_quantity,
        effective_date_time=NOON.replace(hour=9),
    )  # fmt: skip
    sittings = sittings_of((later, first))
    assert [sitting.at for sitting in sittings] == [NOON.replace(hour=9), NOON]
    assert [sitting.values for sitting in sittings] == [{"spo2": Decimal(96)}, {"spo2": Decimal(96)}]
