"""From a folder that does not open to a program that runs, or to a person who closes the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from clinic_app.foundation.errors import ClinicError, DamagedError, KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from tests.helpers.clocks import FixedClock
from tests.helpers.fake_opening import CODE, KEY, FakeBackup, FakeOpening
from tests.helpers.fake_workstation import PASSWORD
from tests.helpers.held import Held
from tests.helpers.panes import Pane
from tests.helpers.waiting import wait_until
from ui import language, theme
from ui.shell import starting
from ui.shell.rescue_window import RescueWindow
from ui.shell.starting import Starting, open_clinic
from ui.shell.unlock_window import UnlockWindow
from ui.tasks import TaskRunner

LOCKED = KeyLockedError(Text("Nobody yet"))
DAMAGED = DamagedError(Text("Nobody yet"))


class House:
    """A data folder, and what building over it says."""

    def __init__(self) -> None:
        self.door = FakeOpening()
        self.errors: list[ClinicError] = []
        self.built: list[tuple[bytes | None, bool]] = []

    def build(self, *, key: bytes | None = None, is_read_only: bool = False) -> str:
        self.built.append((key, is_read_only))
        if self.errors:
            raise self.errors.pop(0)
        return "workstation"


class Lobby:
    """A `Starting`, the window it shows now, and whether it is over."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.runner = TaskRunner(2)
        self.starting = Starting(house.door, house.build, self.runner, FixedClock())
        self.ended: list[Any] = []
        self.starting.finished.connect(lambda: self.ended.append(self.starting.workstation))

    @property
    def pane(self) -> Pane[Any]:
        assert self.starting.window is not None
        return Pane(self.starting.window, self.runner, (1180, 720))

    def close(self) -> None:
        if self.starting.window is not None:
            self.starting.window.close()
        self.runner.close()
        self.starting.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def lobby(qapp: QApplication) -> Iterator[Lobby]:
    language.use("kk")
    theme.apply(qapp, "light")
    made = Lobby(House())
    yield made
    made.close()


def _unlock(pane: Pane[Any]) -> None:
    pane.type("unlock.login", "doctor")
    pane.type("unlock.password", PASSWORD)
    pane.click("unlock.enter")


def _restore(pane: Pane[Any]) -> None:
    pane.click("rescue.restore")
    pane.click("rescue.question.yes")


def test_a_missing_key_is_asked_for_and_the_program_goes_on(lobby: Lobby) -> None:
    lobby.starting.meet(LOCKED)
    assert isinstance(lobby.starting.window, UnlockWindow)
    _unlock(lobby.pane)
    assert lobby.ended == ["workstation"]
    assert lobby.house.built == [(KEY, False)]
    assert lobby.starting.window is None


def test_damaged_data_are_restored_with_the_key_of_this_computer(lobby: Lobby) -> None:
    lobby.starting.meet(DAMAGED)
    assert isinstance(lobby.starting.window, RescueWindow)
    _restore(lobby.pane)
    assert lobby.house.door.restored == [(lobby.house.door.found[0], b"of this computer")]
    assert lobby.ended == ["workstation"]
    assert lobby.house.built == [(None, False)]


def test_a_key_that_is_not_here_and_data_that_are_damaged_come_one_after_the_other(lobby: Lobby) -> None:
    lobby.house.errors = [DAMAGED]
    lobby.starting.meet(LOCKED)
    pane = lobby.pane
    pane.click("unlock.way.recovery")
    pane.type("unlock.code.1", CODE)
    pane.click("unlock.enter")
    assert isinstance(lobby.starting.window, RescueWindow)
    assert lobby.ended == []
    _restore(lobby.pane)
    assert lobby.house.door.restored == [(lobby.house.door.found[0], KEY)]
    assert lobby.house.built == [(KEY, False), (KEY, False)]
    assert lobby.ended == ["workstation"]


def test_looking_only_builds_without_the_right_to_write(lobby: Lobby) -> None:
    lobby.starting.meet(DAMAGED)
    lobby.pane.click("rescue.look_only")
    assert lobby.house.built == [(None, True)]
    assert lobby.ended == ["workstation"]


