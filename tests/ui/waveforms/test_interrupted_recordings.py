"""A recording of hours whose program was killed: the next who may record sees it, and says whether it goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Session, Trail
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import DocumentReference, Patient
from clinic_app.storage import Store
from clinic_app.waveforms import Recordings
from clinic_app.waveforms.store import LongRecordings, Recorder
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks, samples
from tests.helpers.stores import opened, patient, session_of, set_up
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.interrupted_line import InterruptedLine
from ui.waveforms.recordings_screen import RecordingsScreen
from ui.waveforms.view_model_interrupted import InterruptedModel
from ui.waveforms.view_model_recordings import RecordingsViewModel

ROOT = Path(__file__).parents[3]
WARD = """
import os, signal, sys
from pathlib import Path
from clinic_app.access import Trail
from clinic_app.storage import Store
from clinic_app.waveforms.store import LongRecordings, Recorder, recorder as module
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, blocks
from tests.helpers.stores import KEY, session_of
module.STEP_S = 1000.0
store = Store.open(Path(sys.argv[1]), KEY, FixedClock())
now_s = [1000.0]
recorder = Recorder(store, FixedClock(NOON), lambda: now_s[0])
service = LongRecordings(store, Trail(store, FixedClock()), FixedClock(NOON), recorder)
service.start(session_of(store, "nurse"), sys.argv[2], "bed 1")
for block in blocks(0, 15_000):
    now_s[0] = block.monotonic_s
    recorder.take_in(block)
    recorder.step()
print("recorded", flush=True)
sys.stdin.read()
"""
"""Records half a minute as the program does, then waits to be killed."""


def killed_while_recording(folder: Path, patient_id: str) -> None:
    """Record in a process of its own and kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", WARD, str(folder), patient_id],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "recorded"
        process.kill()


class Room:
    """The recordings screen and the line of the monitor screen, ten minutes after the cut."""

    def __init__(self, store: Store, session: Session, qtbot: QtBot) -> None:
        self.store, self.session = store, session
        clock = FixedClock(NOON + timedelta(minutes=10))
        trail = Trail(store, FixedClock())
        self.recorder = Recorder(store, clock, lambda: 1000.0)
        self.hours = LongRecordings(store, trail, clock, self.recorder)
        self.runner, self.hand = TaskRunner(1), PatientInHand()
        self.model = InterruptedModel(self.hours, self.runner, session, self.hand)
        self.line = InterruptedLine("t.interrupted", self.model)
        shelf = RecordingsViewModel(Recordings(store, trail, clock), self.runner, session, self.hand, self.hours)
        his = InterruptedModel(self.hours, self.runner, session, self.hand, is_his_only=True)
        self.screen = RecordingsScreen(shelf, interrupted=his)
        self.notices: list[tuple[str, str]] = []
        for part in (self.line, self.screen):
            qtbot.addWidget(part)
            part.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        self.model.look()
        self.settle()

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")
        QApplication.processEvents()

    def button(self, name: str) -> QPushButton:
        return cast("QPushButton", self.line.findChild(QPushButton, f"t.interrupted.{name}"))

    def words(self, name: str = "text") -> str:
        return cast("QLabel", self.line.findChild(QLabel, f"t.interrupted.{name}")).text()

    def press(self, name: str) -> None:
        self.button(name).click()
        self.settle()

    def close(self) -> None:
        self.settle()
        self.recorder.close()
        self.runner.close()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Patient]:
    """A data folder as the kill left it, and whose recording is in it."""
    folder = tmp_path_factory.mktemp("killed")
    with opened(folder) as store:
        set_up(store, "nurse", "registrar")
        (made,) = store.records.commit((patient(),))
    assert isinstance(made, Patient)
    killed_while_recording(folder, made.id)
    return folder, made


@pytest.fixture
def folder(killed: tuple[Path, Patient], tmp_path: Path) -> tuple[Path, Patient]:
    """A copy of it."""
    return shutil.copytree(killed[0], tmp_path / "data"), killed[1]


@pytest.fixture
def room(folder: tuple[Path, Patient], qtbot: QtBot) -> Iterator[Room]:
    language.use("en")
    with opened(folder[0]) as store:
        made = Room(store, session_of(store, "nurse"), qtbot)
        yield made
        made.close()
    language.use("kk")


