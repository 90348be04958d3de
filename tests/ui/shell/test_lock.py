"""The locked window: nothing of a patient can be seen, work goes on behind it, and it comes back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QClipboard, QGuiApplication, QImage, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu, QToolTip, QVBoxLayout, QWidget

from clinic_app.devices import Block, ChannelInfo
from clinic_app.registration import PatientForm
from clinic_app.settings import Settings
from clinic_app.terminology.leads import LEADS
from clinic_app.waveforms import LiveTraces
from clinic_app.workstation import build_workstation
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.signals import SteadyClock, real_leads
from tests.helpers.waiting import wait_until
from tests.helpers.watchdog import Watchdog
from tests.helpers.windows import Desk
from ui import language, theme
from ui.shell.cover import cover_all_but
from ui.tasks import TaskRunner

OpenDesk = Callable[[FakeWorkstation], Desk]
FORM = PatientForm(family="Өтегенова", given="Қарлығаш", birth_date="03.07.1987", gender="female")


class FakeComputer:
    """A computer that is locked when a test says so."""

    def __init__(self) -> None:
        self.lock: Callable[[], None] | None = None
        self.starts = 0

    def start(self, window: QWindow, locked: Callable[[], None], /) -> None:
        assert window.winId()
        self.lock = locked
        self.starts += 1

    def stop(self) -> None:
        self.lock = None


def _with_patient(desk: Desk, login: str = "doctor") -> None:
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    patient = desk.station.registration.register(doctor, FORM)
    desk.enter(login)
    desk.take(patient)


def _unlock(desk: Desk) -> None:
    desk.type("lock.password", PASSWORD)
    desk.click("lock.enter")


def _photo(desk: Desk) -> QImage:
    desk.settle()
    desk.find("lock.password").clearFocus()  # the cursor blinks
    QCoreApplication.processEvents()
    return desk.window.grab().toImage()


def test_a_screenshot_of_the_lock_is_the_same_whoever_was_on_the_screen(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    empty, title = _photo(desk), desk.window.windowTitle()
    _unlock(desk)
    doctor = desk.station.people.sign_in("doctor", PASSWORD)
    desk.take(desk.station.registration.register(doctor, FORM))
    desk.click("rail.chart")
    desk.type("chart.allergy", "пенициллин")
    desk.click("chart.add_allergy")
    assert desk.window.grab().toImage() != empty
    desk.click("status.lock")
    assert _photo(desk) == empty
    assert desk.window.windowTitle() == title


def test_nobody_touching_the_window_locks_it(open_desk: OpenDesk) -> None:
    station = staffed()
    station.settings = Settings(Path("nowhere"), {"lock_after_s": 1})
    desk = open_desk(station)
    desk.enter("doctor")
    wait_until(lambda: desk.window.is_locked, what="the idle lock")
    assert desk.sees("lock.password")
    _unlock(desk)
    assert desk.sees("status.user")
    wait_until(lambda: desk.window.is_locked, what="the idle lock again")


def test_the_warning_is_quiet_and_a_movement_takes_it_back(desk: Desk) -> None:
    language.use("en")
    desk.enter("doctor")
    desk.window.idle.warned.emit(True)
    assert desk.words("lock_warning.text").startswith("Nobody has touched this window")
    assert not desk.sees("notice"), "a notice that stands there is not overwritten"
    desk.window.idle.warned.emit(False)
    assert not desk.sees("lock_warning")


def test_the_gate_is_not_locked(open_desk: OpenDesk) -> None:
    station = staffed()
    station.settings = Settings(Path("nowhere"), {"lock_after_s": 1})
    desk = open_desk(station)
    desk.window.idle.due.emit()
    desk.window.lock()
    assert desk.sees("sign_in.login")


@pytest.fixture
def watched(qapp: QApplication) -> Iterator[tuple[Desk, FakeComputer]]:
    language.use("kk")
    theme.apply(qapp, "light")
    computer = FakeComputer()
    desk = Desk(staffed(), TaskRunner(2), computer)
    yield desk, computer
    desk.close()


def test_the_lock_of_the_computer_locks_the_window(watched: tuple[Desk, FakeComputer]) -> None:
    desk, computer = watched
    desk.enter("doctor")
    assert computer.lock is not None
    computer.lock()
    assert desk.sees("lock.password")
    computer.lock()
    _unlock(desk)
    assert desk.sees("status.user")


def test_the_computer_is_asked_once_and_left_alone_after_closing(watched: tuple[Desk, FakeComputer]) -> None:
    desk, computer = watched
    desk.window.hide()
    desk.window.show()
    assert computer.starts == 1
    desk.window.close()
    assert computer.lock is None


class _Beside(QWidget):
    """A window beside the window, with a patient's name."""

    def __init__(self) -> None:
        super().__init__()
        QVBoxLayout(self).addWidget(QLabel("Өтегенова Қарлығаш"))
        self.show()


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_dialogs_lists_tips_and_other_windows_go_with_the_lock(desk: Desk) -> None:
    _with_patient(desk)
    dialog = QDialog(desk.window)
    QVBoxLayout(dialog).addWidget(QLabel("Өтегенова Қарлығаш"))
    dialog.open()
    answers: list[int] = []
    dialog.finished.connect(answers.append)
    beside = _Beside()
    menu = QMenu(desk.window)
    menu.addAction("Өтегенова")
    menu.popup(desk.window.pos())
    QToolTip.showText(desk.window.pos(), "Өтегенова", desk.window)
    desk.window.lock()
    seen = [each for each in QApplication.topLevelWidgets() if each.isVisible() and each is not desk.window]
    assert [each for each in seen if "tip" not in type(each).__name__.lower()] == []
    assert QApplication.activePopupWidget() is None
    assert answers == [QDialog.DialogCode.Rejected.value]
    _unlock(desk)
    assert beside.isVisible()
    assert not dialog.isVisible()
    beside.close()
    for each in (beside, dialog, menu):
        each.deleteLater()


