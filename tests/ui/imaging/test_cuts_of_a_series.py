"""Three linked cuts over real files: where they meet, how thick they are, one window for all, and the way back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shiboken6
from pydicom.data import get_testdata_file
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSpinBox, QWidget

from clinic_app.foundation.apart import HERE
from clinic_app.imaging import Window
from clinic_app.imaging.volume import ORIENTATIONS, volume_of
from tests.helpers.phantoms import Geometry, body, slice_file, stack_of_body
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.volume.cut_pane import CutPane
from ui.imaging.volume.view_model_volume import VolumeModel
from ui.imaging.volume.volume_view import VolumeView
from ui.tasks import TaskRunner

SHAPE = (14, 24, 20)


class Desk:
    """Files in a window, and the person before it."""

    def __init__(self, folder: Path) -> None:
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, "files")
        self.window.resize(1366, 768)
        self.window.show()
        self.model.look()
        wait_until(lambda: self.window.viewer.canvas.picture is not None, what="the first picture")
        self.settle()

    @property
    def view(self) -> VolumeView:
        return self.window.box.volume.view

    def pane(self, orientation: str) -> CutPane:
        return self.view.panes[orientation]  # type: ignore[index]

    def settle(self) -> None:
        for _turn in range(2):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def leave(self) -> None:
        """Close the window and wait for what is under way."""
        self.window.close()
        self.runner.close()
        shiboken6.delete(self.window)

    def open(self) -> None:
        self.click("files.tool.volume")
        wait_until(lambda: all(each.picture is not None for each in self.view.panes.values()), what="the three cuts")
        self.settle()

    def click(self, name: str) -> None:
        button = self.window.findChild(QAbstractButton, name)
        assert isinstance(button, QAbstractButton)
        assert button.isVisible()
        assert button.isEnabled()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def press_at(self, orientation: str, x: float, y: float) -> None:
        """Press the left button over a place of a cut, in its pixels."""
        pane = self.pane(orientation)
        at = pane.to_glass((x, y))
        QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(round(at[0]), round(at[1])))
        self.settle()


@pytest.fixture
def desk(tmp_path: Path, qapp: QApplication) -> Iterator[Desk]:
    language.use("en")
    geometry = Geometry()
    for place in range(geometry.count):
        (tmp_path / f"{place:03}").write_bytes(slice_file(geometry, place))
    made = Desk(tmp_path)
    yield made
    made.leave()
    language.use("kk")


def test_a_series_is_cut_in_three_directions_that_meet_in_its_middle(desk: Desk) -> None:
    desk.open()
    assert desk.view.model.position == (6, 11, 9)
    assert [desk.pane(each).image_count for each in ORIENTATIONS] == list(SHAPE)
    shapes = [desk.pane(each).picture.frame.stored.shape for each in ORIENTATIONS]  # type: ignore[union-attr]
    assert shapes == [(24, 20), (14, 20), (14, 24)]
    assert [desk.pane(each).image_number for each in ORIENTATIONS] == [8, 12, 10]
    assert desk.pane("axial").hasFocus()
    assert not desk.window.panes.isVisible()


def test_a_press_on_one_cut_brings_the_others_there(desk: Desk) -> None:
    desk.open()
    desk.press_at("axial", 4.5, 20.5)
    assert desk.view.model.position == (6, 20, 4)
    assert [desk.pane(each).image_number for each in ORIENTATIONS] == [8, 21, 5]
    frame = desk.pane("coronal").picture.frame  # type: ignore[union-attr]
    value = frame.value_at(4, SHAPE[0] - 1 - 6)
    expected = float(body(np.asarray(Geometry().places(6))[20, 4]))
    assert value == pytest.approx(expected, abs=1)
    crosses = [desk.pane(each).lines.place_of_cross() for each in ORIENTATIONS]
    assert crosses[0] is not None
    assert tuple(desk.pane("axial").to_image(crosses[0])) == pytest.approx((4.5, 20.5))


def test_no_line_runs_through_the_letters_of_the_patients_sides(desk: Desk) -> None:
    desk.open()
    pane = desk.pane("axial")
    lines = pane.lines
    painted = QImage(lines.size(), QImage.Format.Format_ARGB32)
    painted.fill(0)
    lines.render(painted, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    letters = [row.center().toPoint() for row in pane.letter_rows]
    assert len(letters) == 4
    for at in letters:
        nearby = [(at.x() + dx, at.y() + dy) for dx in range(-9, 10) for dy in range(-7, 8)]
        assert not any(painted.pixelColor(*each).alpha() for each in nearby)
    drawn = sum(painted.pixelColor(x, pane.height() // 3).alpha() > 0 for x in range(pane.width()))
    assert drawn >= 1


def test_leafing_on_one_cut_moves_the_lines_on_the_others(desk: Desk) -> None:
    desk.open()
    desk.pane("sagittal").setFocus()
    before = desk.pane("axial").lines.place_of_cross()
    QTest.keyClick(desk.pane("sagittal"), Qt.Key.Key_Down)
    desk.settle()
    assert desk.view.model.position == (6, 11, 10)
    assert desk.pane("sagittal").image_number == 11
    after = desk.pane("axial").lines.place_of_cross()
    assert before is not None
    assert after is not None
    assert after.x() > before.x()
    assert after.y() == before.y()
    QTest.keyClick(desk.pane("axial"), Qt.Key.Key_Home)
    desk.settle()
    assert desk.view.model.position == (13, 11, 10), "axial cuts are leafed through from the head down"


def test_thickness_and_what_is_shown_of_it_change_all_cuts_and_their_words(desk: Desk) -> None:
    desk.open()
    thin = {each: desk.pane(each).picture.frame.stored.copy() for each in ORIENTATIONS}  # type: ignore[union-attr]
    slab = desk.window.findChild(QSpinBox, "files.volume.slab")
    assert isinstance(slab, QSpinBox)
    slab.setValue(15)
    desk.click("files.volume.mode.maximum")
    desk.settle()
    for each in ORIENTATIONS:
        frame = desk.pane(each).picture.frame  # type: ignore[union-attr]
        assert (frame.stored >= thin[each]).all()
        assert (frame.stored > thin[each]).any()
    assert any("15 mm thick, MIP" in line for line in desk.pane("axial")._corners.right)
    QTest.keyClick(desk.pane("axial"), Qt.Key.Key_BracketLeft)
    assert slab.value() == 10


def test_one_window_for_all_three(desk: Desk) -> None:
    desk.open()
    desk.pane("coronal").set_window(Window(55, 333))
    assert {tuple(desk.pane(each).window or ()) for each in ORIENTATIONS} == {(55, 333)}
    desk.press_at("axial", 2.5, 2.5)
    assert desk.pane("sagittal").window is not None
    assert tuple(desk.pane("sagittal").window or ()) == (55, 333)


def test_a_tool_is_in_hand_on_all_cuts_and_a_length_says_that_it_is_reconstructed(desk: Desk) -> None:
    desk.open()
    assert all(desk.pane(each).is_crossing for each in ORIENTATIONS)
    QTest.keyClick(desk.pane("axial"), Qt.Key.Key_L)
    assert [desk.pane(each).tool for each in ORIENTATIONS] == ["length"] * 3
    assert not any(desk.pane(each).is_crossing for each in ORIENTATIONS)
    coronal = desk.pane("coronal")
    coronal.draw_length((2.5, 2.5), (12.5, 2.5))
    assert any("reconstructed" in line for shown in coronal.shown_marks() for line in shown.lines)
    assert any("20" in line for shown in coronal.shown_marks() for line in shown.lines)  # ten pixels of 2 mm
    position = desk.view.model.position
    QTest.keyClick(desk.pane("axial"), Qt.Key.Key_F4)
    assert all(desk.pane(each).is_crossing for each in ORIENTATIONS)
    assert desk.view.model.position == position


def test_the_middle_is_found_again(desk: Desk) -> None:
    desk.open()
    desk.press_at("axial", 0.5, 0.5)
    assert desk.view.model.position != (6, 11, 9)
    desk.click("files.volume.centre")
    desk.settle()
    assert desk.view.model.position == (6, 11, 9)


@pytest.mark.parametrize("how", ["button", "key"])
def test_the_way_back_leads_to_the_picture_and_leaves_nothing_in_memory(desk: Desk, how: str) -> None:
    desk.open()
    if how == "button":
        desk.click("files.volume.back")
    else:
        QTest.keyClick(desk.pane("axial"), Qt.Key.Key_Escape)
    desk.settle()
    assert desk.window.panes.isVisible()
    assert desk.window.viewer.canvas.hasFocus()
    assert desk.view.model.volume is None
    assert all(each.picture is None for each in desk.view.panes.values())
    QTest.keyClick(desk.window.viewer.canvas, Qt.Key.Key_F4)
    wait_until(lambda: desk.view.model.volume is not None, what="the body again")
    desk.settle()


def test_another_series_ends_the_cuts_of_the_one_before(desk: Desk) -> None:
    desk.open()
    desk.window.viewer.series.close()
    desk.settle()
    assert not desk.window.box.volume.is_open
    assert desk.view.model.volume is None
    button = desk.window.findChild(QAbstractButton, "files.tool.volume")
    assert isinstance(button, QAbstractButton)
    assert not button.isEnabled()


def test_slices_that_are_no_body_say_why(tmp_path: Path, qapp: QApplication) -> None:
    language.use("en")
    for place in (0, 1, 2, 5):
        (tmp_path / f"{place:03}").write_bytes(slice_file(Geometry(), place))
    desk = Desk(tmp_path)
    desk.click("files.tool.volume")
    desk.settle()
    assert "some may be missing between 3–4" in desk.view._none._sentence.text().replace("\u200b", "")
    assert all(each.picture is None for each in desk.view.panes.values())
    desk.click("files.volume.back")
    assert desk.window.panes.isVisible()
    desk.leave()
    language.use("kk")


def test_one_picture_cannot_be_cut(tmp_path: Path, qapp: QApplication) -> None:
    path = Path(str(get_testdata_file("CT_small.dcm", download=False)))
    (tmp_path / "one").write_bytes(path.read_bytes())
    desk = Desk(tmp_path)
    button = desk.window.findChild(QAbstractButton, "files.tool.volume")
    assert isinstance(button, QAbstractButton)
    assert not button.isEnabled()
    desk.window.box.volume.open()
    assert not desk.window.box.volume.is_open
    desk.leave()


def test_every_part_has_a_name_in_every_language(desk: Desk) -> None:
    desk.open()
    for tongue in ("kk", "ru", "en"):
        language.use(tongue)  # type: ignore[arg-type]
        desk.view.retranslate()
        for pane in desk.view.panes.values():
            pane.retranslate()
        names = [each.accessibleName() for each in desk.view.panes.values()]
        assert len(set(names)) == 3
        buttons = [each for each in desk.view.findChildren(QAbstractButton) if each.isVisible()]
        assert all(each.text() or each.accessibleName() for each in buttons)


def test_whoever_leaves_while_slices_are_read_gets_nothing(qapp: QApplication) -> None:
    runner = TaskRunner(1)
    model = VolumeModel(runner)
    gate = threading.Event()
    stack = stack_of_body(Geometry(count=4))
    inner = stack.once

    def slow(place: int) -> object:
        assert gate.wait(10)
        return inner(place)

    stack.once = slow  # type: ignore[assignment, method-assign]
    heard: list[str] = []
    model.ready.connect(lambda: heard.append("ready"))
    model.refused.connect(lambda _words: heard.append("refused"))
    model.begin(stack)
    model.close()
    gate.set()
    wait_until(lambda: runner.is_idle, what="the background to be idle")
    assert heard == []
    assert model.volume is None
    runner.close()


def test_only_the_newest_of_many_cuts_is_made(qapp: QApplication) -> None:
    runner = TaskRunner(1)
    model = VolumeModel(runner)
    made: list[int] = []
    model.cut_made.connect(lambda name, place, _picture: made.append(place) if name == "axial" else None)
    model.begin(stack_of_body(Geometry()))
    wait_until(lambda: len(made) == 1, what="the first cut")
    for place in range(14):
        model.go_to("axial", place)
    wait_until(lambda: runner.is_idle, what="the background to be idle")
    QApplication.processEvents()
    wait_until(lambda: made[-1] == 13, what="the newest cut")
    assert len(made) < 5
    model.go_to("axial", 99)
    assert model.position[0] == 13
    runner.close()


def test_the_body_of_the_model_is_the_one_of_the_core(qapp: QApplication) -> None:
    runner = TaskRunner(1)
    model = VolumeModel(runner)
    told: list[tuple[int, int]] = []
    model.progressed.connect(lambda done, total: told.append((done, total)))
    model.begin(stack_of_body(Geometry()))
    wait_until(lambda: model.volume is not None, what="the body")
    expected = volume_of(stack_of_body(Geometry()))
    assert expected is not None
    assert model.volume is not None
    assert np.array_equal(model.volume.values, expected.values)
    wait_until(lambda: told[-1:] == [(14, 14)], what="the end of the progress")
    model.close()
    wait_until(lambda: runner.is_idle, what="the background to be idle")
    runner.close()
