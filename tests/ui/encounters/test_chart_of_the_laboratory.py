"""The laboratory's chart: what was ordered and measured, and not a question for what it may not read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QTableView

import tests.helpers.windows
from clinic_app.records import AuditEvent, CodeableConcept, Reference, ServiceRequest
from clinic_app.registration import PatientForm
from clinic_app.terminology.specialties import URGENCY_WORDS
from tests.helpers.clocks import NOON
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.stores import PASSWORD as REAL_PASSWORD
from tests.helpers.stores import QUICK
from tests.helpers.wards import ward
from tests.helpers.windows import Desk
from ui import language
from ui.language import say
from ui.tasks import TaskRunner

QUESTION = "Тропонин, Д-димер\nкешіктірмеңіз"


@pytest.fixture
def chart(desk: Desk) -> Desk:
    station = desk.station
    station.people.add(None, "laboratory", PASSWORD, "Зертхана Айжан", "laboratory")
    form = PatientForm(family="Петров", given="Сергей", birth_date="12.01.1980", gender="male")
    patient = station.registration.register(station.people.sign_in("doctor", PASSWORD), form)
    station.encounters.order_list = [
        ServiceRequest(
            id="o1", status="active", intent="order", priority="stat", authored_on=NOON,
            subject=Reference(reference=f"Patient/{patient.id}"), code=CodeableConcept(text="Қан талдауы"),
            requester=Reference(display="Өмірзақ Әлішер"), reason_code=(CodeableConcept(text=QUESTION),),
        ),
        ServiceRequest(
            id="o2", status="active", intent="order", subject=Reference(reference=f"Patient/{patient.id}")
        ),
    ]  # fmt: skip
    desk.enter("laboratory")
    desk.take(patient)
    desk.click("rail.chart")
    return desk


def cells(desk: Desk, row: int) -> list[str]:
    model = desk.find("chart.orders", QTableView).model()
    return [str(model.index(row, place).data()) for place in range(model.columnCount())]


def test_it_lists_the_orders_and_offers_neither_allergies_nor_pictures(chart: Desk) -> None:
    assert cells(chart, 0)[2:] == ["Қан талдауы", "Тропонин, Д-димер", "Өмірзақ Әлішер"]
    assert cells(chart, 0)[1] == say(URGENCY_WORDS["stat"])
    assert cells(chart, 1)[3:] == ["—", "—"]
    for name in ("chart.allergies", "chart.add_allergy", "chart.recordings", "chart.studies"):
        assert not chart.sees(name), name
    assert not chart.sees("notice.text"), "nothing it asked for was refused"


def test_a_measurement_of_the_laboratory_is_saved_and_listed(chart: Desk) -> None:
    chart.type("chart.glucose", "5,6")
    chart.click("chart.save_vitals")
    assert chart.find("chart.sittings", QTableView).model().rowCount() == 1
    assert len(chart.station.encounters.observations) == 1


def test_a_patient_without_orders_says_so_in_every_language(chart: Desk) -> None:
    chart.station.encounters.order_list = []
    chart.click("rail.patients")
    chart.click("rail.chart")
    said: set[str] = set()
    for each in ("kk", "ru", "en"):
        language.use(each)  # type: ignore[arg-type]
        chart.settle()
        said |= {each.text() for each in chart.find("chart.orders.empty").findChildren(QLabel) if each.text()}
    assert len(said) == 6, "a title and a sentence in each of three languages"


def test_over_the_real_services_the_chart_asks_for_nothing_that_is_refused(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests.helpers.windows, "PASSWORD", REAL_PASSWORD)
    with ward(tmp_path) as clinic:
        clinic.station.people._passwords = QUICK
        desk = Desk(clinic.station, TaskRunner(2))  # type: ignore[arg-type]
        try:
            desk.enter("laboratory")
            desk.take(clinic.patients["own"])
            desk.click("rail.chart")
            assert desk.find("chart.orders", QTableView).model().rowCount() == 1
        finally:
            desk.close()
        refused = [each for each in clinic.store.records.find(AuditEvent, limit=1000) if each.outcome == "4"]
        assert refused == []
