"""Panes: layouts, which one is in hand, what is put where, and that nobody's picture is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.foundation.apart import HERE
from clinic_app.imaging.viewing.hanging import Layout
from tests.helpers.dicom_files import bytes_of, made_file, on_plane
from tests.helpers.fake_referral import DOCTOR
from tests.helpers.waiting import wait_until
from ui import language
from ui.imaging.files_window import FilesWindow
from ui.imaging.light_box import LightBox
from ui.imaging.series_list import SERIES_MIME
from ui.imaging.view_model_files import FilesViewModel
from ui.imaging.viewer import Viewer
from ui.remembered import Remembered
from ui.tasks import TaskRunner
from ui.widgets.stack_strip import runs_of

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


def test_series_that_arrive_move_nobody_in_the_list_who_has_not_chosen_yet(desk: Desk) -> None:
    desk.lay("1x2")
    desk.list.setFixedHeight(150)
    desk.go_to(2)
    bar = desk.list.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = bar.value()
    assert before > 0
    desk.window.box.show_rows()
    assert desk.list.currentIndex().row() == 2
    assert bar.value() == before
    assert desk.shown() == ["1", ""]
    rows, desk.model.rows = desk.model.rows, desk.model.rows[:2]
    desk.window.box.show_rows()
    assert desk.list.currentIndex().row() == 0, "where he stood is nothing any more: what is seen is selected"
    desk.model.rows = tuple(reversed(rows))
    desk.window.box.show_rows()
    assert desk.list.currentIndex().row() == 2, "the same series, wherever it stands"


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
    desk.panes.tools.marks.button.click()
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


# --- layouts by keys and by the little grid ---


def test_keys_choose_layouts_and_a_second_press_lays_them_the_other_way(desk: Desk) -> None:
    canvas = desk.panes.active.canvas
    seen = []
    for key in ("4", "2", "2", "9", "6", "1"):
        QTest.keyClick(canvas, key, Qt.KeyboardModifier.ControlModifier)
        desk.settle()
        seen.append(str(desk.panes.grid))
    assert seen == ["2x2", "1x2", "2x1", "3x3", "2x3", "1x1"]
    assert desk.shown() == ["1"]


def test_m_maximises_the_pane_in_hand(desk: Desk) -> None:
    desk.lay("1x2")
    QTest.keyClick(desk.panes.active.canvas, Qt.Key.Key_M)
    assert desk.panes.is_maximised
    QTest.keyClick(desk.panes.active.canvas, Qt.Key.Key_M)
    assert not desk.panes.is_maximised


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_little_grid_is_used_with_mouse_or_arrows(desk: Desk) -> None:
    picker = desk.panes.tools.layouts
    assert picker.toolTip() == "Panes: 1 × 1 (Ctrl+1, 2, 3, 4, 6, 9)"
    QTest.mouseClick(picker, Qt.MouseButton.LeftButton)
    choice = picker._choice
    assert choice.isVisible()
    QTest.mouseMove(choice, choice.rect().center())
    assert choice._at == Layout(2, 2)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(choice, key)
    assert not choice.isVisible()
    assert desk.panes.grid == Layout(2, 3)
    picker.open()
    choice.grab()
    QTest.keyClick(choice, Qt.Key.Key_Left)
    QTest.keyClick(choice, Qt.Key.Key_Escape)
    assert desk.panes.grid == Layout(2, 3), "whoever leaves it chose nothing"
    picker.open()
    QTest.mouseClick(choice, Qt.MouseButton.LeftButton, pos=choice.rect().topLeft() + QPoint(5, 5))
    assert desk.panes.grid == Layout(1, 1)


def test_an_empty_pane_says_how_to_fill_it_in_every_language(desk: Desk) -> None:
    desk.lay("1x2")
    empty = desk.panes.shown[1].canvas
    said = {empty.accessibleDescription()}
    for code in ("ru", "kk"):
        language.use(code)  # type: ignore[arg-type]
        QApplication.processEvents()
        said.add(empty.accessibleDescription())
    assert len(said) == 3
    language.use("en")
    QApplication.processEvents()
    desk.drop("1.2.3.2", desk.panes.shown[1])
    assert "Drag a series" not in empty.accessibleDescription()


# --- the strip ---


def test_the_strip_fills_while_the_first_picture_is_seen_and_leads_to_the_others(desk: Desk) -> None:
    pane = desk.panes.active
    assert pane.strip.isVisible()
    assert pane.strip.is_whole, "the neighbours were decoded in advance"
    assert pane.strip.accessibleName() == "3 of 3 images ready"
    QTest.mouseClick(pane.strip, Qt.MouseButton.LeftButton, pos=pane.strip.rect().bottomLeft())
    desk.settle()
    assert pane.canvas.image_number == 3
    pane.strip.show_marked((2,))
    pane.grab()
    desk.go_to(2)
    assert not desk.panes.active.strip.isVisible(), "one picture has nothing to leaf through"


def test_numbers_become_runs() -> None:
    assert runs_of({5, 1, 2, 3, 7, 8}) == [(1, 3), (5, 5), (7, 8)]
    assert runs_of(()) == []


# --- hanging ---


def test_the_study_in_hand_is_hung_again_by_its_key(desk: Desk) -> None:
    desk.lay("2x2")
    desk.drop("1.2.3.3", desk.panes.shown[0])
    QTest.keyClick(desk.panes.active.canvas, Qt.Key.Key_J)
    desk.settle()
    assert str(desk.panes.grid) == "1x1"
    assert desk.shown() == ["1"], "a study of CT begins with its largest series"


class Book:
    """Keeps preferences."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept

    def get(self, session: object, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, session: object, key: str, value: str) -> None:
        self.kept[key] = value


