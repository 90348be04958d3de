"""Several parts that come and go at once cost one layout of the window, and end where they would have ended anyway."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ui.widgets.laid_out import laid_out_once


class Moves(QObject):
    """Counts how often a widget was moved."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's own name
        self.count += event.type() == QEvent.Type.Move
        return False


class Column(QWidget):
    """Five lines that are hidden, and a last one that is always there."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        self.lines = [QLabel(f"line {number}") for number in range(5)]
        self.last = QLabel("the last")
        for each in (*self.lines, self.last):
            column.addWidget(each)
        for each in self.lines:
            each.hide()

    def show_all(self) -> None:
        for each in self.lines:
            each.show()

    def places(self) -> list[tuple[int, int, int, int]]:
        return [each.geometry().getRect() for each in (*self.lines, self.last)]  # type: ignore[misc]


@pytest.fixture
def column(qtbot: QtBot) -> Column:
    made = Column()
    qtbot.addWidget(made)
    made.resize(300, 400)
    made.show()
    QApplication.processEvents()
    return made


def test_five_parts_that_come_are_laid_out_once(column: Column) -> None:
    moves = Moves(column.last)
    with laid_out_once(column):
        column.show_all()
        assert moves.count == 0
    QApplication.processEvents()

    assert all(each.isVisible() for each in column.lines)
    assert moves.count == 1


def test_they_end_where_they_would_have_ended_anyway(column: Column, qtbot: QtBot) -> None:
    plain = Column()
    qtbot.addWidget(plain)
    plain.resize(300, 400)
    plain.show()
    plain.show_all()
    with laid_out_once(column):
        column.show_all()
    at_once = column.places()
    QApplication.processEvents()

    assert at_once == column.places(), "nothing stands wrong until the event loop turns"
    assert column.places() == plain.places()


def test_one_block_in_another_waits_for_the_outer_one(column: Column) -> None:
    moves = Moves(column.last)
    with laid_out_once(column):
        with laid_out_once(column):
            column.lines[0].show()
        column.lines[1].show()
        assert moves.count == 0

    assert moves.count == 1
    layout = column.layout()
    assert layout is not None
    assert layout.isEnabled()


def test_a_fault_inside_leaves_no_layout_held(column: Column) -> None:
    def fail() -> None:
        with laid_out_once(column):
            column.lines[0].show()
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()

    layout = column.layout()
    assert layout is not None
    assert layout.isEnabled()
    assert column.lines[0].geometry().bottom() < column.last.geometry().top()


def test_a_widget_without_a_layout_is_left_alone(qtbot: QtBot) -> None:
    bare = QWidget()
    qtbot.addWidget(bare)
    with laid_out_once(bare):
        bare.setToolTip("said")
    assert bare.toolTip() == "said"
