"""A row goes on below where the window is narrow, and nothing of it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.widgets.flow_row import GAP_PX, FlowRow


def _row(qtbot: QtBot, width: int, count: int = 4, *, is_last_wide: bool = False) -> tuple[QWidget, list[QPushButton]]:
    place = QWidget()
    qtbot.addWidget(place)
    buttons = [QPushButton(f"Button {number}") for number in range(count)]
    for button in buttons:
        button.setMinimumWidth(100)
    column = QVBoxLayout(place)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(FlowRow(buttons, buttons[-1:] if is_last_wide else ()))
    column.addStretch()
    place.resize(width, 300)
    place.show()
    QApplication.processEvents()
    return place, buttons


@pytest.mark.parametrize(("width", "rows"), [(900, 1), (330, 2), (120, 4)])
def test_the_row_has_as_many_lines_as_the_width_asks_for(qtbot: QtBot, width: int, rows: int) -> None:
    place, buttons = _row(qtbot, width)
    assert len({button.y() for button in buttons}) == rows
    assert all(button.x() + button.width() <= place.width() for button in buttons)
    for before, after in pairwise(buttons):
        assert after.y() > before.y() or after.x() >= before.x() + before.width() + GAP_PX


def test_a_wider_window_brings_it_back_to_one_line(qtbot: QtBot) -> None:
    place, buttons = _row(qtbot, 330)
    place.resize(900, 300)
    QApplication.processEvents()
    assert {button.y() for button in buttons} == {0}


def test_a_part_that_goes_leaves_its_room(qtbot: QtBot) -> None:
    _place, buttons = _row(qtbot, 900)
    at = buttons[1].x()
    buttons[1].hide()
    QApplication.processEvents()
    assert buttons[2].x() == at
    buttons[1].show()
    QApplication.processEvents()
    assert buttons[2].x() > at


def test_the_last_part_may_take_what_is_left(qtbot: QtBot) -> None:
    place, buttons = _row(qtbot, 900, is_last_wide=True)
    assert buttons[-1].x() + buttons[-1].width() == place.width()
    assert buttons[0].width() < 200
