"""Settings under clumsy hands: added once, one's own password changed safely, nothing for those who may not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QTableView

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.held import Held
from tests.helpers.windows import Desk
from ui import language
from ui.people.view_model import password_fault

CTRL = Qt.KeyboardModifier.ControlModifier
NEW = "autumn-rain-11"


@pytest.fixture
def office(desk: Desk) -> Desk:
    desk.enter("administrator")
    return desk


@pytest.fixture
def own(desk: Desk) -> Desk:
    desk.enter("nurse")
    desk.click("rail.settings")
    return desk


def _person(desk: Desk, **typed: str) -> None:
    for key, words in ({"name": "Ахметова Дана", "login": "dana", "password": PASSWORD} | typed).items():
        desk.type(f"settings.{key}", words)


def _passwords(desk: Desk, old: str, new: str, repeated: str) -> None:
    for key, words in {"old": old, "new": new, "repeated": repeated}.items():
        desk.type(f"settings.password_{key}", words)


def _typed(desk: Desk, key: str) -> str:
    return desk.find(f"settings.{key}", QLineEdit).text()


def test_add_pressed_twice_adds_once_and_scolds_nobody(office: Desk) -> None:
    _person(office)
    slow = Held(office.station.people, "add")
    office.press("settings.add", is_double=True)
    office.hold(Qt.Key.Key_Return, CTRL)
    slow.let_go()
    office.settle()
    assert len(slow.calls) == 1
    assert office.words("settings.login.message") == ""
    assert "Ахметова" in office.words("notice.text")


def test_a_taken_login_is_said_at_its_field_and_the_rest_stays(office: Desk) -> None:
    _person(office, login="doctor")
    office.click("settings.add")
    assert office.words("settings.login.message") != ""
    assert office.cursor == "settings.login"
    assert _typed(office, "name") == "Ахметова Дана"


def test_a_password_given_to_somebody_cannot_be_brought_back(office: Desk) -> None:
    _person(office)
    office.click("settings.add")
    for key in ("name", "password"):
        office.find(f"settings.{key}").setFocus()
        office.keys(Qt.Key.Key_Z, CTRL)
        assert _typed(office, key) == ""


def test_the_chosen_person_stays_chosen_when_somebody_is_added_before_him(office: Desk) -> None:
    table = office.find("settings.people", QTableView)
    table.selectRow(2)
    staff = office.station.people.staff
    nurse = staff.pop("registrar")
    staff["registrar"] = nurse
    office.click("rail.settings")
    office.click("settings.bar")
    assert [login for login, person in staff.items() if not person.is_active] == ["doctor"]


def test_markup_in_a_name_is_shown_as_it_is(office: Desk) -> None:
    _person(office, name="<b>Ким</b> & <img src=x>")
    office.click("settings.add")
    assert "<b>Ким</b>" in office.words("notice.text")
    assert all(each.textFormat() == Qt.TextFormat.PlainText for each in office.labels())


def test_the_administrators_key_does_nothing_for_a_nurse(own: Desk) -> None:
    asked = Held(own.station.people, "add")
    own.keys(Qt.Key.Key_Return, CTRL)
    assert asked.calls == []
    assert not own.sees("notice")


def test_one_changes_ones_own_password_by_keyboard_and_signs_in_with_it(own: Desk) -> None:
    own.find("settings.password_old").setFocus()
    for words in (PASSWORD, NEW, NEW):
        own.strike(words)
        own.keys(Qt.Key.Key_Return)
    assert own.station.people.passwords == {"nurse": NEW}
    assert own.words("notice.text") == "Құпиясөзіңіз ауыстырылды."
    assert [_typed(own, f"password_{key}") for key in ("old", "new", "repeated")] == ["", "", ""]
    own.click("status.lock")
    own.type("lock.password", PASSWORD)
    own.click("lock.enter")
    assert own.sees("lock.password")
    own.type("lock.password", NEW)
    own.click("lock.enter")
    assert own.sees("status.user")


def test_a_wrong_present_password_changes_nothing_and_is_said_at_its_field(own: Desk) -> None:
    _passwords(own, "wrong", NEW, NEW)
    own.click("settings.change_password")
    assert own.words("settings.password_old.message") != ""
    assert own.cursor == "settings.password_old"
    assert own.station.people.passwords == {}


@pytest.mark.parametrize(
    ("old", "new", "repeated", "field"),
    [
        ("", NEW, NEW, "old"),
        (PASSWORD, "short", "short", "new"),
        (PASSWORD, PASSWORD, PASSWORD, "new"),
        (PASSWORD, NEW, NEW + " ", "repeated"),
    ],
)
def test_what_cannot_be_a_new_password_is_said_before_the_store_is_asked(
    own: Desk, old: str, new: str, repeated: str, field: str
) -> None:
    asked = Held(own.station.people, "change_password")
    _passwords(own, old, new, repeated)
    own.click("settings.change_password")
    assert own.words(f"settings.password_{field}.message") != ""
    assert asked.calls == []
    assert password_fault(old, new, repeated) is not None


def test_change_pressed_twice_changes_once(own: Desk) -> None:
    _passwords(own, PASSWORD, NEW, NEW)
    slow = Held(own.station.people, "change_password")
    own.press("settings.change_password", is_double=True)
    slow.let_go()
    own.settle()
    assert len(slow.calls) == 1


def test_a_store_that_fails_is_said_and_the_old_password_holds(own: Desk) -> None:
    _passwords(own, PASSWORD, NEW, NEW)
    broken = Held(own.station.people, "change_password", StorageError(Text("Nobody yet")))
    own.press("settings.change_password")
    broken.let_go()
    own.settle()
    assert own.words("settings.password_old.message") == "Әзірге ешкім жоқ"
    assert own.station.people.passwords == {}


def test_passwords_are_dots_and_are_gone_when_the_screen_is_entered_again(own: Desk) -> None:
    _passwords(own, PASSWORD, NEW, NEW)
    for key in ("old", "new", "repeated"):
        assert own.find(f"settings.password_{key}", QLineEdit).echoMode() == QLineEdit.EchoMode.Password
    own.click("rail.patients")
    own.click("rail.settings")
    assert [_typed(own, f"password_{key}") for key in ("old", "new", "repeated")] == ["", "", ""]


def test_what_is_wrong_with_a_person_is_said_anew_in_another_language(office: Desk) -> None:
    office.click("settings.add")
    language.use("en")
    office.settle()
    assert office.words("settings.name.message") == "This field is needed."
