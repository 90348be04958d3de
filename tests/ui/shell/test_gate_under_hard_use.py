"""Sign-in, lock and sign-out when hands are quicker than the answers: nobody comes in under another's name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.held import Held
from tests.helpers.waiting import wait_until
from tests.helpers.windows import Desk
from ui import language
from ui.shell.work_page import WorkPage

ALT = Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier
CTRL_SHIFT = CTRL | Qt.KeyboardModifier.ShiftModifier


def _pages(desk: Desk) -> int:
    return len(desk.window.findChildren(WorkPage))


def test_enter_held_down_at_the_sign_in_signs_in_once_and_opens_nobodys_chart(desk: Desk) -> None:
    slow = Held(desk.station.people, "sign_in")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", PASSWORD)
    desk.hold(Qt.Key.Key_Return)
    slow.let_go()
    desk.settle()
    wait_until(lambda: desk.window.work is not None)
    desk.settle()
    desk.hold(Qt.Key.Key_Return)
    desk.settle()
    assert len(slow.calls) == 1
    assert _pages(desk) == 1
    assert desk.sees("registration.search")


def test_a_double_click_on_sign_in_asks_once(desk: Desk) -> None:
    slow = Held(desk.station.people, "sign_in")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", PASSWORD)
    desk.press("sign_in.enter", is_double=True)
    slow.let_go()
    desk.settle()
    assert len(slow.calls) == 1


def test_a_lock_that_was_left_while_it_opened_lets_nobody_in(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    desk.type("lock.password", PASSWORD)
    slow = Held(desk.station.people, "sign_in")
    desk.press("lock.enter")
    desk.press("lock.leave")
    slow.let_go()
    desk.settle()
    assert desk.window.session is None
    assert desk.sees("sign_in.login")
    desk.enter("nurse")
    assert desk.words("status.user").startswith("Жүнісова")


def test_a_wrong_password_of_a_lock_that_was_left_says_nothing_to_the_next_person(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    desk.type("lock.password", "wrong")
    slow = Held(desk.station.people, "sign_in")
    desk.press("lock.enter")
    desk.press("lock.leave")
    slow.let_go()
    desk.settle()
    assert not desk.sees("sign_in.notice")


def test_preferences_that_come_late_open_one_page(desk: Desk) -> None:
    slow = Held(desk.station.preferences, "get")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", PASSWORD)
    desk.press("sign_in.enter")
    slow.wait_for_calls()
    desk.press("sign_in.enter")
    slow.let_go()
    desk.settle()
    assert _pages(desk) == 1


def test_the_cursor_is_where_it_was_after_the_lock(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.type("registration.phone", "+7 701")
    desk.keys(Qt.Key.Key_L, CTRL_SHIFT)
    assert desk.cursor == "lock.password"
    desk.type("lock.password", PASSWORD)
    desk.keys(Qt.Key.Key_Return)
    assert desk.cursor == "registration.phone"


def test_no_key_of_the_screens_works_through_the_lock(desk: Desk) -> None:
    desk.enter("registrar")
    desk.keys(Qt.Key.Key_L, CTRL_SHIFT)
    for key, modifier in ((Qt.Key.Key_2, ALT), (Qt.Key.Key_Return, CTRL), (Qt.Key.Key_F, CTRL)):
        desk.keys(key, modifier)
    assert desk.sees("lock.password")
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.sees("registration.search")
    assert not desk.sees("registration.save")


def test_nothing_of_the_patient_can_be_read_through_the_lock(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    desk.click("registration.save")
    desk.click("status.lock")
    shown = " ".join(each.text() for each in desk.window.findChildren(QLabel) if each.isVisible())
    assert "тегенова" not in shown.casefold()
    assert "тегенова" not in desk.window.windowTitle().casefold()


def test_what_is_saved_while_the_window_is_locked_is_saved_and_the_lock_stays(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    slow = Held(desk.station.registration, "register")
    desk.press("registration.save")
    desk.press("status.lock")
    slow.let_go()
    desk.settle()
    assert desk.sees("lock.password")
    assert desk.cursor == "lock.password"
    assert len(desk.station.registration.patients) == 1
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"


def test_a_save_under_way_at_sign_out_is_finished_and_shown_to_nobody(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    slow = Held(desk.station.registration, "register")
    desk.press("registration.save")
    slow.wait_for_calls()
    desk.window.sign_out()
    slow.let_go()
    desk.settle()
    assert len(desk.station.registration.patients) == 1
    desk.enter("nurse")
    assert not desk.words("banner.name").startswith("ӨТЕГЕНОВА")


def test_undo_brings_no_password_back(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.sign_out")
    for name in ("sign_in.login", "sign_in.password"):
        desk.find(name).setFocus()
        for key in (Qt.Key.Key_Z, Qt.Key.Key_Y):
            desk.keys(key, CTRL)
        assert desk.find(name, QLineEdit).text() == ""


def test_the_refusal_at_the_gate_follows_the_language(desk: Desk) -> None:
    desk.click("sign_in.enter")
    desk.click("sign_in.language.en")
    assert desk.words("sign_in.login.message") == "Type the login and the password."
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", "wrong")
    desk.click("sign_in.enter")
    assert desk.words("sign_in.notice.text") == "The login or the password is wrong."
    desk.click("sign_in.language.ru")
    assert desk.words("sign_in.notice.text") != "The login or the password is wrong."
    assert desk.find("sign_in.login", QLineEdit).text() == "doctor"


def test_the_first_start_begun_twice_makes_one_facility(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    desk = open_desk(FakeWorkstation())
    typed = {"facility": "Ырғыз АА", "name": "Петров Сергей", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    slow = Held(desk.station.people, "add")
    desk.press("first_start.enter", is_double=True)
    desk.find("first_start.repeated").setFocus()
    desk.hold(Qt.Key.Key_Return)
    slow.let_go()
    desk.settle()
    assert len(slow.calls) == 1
    desk.write_code_down()
    assert _pages(desk) == 1


@pytest.mark.parametrize("login", ["specialist", "administrator", "doctor"])
def test_the_empty_banner_names_the_key_that_really_leads_to_the_patients(desk: Desk, login: str) -> None:
    language.use("en")
    desk.enter(login)
    if login == "administrator":
        assert not desk.sees("banner.name"), "whose work is not with patients is told of none"
        return
    words = desk.words("banner.name")
    digits = [sign for sign in words if sign.isdigit()]
    desk.click("rail.settings")
    desk.keys(Qt.Key(int(Qt.Key.Key_0) + int(digits[0])), ALT)
    QCoreApplication.processEvents()
    assert desk.sees("registration.search")