def test_what_stood_beside_the_window_is_not_shown_to_another_person(desk: Desk) -> None:
    _with_patient(desk)
    beside = _Beside()
    desk.window.lock()
    desk.click("lock.leave")
    desk.enter("nurse")
    assert not beside.isVisible()
    beside.deleteLater()


@pytest.mark.parametrize("is_ours", [True, False])
def test_what_was_copied_here_cannot_be_pasted_at_the_lock(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_ours: bool
) -> None:
    monkeypatch.setattr(QClipboard, "ownsClipboard", lambda _self: is_ours)
    clipboard = QGuiApplication.clipboard()
    _with_patient(desk)
    clipboard.setText("Өтегенова Қарлығаш")
    desk.window.lock()
    assert clipboard.text() == ("" if is_ours else "Өтегенова Қарлығаш"), "what another program copied is left alone"
    clipboard.clear()


def test_a_dialog_that_waits_for_its_answer_gets_a_no(qapp: QApplication) -> None:
    window, dialog = QWidget(), QDialog()
    window.show()
    answers: list[int] = []
    dialog.finished.connect(answers.append)
    dialog.show()
    assert cover_all_but(window) == []
    assert answers == [0]
    for each in (window, dialog):
        each.close()
        each.deleteLater()


def test_a_fault_behind_the_lock_is_told_after_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    desk.runner.run(lambda: 1 // 0, owner=desk.window, done=lambda _none: None)
    desk.settle()
    assert not desk.sees("crash")
    assert "ZeroDivisionError" in caplog.text
    _unlock(desk)
    assert desk.sees("crash")
    desk.find("crash", QDialog).accept()


def test_the_lock_holds_nothing_up(desk: Desk, watchdog: Watchdog) -> None:
    with watchdog.paused():
        _with_patient(desk)
        for key in ("patients", "chart", "signals", "images", "referrals"):
            desk.click(f"rail.{key}")
    for _each in range(3):
        desk.window.lock()
        desk.settle()
        _unlock(desk)


class Ward:
    """A real workstation whose monitor a test plays."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteadyClock()
        real = build_workstation(Settings(folder, {"key_storage": "file", "lock_after_s": 0}))
        self.station = replace(real, live_traces=LiveTraces(FixedClock(), self.clock))
        self._real = real
        self.station.set_up("Ырғыз АА", "Петров Сергей", "it", PASSWORD)
        it = self.station.people.sign_in("it", PASSWORD)
        self.station.people.add(it, "nurse", PASSWORD, "Жүнісова Іңкәр", "nurse")
        self.nurse = self.station.people.sign_in("nurse", PASSWORD)
        self.patient = self.station.registration.register(self.nurse, FORM)
        self.desk = Desk(cast("FakeWorkstation", self.station), TaskRunner(2))
        self._played = 0

    def play(self, seconds: float) -> None:
        """Let so many seconds of twelve leads arrive, a quarter at a time."""
        leads = tuple(ChannelInfo(code, label, "uV") for code, label in LEADS.items())
        for _quarter in range(round(seconds * 4)):
            self.clock.now_s += 0.25
            index = np.arange(self._played, self._played + 250) % real_leads().shape[1]
            self.station.live_traces.take_in(
                Block("Bed 1", "ecg", leads, self._played, Fraction(1000), real_leads()[:, index], NOON, self.clock())
            )
            self._played += 250

    def close(self) -> None:
        """Close window and store."""
        self.desk.close()
        self._real.close()


@pytest.fixture
def ward(tmp_path: Path, qapp: QApplication) -> Iterator[Ward]:
    language.use("kk")
    theme.apply(qapp, "light")
    made = Ward(tmp_path)
    yield made
    made.close()


def _begin_recording(ward: Ward) -> None:
    desk = ward.desk
    desk.enter("nurse")
    desk.take(ward.patient)
    ward.play(3)
    desk.click("rail.signals")
    wait_until(lambda: desk.find("monitor.record").isEnabled(), what="a live monitor")
    desk.click("monitor.record")
    ward.play(5)


def _is_recorded(ward: Ward) -> bool:
    return len(ward.station.recordings.of_patient(ward.nurse, ward.patient.id)) == 1


def test_a_recording_that_runs_while_the_window_is_locked_is_saved(ward: Ward) -> None:
    _begin_recording(ward)
    ward.desk.click("status.lock")
    assert not _is_recorded(ward)
    ward.play(6)
    wait_until(lambda: _is_recorded(ward), what="the recording to be saved behind the lock")
    assert ward.desk.sees("lock.password")
    (document,) = ward.station.recordings.of_patient(ward.nurse, ward.patient.id)
    recording = ward.station.recordings.load(ward.nurse, document)
    assert recording.duration_s == 10
    assert len(recording.leads) == len(LEADS)


def test_a_recording_goes_on_while_another_person_works(ward: Ward) -> None:
    _begin_recording(ward)
    ward.desk.click("status.lock")
    ward.desk.click("lock.leave")
    ward.desk.enter("it")
    ward.play(6)
    wait_until(lambda: _is_recorded(ward), what="the recording to be saved beside another's work")
    (document,) = ward.station.recordings.of_patient(ward.nurse, ward.patient.id)
    assert document.subject is not None
    assert document.subject.id == ward.patient.id


def test_signing_out_during_a_recording_asks(ward: Ward) -> None:
    language.use("en")
    _begin_recording(ward)
    ward.desk.click("status.sign_out")
    words = [each.text() for each in ward.desk.find("leave").findChildren(QLabel)]
    assert any("A recording is still running" in each for each in words)
    ward.desk.click("leave.stay")
    ward.play(6)
    wait_until(lambda: _is_recorded(ward), what="the recording")


def test_the_monitor_is_watched_again_after_the_lock(ward: Ward) -> None:
    _begin_recording(ward)
    ward.desk.click("status.lock")
    ward.play(6)
    wait_until(lambda: _is_recorded(ward), what="the recording")
    _unlock(ward.desk)
    ward.play(3)
    wait_until(lambda: ward.desk.find("monitor.record").isEnabled(), what="a live monitor")
    assert ward.desk.words("banner.name") == "ӨТЕГЕНОВА Қарлығаш"


def test_keys_typed_at_the_lock_reach_nothing_behind_it(desk: Desk) -> None:
    _with_patient(desk)
    desk.click("rail.chart")
    desk.find("chart.systolic").setFocus()
    desk.window.lock()
    desk.settle()
    desk.strike("120")
    QTest.keyClick(desk.window.windowHandle(), Qt.Key.Key_Tab)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    _unlock(desk)
    assert desk.find("chart.systolic").property("text") == ""
