"""First start, sign-in, lock, sign-out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.windows import Desk

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def test_an_empty_folder_opens_with_the_first_start(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    desk = open_desk(FakeWorkstation())
    assert desk.sees("first_start.facility")
    assert not desk.sees("sign_in.login")


def test_the_first_start_makes_the_facility_and_lets_its_administrator_in(
    open_desk: Callable[[FakeWorkstation], Desk],
) -> None:
    desk = open_desk(FakeWorkstation())
    typed = {"facility": "Ырғыз АА", "name": "Петров Сергей", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    desk.click("first_start.enter")
    desk.write_code_down()
    assert desk.station.people.staff["it"].role == "administrator"
    assert desk.words("status.user") == "Петров Сергей · Ырғыз АА"


def test_the_first_start_names_the_field_that_is_wrong(open_desk: Callable[[FakeWorkstation], Desk]) -> None:
    desk = open_desk(FakeWorkstation())
    for key, words in {"facility": "Ырғыз АА", "name": "Петров", "login": "it", "password": "short"}.items():
        desk.type(f"first_start.{key}", words)
    desk.click("first_start.enter")
    assert desk.words("first_start.password.message") != ""
    desk.type("first_start.password", PASSWORD)
    desk.type("first_start.repeated", "another-one")
    desk.click("first_start.enter")
    assert desk.words("first_start.password.message") == ""
    assert desk.words("first_start.repeated.message") == "Екі құпиясөз бірдей емес."
    assert desk.station.people.is_empty()


def test_a_wrong_password_is_said_in_words_and_the_cursor_returns(desk: Desk) -> None:
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", "wrong")
    desk.click("sign_in.enter")
    assert desk.words("sign_in.notice.text") == "Логин немесе құпиясөз қате."
    assert desk.find("sign_in.password").hasFocus()
    assert desk.window.session is None


def test_empty_fields_are_asked_for_without_asking_the_core(desk: Desk) -> None:
    desk.click("sign_in.enter")
    assert desk.words("sign_in.login.message") != ""


def test_enter_goes_on_and_then_signs_in(desk: Desk) -> None:
    desk.type("sign_in.login", "nurse")
    desk.keys(Qt.Key.Key_Return)
    assert desk.find("sign_in.password").hasFocus()
    desk.find("sign_in.password", QLineEdit).setText(PASSWORD)
    desk.keys(Qt.Key.Key_Return)
    assert desk.window.session is not None
    assert desk.window.session.role == "nurse"


def test_the_language_can_be_chosen_before_signing_in(desk: Desk) -> None:
    desk.click("sign_in.language.ru")
    assert desk.find("sign_in.enter").text() == "Войти"  # type: ignore[attr-defined]


def test_language_and_theme_are_remembered_for_each_person(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("rail.settings")
    desk.click("settings.language.ru")
    desk.click("settings.theme.dark")
    desk.click("status.sign_out")
    desk.click("sign_in.language.kk")
    desk.click("sign_in.theme.light")
    desk.enter("nurse")
    assert desk.find("rail.patients").text() == "Пациенттер"  # type: ignore[attr-defined]
    desk.click("status.sign_out")
    desk.enter("doctor")
    assert desk.find("rail.patients").text() == "Пациенты"  # type: ignore[attr-defined]
    assert desk.station.preferences.values["doctor", "theme"] == "dark"


def test_the_lock_covers_everything_and_keeps_the_session(desk: Desk) -> None:
    desk.enter("doctor")
    session = desk.window.session
    desk.keys(Qt.Key.Key_L, CTRL_SHIFT)
    assert desk.sees("lock.password")
    assert not desk.sees("banner.name")
    assert not desk.sees("status.user")
    desk.type("lock.password", "wrong")
    desk.click("lock.enter")
    assert desk.sees("lock.password")
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.window.session is session
    assert desk.sees("status.user")


def test_what_was_being_typed_is_still_there_after_the_lock(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.type("registration.family", "Өтегенова")
    desk.click("status.lock")
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.find("registration.family", QLineEdit).text() == "Өтегенова"


def test_another_person_can_sign_in_at_a_locked_window(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    desk.click("lock.leave")
    assert desk.window.session is None
    desk.enter("nurse")
    assert desk.words("status.user").startswith("Жүнісова")


def test_signing_out_leaves_nothing_of_the_patient_on_the_screen(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("status.sign_out")
    assert desk.window.work is None
    assert desk.find("sign_in.password", QLineEdit).text() == ""
    assert not desk.sees("banner.name")
