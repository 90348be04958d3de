"""A wait that is felt says for what, and can be left; one that is not felt says nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QPlainTextEdit, QWidget

from clinic_app.log_file import FOLDER, begin_log, end_log
from clinic_app.registration import PatientForm
from tests.helpers.fake_workstation import PASSWORD, FakeWorkstation, staffed
from tests.helpers.held import Held
from tests.helpers.windows import Desk
from ui import language
from ui.widgets.busy_line import FELT_MS, BusyLine
from ui.widgets.search_field import SearchField

OpenDesk = Callable[[FakeWorkstation], Desk]
FORM = PatientForm(family="Өтегенова", given="Қарлығаш", birth_date="03.07.1987", gender="female")


def _feel(desk: Desk, name: str) -> BusyLine:
    """Let a second pass for one busy sign, and return it."""
    busy = desk.window.findChild(BusyLine, name)
    assert isinstance(busy, BusyLine)
    (timer,) = (each for each in busy.findChildren(QTimer) if each.interval() == FELT_MS)
    assert timer.isActive()
    assert busy.isHidden(), "it does not flash up"
    timer.stop()
    timer.timeout.emit()
    return busy


def _words(widget: QWidget) -> str:
    return " ".join(each.text() for each in widget.findChildren(QLabel))


def test_a_slow_sign_in_says_what_it_does_and_can_be_left(desk: Desk) -> None:
    language.use("en")
    slow = Held(desk.station.people, "sign_in")
    desk.type("sign_in.login", "doctor")
    desk.type("sign_in.password", PASSWORD)
    desk.press("sign_in.enter")
    assert "Checking the password" in _words(_feel(desk, "sign_in.busy"))
    desk.press("sign_in.busy.cancel")
    assert not desk.sees("sign_in.busy")
    assert desk.find("sign_in.enter").isEnabled()
    slow.let_go()
    desk.settle()
    assert desk.window.session is None, "whoever left the wait is not let in"
    desk.enter("nurse")
    assert desk.words("status.user").startswith("Жүнісова")


def test_a_slow_unlocking_can_be_left_too(desk: Desk) -> None:
    desk.enter("doctor")
    desk.click("status.lock")
    slow = Held(desk.station.people, "sign_in")
    desk.type("lock.password", PASSWORD)
    desk.press("lock.enter")
    _feel(desk, "lock.busy")
    desk.press("lock.busy.cancel")
    slow.let_go()
    desk.settle()
    assert desk.sees("lock.password")


def test_a_quick_sign_in_flashes_nothing(desk: Desk) -> None:
    desk.enter("doctor")
    busy = desk.window.findChild(BusyLine, "sign_in.busy")
    assert busy is not None
    assert busy.isHidden()
    assert not any(each.isActive() for each in busy.findChildren(QTimer))


def test_the_first_start_says_what_it_waits_for(open_desk: OpenDesk) -> None:
    language.use("en")
    desk = open_desk(FakeWorkstation())
    slow = Held(desk.station.people, "add")
    typed = {"facility": "Ырғыз АА", "name": "Петров Сергей", "login": "it", "password": PASSWORD, "repeated": PASSWORD}
    for key, words in typed.items():
        desk.type(f"first_start.{key}", words)
    desk.press("first_start.enter")
    assert "Setting up this workstation" in _words(_feel(desk, "first_start.busy"))
    slow.let_go()
    desk.settle()
    desk.write_code_down()


def test_a_slow_search_can_be_left_and_its_answer_comes_to_nobody(desk: Desk) -> None:
    desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("registrar")
    slow = Held(desk.station.registration, "search")
    desk.find("registration.search", SearchField).searched.emit("Ким")
    slow.wait_for_calls()
    _feel(desk, "registration.wait")
    desk.press("registration.wait.cancel")
    assert not desk.sees("registration.wait")
    slow.let_go()
    desk.settle()
    table = desk.find("registration.results", QWidget)
    assert table.model().rowCount() == 1, "the list stands as it was"  # type: ignore[attr-defined]


def test_a_search_after_one_that_was_left_is_answered(desk: Desk) -> None:
    desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("registrar")
    slow = Held(desk.station.registration, "search")
    field = desk.find("registration.search", SearchField)
    field.searched.emit("Ким")
    slow.wait_for_calls()
    _feel(desk, "registration.wait")
    desk.press("registration.wait.cancel")
    field.searched.emit("nobody of this name")
    slow.let_go()
    desk.settle()
    assert not desk.sees("registration.wait")
    shown = desk.window.findChild(QWidget, "registration.results")
    assert shown is not None
    assert shown.model().rowCount() == 0  # type: ignore[attr-defined]


def test_a_slow_save_says_so_and_another_screen_can_be_opened(desk: Desk) -> None:
    language.use("en")
    desk.enter("registrar")
    desk.click("registration.new")
    for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
        desk.type(f"registration.{key}", words)
    desk.click("registration.gender.female")
    slow = Held(desk.station.registration, "register")
    desk.press("registration.save")
    slow.wait_for_calls()
    assert "Saving" in _words(_feel(desk, "registration.busy"))
    desk.press("rail.settings")
    assert desk.sees("settings.language.ru")
    slow.let_go()
    desk.settle()
    assert len(desk.station.registration.patients) == 1


def test_slow_vital_signs_say_so(desk: Desk) -> None:
    patient = desk.station.registration.register(desk.station.people.sign_in("doctor", PASSWORD), FORM)
    desk.enter("doctor")
    desk.take(patient)
    desk.click("rail.chart")
    desk.type("chart.temperature", "36,6")
    slow = Held(desk.station.encounters, "record_vitals")
    desk.press("chart.save_vitals")
    slow.wait_for_calls()
    _feel(desk, "chart.busy")
    slow.let_go()
    desk.settle()
    assert not desk.sees("chart.busy")


def test_the_gate_and_the_title_name_the_hospital(desk: Desk) -> None:
    assert desk.words("sign_in.place") == "Ырғыз АА"
    assert desk.window.windowTitle() == "Dala · Ырғыз АА"
    desk.enter("doctor")
    desk.click("status.lock")
    assert desk.words("lock.place") == "Ырғыз АА"


def test_before_the_first_start_no_hospital_is_named(open_desk: OpenDesk) -> None:
    desk = open_desk(FakeWorkstation())
    assert desk.window.windowTitle() == "Dala"
    assert not desk.sees("sign_in.place")


def test_a_long_name_of_a_hospital_widens_nothing(open_desk: OpenDesk) -> None:
    station = staffed()
    station.people.facility = (
        "«Ақтөбе облысының денсаулық сақтау басқармасының Ырғыз аудандық ауруханасы» " * 2 + "Ж" * 60
    )
    desk = open_desk(station)
    assert desk.window.minimumSizeHint().width() <= desk.window.minimumWidth()
    label = desk.find("sign_in.place", QLabel)
    assert label.width() <= desk.window.width()


@pytest.fixture
def faulty(desk: Desk, caplog: pytest.LogCaptureFixture) -> Desk:
    """A window in which the program has just made a mistake over somebody's name."""
    desk.enter("doctor")

    def fail() -> None:
        raise KeyError("Өтегенова Қарлығаш")

    desk.runner.run(fail, owner=desk.window, done=lambda _none: None)
    desk.settle()
    assert "KeyError" in caplog.text
    return desk


