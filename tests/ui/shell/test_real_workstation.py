"""The windows over the real services and the encrypted store: from the first start to a saved patient."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication, QComboBox, QTableView

from clinic_app.registration.iin import check_digit
from clinic_app.settings import Settings
from clinic_app.workstation import build_workstation
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.windows import Desk
from ui import language, theme
from ui.tasks import TaskRunner


@pytest.fixture
def _plain(qapp: QApplication) -> None:
    language.use("kk")
    theme.apply(qapp, "light")


def _first_start(desk: Desk) -> None:
    typed = {"facility": "Ырғыз АА", "name": "Петров Сергей", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    desk.click("first_start.enter")
    desk.write_code_down()


@pytest.mark.usefixtures("_plain")
def test_from_the_first_start_to_a_patient_who_is_found_again_after_a_restart(tmp_path: Path) -> None:
    settings = Settings(tmp_path, {"key_storage": "file"})
    station = build_workstation(settings)
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        _first_start(desk)
        for key, words in {"name": "Өмірзақ Әлішер", "login": "doctor", "password": PASSWORD}.items():
            desk.type(f"settings.{key}", words)
        box = desk.find("settings.role", QComboBox)
        box.setCurrentIndex(box.findData("doctor"))
        desk.click("settings.add")
        desk.click("settings.language.ru")
        desk.click("status.sign_out")
        desk.enter("doctor")
        desk.click("registration.new")
        iin = f"64030540012{check_digit('64030540012')}"
        form = {"family": "Әлібекқызы", "given": "Гүлнұр", "iin": iin, "birth_date": "05.03.1964"}
        for key, words in form.items():
            desk.type(f"registration.{key}", words)
        desk.click("registration.gender.female")
        desk.click("registration.save")
        assert desk.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
        desk.click("rail.chart")
        desk.type("chart.allergy", "пенициллин")
        desk.click("chart.add_allergy")
        desk.type("chart.temperature", "36,6")
        desk.click("chart.save_vitals")
        assert desk.find("chart.sittings", QTableView).model().rowCount() == 1
    finally:
        desk.close()
        station.close()
    station = build_workstation(settings)
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        desk.enter("doctor")
        desk.type("registration.search", "alibekkyzy")
        desk.find("registration.search").returnPressed.emit()  # type: ignore[attr-defined]
        desk.settle()
        desk.find("registration.results", QTableView).activated.emit(
            desk.find("registration.results", QTableView).model().index(0, 0)
        )
        desk.settle()
        assert desk.words("banner.name") == "ӘЛІБЕКҚЫЗЫ Гүлнұр"
        assert "пенициллин" in desk.words("banner.allergies")
    finally:
        desk.close()
        station.close()


@pytest.mark.usefixtures("_plain")
def test_a_login_that_is_refused_by_the_store_is_said_at_its_field(tmp_path: Path) -> None:
    station = build_workstation(Settings(tmp_path, {"key_storage": "file"}))
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        typed = {"facility": "Ырғыз АА", "name": "Петров", "login": "two words", "password": PASSWORD}
        for key, words in {**typed, "repeated": PASSWORD}.items():
            desk.type(f"first_start.{key}", words)
        desk.click("first_start.enter")
        assert desk.words("first_start.login.message") != ""
        assert station.people.is_empty()
    finally:
        desk.close()
        station.close()
