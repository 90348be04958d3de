"""A monitor that is recorded for one patient files nothing for another one until somebody says who lies there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from clinic_app.access import Session
from clinic_app.encounters import VitalsForm
from clinic_app.foundation.errors import NotAllowedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from clinic_app.waveforms.store import RecorderState
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.waiting import wait_until
from tests.ui.waveforms.test_monitor_screen import NURSE, ONE, OTHER, Bedside
from ui import language
from ui.waveforms.monitor_screen import MonitorScreen
from ui.waveforms.view_model_long import LongViewModel
from ui.waveforms.view_model_whose import BedOwner
from ui.widgets.chip import Chip, ChipLook


class Ward:
    """Recordings that run, and the register."""

    def __init__(self) -> None:
        self.states = [RecorderState("r1", "p2", "Bed 1", NOON - timedelta(hours=2))]
        self.stopped: list[str] = []
        self.is_full = self.is_closed = False

    def running(self) -> tuple[RecorderState, ...]:
        return tuple(self.states)

    def stop(self, _session: Session, recording_id: str) -> None:
        if self.is_full:
            raise StorageError(Text("There is no room on the disk."))
        self.stopped.append(recording_id)
        self.states = []

    def get(self, _session: Session, patient_id: str) -> Patient:
        if self.is_closed:
            raise NotAllowedError(Text("This record is closed to you."))
        return {"p1": ONE, "p2": OTHER}[patient_id]


class Place(Bedside):
    """The monitor screen with what asks."""

    def make_screen(self) -> MonitorScreen:
        self.ward = Ward()
        self.long = LongViewModel(self.ward, self.runner, NURSE, self.hand, FixedClock())  # type: ignore[arg-type]
        self.owner = BedOwner(self.long, self.ward, self.runner, NURSE, self.hand)
        return MonitorScreen(self.model, long=self.long, owner=self.owner)

    @property
    def question(self) -> QWidget:
        return self.find("monitor.whose.question")

    def answer(self, name: str) -> None:
        cast("QPushButton", self.find(name)).click()
        self.settle()

    def words(self) -> str:
        return cast("QLabel", self.find("monitor.whose.text")).text()


@pytest.fixture
def place(qtbot: QtBot) -> Iterator[Place]:
    language.use("en")
    made = Place()
    qtbot.addWidget(made.screen)
    made.screen.resize(1300, 700)
    made.screen.show()
    made.play(3)
    made.hand.take(ONE)
    yield made
    made.model.watch(False)
    made.runner.close()
    language.use("kk")


def test_ten_seconds_ask_whose_they_are_and_nothing_is_filed_before(place: Place) -> None:
    place.button("monitor.record").click()
    place.settle()
    assert place.question.isVisible()
    assert place.model.progress is None
    assert cast("QLabel", place.find("monitor.whose.title")).text() == (
        "Bed 1 is being recorded for somebody else. Who lies there now?"
    )
    assert "Петров" in place.words()
    assert "Әлібекқызы" in place.words().splitlines()[1].title()
    place.play(12)
    assert place.keeper.saved == []


def test_no_files_nothing_and_leaves_the_other_recording_alone(place: Place) -> None:
    place.button("monitor.record").click()
    place.answer("monitor.whose.cancel")
    assert not place.question.isVisible()
    assert (place.ward.stopped, place.model.progress, place.keeper.saved) == ([], None, [])


def test_escape_is_a_no_and_enter_is_no_yes(place: Place) -> None:
    place.button("monitor.record").click()
    place.settle()
    QTest.keyClick(place.find("monitor.whose"), Qt.Key.Key_Return)
    assert place.question.isVisible()
    QTest.keyClick(place.find("monitor.whose.cancel"), Qt.Key.Key_Escape)
    assert not place.question.isVisible()
    assert place.ward.stopped == []


def test_yes_ends_the_other_recording_and_then_records_for_the_patient_in_hand(place: Place) -> None:
    place.button("monitor.record").click()
    place.answer("monitor.whose")
    wait_until(lambda: place.model.progress is not None, what="the ten seconds to begin")
    assert place.ward.stopped == ["r1"]
    assert not place.question.isVisible()
    place.play(10.25)
    place.settle()
    assert [patient_id for patient_id, _recording in place.keeper.saved] == ["p1"]


def test_where_the_other_recording_cannot_be_ended_nothing_is_filed(place: Place) -> None:
    place.ward.is_full = True
    place.button("monitor.record").click()
    place.answer("monitor.whose")
    assert place.model.progress is None
    assert ("There is no room on the disk.", "warn") in place.notices


def test_the_numbers_are_not_taken_over_before_the_answer(place: Place) -> None:
    place.button("monitor.take_over").click()
    place.settle()
    assert place.question.isVisible()
    assert place.line("monitor.heart_rate").text() == ""
    place.answer("monitor.whose")
    wait_until(lambda: place.line("monitor.heart_rate").text() == "61", what="the numbers")
    place.button("monitor.save_vitals").click()
    place.settle()
    assert place.encounters.calls == [("p1", VitalsForm(heart_rate="61", temperature="36.7"), "Bed 1")]


def test_numbers_taken_before_the_other_recording_began_are_asked_about_when_they_are_saved(place: Place) -> None:
    states, place.ward.states = place.ward.states, []
    place.button("monitor.take_over").click()
    place.ward.states = states
    place.button("monitor.save_vitals").click()
    place.settle()
    assert place.question.isVisible()
    assert place.encounters.calls == []
    place.answer("monitor.whose")
    wait_until(lambda: bool(place.encounters.calls), what="the vital signs")


def test_typed_values_are_nobody_elses(place: Place) -> None:
    QTest.keyClicks(place.line("monitor.heart_rate"), "72")
    place.button("monitor.save_vitals").click()
    place.settle()
    assert not place.question.isVisible()
    assert place.encounters.calls == [("p1", VitalsForm(heart_rate="72"), "")]


def test_the_patient_it_is_recorded_for_is_not_asked(place: Place) -> None:
    place.hand.take(OTHER)
    place.button("monitor.record").click()
    assert not place.question.isVisible()
    assert place.model.progress is not None
    place.model.cancel_recording()


def test_a_question_goes_with_the_patient_the_monitor_or_the_end_of_the_other_recording(place: Place) -> None:
    def ask() -> None:
        place.button("monitor.record").click()
        assert place.question.isVisible()

    ask()
    place.hand.take(OTHER)
    assert not place.question.isVisible()
    place.hand.take(ONE)
    ask()
    place.play(1, "Bed 2")
    place.model.choose("Bed 2")
    assert not place.question.isVisible()
    place.model.choose("Bed 1")
    place.play(1)
    ask()
    place.ward.states = []
    place.long.changed.emit()
    assert not place.question.isVisible()


def test_where_the_other_name_may_not_be_read_it_is_another_patient(place: Place) -> None:
    place.ward.is_closed = True
    place.button("monitor.record").click()
    place.settle()
    assert place.words().startswith("Recorded for: another patient, since ")
    assert place.notices == []


LESSON = "Lesson (replay)"


@pytest.fixture
def lesson(place: Place) -> Place:
    """A file that is played as a device, on the screen of a patient."""
    place.ward.states = []
    place.play(1, LESSON)
    place.model.choose(LESSON)
    place.play(1, LESSON)
    return place


def test_a_file_that_is_played_is_filed_for_nobody_before_somebody_said_so(lesson: Place) -> None:
    assert cast("Chip", lesson.find("monitor.state")).look == ChipLook(
        "Lesson (replay): a file is played", "warn", "triangle-alert"
    )
    lesson.button("monitor.record").click()
    lesson.settle()
    assert lesson.question.isVisible()
    assert cast("QLabel", lesson.find("monitor.whose.title")).text() == (
        "Lesson (replay) plays a file. It is nobody who lies here now."
    )
    assert (lesson.model.progress, lesson.keeper.saved) == (None, [])
    lesson.answer("monitor.whose.cancel")
    assert lesson.model.progress is None
    lesson.button("monitor.record").click()
    lesson.answer("monitor.whose")
    assert lesson.model.progress is not None
    lesson.play(10.25, LESSON)
    lesson.settle()
    ((patient_id, recording),) = lesson.keeper.saved
    assert (patient_id, recording.device) == ("p1", LESSON)


def test_a_long_recording_of_a_file_and_its_numbers_are_asked_about_too(lesson: Place) -> None:
    started: list[str] = []
    lesson.ward.start = lambda _session, _patient, source, _band: started.append(source)  # type: ignore[attr-defined]
    assert lesson.screen._long is not None
    lesson.screen._long.start_asked.emit()
    lesson.settle()
    assert (lesson.question.isVisible(), started) == (True, [])
    lesson.answer("monitor.whose")
    assert started == [LESSON]
    assert lesson.owner.may_file(LESSON, lambda: None), "he has said so once"


def test_what_was_said_of_a_file_holds_for_one_patient_only(lesson: Place) -> None:
    lesson.owner.may_file(LESSON, lambda: None)
    lesson.answer("monitor.whose")
    assert lesson.owner.may_file(LESSON, lambda: None)
    lesson.hand.take(OTHER)
    assert not lesson.owner.may_file(LESSON, lambda: None)
    assert lesson.question.isVisible()
    lesson.hand.take(ONE)
    assert not lesson.question.isVisible()
