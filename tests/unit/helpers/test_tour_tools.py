"""The tour's own tools: a ledger that hides nothing, a hand that cannot press what a person could not, a sharp dog."""

from __future__ import annotations

import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QListWidget, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers import hub_process
from tests.helpers.hub_process import HubProcess
from tests.helpers.watchdog import BOUND_S, ROOT, Stall, Watchdog
from tests.scenarios import hand as hand_module
from tests.scenarios.camera import SCREEN, Camera
from tests.scenarios.hand import Hand, wait_for
from tests.scenarios.ledger import Ledger
from tests.scenarios.sample import CENTRE, DISTRICT, PASSWORD, provisioning, write_provisioning

OURS = (f"{ROOT}/clinic_app/storage/store.py:1 open",)


# --- the ledger ------------------------------------------------------------------------------------------------------


def _stalls(dog: Watchdog, *stalls: Stall) -> None:
    dog.stalls.extend(stalls)


def _fail() -> None:
    raise AssertionError("no such button")


def test_a_ledger_without_steps_is_not_good(qapp: object) -> None:
    assert not Ledger(Watchdog()).is_good


def test_a_step_that_holds_is_good_and_one_that_fails_says_why(qapp: object) -> None:
    ledger = Ledger(Watchdog())
    assert ledger.go("sign in", lambda: None)
    assert ledger.is_good
    assert not ledger.go("send", _fail)
    assert not ledger.is_good
    assert [step.ok for step in ledger.steps] == [True, False]
    assert "no such button" in ledger.steps[1].error


def test_a_step_in_which_the_window_stood_still_does_not_hold(qapp: object) -> None:
    dog = Watchdog()
    ledger = Ledger(dog)
    assert not ledger.go("save", lambda: _stalls(dog, Stall(0.4, 0.35, OURS)))
    assert ledger.steps[0].longest_stall_ms == 400.0
    assert "did not answer" in ledger.steps[0].error
    assert ledger.go("next", lambda: None), "a stall belongs to its own step"


def test_a_stall_of_a_busy_machine_is_not_held_against_a_step(qapp: object) -> None:
    dog = Watchdog()
    ledger = Ledger(dog)
    assert ledger.go("save", lambda: _stalls(dog, Stall(0.5, 0.01, ("/usr/lib/python/x.py:1 read",))))
    assert ledger.steps[0].longest_stall_ms == 0.0


def test_an_interrupt_of_a_person_is_no_line_of_the_account(qapp: object) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ledger = Ledger(Watchdog())
    with pytest.raises(KeyboardInterrupt):
        ledger.go("sign in", interrupt)


def test_the_account_is_written_with_every_step_and_what_else_is_given(qapp: object, tmp_path: Path) -> None:
    ledger = Ledger(Watchdog())
    ledger.go("жолдама", lambda: None)
    ledger.go("send", _fail)
    ledger.write(tmp_path / "tour.json", pictures=["a.png"])
    account = json.loads((tmp_path / "tour.json").read_text(encoding="utf-8"))
    assert account["ok"] is False
    assert [(step["name"], step["ok"]) for step in account["steps"]] == [("жолдама", True), ("send", False)]
    assert account["pictures"] == ["a.png"]


# --- the watchdog ----------------------------------------------------------------------------------------------------

STALLS = [
    (Stall(BOUND_S * 3, BOUND_S * 2, ()), True, "it computed too long"),
    (Stall(BOUND_S * 3, 0.001, OURS), True, "it waited in our own code"),
    (Stall(BOUND_S * 1.5, 0.001, OURS), False, "it waited less than twice the bound"),
    (Stall(BOUND_S * 2.8, BOUND_S, OURS), False, "it was computing for more than a third of it: the machine was busy"),
    (Stall(BOUND_S * 3, 0.001, ("/usr/lib/x.py:1 read",)), False, "it waited elsewhere"),
    (Stall(BOUND_S * 3, 0.001, ()), False, "nobody knows where it waited"),
    (Stall(BOUND_S * 3, 0.001, OURS, queued_s=BOUND_S * 1.5), False, "it stood in the queue for a processor"),
    (Stall(BOUND_S * 5, 0.001, OURS, queued_s=BOUND_S * 1.5), True, "it waited in our own code beside the queue"),
]


