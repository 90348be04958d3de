"""The windows before the workstation over real folders: a lost key, damaged data, and the program that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError, DamagedError, KeyLockedError
from clinic_app.keys.key_storage import FILE_NAME
from clinic_app.opening import Opening
from clinic_app.settings import Settings
from clinic_app.workstation import Workstation, build_workstation
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation
from tests.helpers.panes import Pane
from tests.helpers.waiting import wait_until
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.starting import Starting
from ui.tasks import TaskRunner


class Hospital:
    """A folder that was set up once, and its recovery code."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder, {"key_storage": "file", "reserve_mb": 0, "lock_after_s": 0})
        self.folder = folder
        station = self.open()
        self.code = station.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
        session = station.people.sign_in("it", PASSWORD)
        station.people.add(session, "doctor", PASSWORD, "Өмірзақ Әлішер", "doctor")
        station.safekeeping.back_up_now(session)
        station.close()

    def open(self) -> Workstation:
        return build_workstation(self.settings)

    def lose_the_key(self) -> None:
        """Take away what this computer keeps, as a new Windows account would."""
        (self.folder / FILE_NAME).unlink()

    def damage(self) -> None:
        """Overwrite the first pages of the database."""
        with (self.folder / "clinic.db").open("r+b") as file:
            file.write(bytes(3 * 4096))

    def refusal(self) -> ClinicError:
        """Return what the program meets when it starts."""
        with pytest.raises(ClinicError) as met:
            self.open()
        return met.value


class Morning:
    """Somebody before a program that does not start."""

    def __init__(self, hospital: Hospital) -> None:
        self.runner = TaskRunner(2)
        build = partial(build_workstation, hospital.settings)
        self.starting = Starting(Opening(hospital.settings), build, self.runner, SystemClock())
        self.starting.meet(hospital.refusal())

    @property
    def pane(self) -> Pane[Any]:
        assert self.starting.window is not None
        return Pane(self.starting.window, self.runner, (1180, 720))

    @property
    def station(self) -> Workstation:
        """The workstation, once there is one."""
        wait_until(lambda: self.starting.workstation is not None, 30, "the workstation")
        return cast("Workstation", self.starting.workstation)

    def end(self) -> None:
        if self.starting.window is not None:
            self.starting.window.close()
        self.runner.close()
        if self.starting.workstation is not None:
            self.starting.workstation.close()
        self.starting.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def hospital(qapp: QApplication, tmp_path: Path) -> Hospital:
    language.use("kk")
    theme.apply(qapp, "light")
    return Hospital(tmp_path)


@pytest.fixture
def mornings() -> Iterator[list[Morning]]:
    begun: list[Morning] = []
    yield begun
    for each in begun:
        each.end()


def _begin(hospital: Hospital, mornings: list[Morning]) -> Morning:
    mornings.append(Morning(hospital))
    return mornings[-1]


def test_a_doctor_opens_the_data_on_a_repaired_computer_and_works(hospital: Hospital, mornings: list[Morning]) -> None:
    hospital.lose_the_key()
    assert isinstance(hospital.refusal(), KeyLockedError)
    morning = _begin(hospital, mornings)
    pane = morning.pane
    pane.type("unlock.login", "doctor")
    pane.type("unlock.password", "wrong-password")
    pane.click("unlock.enter")
    assert pane.sees("unlock.notice.text")
    pane.type("unlock.login", " Doctor ")
    pane.type("unlock.password", PASSWORD)
    pane.click("unlock.enter")
    station = morning.station
    desk = Desk(cast("FakeWorkstation", station), TaskRunner(2))
    desk.enter("doctor")
    assert desk.words("status.user") == "Өмірзақ Әлішер · Ырғыз АА"
    desk.close()


def test_the_code_of_the_paper_opens_the_data_and_the_computer_keeps_the_key_again(
    hospital: Hospital, mornings: list[Morning]
) -> None:
    hospital.lose_the_key()
    morning = _begin(hospital, mornings)
    pane = morning.pane
    pane.click("unlock.way.recovery")
    slip = hospital.code[:-1] + ("0" if hospital.code[-1] != "0" else "1")
    pane.type("unlock.code.1", slip)
    pane.click("unlock.enter")
    assert pane.words("unlock.code.message") != ""
    pane.type("unlock.code.1", hospital.code.lower())
    pane.click("unlock.enter")
    morning.station.close()
    hospital.open().close()


def test_damaged_data_are_restored_and_the_damaged_file_is_kept(hospital: Hospital, mornings: list[Morning]) -> None:
    hospital.damage()
    assert isinstance(hospital.refusal(), DamagedError)
    morning = _begin(hospital, mornings)
    pane = morning.pane
    assert len(pane.column("rescue.backups", 0)) == 1
    assert int(pane.column("rescue.backups", 3)[0]) > 0
    pane.click("rescue.restore")
    pane.click("rescue.question.yes")
    station = morning.station
    assert station.people.sign_in("doctor", PASSWORD).name == "Өмірзақ Әлішер"
    assert [each for each in hospital.folder.iterdir() if "damaged" in each.name]


def test_a_lost_key_and_damaged_data_on_the_same_morning(hospital: Hospital, mornings: list[Morning]) -> None:
    hospital.lose_the_key()
    hospital.damage()
    morning = _begin(hospital, mornings)
    pane = morning.pane
    pane.type("unlock.login", "it")
    pane.type("unlock.password", PASSWORD)
    pane.click("unlock.enter")
    wait_until(lambda: morning.starting.window is not pane.widget, 30, "the rescue window")
    pane = morning.pane
    pane.click("rescue.restore")
    pane.click("rescue.question.yes")
    assert morning.station.people.sign_in("it", PASSWORD).role == "administrator"


def test_closing_the_window_leaves_everything_as_it_was(hospital: Hospital, mornings: list[Morning]) -> None:
    hospital.damage()
    before = {path.name: path.read_bytes() for path in hospital.folder.iterdir() if path.is_file()}
    morning = _begin(hospital, mornings)
    morning.pane.click("rescue.close")
    assert morning.starting.workstation is None
    after = {path.name: path.read_bytes() for path in hospital.folder.iterdir() if path.is_file()}
    assert {name: body for name, body in after.items() if name in before} == before
