"""Loops run by the time that has passed: what a slow computer cannot show is dropped and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.view_model_files import FilesViewModel
from ui.tasks import TaskRunner

TEN = np.stack([np.full((30, 40), 20 * place, np.uint8) for place in range(10)])


class Cinema:
    """A window with one loop, and a clock that is turned by hand."""

    def __init__(self, folder: Path, modality: str = "US", **elements: object) -> None:
        (folder / "loop.dcm").write_bytes(bytes_of(made_file(TEN, Modality=modality, **elements)))
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, "a loop")
        self.window.resize(1262, 720)
        self.window.show()
        self.model.look()
        self.pane = self.window.panes.active
        self.player, self.canvas, self.bar = self.pane.player, self.pane.canvas, self.window.box.cine
        self.now_s = 100.0
        self.player._now_s = lambda: self.now_s
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def play(self) -> None:
        self.player.play()
        self.settle()
        self.player._timer.setInterval(10_000)  # only the hand turns the clock

    def pass_s(self, seconds: float) -> int:
        """Let time pass; return the picture that is seen then."""
        self.now_s += seconds
        self.player.tick()
        self.settle()
        return self.canvas.image_number


@pytest.fixture
def cinema(tmp_path: Path, qtbot: QtBot) -> Iterator[Cinema]:
    language.use("en")
    made = Cinema(tmp_path, FrameTime=50)
    qtbot.addWidget(made.window)
    yield made
    made.player.pause()
    made.window.close()
    made.runner.close()
    language.use("kk")


def test_a_loop_runs_at_the_speed_of_its_file(cinema: Cinema) -> None:
    cinema.play()
    assert [cinema.pass_s(0.0501) for _tick in range(4)] == [2, 3, 4, 5]
    assert cinema.player.dropped == 0
    assert cinema.bar.text() == "20 images a second (frame time)"
    for _tick in range(17):
        cinema.pass_s(0.0501)
    assert cinema.bar.text() == "20 images a second (frame time)  ·  19 shown"


def test_what_could_not_be_shown_in_time_is_counted_and_the_heart_beats_no_slower(cinema: Cinema) -> None:
    cinema.play()
    assert cinema.pass_s(0.2501) == 6
    assert cinema.player.dropped == 4
    assert cinema.bar.text().endswith("4 images dropped")
    assert cinema.pass_s(0.35) == 3, "round and round, by the clock on the wall"
    assert cinema.player.dropped == 10


def test_a_picture_that_is_not_ready_when_the_next_is_due_was_dropped(cinema: Cinema) -> None:
    cinema.play()
    cinema.player._canvas.shown.disconnect(cinema.player._note_shown)  # as if decoding took too long
    cinema.pass_s(0.0501)
    cinema.pass_s(0.0501)
    assert cinema.player.dropped == 1


def test_space_runs_and_stands_and_a_drag_with_space_only_moves_the_picture(cinema: Cinema) -> None:
    QTest.keyClick(cinema.canvas, Qt.Key.Key_Space)
    cinema.settle()
    assert cinema.player.is_playing
    QTest.keyClick(cinema.canvas, Qt.Key.Key_Space)
    assert not cinema.player.is_playing
    QTest.keyPress(cinema.canvas, Qt.Key.Key_Space)
    QTest.mouseClick(cinema.canvas, Qt.MouseButton.LeftButton)
    QTest.keyRelease(cinema.canvas, Qt.Key.Key_Space)
    assert not cinema.player.is_playing


def test_whoever_leafs_himself_stops_the_loop(cinema: Cinema) -> None:
    cinema.play()
    QTest.keyClick(cinema.canvas, Qt.Key.Key_PageDown)
    cinema.settle()
    assert not cinema.player.is_playing


def test_a_loop_stands_while_nobody_can_see_it(cinema: Cinema) -> None:
    cinema.play()
    assert cinema.pass_s(0.0501) == 2
    cinema.window.box.hide()
    assert not cinema.player.is_playing
    cinema.window.box.show()
    assert not cinema.player.is_playing, "whoever comes back finds the picture he left"
    assert cinema.canvas.image_number == 2
    cinema.play()
    panes = cinema.window.panes
    panes.toggle_maximised()
    assert cinema.player.is_playing, "a pane that is seen goes on"


@pytest.mark.parametrize("what", ["hidden", "paused", "leafed"])
def test_a_loop_whose_speed_is_still_read_does_not_begin_behind_a_person_who_went_on(cinema: Cinema, what: str) -> None:
    cinema.player.play()
    assert not cinema.player.is_playing, "its speed is being read"
    if what == "hidden":
        cinema.window.box.hide()
    elif what == "paused":
        cinema.player.toggle()
    else:
        QTest.keyClick(cinema.canvas, Qt.Key.Key_PageDown)
    cinema.settle()
    assert not cinema.player.is_playing
    assert (cinema.player.is_timed, cinema.player.rate_hz) == (True, 20), "what was read is known next time"
    cinema.window.box.show()
    cinema.play()
    assert cinema.player.is_playing
    assert cinema.player.rate_hz == 20


def test_comma_and_point_step_round_the_part_that_was_chosen(cinema: Cinema) -> None:
    def press(text: str) -> int:
        QTest.keyClicks(cinema.canvas, text)
        cinema.settle()
        return cinema.canvas.image_number

    assert press("..") == 3
    assert press("[") == 3
    assert press("...") == 6
    assert press("]") == 6
    assert cinema.player.part == (3, 6)
    assert cinema.bar.text() == "20 images a second (frame time)  ·  images 3 to 6" or not cinema.player.is_timed
    assert press(".") == 3
    assert press(",") == 6
    assert press("\\") == 6
    assert cinema.player.part is None
    assert press(".....") == 1


def test_speed_is_changed_by_keys_and_by_the_bar(cinema: Cinema) -> None:
    cinema.play()
    QTest.keyClick(cinema.canvas, Qt.Key.Key_Greater, Qt.KeyboardModifier.ShiftModifier)
    assert cinema.player.speed == 1.5
    QTest.keyClick(cinema.canvas, Qt.Key.Key_Less, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(cinema.canvas, Qt.Key.Key_Less, Qt.KeyboardModifier.ShiftModifier)
    assert cinema.player.speed == 0.75
    box = cinema.window.findChild(QComboBox, "files.cine.speed")
    assert isinstance(box, QComboBox)
    assert box.currentText() == "0.75×"
    box.activated.emit(2)
    assert cinema.player.speed == 0.5
    cinema.player._timer.setInterval(10_000)
    number = cinema.canvas.image_number
    assert cinema.pass_s(0.11) == number % 10 + 1, "each picture is seen twice as long"
    for _press in range(20):
        cinema.player.change_speed(1)
    assert cinema.player.speed == 4.0


def test_what_runs_once_stands_at_the_end_and_begins_anew(cinema: Cinema) -> None:
    box = cinema.window.findChild(QComboBox, "files.cine.way")
    assert isinstance(box, QComboBox)
    cinema.play()
    box.activated.emit(2)
    cinema.player._timer.setInterval(10_000)
    assert cinema.pass_s(5.0) == 10
    assert not cinema.player.is_playing
    cinema.play()
    assert cinema.pass_s(0.051) == 2


def test_another_series_ends_the_loop_and_its_choices(cinema: Cinema) -> None:
    cinema.play()
    cinema.player.set_part(2, 4)
    cinema.pane.series.close()
    assert not cinema.player.is_playing
    assert not cinema.player.can_play
    assert (cinema.player.part, cinema.player.speed) == (None, 1.0)
    assert not cinema.bar.isVisible()
    cinema.player.play()
    assert not cinema.player.is_playing


def test_a_stack_that_does_not_move_has_the_bar_once_somebody_lets_it_run(tmp_path: Path, qtbot: QtBot) -> None:
    language.use("en")
    made = Cinema(tmp_path, modality="CT")
    qtbot.addWidget(made.window)
    assert not made.bar.isVisible()
    made.play()
    assert made.bar.isVisible()
    made.player.pause()
    made.window.close()
    made.runner.close()
    language.use("kk")


def test_the_bar_speaks_every_language(cinema: Cinema) -> None:
    cinema.play()
    said = set()
    for code in ("en", "ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        said.add((cinema.bar.text(), cinema.bar._play.toolTip(), cinema.bar._way.itemText(1)))
    assert all(len(set(column)) == 3 for column in zip(*said, strict=True))


def test_a_file_that_says_nothing_is_said_to_say_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    language.use("en")
    made = Cinema(tmp_path)
    qtbot.addWidget(made.window)
    made.play()
    assert "the file does not say how fast" in made.bar.text()
    made.player.pause()
    made.window.close()
    made.runner.close()
    language.use("kk")


def test_the_real_clock_shows_a_real_loop_in_its_own_time(cinema: Cinema) -> None:
    import time

    cinema.player._now_s = time.perf_counter
    seen: list[int] = []
    cinema.canvas.shown.connect(lambda: seen.append(cinema.canvas.image_number))
    cinema.player.play()
    wait_until(lambda: len(set(seen)) >= 4, what="four pictures of the loop")
    assert cinema.player.is_playing
    cinema.player.pause()
    cinema.settle()
