"""Tools one by one: what a drag asks the canvas for, and that Esc or another tool undoes what is under way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Window
from tests.helpers.frames import made_frame, ramp
from ui import language
from ui.pictures import picture_of
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_gestures import LEAST_WIDTH, PanTool, Touch, WindowTool, ZoomTool, window_after
from ui.widgets.image_overlay import Corners

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(600, 480)
    qtbot.addWidget(made)
    made.show()
    made.show_series(1)
    made.show_picture(picture_of(made_frame(ramp(), mm=1.0)), 1, Corners())
    yield made
    language.use("kk")


def at(canvas: ImageCanvas, x: float, y: float) -> Touch:
    return Touch(QPointF(x, y), canvas.to_image(QPointF(x, y)))


def test_a_window_follows_the_whole_way_from_where_the_button_was_pressed() -> None:
    window = Window(100, 500)
    assert window_after(window, QPointF(125, 0)) == Window(100, 750)
    assert window_after(window, QPointF(0, 10)) == Window(120, 500)
    assert window_after(window, QPointF(-9000, 0)).width == LEAST_WIDTH


def test_a_window_that_is_given_up_is_the_one_before(canvas: ImageCanvas) -> None:
    tool, before = WindowTool(canvas), canvas.window
    tool.press(at(canvas, 100, 100))
    tool.move(at(canvas, 200, 100))
    assert canvas.window != before
    tool.cancel()
    assert canvas.window == before


def test_zooming_upwards_brings_the_place_nearer(canvas: ImageCanvas) -> None:
    tool, zoom = ZoomTool(canvas), canvas.zoom
    place = canvas.to_image(QPointF(300, 200))
    tool.press(at(canvas, 300, 200))
    tool.move(at(canvas, 310, 150))
    assert canvas.zoom == pytest.approx(zoom * 1.008**50)
    assert canvas.to_image(QPointF(300, 200)) == pytest.approx(place)


def test_the_picture_moves_with_the_hand_step_by_step(canvas: ImageCanvas) -> None:
    tool, place = PanTool(canvas), canvas.to_image(QPointF(300, 200))
    tool.press(at(canvas, 300, 200))
    for x in (310, 330, 345):
        tool.move(at(canvas, x, 190))
    assert canvas.to_image(QPointF(345, 190)) == pytest.approx(place)


def test_another_tool_ends_the_drag_of_the_one_before(canvas: ImageCanvas) -> None:
    before = canvas.window
    QTest.mousePress(canvas, LEFT, pos=QPoint(100, 100))
    QTest.mouseMove(canvas, QPoint(180, 100))
    assert isinstance(canvas.held, WindowTool)
    canvas.set_tool("length")
    assert (canvas.held, canvas.window) == (None, before)
    QTest.mouseRelease(canvas, LEFT, pos=QPoint(180, 100))
    assert canvas.last_length is None


def test_the_mouse_shows_which_tool_is_in_hand(canvas: ImageCanvas) -> None:
    canvas.set_tool("length")
    assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    assert canvas.cursor().shape() == Qt.CursorShape.SizeAllCursor
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    canvas.set_tool("window")
    assert canvas.cursor().shape() == Qt.CursorShape.ArrowCursor
