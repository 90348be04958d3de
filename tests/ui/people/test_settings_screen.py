"""Settings: everybody has his own, the administrator also has the people."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTableView

from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.windows import Desk


@pytest.fixture
def office(desk: Desk) -> Desk:
    desk.enter("administrator")
    return desk


def test_an_administrator_adds_a_person_with_a_role(office: Desk) -> None:
    for key, words in {"name": "Ахметова Дана", "login": "dana", "password": PASSWORD}.items():
        office.type(f"settings.{key}", words)
    box = office.find("settings.role", QComboBox)
    box.setCurrentIndex(box.findData("doctor"))
    office.click("settings.add")
    assert office.station.people.staff["dana"].role == "doctor"
    assert office.find("settings.people", QTableView).model().rowCount() == 6
    assert "Ахметова Дана" in office.words("notice.text")


def test_a_short_password_and_an_empty_name_are_said_at_their_fields(office: Desk) -> None:
    office.click("settings.add")
    assert office.words("settings.name.message") == "Бұл өрісті толтыру қажет."
    for key, words in {"name": "Ахметова Дана", "login": "dana", "password": "short"}.items():
        office.type(f"settings.{key}", words)
    office.click("settings.add")
    assert office.words("settings.password.message") != ""
    assert "dana" not in office.station.people.staff


def test_somebody_can_be_shut_out_and_let_in_again(office: Desk) -> None:
    office.find("settings.people", QTableView).selectRow(2)
    office.click("settings.bar")
    assert not office.station.people.staff["doctor"].is_active
    assert office.find("settings.bar", QAbstractButton).text() == "Кіруге қайта рұқсат ету"
    office.click("settings.bar")
    assert office.station.people.staff["doctor"].is_active


def test_a_nurse_sees_only_her_own_settings(desk: Desk) -> None:
    desk.enter("nurse")
    desk.click("rail.settings")
    assert desk.sees("settings.language.ru")
    assert not desk.sees("settings.people")
    assert not desk.sees("settings.add")
