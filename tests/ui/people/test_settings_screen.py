"""Settings: everybody has his own, the administrator also has the people."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractButton, QComboBox, QTableView, QTabWidget, QWidget

from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.windows import Desk
from ui.people.people_page import PeoplePage
from ui.people.settings_screen import SettingsScreen
from ui.people.view_model import PeopleViewModel


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


def test_the_administrator_s_tabs_are_made_one_by_one_and_not_with_the_screen(desk: Desk) -> None:
    model = PeopleViewModel(desk.station.people, desk.runner, desk.station.people.sign_in("administrator", PASSWORD))  # type: ignore[arg-type]
    asked = []

    def make() -> QWidget:
        asked.append(True)
        return TrailingPage()

    screen = SettingsScreen(model, make)  # type: ignore[arg-type]
    assert screen.findChildren(PeoplePage) == []
    assert screen.make_more()
    assert len(screen.findChildren(PeoplePage)) == 1
    assert asked == []
    assert screen.make_more()
    assert asked == [True]
    assert not screen.make_more()
    assert screen.findChild(QTabWidget, "settings.tabs").count() == 2
    screen.deleteLater()


def test_whoever_is_quick_gets_the_tab_he_opens_at_once(desk: Desk) -> None:
    model = PeopleViewModel(desk.station.people, desk.runner, desk.station.people.sign_in("administrator", PASSWORD))  # type: ignore[arg-type]
    screen = SettingsScreen(model, TrailingPage)  # type: ignore[arg-type]
    screen.findChild(QTabWidget, "settings.tabs").setCurrentIndex(1)
    assert [each.entries for each in screen.findChildren(TrailingPage)] == [1]
    assert len(screen.findChildren(PeoplePage)) == 1
    screen.deleteLater()


@pytest.mark.parametrize("role", ["nurse", "doctor", "registrar", "specialist"])
def test_nobody_else_s_settings_have_more_to_make(desk: Desk, role: str) -> None:
    model = PeopleViewModel(desk.station.people, desk.runner, desk.station.people.sign_in(role, PASSWORD))  # type: ignore[arg-type]
    screen = SettingsScreen(model)
    screen.entered()
    assert not screen.make_more()
    assert screen.findChildren(PeoplePage) == []
    screen.deleteLater()


class TrailingPage(QWidget):
    """Stands for the page of keys and backups."""

    noticed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.entries = 0

    def entered(self) -> None:
        self.entries += 1
