"""The list of measurements by itself: its words, its buttons, its keys; and the menu of tools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Mark
from clinic_app.imaging.measuring.marks import MarkLayer
from tests.helpers.frames import made_frame, ramp
from tests.helpers.late_runner import LateRunner
from ui import language
from ui.imaging.measuring.mark_menu import MarkMenu
from ui.imaging.measuring.marks_model import MarksModel
from ui.imaging.measuring.marks_panel import PANEL_PX, MarksPanel
from ui.pictures import picture_of
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners
from ui.widgets.mark_kinds import MARK_KINDS

NOON = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)


class Nobody:
    """A session that may do nothing, or everything."""

    def __init__(self, *, may: bool) -> None:
        self.may = may

    def can(self, _action: str, _kind: str) -> bool:
        return self.may


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(600, 500)
    qtbot.addWidget(made)
    made.show_series(2)
    show(made, "1.2.3", 1)
    yield made
    language.use("kk")


def show(canvas: ImageCanvas, sop_uid: str, number: int) -> None:
    canvas.show_picture(picture_of(replace(made_frame(ramp(), mm=0.5), sop_uid=sop_uid)), number, Corners())


def panel_of(canvas: ImageCanvas, qtbot: QtBot, *, may: bool = True) -> MarksPanel:
    runner: Any = LateRunner().as_runner
    model = MarksModel(cast("Any", None), runner, cast("Any", Nobody(may=may)))
    made = MarksPanel("imaging", model, canvas)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def panel(canvas: ImageCanvas, qtbot: QtBot) -> MarksPanel:
    return panel_of(canvas, qtbot)


def test_it_is_there_while_there_is_something_to_list(panel: MarksPanel, canvas: ImageCanvas) -> None:
    assert not panel.isVisibleTo(panel.parentWidget())
    canvas.draw_length((1, 1), (21, 1))
    assert not panel.isHidden()
    canvas.remove_mark()
    assert panel.isHidden()


def test_a_row_has_the_kind_or_the_name_and_the_numbers(panel: MarksPanel, canvas: ImageCanvas) -> None:
    canvas.draw_length((1, 1), (21, 1))
    canvas.draw(Mark("point", ((5.0, 5.0),), "here"))
    assert panel.rows == ("Length\n10.0 mm · calibrated", "here\n79")


def test_numbers_of_another_picture_are_those_that_were_seen(panel: MarksPanel, canvas: ImageCanvas) -> None:
    canvas.draw_length((1, 1), (21, 1))
    show(canvas, "9.9", 2)
    assert panel.rows == ("Length\n10.0 mm · calibrated\non another image",)
    canvas.book.put(Mark("length", ((0.0, 0.0), (5.0, 5.0)), sop_uid="7.7"))
    assert panel.rows[-1] == "Length\non another image"


def test_those_of_others_have_a_name_and_a_day_and_no_buttons(panel: MarksPanel, canvas: ImageCanvas) -> None:
    theirs = Mark("length", ((0.0, 0.0), (20.0, 0.0)), uid="2.25.5", sop_uid="1.2.3")
    canvas.book.load([MarkLayer("Dr Akhmetov", NOON, (theirs,))])
    assert panel.rows == ("Length\n10.0 mm · calibrated\nDr Akhmetov · 05.03.2026",)
    panel.list.setCurrentRow(0)
    assert not panel._remove.isEnabled()
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert len(panel.rows) == 1


def test_the_row_of_the_mark_in_hand_is_chosen_and_the_other_way_round(panel: MarksPanel, canvas: ImageCanvas) -> None:
    canvas.draw_length((1, 1), (21, 1))
    canvas.draw_length((1, 9), (31, 9))
    assert panel.list.currentRow() == 1
    canvas.book.select(canvas.book.marks[0].uid)
    assert panel.list.currentRow() == 0
    canvas.book.select("")
    assert panel.list.currentRow() == -1
    panel.list.itemActivated.emit(panel.list.item(1))
    assert canvas.book.selected == canvas.book.marks[1]


def test_a_mark_on_another_picture_is_asked_for(panel: MarksPanel, canvas: ImageCanvas) -> None:
    asked: list[tuple[str, int]] = []
    panel.place_asked.connect(lambda uid, frame: asked.append((uid, frame)))
    canvas.book.put(Mark("length", ((0.0, 0.0), (5.0, 5.0)), sop_uid="7.7", frame_number=3))
    panel.list.itemClicked.emit(panel.list.item(0))
    assert asked == [("7.7", 3)]
    QTest.keyClick(panel.list, Qt.Key.Key_F2)
    assert asked == [("7.7", 3)] * 2


def test_buttons_say_their_keys_and_are_on_where_they_do_something(panel: MarksPanel, canvas: ImageCanvas) -> None:
    assert [each.isEnabled() for each in (panel._undo, panel._redo, panel._rename, panel._remove)] == [False] * 4
    canvas.draw_length((1, 1), (21, 1))
    assert [each.isEnabled() for each in (panel._undo, panel._redo, panel._rename, panel._remove)] == [
        True,
        False,
        True,
        True,
    ]
    panel._undo.click()
    assert panel._redo.isEnabled()
    panel._redo.click()
    panel.list.setCurrentRow(0)
    panel._remove.click()
    assert canvas.book.marks == ()
    assert "Ctrl+Z" in panel._undo.toolTip()
    assert panel._remove.accessibleName() == "Delete"


@pytest.mark.parametrize("code", ["kk", "ru"])
def test_every_word_fits_and_is_in_the_language(panel: MarksPanel, canvas: ImageCanvas, code: str) -> None:
    canvas.draw(Mark("rectangle", ((1.0, 1.0), (40.0, 40.0))))
    before = panel.rows
    language.use(cast("Any", code))
    QApplication.processEvents()
    assert panel.rows != before
    assert panel.width() == PANEL_PX
    assert panel._keep.sizeHint().width() <= PANEL_PX
    item = panel.list.item(0)
    assert item.sizeHint().height() >= panel.list.fontMetrics().height() * len(item.text().split("\n"))


def test_another_canvas_is_listed_and_the_one_before_is_not_heard_any_more(
    panel: MarksPanel, canvas: ImageCanvas, qtbot: QtBot
) -> None:
    other = ImageCanvas("other")
    qtbot.addWidget(other)
    other.show_series(1)
    show(other, "5.5", 1)
    panel.act_on(other)
    canvas.draw_length((1, 1), (21, 1))
    assert panel.rows == ()
    other.draw_length((1, 1), (41, 1))
    assert panel.rows == ("Length\n20.0 mm · calibrated",)


def test_the_menu_has_every_kind_with_its_key(qtbot: QtBot, canvas: ImageCanvas) -> None:
    menu = MarkMenu("imaging")
    qtbot.addWidget(menu)
    chosen: list[str] = []
    menu.chosen.connect(chosen.append)
    for action, kind in zip(menu.menu.actions(), MARK_KINDS, strict=True):
        assert action.text() == f"{kind.words()}\t{kind.key}"
        action.trigger()
    assert chosen == [kind.kind for kind in MARK_KINDS]
    canvas.set_tool("free")
    menu.follow(canvas)
    assert menu.button.isChecked()
    assert menu.button.accessibleName() == "Free region"
    canvas.show_words(1, "damaged")
    menu.follow(canvas)
    assert not menu.button.isEnabled()