def test_the_layout_somebody_chose_for_a_kind_of_study_is_there_the_next_time(desk: Desk, qtbot: QtBot) -> None:
    book = Book()
    for expected in ("1x1", "2x2"):
        remembered = Remembered(book, desk.runner, DOCTOR, "images")
        desk.model._is_first_taken = False
        desk.model.series.close()
        box = LightBox("again", desk.model, remembered)
        qtbot.addWidget(box)
        box.show_rows()
        desk.settle()
        assert str(box.panes.grid) == expected
        assert box.panes.shown[0].series.row is not None
        box.panes.layout_chosen.emit(Layout(2, 2))
        desk.settle()
    assert book.kept == {"images": '{"layout.CT": "2x2"}'}


def test_how_panes_leaf_and_whether_lines_are_drawn_is_there_the_next_time(desk: Desk, qtbot: QtBot) -> None:
    book = Book(images='{"layout.CT": "1x2"}')

    def opened() -> LightBox:
        desk.model._is_first_taken = False
        desk.model.series.close()
        box = LightBox("again", desk.model, Remembered(book, desk.runner, DOCTOR, "images"))
        qtbot.addWidget(box)
        box.show_rows()
        desk.settle()
        return box

    first = opened()
    assert (first.linking.mode, first.linking.has_lines) == ("off", True)
    QTest.keyClick(first, Qt.Key.Key_Y)
    QTest.keyClick(first, Qt.Key.Key_Y)
    QTest.keyClick(first, Qt.Key.Key_U)
    desk.settle()
    second = opened()
    assert (second.linking.mode, second.linking.has_lines) == ("number", False)
    second.panes.tools.lines_asked.emit()
    second.panes.tools.link_asked.emit()
    desk.settle()
    third = opened()
    assert (third.linking.mode, third.linking.has_lines) == ("off", True)
    third.hang_again()
    assert third.linking.mode == "off"


def test_what_was_kept_wrongly_is_no_way_to_leaf(desk: Desk, qtbot: QtBot) -> None:
    book = Book(images='{"link": "sideways", "lines": "?"}')
    desk.model._is_first_taken = False
    desk.model.series.close()
    box = LightBox("again", desk.model, Remembered(book, desk.runner, DOCTOR, "images"))
    qtbot.addWidget(box)
    box.show_rows()
    desk.settle()
    assert box._link_for(is_linked=True) == "place"
    assert box._link_for(is_linked=False) == "off"