def test_a_fault_without_a_log_names_no_folder(faulty: Desk) -> None:
    assert faulty.sees("crash.close")
    assert not faulty.sees("crash.log_folder")
    faulty.find("crash", QDialog).accept()


def test_the_details_of_a_fault_hold_no_patient(faulty: Desk) -> None:
    faulty.click("crash.more")
    details = faulty.find("crash.details", QPlainTextEdit).toPlainText()
    assert "KeyError" in details
    assert "in fail" in details
    assert "тегенова" not in details
    faulty.find("crash", QDialog).accept()


def test_the_folder_of_the_log_is_named_and_opened(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    begin_log(tmp_path)
    try:
        desk.enter("doctor")
        desk.runner.run(lambda: 1 // 0, owner=desk.window, done=lambda _none: None)
        desk.settle()
        dialog = desk.find("crash", QDialog)
        assert str(tmp_path / FOLDER) in _words(dialog).replace("\u200b", "")
        desk.click("crash.log_folder")
        assert [Path(url.toLocalFile()) for url in opened] == [tmp_path / FOLDER]
        assert opened[0].toLocalFile()
        dialog.accept()
    finally:
        end_log()
    assert "ZeroDivisionError" in caplog.text


def test_a_day_of_work_leaves_no_name_in_the_log(desk: Desk, tmp_path: Path) -> None:
    begin_log(tmp_path)
    try:
        desk.enter("registrar")
        desk.click("registration.new")
        for key, words in {"family": "Өтегенова", "given": "Қарлығаш", "birth_date": "03.07.1987"}.items():
            desk.type(f"registration.{key}", words)
        desk.click("registration.gender.female")
        desk.click("registration.save")
        desk.click("status.lock")
        desk.type("lock.password", PASSWORD)
        desk.click("lock.enter")
        broken = Held(desk.station.registration, "search", KeyError("Өтегенова"))
        desk.find("registration.search", SearchField).searched.emit("Өтегенова")
        broken.let_go()
        desk.settle()
        desk.find("crash", QDialog).accept()
        QCoreApplication.processEvents()
    finally:
        end_log()
    written = (tmp_path / FOLDER / "dala.log").read_text(encoding="utf-8")
    assert "KeyError" in written
    assert "тегенова" not in written.casefold()
    assert PASSWORD not in written
    assert desk.window.findChild(QLineEdit, "registration.search") is not None