@pytest.mark.parametrize("error", [LOCKED, DAMAGED])
def test_closing_the_window_ends_without_a_workstation(lobby: Lobby, error: ClinicError) -> None:
    lobby.starting.meet(error)
    lobby.pane.widget.close()
    assert lobby.ended == [None]
    assert lobby.house.built == []


def test_the_window_cannot_be_closed_while_the_data_are_being_opened(lobby: Lobby) -> None:
    lobby.starting.meet(LOCKED)
    slow = Held(lobby.house.door, "with_password")
    pane = lobby.pane
    pane.type("unlock.login", "doctor")
    pane.type("unlock.password", PASSWORD)
    pane.press("unlock.enter")
    slow.wait_for_calls()
    pane.widget.close()
    assert pane.widget.isVisible()
    assert lobby.ended == []
    slow.let_go()
    pane.settle()
    assert lobby.ended == ["workstation"]


@pytest.mark.parametrize("error", [StorageError(Text("Nobody yet")), LOCKED])
def test_what_nobody_can_mend_here_is_raised_again(lobby: Lobby, error: ClinicError) -> None:
    lobby.house.door.kinds = frozenset({"keyring", "escrow"})
    with pytest.raises(type(error)):
        lobby.starting.meet(error)
    assert lobby.starting.window is None


def test_waiting_for_the_answer_does_not_end_the_program_with_its_window(lobby: Lobby, qapp: QApplication) -> None:
    def go() -> None:
        lobby.pane.type("unlock.login", "doctor")
        lobby.pane.type("unlock.password", PASSWORD)
        lobby.pane.press("unlock.enter")

    QTimer.singleShot(0, go)
    assert lobby.starting.answer(LOCKED) == "workstation"
    assert qapp.quitOnLastWindowClosed()


def test_waiting_ends_with_nothing_when_the_window_is_closed(lobby: Lobby, qapp: QApplication) -> None:
    QTimer.singleShot(0, lambda: lobby.pane.widget.close() and None)
    assert lobby.starting.answer(DAMAGED) is None
    assert qapp.quitOnLastWindowClosed()


def test_an_error_nobody_can_mend_leaves_the_program_as_it_was(lobby: Lobby, qapp: QApplication) -> None:
    with pytest.raises(StorageError):
        lobby.starting.answer(StorageError(Text("Nobody yet")))
    assert qapp.quitOnLastWindowClosed()


def test_where_nobody_looks_no_window_waits_for_ever(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app import workstation
    from clinic_app.settings import Settings

    def fail(*_asked: object, **_named: object) -> None:
        raise LOCKED

    monkeypatch.setattr(workstation, "build_workstation", fail)
    runner = TaskRunner(1)
    with pytest.raises(KeyLockedError):
        open_clinic(Settings(tmp_path, {}), runner)
    runner.close()


def test_a_refusal_is_shown_where_somebody_looks_and_always_logged(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(QMessageBox, "critical", lambda _parent, _title, words: shown.append(words))
    starting.refuse(LOCKED)
    assert shown == []
    monkeypatch.setattr(starting, "somebody_looks", lambda: True)
    language.use("en")
    starting.refuse(LOCKED)
    language.use("kk")
    assert shown == ["Nobody yet"]
    assert [each.getMessage() for each in caplog.records if each.name == "dala"] == ["Nobody yet", "Nobody yet"]
    assert "Dala did not open the data: KeyLockedError. The log says more." in caplog.messages


def test_a_backup_that_fails_leaves_the_window_for_another_try(lobby: Lobby) -> None:
    lobby.house.door.is_disk_bad = True
    lobby.starting.meet(DAMAGED)
    _restore(lobby.pane)
    assert lobby.ended == []
    assert lobby.pane.sees("rescue.notice.text")


def test_restored_data_that_are_damaged_too_can_be_restored_from_an_older_copy(lobby: Lobby) -> None:
    lobby.house.errors = [DAMAGED]
    lobby.starting.meet(DAMAGED)
    _restore(lobby.pane)
    assert lobby.ended == []
    pane = lobby.pane
    pane.find("rescue.backups").selectRow(1)  # type: ignore[attr-defined]
    _restore(pane)
    wait_until(lambda: lobby.ended == ["workstation"], what="the second copy")
    taken: list[FakeBackup] = [backup for backup, _key in lobby.house.door.restored]
    assert taken == list(lobby.house.door.found[:2])
