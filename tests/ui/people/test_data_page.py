"""Keys and backups in the settings: what there is, what an administrator does, and nothing for anybody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QTableView, QTabWidget

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.settings import Settings
from tests.helpers.clocks import NOON
from tests.helpers.fake_safekeeping import FULL, RECIPIENT, SECOND_CODE, FakeKeeper, FakeKeys
from tests.helpers.held import Held
from tests.helpers.late_runner import LateRunner
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language
from ui.people.view_model_data import DataViewModel
from ui.shell.main_window import LEAST_HEIGHT, LEAST_WIDTH
from ui.widgets.chip import Chip
from ui.widgets.recovery_code_panel import RecoveryCodePanel


@pytest.fixture
def office(desk: Desk) -> Desk:
    desk.enter("administrator")
    _open(desk)
    return desk


def _open(desk: Desk) -> None:
    desk.find("settings.tabs", QTabWidget).setCurrentIndex(1)
    desk.settle()


def _chip(desk: Desk, name: str) -> str:
    return desk.find(name, Chip).text()


def _column(desk: Desk, column: int) -> list[str]:
    model = desk.find("backups.list", QTableView).model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


@pytest.mark.parametrize("role", ["nurse", "doctor", "registrar", "specialist"])
def test_only_an_administrator_has_keys_and_backups(desk: Desk, role: str) -> None:
    desk.enter(role)
    desk.click("rail.settings")
    assert not desk.sees("settings.tabs")
    assert not desk.sees("keys.new_code")


def test_the_backups_are_listed_and_the_last_is_told(office: Desk) -> None:
    language.use("en")
    office.settle()
    assert _column(office, 1) == ["every hour", "every day", "every week"]
    assert _column(office, 2) == ["1200", "1100", "800"]
    assert _chip(office, "backups.last") == "last: 40 minutes ago"
    assert _chip(office, "backups.room") == "enough room on the disk"


def test_a_backup_is_made_by_hand_and_said(office: Desk) -> None:
    office.click("backups.now")
    assert len(_column(office, 0)) == 4
    assert "тексерілді" in office.words("notice.text")


def test_a_backup_under_way_is_named_and_not_begun_twice(office: Desk, watchdog: Watchdog) -> None:
    slow = Held(office.station.safekeeping, "back_up_now")
    office.press("backups.now")
    slow.wait_for_calls()
    assert not office.find("backups.now", QAbstractButton).isEnabled()
    assert office.sees("backups.busy")
    office.hold(Qt.Key.Key_Return)
    slow.let_go()
    office.settle()
    assert len(slow.calls) == 1
    assert not office.sees("backups.busy")
    assert office.find("backups.now", QAbstractButton).isEnabled()


def test_a_disk_without_room_is_said_in_words(office: Desk) -> None:
    office.station.safekeeping.room.become("full")
    office.click("backups.now")
    assert office.words("notice.text") == FULL.render("kk")
    assert office.words("backups.trouble") == FULL.render("kk")
    assert _chip(office, "backups.room") == "диск толған"


def test_why_there_is_no_newer_backup_is_said(office: Desk) -> None:
    keeping = office.station.safekeeping
    keeping.keeper = FakeKeeper(keeping.found[0], problem=Text("Nobody yet"), second_problem=FULL)
    office.click("rail.settings")
    assert "Әзірге ешкім жоқ" in office.words("backups.trouble")
    assert FULL.render("kk") in office.words("backups.trouble")


def test_the_second_disk_is_told_with_its_moment(desk: Desk) -> None:
    desk.station.settings = Settings(Path(), {"lock_after_s": 0, "backup_folder": "E:/copies"})
    desk.station.safekeeping.keeper = FakeKeeper(carried_at=NOON)
    desk.enter("administrator")
    _open(desk)
    assert "E:/copies" in desk.words("backups.where")
    assert "05.03.2026" in desk.words("backups.where")


def test_without_a_second_disk_the_setting_is_named(office: Desk) -> None:
    assert "backup_folder" in office.words("backups.where")


def test_no_backup_yet_has_an_empty_state(desk: Desk) -> None:
    desk.station.safekeeping.found = ()
    desk.station.safekeeping.keeper = FakeKeeper()
    language.use("en")
    desk.enter("administrator")
    _open(desk)
    assert desk.sees("backups.list.empty")
    assert _chip(desk, "backups.last") == "none checked yet"


def test_the_ways_to_the_key_are_told(office: Desk) -> None:
    language.use("en")
    office.settle()
    assert _chip(office, "keys.here") == "This computer"
    assert _chip(office, "keys.people") == "Passwords of staff"
    assert _chip(office, "keys.recovery") == "Recovery code"
    assert _chip(office, "keys.escrow") == "Organisation: not there"


def test_a_new_code_is_asked_twice_shown_in_the_page_and_typed_back(office: Desk) -> None:
    office.click("keys.new_code")
    assert office.station.keys.codes == []
    office.click("keys.question.yes")
    assert office.station.keys.codes == [SECOND_CODE]
    panel = office.find("settings.code", RecoveryCodePanel)
    groups = SECOND_CODE.split("-")
    assert [office.words(f"settings.code.code.{number}") for number in range(1, 9)] == groups
    office.type("settings.code.back", groups[panel.asked])
    office.click("settings.code.done")
    assert office.sees("keys.new_code")
    assert office.words("notice.text") == "Жаңа қалпына келтіру коды күшіне енді."


def test_enter_on_the_question_makes_no_code(office: Desk) -> None:
    office.click("keys.new_code")
    assert office.cursor == "keys.question.no"
    office.keys(Qt.Key.Key_Return)
    assert office.station.keys.codes == []
    assert office.cursor == "keys.new_code"


def test_the_first_code_is_made_without_a_question(desk: Desk) -> None:
    desk.station.keys = FakeKeys("keyring", "user")
    desk.enter("administrator")
    _open(desk)
    assert _chip(desk, "keys.recovery").endswith("жоқ")
    desk.click("keys.new_code")
    assert desk.station.keys.codes == [SECOND_CODE]


def test_the_lock_covers_a_code_that_is_shown(office: Desk) -> None:
    office.click("keys.new_code")
    office.click("keys.question.yes")
    office.window.lock()
    office.settle()
    seen = {each.text() for each in office.window.findChildren(QLabel) if each.isVisible()}
    assert not seen & set(SECOND_CODE.split("-"))


def test_the_key_is_left_with_the_organisation(office: Desk) -> None:
    office.type("keys.escrow_key", f"  {RECIPIENT} ")
    office.click("keys.leave")
    assert office.station.keys.recipient == RECIPIENT
    assert office.find("keys.escrow_key", QLineEdit).text() == ""
    assert RECIPIENT in office.words("keys.escrow_key.message").replace("\u200b", "")


@pytest.mark.parametrize("typed", ["", "  ", "ssh-ed25519 AAAA"])
def test_what_is_no_public_key_is_said_at_the_field(office: Desk, typed: str) -> None:
    office.type("keys.escrow_key", typed)
    office.click("keys.leave")
    assert office.words("keys.escrow_key.message") != ""
    assert office.find("keys.escrow_key").property("state") == "wrong"
    assert office.station.keys.recipient == ""


def test_typed_and_asked_things_are_gone_when_the_screen_is_entered_again(office: Desk) -> None:
    office.type("keys.escrow_key", "half a key")
    office.click("keys.new_code")
    office.click("rail.settings")
    assert office.find("keys.escrow_key", QLineEdit).text() == ""
    assert not office.sees("keys.question")


def test_ctrl_enter_adds_nobody_while_keys_and_backups_are_in_front(office: Desk) -> None:
    asked = Held(office.station.people, "add")
    office.keys(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert asked.calls == []


def test_an_error_while_looking_is_said(desk: Desk) -> None:
    desk.enter("administrator")
    broken = Held(desk.station.safekeeping, "backups", StorageError(Text("Nobody yet")))
    desk.find("settings.tabs", QTabWidget).setCurrentIndex(1)
    broken.let_go()
    desk.settle()
    assert desk.words("notice.text") == "Әзірге ешкім жоқ"


def test_one_thing_is_done_at_a_time(desk: Desk) -> None:
    runner = LateRunner()
    session = desk.station.people.sign_in("administrator", "steppe-wind-7")
    model = DataViewModel(desk.station, runner.as_runner, session)  # type: ignore[arg-type]
    model.back_up_now()
    model.new_code()
    model.leave_key(RECIPIENT)
    assert len(runner.waiting) == 1
    runner.answer_all()
    assert len(model.state.backups) == 4
    assert model.state == replace(model.state, room="ok")


@pytest.mark.parametrize("code", ["kk", "ru", "en"])
def test_it_fits_the_smallest_window_in_every_language(office: Desk, code: str) -> None:
    office.window.resize(LEAST_WIDTH, LEAST_HEIGHT)
    office.click(f"settings.language.{code}")
    assert (office.window.width(), office.window.height()) == (LEAST_WIDTH, LEAST_HEIGHT)
    for name in ("backups.now", "keys.new_code", "keys.leave"):
        button = office.find(name, QAbstractButton)
        assert button.width() >= button.minimumSizeHint().width(), name
