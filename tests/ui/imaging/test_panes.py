"""Panes: layouts, which one is in hand, what is put where, and that nobody's picture is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from clinic_app.imaging.hanging import Layout
from tests.helpers.dicom_files import bytes_of, made_file, on_plane
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.series_list import SERIES_MIME
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import Viewer
from ui.tasks import TaskRunner

RAMP = np.arange(30 * 40, dtype=np.int16).reshape(30, 40)


class Desk:
    """The window over three series: two of CT with three and two pictures, one of MR."""

    def __init__(self, folder: Path) -> None:
        for series, count in (("1", 3), ("2", 2)):
            for place in range(count):
                uid = f"1.2.3.{series}.{place + 1}"
                made = made_file(
                    RAMP + 100 * place, sop_uid=uid, SeriesInstanceUID=f"1.2.3.{series}", InstanceNumber=place + 1
                )
                made.SeriesDescription, made.SeriesNumber = f"Series {series}", int(series)
                (folder / f"{series}{place}.dcm").write_bytes(bytes_of(on_plane(made, 5.0 * place)))
        other = made_file(RAMP, sop_uid="1.2.3.3.1", SeriesInstanceUID="1.2.3.3", Modality="MR", SeriesNumber=3)
        (folder / "30.dcm").write_bytes(bytes_of(other))
        self.runner = TaskRunner(2)
        self.model = FilesViewModel(folder, HERE, self.runner)
        self.window = FilesWindow(self.model, "three series")
        self.panes, self.list = self.window.panes, self.window.series
        self.window.resize(1262, 720)
        self.window.show()
        self.model.look()
        self.settle()

    def settle(self) -> None:
        for _turn in range(3):
            wait_until(lambda: self.runner.is_idle, what="the background to be idle")
            QApplication.processEvents()

    def lay(self, words: str) -> None:
        grid = Layout.parse(words)
        assert grid is not None
        self.panes.set_grid(grid)
        self.settle()

    def go_to(self, place: int) -> None:
        self.list.setCurrentIndex(self.list.model().index(place, 0))
        self.settle()

    def drop(self, uid: str, pane: Viewer) -> None:
        carried = QMimeData()
        carried.setData(SERIES_MIME, uid.encode())
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        pane.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, carried, buttons, keys))
        self.settle()

    def shown(self) -> list[str]:
        """Return the series of each pane, in a word."""
        return [pane.series.row.uid.rpartition(".")[2] if pane.series.row else "" for pane in self.panes.shown]


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    language.use("en")
    made = Desk(tmp_path)
    qtbot.addWidget(made.window)
    yield made
    made.window.close()
    made.runner.close()
    language.use("kk")


def test_one_pane_follows_the_list_and_several_wait_for_a_choice(desk: Desk) -> None:
    assert desk.shown() == ["1"]
    desk.go_to(1)
    assert desk.shown() == ["2"]
    desk.lay("1x2")
    desk.go_to(2)
    assert desk.shown() == ["2", ""]
    QTest.keyClick(desk.list, Qt.Key.Key_Return)
    desk.settle()
    assert desk.shown() == ["3", ""]


def test_a_series_is_dropped_into_a_pane_which_is_then_in_hand(desk: Desk) -> None:
    desk.lay("2x2")
    second = desk.panes.shown[1]
    desk.drop("1.2.3.2", second)
    assert desk.shown() == ["1", "2", "", ""]
    assert desk.panes.active is second
    assert desk.model.series is second.series
    assert second.canvas.image_count == 2
    assert desk.list.currentIndex().row() == 1
    desk.drop("9.9.9", second)
    assert desk.shown() == ["1", "2", "", ""], "a series that is not in the list is none"


def test_whoever_clicks_or_tabs_into_a_pane_has_it_in_hand_and_the_tools_follow(desk: Desk) -> None:
    desk.lay("1x2")
    first, second = desk.panes.shown
    desk.drop("1.2.3.3", second)
    QTest.mouseClick(first.canvas, Qt.MouseButton.LeftButton)
    assert desk.panes.active is first
    desk.panes.tools._invert.click()
    assert (first.canvas.is_inverted, second.canvas.is_inverted) == (True, False)
    desk.panes.step_active(1)
    assert desk.panes.active is second
    desk.panes.tools._invert.click()
    desk.panes.tools._length.click()
    assert (first.canvas.is_inverted, second.canvas.is_inverted) == (True, True)
    assert (first.canvas.tool, second.canvas.tool) == ("window", "length")


def test_a_double_click_maximises_a_pane_and_gives_its_place_back(desk: Desk) -> None:
    desk.lay("2x2")
    second = desk.panes.shown[1]
    desk.drop("1.2.3.2", second)
    QTest.mouseDClick(second.canvas, Qt.MouseButton.LeftButton)
    assert desk.panes.is_maximised
    assert [pane.isVisible() for pane in desk.panes.shown] == [False, True, False, False]
    QApplication.processEvents()
    assert second.width() > desk.panes.width() - 10
    desk.panes.step_active(-1)
    assert [pane.isVisible() for pane in desk.panes.shown] == [True, False, False, False]
    QTest.mouseDClick(desk.panes.active.canvas, Qt.MouseButton.LeftButton)
    assert all(pane.isVisible() for pane in desk.panes.shown)
    assert desk.shown() == ["1", "2", "", ""]


def test_a_double_click_of_somebody_who_measures_maximises_nothing(desk: Desk) -> None:
    desk.lay("1x2")
    desk.panes.active.canvas.set_tool("length")
    QTest.mouseDClick(desk.panes.active.canvas, Qt.MouseButton.LeftButton)
    assert not desk.panes.is_maximised


def test_fewer_panes_keep_what_has_a_place_and_give_the_rest_back(desk: Desk) -> None:
    desk.lay("3x3")
    assert len(desk.panes.shown) == 9
    last = desk.panes.shown[8]
    desk.drop("1.2.3.2", last)
    desk.lay("1x2")
    assert desk.panes.active is desk.panes.shown[0]
    assert last.series.row is None
    assert not last.isVisible()
    assert desk.shown() == ["1", ""]


def test_the_list_says_which_panes_show_a_series(desk: Desk) -> None:
    item = desk.list.model().index(0, 0)
    assert "shown in pane" not in item.data()
    desk.lay("1x2")
    desk.drop("1.2.3.1", desk.panes.shown[1])
    assert desk.list.model().index(0, 0).data().endswith("shown in pane 1, 2")
    desk.lay("1x1")
    assert "shown in pane" not in desk.list.model().index(0, 0).data()


def test_what_opens_later_in_another_pane_takes_nothing_from_the_one_in_hand(desk: Desk) -> None:
    desk.lay("1x2")
    first, second = desk.panes.shown
    first.canvas.set_tool("length")
    QTest.keyClick(first.canvas, Qt.Key.Key_Down)
    desk.settle()
    picture = first.canvas.picture
    second.series.open(desk.model.rows[1])  # as something that arrives would
    desk.settle()
    assert desk.panes.active is first
    assert desk.model.series is first.series
    assert first.canvas.picture is picture
    assert first.canvas.image_number == 2


def test_nothing_but_a_series_can_be_dropped(desk: Desk) -> None:
    from PySide6.QtGui import QDragEnterEvent

    pane = desk.panes.active
    for kind, is_taken in (("text/plain", False), (SERIES_MIME, True)):
        carried = QMimeData()
        carried.setData(kind, b"1.2.3.2")
        event = QDragEnterEvent(
            pane.rect().center(),
            Qt.DropAction.CopyAction,
            carried,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        event.ignore()
        pane.dragEnterEvent(event)
        assert event.isAccepted() == is_taken
        assert pane._is_target == is_taken