@pytest.mark.parametrize(("stall", "is_ours", "why"), STALLS, ids=[why for _, _, why in STALLS])
def test_a_stall_is_ours_where_we_computed_or_waited(stall: Stall, is_ours: bool, why: str) -> None:
    assert stall.is_ours is is_ours, why


def test_a_watchdog_names_every_stall_of_ours_and_its_stack(qapp: object) -> None:
    dog = Watchdog()
    dog.check()
    assert dog.longest_s == 0.0
    _stalls(dog, Stall(0.3, 0.2, OURS), Stall(9.0, 0.0, ()), Stall(0.1, 0.09, OURS))
    assert dog.longest_s == 0.3
    with pytest.raises(AssertionError) as caught:
        dog.check()
    assert "300 ms" in str(caught.value)
    assert "9000 ms" not in str(caught.value)
    assert OURS[0] in str(caught.value)


def test_a_thread_that_computes_is_not_one_that_stands_in_the_queue(qapp: object) -> None:
    dog = Watchdog(bound_s=0.02)
    dog.start()
    began_s = time.thread_time()
    while time.thread_time() - began_s < 0.1:
        pass
    dog.stop()
    (stall,) = dog.stalls
    assert stall.cpu_s >= 0.1
    assert 0.0 <= stall.queued_s <= stall.wall_s - stall.cpu_s + 0.01
    assert stall.held_s >= 0.09


# --- the hand --------------------------------------------------------------------------------------------------------


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    """A form with one of each control."""
    window = QWidget()
    qtbot.addWidget(window)
    rows = QVBoxLayout(window)
    for name, control in (
        ("line", QLineEdit("before")),
        ("words", QPlainTextEdit("before")),
        ("box", QComboBox()),
        ("list", QListWidget()),
        ("save", QPushButton("Save")),
        ("never", QPushButton("Never")),
    ):
        control.setObjectName(name)
        rows.addWidget(control)
    window.findChild(QPushButton, "never").setEnabled(False)
    box = window.findChild(QComboBox, "box")
    box.addItem("One", 1)
    box.addItem("Two", 2)
    window.findChild(QListWidget, "list").addItems(["first", "second"])
    window.show()
    qtbot.waitExposed(window)
    impatient = hand_module.wait_for
    monkeypatch.setattr(hand_module, "wait_for", lambda condition, what, seconds=1.0: impatient(condition, what, 0.05))
    return window


def test_a_hand_types_any_letter_over_what_was_there(window: QWidget) -> None:
    hand = Hand(window)
    hand.type("line", "Қасымов Ұлан ≥1 мм")
    hand.type("words", "Синустық ырғақ")
    assert window.findChild(QLineEdit, "line").text() == "Қасымов Ұлан ≥1 мм"
    assert window.findChild(QPlainTextEdit, "words").toPlainText() == "Синустық ырғақ"


def test_a_hand_presses_a_button_once(window: QWidget, qtbot: QtBot) -> None:
    presses: list[bool] = []
    window.findChild(QPushButton, "save").clicked.connect(lambda: presses.append(True))
    Hand(window).click("save")
    assert len(presses) == 1


@pytest.mark.parametrize("name", ["never", "nowhere"])
def test_what_a_person_could_not_press_a_hand_does_not(window: QWidget, name: str) -> None:
    with pytest.raises(AssertionError, match=f"in vain for: .*{name}"):
        Hand(window).click(name)


def test_a_hidden_field_cannot_be_typed_into_and_is_not_seen(window: QWidget) -> None:
    hand = Hand(window)
    assert hand.sees("line")
    window.findChild(QLineEdit, "line").hide()
    assert not hand.sees("line")
    with pytest.raises(AssertionError, match="line"):
        hand.type("line", "x")


def test_a_hand_chooses_by_what_an_entry_stands_for(window: QWidget) -> None:
    hand = Hand(window)
    hand.choose("box", 2)
    assert window.findChild(QComboBox, "box").currentText() == "Two"
    with pytest.raises(AssertionError, match="3 in box"):
        hand.choose("box", 3)


def test_a_hand_opens_the_row_it_was_told_and_no_row_that_is_not_there(window: QWidget) -> None:
    opened: list[str] = []
    rows = window.findChild(QListWidget, "list")
    rows.itemActivated.connect(lambda item: opened.append(item.text()))
    hand = Hand(window)
    hand.open_row("list", 1)
    assert opened == ["second"]
    with pytest.raises(AssertionError, match="row 2 of list"):
        hand.open_row("list", 2)


