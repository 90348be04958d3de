"""Panes that leaf together: by place in the body, by millimetres between two days, by number; and lines of the cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from clinic_app.imaging.viewing.hanging import Layout
from tests.helpers.dicom_files import bytes_of, made_file
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import Viewer
from ui.tasks import TaskRunner

GREY = np.arange(20 * 20, dtype=np.int16).reshape(20, 20)
AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def put(folder: Path, series: int, depths: list[float], *, day: str = "a", turned: list[int] = AXIAL) -> None:
    """Write a series of slices at these depths, along z for axial and along x for sagittal ones."""
    for place, depth in enumerate(depths, 1):
        made = made_file(GREY, sop_uid=f"1.2.{series}.{place}", SeriesInstanceUID=f"1.2.{series}", InstanceNumber=place)
        made.SeriesNumber, made.FrameOfReferenceUID = series, f"1.9.{ord(day)}"
        made.ImageOrientationPatient, made.PixelSpacing, made.SliceThickness = turned, [1, 1], 2
        made.ImagePositionPatient = [-9.5, -9.5, depth] if turned == AXIAL else [depth, -9.5, 9.5]
        (folder / f"{series}-{place:02}.dcm").write_bytes(bytes_of(made))


class Desk:
    """The window over series that were written before."""

    def __init__(self, folder: Path, layout: str, *order: int) -> None:
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, "slices")
        self.window.resize(1200, 700)
        self.window.show()
        self.model.look()
        self.settle()
        self.box, self.panes, self.linking = self.window.box, self.window.panes, self.window.box.linking
        grid = Layout.parse(layout)
        assert grid is not None
        self.panes.set_grid(grid)
        for pane, series in zip(self.panes.shown, order, strict=True):
            row = next(row for row in self.model.rows if row.uid == f"1.2.{series}")
            self.box.open_in(pane, row)
            self.settle()

    def settle(self) -> None:
        for _turn in range(4):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def go_to(self, number: int, pane: Viewer | None = None) -> list[int]:
        """Leaf one pane; return what all of them show then."""
        (pane or self.panes.active).canvas.go_to(number)
        self.settle()
        return [each.canvas.image_number for each in self.panes.shown]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    language.use("en")
    yield tmp_path
    language.use("kk")


def opened(qtbot: QtBot, folder: Path, layout: str, *order: int) -> Desk:
    made = Desk(folder, layout, *order)
    qtbot.addWidget(made.window)
    return made


def close(desk: Desk) -> None:
    desk.window.close()
    desk.runner.close()


def test_in_one_space_the_same_place_is_shown_whatever_the_numbers(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [float(z) for z in range(0, 20, 2)])
    put(folder, 2, [float(z) for z in range(20, -1, -5)])
    desk = opened(qtbot, folder, "1x2", 1, 2)
    assert desk.go_to(3) == [3, 1], "nobody linked them yet"
    QTest.keyClick(desk.panes.active.canvas, Qt.Key.Key_Y)
    desk.settle()
    assert desk.linking.mode == "place"
    assert desk.go_to(6) == [6, 3], "10 mm is 10 mm"
    assert desk.go_to(1) == [1, 5]
    assert desk.go_to(4, desk.panes.shown[1]) in ([3, 4], [4, 4]), "either pane leads"
    close(desk)


def test_who_leafs_before_it_is_known_where_the_pictures_lie_finds_the_same_place_afterwards(
    folder: Path, qtbot: QtBot
) -> None:
    put(folder, 1, [float(z) for z in range(0, 40, 2)])
    put(folder, 2, [float(z) for z in range(38, -1, -2)])
    desk = opened(qtbot, folder, "1x2", 1, 2)
    first, second = desk.panes.shown
    desk.linking.set_mode("place")
    first.canvas.go_to(3)
    assert not second.planes.is_known
    assert second.canvas.wanted_number == 1, "half a stack has no nearest picture, and a number is no place"
    desk.settle()
    assert [each.canvas.image_number for each in desk.panes.shown] == [3, 18], "4 mm is 4 mm"
    desk.linking.set_mode("off")
    desk.box.open_in(second, next(row for row in desk.model.rows if row.uid == "1.2.1"))
    desk.settle()
    assert second.canvas.image_number == 1, "nobody leafed since"
    close(desk)


def test_between_two_days_so_many_millimetres_are_leafed_from_where_they_were_put_side_by_side(
    folder: Path, qtbot: QtBot
) -> None:
    put(folder, 1, [float(z) for z in range(0, 40, 2)], day="a")
    put(folder, 2, [1000.0 + z for z in range(0, 50, 5)], day="b")
    desk = opened(qtbot, folder, "1x2", 1, 2)
    desk.go_to(4, desk.panes.shown[1])
    desk.go_to(6, desk.panes.shown[0])
    desk.linking.set_mode("place")
    desk.settle()
    assert desk.go_to(11) == [11, 6], "10 mm further: two of five millimetres"
    assert desk.go_to(1) == [1, 2]
    close(desk)


def test_by_number_each_goes_as_many_on_and_stops_at_its_ends(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [float(z) for z in range(10)])
    put(folder, 2, [float(z) for z in range(4)])
    desk = opened(qtbot, folder, "1x2", 1, 2)
    desk.linking.set_mode("number")
    assert desk.go_to(3) == [3, 3]
    assert desk.go_to(9) == [9, 4]
    assert desk.go_to(2) == [2, 2]
    desk.linking.set_mode("off")
    assert desk.go_to(7) == [7, 2]
    close(desk)


def test_a_stack_that_looks_another_way_stays_where_it_is_also_on_another_day(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [-6.0, 0.0, 6.0])
    put(folder, 2, [-6.0, 0.0, 6.0], turned=SAGITTAL)
    put(folder, 3, [-6.0, 0.0, 6.0], turned=SAGITTAL, day="b")
    desk = opened(qtbot, folder, "1x3", 1, 2, 3)
    desk.linking.set_mode("place")
    desk.settle()
    assert desk.go_to(3) == [3, 1, 1]
    close(desk)


def test_the_line_of_the_cut_is_drawn_on_the_others_and_moves_with_the_picture_in_hand(
    folder: Path, qtbot: QtBot
) -> None:
    put(folder, 1, [-6.0, 0.0, 6.0])
    put(folder, 2, [-4.0, 0.0, 4.0], turned=SAGITTAL)
    desk = opened(qtbot, folder, "1x2", 1, 2)
    axial, sagittal = desk.panes.shown
    assert axial.overlay.lines == ()
    (((x, y), (end_x, end_y)),) = sagittal.overlay.lines
    assert (y, end_y) == pytest.approx((16.0, 16.0)), "6 mm below the middle: rows run down"
    assert sorted((x, end_x)) == pytest.approx([0.0, 20.0])
    desk.go_to(3)
    assert sagittal.overlay.lines[0][0][1] == pytest.approx(4.0)
    desk.panes.step_active(1)
    assert sagittal.overlay.lines == ()
    assert axial.overlay.lines[0][0][0] == pytest.approx(6.0)
    glass = axial.canvas.to_glass(axial.overlay.lines[0][0])
    image = axial.grab().toImage()
    around = [image.pixelColor(round(glass[0]) + dx + 2, axial.height() // 2).blue() for dx in range(-3, 4)]
    assert max(around) > 150, "the line is seen"
    QTest.keyClick(desk.panes.active.canvas, Qt.Key.Key_U)
    assert axial.overlay.lines == ()
    assert not desk.panes.tools._lines.isChecked()
    close(desk)


def test_the_overlay_leaves_the_mouse_to_the_picture(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [-6.0, 0.0, 6.0])
    put(folder, 2, [-4.0, 0.0], turned=SAGITTAL)
    desk = opened(qtbot, folder, "1x2", 1, 2)
    sagittal = desk.panes.shown[1]
    before = sagittal.canvas.window
    middle = QPointF(sagittal.canvas.rect().center()).toPoint()
    assert sagittal.overlay.isVisible()
    QTest.mousePress(sagittal.canvas, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(sagittal.canvas, middle + QPointF(40, 10).toPoint())
    QTest.mouseRelease(sagittal.canvas, Qt.MouseButton.LeftButton, pos=middle + QPointF(40, 10).toPoint())
    assert sagittal.canvas.window != before
    assert desk.panes.active is sagittal
    close(desk)


def test_linked_panes_follow_a_new_series_from_what_is_seen_when_it_comes(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [float(z) for z in range(10)])
    put(folder, 2, [500.0 + z for z in range(10)], day="b")
    desk = opened(qtbot, folder, "1x2", 1, 1)
    desk.linking.set_mode("number")
    assert desk.go_to(5) == [5, 5]
    desk.box.open_in(desk.panes.shown[1], desk.model.rows[1])
    desk.settle()
    assert desk.go_to(7) == [7, 3]
    close(desk)


def test_the_tool_says_how_the_panes_leaf(folder: Path, qtbot: QtBot) -> None:
    put(folder, 1, [0.0, 1.0])
    desk = opened(qtbot, folder, "1x2", 1, 1)
    said = []
    for _press in range(4):
        desk.panes.tools._link.click()
        said.append((desk.panes.tools._link.accessibleName(), desk.panes.tools._link.isChecked()))
    assert said == [
        ("Panes leaf together by place in the body", True),
        ("Panes leaf together by number", True),
        ("Each pane leafs for itself", False),
        ("Panes leaf together by place in the body", True),
    ]
    close(desk)