def test_the_line_names_patient_bed_and_both_moments_and_offers_no_wrong_patient(
    room: Room, folder: tuple[Path, Patient], qtbot: QtBot
) -> None:
    his = folder[1]
    begun, until = (f"{at.astimezone():%H:%M}" for at in (NOON, NOON + timedelta(seconds=30)))
    for part in (his.full_name, "bed 1", begun, until, "was interrupted"):
        assert part in room.words()
    assert not room.line.isHidden()
    assert room.hours.running() == (), "nothing goes on by itself"
    assert not room.button("go_on").isEnabled()
    assert "take this patient in hand" in room.words("hint")
    room.hand.take(patient("Ким"))
    assert not room.button("go_on").isEnabled()
    room.model.go_on(room.model.found[0])
    room.settle()
    assert room.hours.running() == ()
    room.hand.take(his)
    assert room.button("go_on").isEnabled()
    with_no_right = InterruptedModel(room.hours, room.runner, session_of(room.store, "registrar"), room.hand)
    with_no_right.look()
    room.settle()
    assert with_no_right.found == ()
    nobody = InterruptedModel(None, room.runner, room.session, room.hand)
    nobody.look()
    nobody.go_on(room.model.found[0])
    nobody.end(room.model.found[0])
    assert nobody.found == ()


def test_going_on_is_the_same_recording_with_a_gap_and_nothing_is_lost(
    room: Room, folder: tuple[Path, Patient]
) -> None:
    room.hand.take(folder[1])
    number = room.model.found[0].id
    room.press("go_on")
    assert room.line.isHidden()
    assert room.notices == [("bed 1 is recorded on; the time between is a gap.", "ok")]
    assert [each.recording_id for each in room.hours.running()] == [number]
    for each in blocks(0, 5_000):
        room.recorder.take_in(replace(each, stream_id="run 2"))
    room.hours.stop(room.session, number)
    whole = room.hours.open(room.session, number)
    first, second = whole.covered()
    kept = whole.read(first.begins_at, first.ends_at).channels[0].samples
    np.testing.assert_array_equal(kept, samples(0, len(kept))[0])
    assert len(kept) >= 15_000 - 10 * 500, "ten seconds are lost at most"
    assert second.begins_at == NOON + timedelta(minutes=10)
    kept = whole.read(second.begins_at, second.ends_at).channels[0].samples
    np.testing.assert_array_equal(kept, samples(0, 5_000)[0])


def test_ended_in_the_list_of_recordings_it_is_kept_and_asks_no_more(room: Room, folder: tuple[Path, Patient]) -> None:
    line = cast("QWidget", room.screen.findChild(QWidget, "recordings.interrupted"))
    room.screen.show()
    room.settle()
    assert line.isHidden(), "the list of one patient does not speak of others"
    room.hand.take(folder[1])
    room.settle()
    assert not line.isHidden()
    cast("QPushButton", room.screen.findChild(QPushButton, "recordings.interrupted.end")).click()
    room.settle()
    assert line.isHidden()
    assert room.notices[-1][1] == "ok"
    [document] = room.hours.of_patient(room.session, folder[1].id)
    assert room.hours.open(room.session, document.id).head.ended_at is not None
    assert room.hours.interrupted(room.session) == ()
    room.model.end(room.model.found[0])
    room.settle()
    assert room.line.isHidden(), "ended elsewhere meanwhile: nothing happens twice"


def test_a_refusal_is_said_and_the_line_stays(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_asked: object) -> DocumentReference:
        raise StorageError(Text("The disk is full."))

    monkeypatch.setattr(room.hours, "stop", full)
    room.press("end")
    assert room.notices == [("The disk is full.", "warn")]
    assert not room.line.isHidden()
    assert room.button("end").isEnabled()


def test_the_patients_own_stands_first_and_the_others_are_counted(room: Room, folder: tuple[Path, Patient]) -> None:
    other = Recorder(room.store, FixedClock(NOON), lambda: 1000.0)
    (second,) = room.store.records.commit((patient("Ким"),))
    assert isinstance(second, Patient)
    service = LongRecordings(room.store, Trail(room.store, FixedClock()), FixedClock(NOON), other)
    service.start(room.session, second.id, "bed 2")
    other.close()
    room.model.look()
    room.settle()
    room.hand.take(second)
    assert "Ким" in room.words()
    assert "interrupted before anything came" in room.words()
    assert "1 more recording waits." in room.words("hint")
    room.press("end")
    assert folder[1].full_name in room.words(), "the next one is asked about"
    for code in ("kk", "ru"):
        language.use(code)
        room.line.retranslate()
        assert "interrupted" not in room.words()
        assert room.button("end").text() not in ("", "End it here")
    language.use("en")