def test_a_key_goes_to_the_cursor(window: QWidget) -> None:
    hand = Hand(window)
    hand.type("line", "ab")
    hand.press(Qt.Key.Key_Backspace)
    assert window.findChild(QLineEdit, "line").text() == "a"


def test_waiting_in_vain_says_for_what(qapp: object) -> None:
    wait_for(lambda: True, "nothing", 0)
    with pytest.raises(AssertionError, match="in vain for: the moon"):
        wait_for(lambda: False, "the moon", 0)


# --- the camera and the sample ---------------------------------------------------------------------------------------


def test_a_camera_numbers_its_pictures_and_takes_each_in_both_shades(window: QWidget, tmp_path: Path) -> None:
    camera = Camera(tmp_path / "new" / "pictures")
    camera.take(window, "sign-in")
    camera.take(window, "monitor")
    names = ["01-sign-in-light.png", "01-sign-in-dark.png", "02-monitor-light.png", "02-monitor-dark.png"]
    assert camera.pictures == names
    assert sorted(file.name for file in camera.folder.iterdir()) == sorted(names)
    assert window.size() == SCREEN == QSize(1366, 768)


def test_a_picture_that_cannot_be_written_stops_the_tour(window: QWidget, tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    with pytest.raises(AssertionError, match="could not be written"):
        camera.take(window, "no/such/folder")


@pytest.mark.parametrize("facility", [DISTRICT, CENTRE], ids=["district", "centre"])
def test_a_provisioning_file_says_what_it_was_told(facility: Any, tmp_path: Path) -> None:
    text = provisioning(facility, "http://127.0.0.1:9", 'to"ken\\', 4242, "kk")
    path = write_provisioning(tmp_path / "deep" / "setup.toml", text)
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    assert read["settings"]["hub_url"] == "http://127.0.0.1:9"
    assert read["settings"]["monitor_port"] == 4242
    assert read["facility"]["hub_token"] == 'to"ken\\'
    assert [(each["login"], each["name"], each["role"]) for each in read["people"]] == list(facility.people)
    assert {each["password"] for each in read["people"]} == {PASSWORD}


# --- the hub as a process --------------------------------------------------------------------------------------------


class _Running:
    """Stands in for a process."""

    def __init__(self, command: list[str], line: str) -> None:
        import io

        self.command, self.stdout, self.ended = command, io.StringIO(line), []  # type: ignore[var-annotated]

    def terminate(self) -> None:
        self.ended.append("asked")

    def kill(self) -> None:
        self.ended.append("killed")

    def wait(self, timeout: float) -> int:
        self.ended.append("waited")
        return 0


def test_a_hub_comes_back_on_its_port_and_is_ended_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[_Running] = []

    def popen(command: list[str], **_: object) -> _Running:
        made.append(_Running(command, "http://127.0.0.1:8123\n"))
        return made[-1]

    monkeypatch.setattr(hub_process.subprocess, "Popen", popen)
    with HubProcess(tmp_path / "hub") as hub:
        assert hub.url == "http://127.0.0.1:8123"
        hub.kill()
        hub.kill()
        hub.start()
    assert [each.ended for each in made] == [["killed", "waited"], ["asked", "waited"]]
    assert [each.command[each.command.index("--port") + 1] for each in made] == ["0", "8123"]
    assert all(each.stdout.closed for each in made)


def test_a_hub_that_does_not_start_shows_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub.log").write_text("port taken", encoding="utf-8")
    monkeypatch.setattr(hub_process.subprocess, "Popen", lambda command, **_: _Running(command, ""))
    with pytest.raises(AssertionError, match="port taken"):
        HubProcess(tmp_path / "hub").start()


def test_a_running_hub_enrols_by_its_own_command_and_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HubProcess(tmp_path / "hub")
    hub._process = _Running([], "")  # type: ignore[assignment]
    answers = [(" token\n", 0), ("no room", 1)]

    def command(words: list[str]) -> int:
        assert words[:3] == ["enrol", "--data", str(tmp_path / "hub")]
        said, code = answers.pop(0)
        (sys.stderr if code else sys.stdout).write(said)
        return code

    monkeypatch.setattr(hub_process.hub_commands, "main", command)
    assert hub.enrol("org-a", "Reception") == "token"
    with pytest.raises(AssertionError, match="no room"):
        hub.enrol("org-a", "Reception")
