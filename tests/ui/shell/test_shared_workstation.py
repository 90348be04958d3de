"""Several people at one workstation: each finds his page as he left it, and none ever sees another's."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from clinic_app.access import Draft, Person
from clinic_app.registration import PatientForm
from clinic_app.settings import Settings
from clinic_app.workstation import build_workstation
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.draft_book import DraftBook
from ui.shell.seats import MOST
from ui.shell.work_page import WorkPage
from ui.tasks import TaskRunner

OpenDesk = Callable[[FakeWorkstation], Desk]
ALT = Qt.KeyboardModifier.AltModifier
FORM = PatientForm(family="Өтегенова", given="Қарлығаш", birth_date="03.07.1987", gender="female")


def _leave_locked(desk: Desk) -> None:
    desk.window.lock()
    desk.settle()
    desk.click("lock.leave")


def _with_patient(desk: Desk) -> None:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(doctor, FORM)
    desk.enter("doctor")
    desk.take(patient)
    desk.click("rail.chart")


def _pages(desk: Desk) -> int:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return len(desk.window.findChildren(WorkPage))


def _names(desk: Desk, page: str) -> list[str]:
    found = [desk.window.findChild(QWidget, f"{page}.people.{place}") for place in range(1, 7)]
    return [each.accessibleName() for each in found if each is not None and each.isVisible()]


def test_each_finds_his_page_as_he_left_it(desk: Desk) -> None:
    _with_patient(desk)
    desk.type("chart.systolic", "120")
    _leave_locked(desk)
    desk.enter("nurse")
    assert desk.words("status.user").startswith("Жүнісова")
    assert not desk.words("banner.name").startswith("ӨТЕГЕНОВА")
    _leave_locked(desk)
    desk.enter("doctor")
    assert desk.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"
    assert desk.find("chart.systolic", QLineEdit).text() == "120"
    assert _pages(desk) == 2


def test_while_another_works_nothing_of_the_hidden_page_can_be_seen_or_reached(desk: Desk) -> None:
    _with_patient(desk)
    desk.type("chart.allergy", "пенициллин")
    _leave_locked(desk)
    desk.enter("nurse")
    shown = [each for each in desk.window.findChildren(QWidget) if each.isVisible()]
    words = " ".join(f"{each.property('text')} {each.toolTip()} {each.accessibleName()}" for each in shown).casefold()
    assert "тегенова" not in words
    assert "пенициллин" not in words
    for _step in range(30):
        desk.keys(Qt.Key.Key_Tab)
        focused = desk.window.focusWidget()
        assert focused is not None
        assert focused.isVisible()


def test_the_lock_shows_the_others_on_large_buttons_and_one_press_asks_their_password(desk: Desk) -> None:
    language.use("en")
    for login in ("nurse", "registrar", "doctor"):
        desk.enter(login)
        if login != "doctor":
            desk.click("status.sign_out")
    desk.click("status.lock")
    assert _names(desk, "lock") == ["Сәдуақасова Айгүл, Registrar", "Жүнісова Іңкәр, Nurse"]
    desk.click("lock.people.2")
    assert desk.find("sign_in.login", QLineEdit).text() == "nurse"
    assert desk.cursor == "sign_in.password"
    desk.strike(PASSWORD)
    desk.keys(Qt.Key.Key_Return)
    assert desk.words("status.user").startswith("Жүнісова")


def test_the_buttons_say_whose_work_is_kept_open(desk: Desk) -> None:
    language.use("en")
    desk.enter("nurse")
    desk.click("status.sign_out")
    desk.enter("doctor")
    _leave_locked(desk)
    assert _names(desk, "sign_in") == ["Өмірзақ Әлішер, Doctor · work kept open", "Жүнісова Іңкәр, Nurse"]


def test_one_comes_back_with_the_keyboard_alone(desk: Desk) -> None:
    desk.enter("doctor")
    desk.keys(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    desk.find("lock.leave").setFocus()
    desk.keys(Qt.Key.Key_Return)
    assert desk.cursor == "sign_in.login"
    desk.keys(Qt.Key.Key_1, ALT)
    assert desk.cursor == "sign_in.password"
    desk.strike(PASSWORD)
    desk.keys(Qt.Key.Key_Return)
    assert desk.words("status.user").startswith("Өмірзақ")
    assert _pages(desk) == 1


def test_arrows_go_through_the_buttons_and_come_round(desk: Desk) -> None:
    for login in ("nurse", "doctor"):
        desk.enter(login)
        desk.click("status.sign_out")
    desk.find("sign_in.people.1").setFocus()
    desk.keys(Qt.Key.Key_Down)
    assert desk.cursor == "sign_in.people.2"
    desk.keys(Qt.Key.Key_Down)
    assert desk.cursor == "sign_in.people.1"
    desk.keys(Qt.Key.Key_Up)
    assert desk.cursor == "sign_in.people.2"
    desk.keys(Qt.Key.Key_Return)
    assert desk.cursor == "sign_in.password"


def test_choosing_somebody_forgets_the_password_typed_for_another(desk: Desk) -> None:
    desk.enter("nurse")
    desk.click("status.sign_out")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", "half typed")
    desk.click("sign_in.people.1")
    assert desk.find("sign_in.password", QLineEdit).text() == ""


def test_at_the_first_sign_in_there_are_no_buttons(desk: Desk) -> None:
    assert not desk.sees("sign_in.people")


def _staff(station: FakeWorkstation, count: int) -> list[str]:
    logins = [f"nurse{number}" for number in range(count)]
    for login in logins:
        station.people.add(None, login, PASSWORD, f"Nurse {login}", "nurse")
    return logins


def test_only_a_few_places_are_kept_and_the_oldest_goes_with_its_words_kept(open_desk: OpenDesk) -> None:
    station = staffed()
    logins = _staff(station, MOST)
    desk = open_desk(station)
    desk.enter("registrar")
    desk.click("registration.new")
    desk.type("registration.family", "Өтегенова")
    first = weakref.ref(desk.window.work or desk.window)
    for login in logins:
        _leave_locked(desk)
        desk.enter(login)
    assert _pages(desk) == MOST
    gc.collect()
    assert first() is None, "the page's memory is given back"
    assert [draft.values["family"] for draft in station.drafts.values["registrar"]] == ["Өтегенова"]
    _leave_locked(desk)
    desk.enter("registrar")
    desk.click("drafts.go_on")
    assert desk.find("registration.family", QLineEdit).text() == "Өтегенова"


def test_the_one_who_sat_here_last_is_never_the_one_to_go(open_desk: OpenDesk) -> None:
    station = staffed()
    logins = _staff(station, MOST)
    desk = open_desk(station)
    for login in logins[:-1]:
        desk.enter(login)
        _leave_locked(desk)
    desk.enter(logins[0])
    page = desk.window.work
    _leave_locked(desk)
    desk.enter(logins[-1])
    _leave_locked(desk)
    desk.enter("doctor")
    _leave_locked(desk)
    desk.enter(logins[0])
    assert desk.window.work is page


def test_signing_out_gives_the_memory_back(desk: Desk) -> None:
    desk.enter("doctor")
    page = weakref.ref(desk.window.work or desk.window)
    desk.click("status.sign_out")
    assert _pages(desk) == 0
    gc.collect()
    assert page() is None


def test_whoever_was_shut_out_does_not_come_back_to_his_page(desk: Desk) -> None:
    _with_patient(desk)
    _leave_locked(desk)
    desk.enter("administrator")
    assert desk.window.session is not None
    desk.station.people.set_active(desk.window.session, "doctor", is_active=False)
    _leave_locked(desk)
    assert not any(name.startswith("Өмірзақ") for name in _names(desk, "sign_in"))
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", PASSWORD)
    desk.click("sign_in.enter")
    assert desk.window.session is None
    assert desk.sees("sign_in.notice")


def test_whoever_was_shut_out_behind_his_own_lock_does_not_unlock_it(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    administrator = desk.station.people.sign_in("administrator", PASSWORD)
    desk.station.people.set_active(administrator, "doctor", is_active=False)
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    assert desk.sees("lock.password")
    assert not desk.sees("status.user")


def test_another_role_gets_another_page_and_the_words_of_the_old_one_are_kept(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.type("registration.family", "Өтегенова")
    desk.click("status.lock")
    old = desk.station.people.staff["registrar"]
    desk.station.people.staff["registrar"] = Person(old.practitioner_id, old.name, old.login, "nurse", True)
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")
    desk.settle()
    assert desk.window.session is not None
    assert desk.window.session.role == "nurse"
    assert _pages(desk) == 1
    assert desk.sees("rail.signals")
    assert "Өтегенова" in desk.words("drafts.text")


def test_each_wears_his_own_language_and_colours(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("rail.settings")
    desk.click("settings.language.ru")
    desk.click("settings.theme.dark")
    _leave_locked(desk)
    desk.click("sign_in.language.kk")
    desk.click("sign_in.theme.light")
    desk.enter("nurse")
    assert (language.current(), theme.current()) == ("kk", "light")
    _leave_locked(desk)
    desk.enter("doctor")
    assert (language.current(), theme.current()) == ("ru", "dark")
    assert desk.find("rail.patients").property("text") == "Пациенты"
    assert desk.station.preferences.values["doctor", "language"] == "ru", "the gate changes nobody's preference"


def test_a_person_who_signs_out_leaves_the_others_their_places(desk: Desk) -> None:
    _with_patient(desk)
    _leave_locked(desk)
    desk.enter("nurse")
    desk.click("status.sign_out")
    desk.enter("doctor")
    assert desk.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"


def test_an_answer_for_a_hidden_page_shows_nothing_of_it(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    slow = Held(desk.station.registration, "register")
    desk.press("registration.save")
    desk.window.lock()
    desk.press("lock.leave")
    slow.let_go()
    desk.settle()
    desk.enter("nurse")
    assert not desk.words("banner.name").startswith("ӨТЕГЕНОВА")
    assert not desk.sees("notice")
    _leave_locked(desk)
    desk.enter("registrar")
    assert desk.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"


def test_closing_the_window_keeps_the_words_of_everybody(desk: Desk) -> None:
    desk.enter("registrar")
    desk.click("registration.new")
    desk.type("registration.family", "Өтегенова")
    _leave_locked(desk)
    _with_patient(desk)
    desk.type("chart.systolic", "120")
    desk.window.lock()
    desk.settle()
    desk.window.close()
    wait_until(lambda: not desk.window.isVisible(), what="the window to close")
    assert len(desk.station.drafts.values["registrar"]) == 1
    assert len(desk.station.drafts.values["doctor"]) == 1


def test_changing_person_holds_nothing_up(desk: Desk, watchdog: Watchdog) -> None:
    with watchdog.paused():
        for login in ("nurse", "doctor"):
            desk.enter(login)
            _leave_locked(desk)
    for login in ("nurse", "doctor", "nurse"):
        desk.enter(login)
        _leave_locked(desk)


def test_at_the_real_store_a_person_who_was_shut_out_stays_out_and_drafts_are_ones_own(
    tmp_path: Path, qapp: QApplication
) -> None:
    language.use("kk")
    theme.apply(qapp, "light")
    station = build_workstation(Settings(tmp_path, {"key_storage": "file", "lock_after_s": 0}))
    station.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
    it = station.people.sign_in("it", PASSWORD)
    for login, role in (("doctor", "doctor"), ("registrar", "registrar")):
        station.people.add(it, login, PASSWORD, f"{login} here", role)  # type: ignore[arg-type]
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    try:
        assert desk.words("sign_in.place") == "Ырғыз АА"
        desk.enter("registrar")
        desk.click("registration.new")
        desk.type("registration.family", "Өтегенова")
        _leave_locked(desk)
        desk.enter("doctor")
        assert not desk.sees("drafts.go_on")
        _leave_locked(desk)
        station.people.set_active(it, "registrar", is_active=False)
        desk.type("sign_in.login", "registrar")
        desk.type("sign_in.password", PASSWORD)
        desk.click("sign_in.enter")
        assert desk.window.session is None
        station.people.set_active(it, "registrar", is_active=True)
        desk.window.close_now()
        wait_until(lambda: desk.runner.is_idle, what="the drafts on the disk")
    finally:
        desk.close()
        station.close()
    an_hour_later = FixedClock(datetime.now(UTC) + timedelta(hours=1))  # a wrong try has to be waited for
    again = build_workstation(Settings(tmp_path, {"key_storage": "file"}), an_hour_later)
    try:
        (draft,) = again.drafts.all(again.people.sign_in("registrar", PASSWORD))
        assert draft.values["family"] == "Өтегенова"
        assert again.drafts.all(again.people.sign_in("doctor", PASSWORD)) == ()
    finally:
        again.close()


@pytest.fixture
def owner(qapp: QApplication) -> QObject:
    return QObject()


def test_a_book_never_writes_before_it_has_read(owner: QObject) -> None:
    station, runner = staffed(), LateRunner()
    session = station.people.sign_in("doctor", PASSWORD)
    kept = _draft("1")
    station.drafts.values["doctor"] = (kept,)
    book = DraftBook(station.drafts, runner.as_runner, session, owner)
    book.keep((_draft("", "amend"),))
    runner.answer_all()
    assert [each.kind for each in station.drafts.values["doctor"]] == ["register", "amend"]
    assert book.waiting == (kept,)


def test_drafts_that_cannot_be_read_are_not_written_over(owner: QObject) -> None:
    from clinic_app.foundation.errors import StorageError
    from clinic_app.foundation.texts import Text

    station, runner = staffed(), LateRunner()
    session = station.people.sign_in("doctor", PASSWORD)
    station.drafts.values["doctor"] = (_draft("1"),)
    book = DraftBook(station.drafts, runner.as_runner, session, owner)
    said: list[object] = []
    book.failed.connect(said.append)
    book.keep((_draft("", "amend"),))
    runner.refuse(StorageError(Text("Type family name and given name.")))
    assert len(said) == 1
    assert not book.is_kept
    assert station.drafts.values["doctor"] == (_draft("1"),)
    book.keep((_draft("", "amend"),))
    runner.answer_all()
    assert book.is_kept
    assert len(station.drafts.values["doctor"]) == 2


def _draft(name: str, kind: str = "register") -> Draft:
    return Draft(kind=kind, values={"family": "Ким"}, id=name)
