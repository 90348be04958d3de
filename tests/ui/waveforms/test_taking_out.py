"""Choosing a stretch of a recording of hours, cutting it out, writing it into a file: over the real services."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Trail
from clinic_app.documents import LongFiles, Stretch
from clinic_app.records import Patient
from clinic_app.storage import Store
from clinic_app.waveforms import Recordings
from clinic_app.waveforms.formats import read
from clinic_app.waveforms.store import LongRecordings, Recorder, is_long_recording
from tests.helpers.clocks import FixedClock
from tests.helpers.device_items import NOON, samples
from tests.helpers.nights import LENGTH_S, recorded_night
from tests.helpers.stores import opened, patient, session_of, set_up
from tests.helpers.waiting import wait_until
from ui import language
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner
from ui.waveforms.long_taking import length_words
from ui.waveforms.recordings_screen import RecordingsScreen
from ui.waveforms.view_model_long_reading import PAGE_S, LongOverview, LongReadingModel
from ui.waveforms.view_model_long_taking import LongTakingModel, seconds_of
from ui.waveforms.view_model_recordings import RecordingsViewModel


class Room:
    """The recordings screen with a night open in it."""

    def __init__(self, store: Store, qtbot: QtBot) -> None:
        (self.patient,) = cast("tuple[Patient]", store.records.commit((patient(),)))
        self.session = session_of(store, "nurse")
        self.id = recorded_night(store, self.session, self.patient.id)
        clock, trail = FixedClock(NOON), Trail(store, FixedClock())
        self.recorder = Recorder(store, clock, lambda: 1000.0)
        hours = LongRecordings(store, trail, clock, self.recorder)
        self.recordings = Recordings(store, trail, clock)
        self.files = LongFiles(store, trail, self.recordings)
        self.runner, self.hand = TaskRunner(1), PatientInHand()
        self.reader = LongReadingModel(hours, self.runner, self.session)
        self.model = LongTakingModel(self.files, self.reader, self.runner, self.session)
        self.shelf = RecordingsViewModel(self.recordings, self.runner, self.session, self.hand, hours)
        self.screen = RecordingsScreen(self.shelf, reader=self.reader, taking=self.model)
        self.notices: list[tuple[str, str]] = []
        self.screen.noticed.connect(lambda words, tone: self.notices.append((words, tone)))
        qtbot.addWidget(self.screen)
        self.screen.resize(1262, 660)
        self.hand.take(self.patient)
        self.screen.show()
        wait_until(lambda: self.reader.page is not None, what="the first page")
        self.settle()

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle and self.model.doing is None, what="the background to be idle")
        QApplication.processEvents()

    def button(self, name: str) -> QPushButton:
        return cast("QPushButton", self.screen.findChild(QPushButton, name))

    def field(self, name: str) -> QComboBox:
        return cast("QComboBox", self.screen.findChild(QComboBox, name))

    def length(self) -> str:
        return cast("QLabel", self.screen.findChild(QLabel, "long.length")).text()

    def type(self, name: str, words: str) -> None:
        edit = self.field(name).lineEdit()
        assert edit is not None
        edit.selectAll()
        QTest.keyClicks(edit, words)
        QTest.keyClick(edit, Qt.Key.Key_Return)

    @property
    def taking(self) -> object:
        view = self.screen._long_view
        assert view is not None
        assert view._taking is not None
        return view._taking

    def close(self) -> None:
        self.model.cancel()
        self.settle()
        self.reader.close()
        self.recorder.close()
        self.runner.close()


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot) -> Iterator[Room]:
    language.use("en")
    with opened(tmp_path / "data") as store:
        set_up(store, "nurse")
        made = Room(store, qtbot)
        yield made
        made.close()
    language.use("kk")


# --- choosing ---


def test_all_of_it_is_chosen_first_and_the_strip_chooses_by_dragging(room: Room) -> None:
    assert (room.model.begin_s, room.model.end_s) == (0.0, LENGTH_S)
    assert room.length() == "4 min 20 s"
    assert not room.button("long.whole").isEnabled()
    strip = room.screen.findChild(QWidget, "long.strip")
    assert isinstance(strip, QWidget)
    left, right, y = QPoint(strip.width() // 2, 15), QPoint(strip.width() - 1, 15), 15
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, pos=left)
    QTest.mouseMove(strip, QPoint(strip.width() - 40, y))
    QTest.mouseMove(strip, right)
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=right)
    assert room.model.end_s == pytest.approx(LENGTH_S, abs=1)
    assert room.model.begin_s == pytest.approx(LENGTH_S / 2, rel=0.1)
    assert room.reader.begin_s == 0.0, "dragging goes nowhere"
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=left)
    room.settle()
    assert room.reader.begin_s == pytest.approx(room.model.begin_s - PAGE_S / 2, abs=1)
    room.button("long.whole").click()
    assert (room.model.begin_s, room.model.end_s) == (0.0, LENGTH_S)


def test_moments_are_typed_taken_from_a_mark_or_from_the_page(room: Room) -> None:
    begins = NOON.astimezone()
    room.type("long.from", f"{begins:%H:%M}:30")
    room.type("long.to", f"{begins:%d.%m} {begins:%H:%M}:50")
    assert (room.model.begin_s, room.model.end_s) == (30.0, 50.0)
    assert room.length() == "20 s"
    room.type("long.to", "99:99")
    assert room.notices == [("“99:99” is no time of this recording.", "warn")]
    assert (room.model.begin_s, room.model.end_s) == (30.0, 50.0)
    assert room.field("long.to").currentText() == f"{begins:%H:%M}:50"
    marks = room.field("long.from")
    assert marks.itemText(0).endswith("desaturation")
    marks.activated.emit(0)
    assert room.model.begin_s == 42.0
    view = room.screen._long_view
    assert view is not None
    QTest.keyClick(view, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    room.settle()
    QTest.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert (room.model.begin_s, room.model.end_s) == (PAGE_S, 2 * PAGE_S)
    room.model.choose_end(10.0)
    assert (room.model.begin_s, room.model.end_s) == (0.0, 10.0), "an end before the beginning begins at the start"
    room.model.choose_begin(200.0)
    assert (room.model.begin_s, room.model.end_s) == (200.0, LENGTH_S)
    room.model.choose(900.0, 901.0)
    assert room.model.seconds == 1.0


@pytest.mark.parametrize(
    ("words", "expected"),
    [("07:00", 0.0), ("9:30:15", 9015.0), ("06.03 02:00", 68_400.0), ("2:00", 68_400.0), ("05.03. 07:00:01", 1.0),
     ("06:59", None), ("07.03 08:00", None), ("25:00", None), ("noon", None), ("", None)],
)  # fmt: skip
def test_a_typed_time_is_the_first_such_moment_of_the_recording(words: str, expected: float | None) -> None:
    assert seconds_of(words, LongOverview(datetime(2026, 3, 5, 7).astimezone(), 23 * 3600 - 120.0)) == expected


@pytest.mark.parametrize(
    ("seconds", "words"), [(9.6, "10 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (86_340, "23 h 59 min")]
)
def test_a_length_is_said_as_people_say_it(seconds: float, words: str) -> None:
    language.use("en")
    assert length_words(seconds) == words
    language.use("kk")


# --- taking out ---


def test_what_is_cut_out_stands_in_the_list_and_says_where_it_comes_from(room: Room) -> None:
    room.model.choose(30.0, 50.0)
    room.button("long.cut_out").click()
    assert room.model.doing is not None
    assert not room.button("long.export").isEnabled()
    room.settle()
    assert room.notices[-1] == ("The part is a recording of its own now, in the list.", "ok")
    [short] = [each for each in room.shelf.documents if not is_long_recording(each)]
    found = room.recordings.load(room.session, short)
    np.testing.assert_array_equal(np.stack([each.samples for each in found.channels]), samples(15_000, 10_000))
    room.shelf.open(short)
    wait_until(lambda: room.shelf.recording is not None, what="the recording")
    room.settle()
    origin = cast("QLabel", room.screen.findChild(QLabel, "recordings.origin"))
    assert origin.isVisible()
    assert origin.text().startswith("Cut out of the recording of bed 1, ")
    assert origin.text().endswith("; 0.5–40 Hz")
    room.shelf.open(next(each for each in room.shelf.documents if is_long_recording(each)))
    room.settle()
    assert not origin.isVisible()


def test_it_is_written_into_a_file_with_the_choice_of_formats(room: Room, tmp_path: Path) -> None:
    room.model.choose(30.0, 50.0)
    asked: list[str] = []

    def target(name: str) -> Path:
        asked.append(name)
        return tmp_path / name

    room.taking.ask_target = target  # type: ignore[attr-defined]
    view = room.screen._long_view
    assert view is not None
    room.button("long.export").click()
    assert not view.plot.isVisible(), "the choice of formats does not take the paper's room"
    room.button("long.write.cancel").click()
    assert view.plot.isVisible()
    room.button("long.export").click()
    room.button("long.write").click()
    room.settle()
    assert asked == [f"recording-{NOON:%Y-%m-%d-%H%M}.edf"]
    assert room.notices[-1][1] == "ok"
    np.testing.assert_array_equal(read(tmp_path / asked[0]).channels[0].samples, samples(15_000, 10_000)[0])


def test_a_long_way_can_be_left_and_leaves_nothing(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    export = room.files.export

    def slow(*given: object, watch: object, **told: object) -> object:
        def wait(done: int, of: int) -> None:
            begun.set()
            wait_until(lambda: room.model._job is None or room.model._job.is_cancelled(), what="the cancel")
            watch(done, of)  # type: ignore[operator]

        return export(*given, watch=wait, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(room.files, "export", slow)
    room.model.export(tmp_path / "night.edf", "edf", "en", is_anonymous=False)
    assert begun.wait(10)
    assert room.button("long.progress.cancel").isVisible()
    room.button("long.progress.cancel").click()
    room.settle()
    assert not (tmp_path / "night.edf").exists()
    assert room.notices == []
    assert room.button("long.export").isEnabled()


def test_a_refusal_is_said(room: Room, tmp_path: Path) -> None:
    room.model.export(tmp_path / "no such folder" / "\0.edf", "edf", "en", is_anonymous=False)
    room.settle()
    assert room.notices[-1][1] == "warn"
    room.model.choose(110.0, 150.0)
    room.model.cut()
    room.settle()
    assert room.notices[-1] == ("There is nothing in this recording.", "warn")


def test_another_patient_takes_the_choice_away(room: Room) -> None:
    room.hand.take(None)
    room.settle()
    assert not room.model.can_export
    assert room.field("long.from").currentText() == ""
    room.model.choose(1, 2)
    room.model.cut()
    assert room.model.doing is None
    nothing = LongTakingModel(None, room.reader, room.runner, room.session)
    assert not nothing.can_cut_out
    assert Stretch() == Stretch(None, None)
    assert room.shelf.documents == ()


def test_that_a_file_is_too_long_to_be_read_again_is_said_before_it_is_written(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def words() -> str:
        room.button("long.export").click()
        said = room.screen.findChild(QLabel, "long.write.words")
        assert isinstance(said, QLabel)
        room.button("long.write.cancel").click()
        return said.text()

    assert "as a whole" not in words()
    monkeypatch.setattr("ui.waveforms.view_model_long_taking.MOST_SAMPLES", 150_000)
    assert "as a whole" in words()
    room.model.choose(0.0, 20.0)
    assert "as a whole" not in words()
