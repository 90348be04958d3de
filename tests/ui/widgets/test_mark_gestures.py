"""Tools that draw and change marks, told of touches one by one, as a hand would make them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Mark
from clinic_app.imaging.measuring import KINDS, Kind
from clinic_app.imaging.measuring.marks import MOST_POINTS
from tests.helpers.frames import made_frame, ramp
from ui import language
from ui.pictures import picture_of
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_gestures import Touch
from ui.widgets.image_overlay import Corners
from ui.widgets.mark_gestures import EditTool, MarkTool, mark_at, middle_mark, tool_taking


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(640, 640)
    qtbot.addWidget(made)
    made.show()
    made.show_series(1)
    made.show_picture(picture_of(replace(made_frame(ramp(), mm=0.5), sop_uid="1.2.3")), 1, Corners())
    yield made
    language.use("kk")


def at(canvas: ImageCanvas, x: float, y: float, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> Touch:
    """Return a touch of an image point."""
    return Touch(QPointF(*canvas.to_glass((x, y))), (x, y), keys)


def drawn(canvas: ImageCanvas, kind: Kind, *drags: tuple[tuple[float, float], ...]) -> Mark | None:
    """Draw with drags; return what is in the book afterwards, if there is one mark."""
    tool = MarkTool(canvas, kind)
    for drag in drags:
        tool.press(at(canvas, *drag[0]))
        for point in drag[1:]:
            tool.move(at(canvas, *point))
        tool.release(at(canvas, *drag[-1]))
    return canvas.book.marks[0] if len(canvas.book.marks) == 1 else None


@pytest.mark.parametrize("kind", ["length", "arrow", "rectangle", "scale"])
def test_two_ends_are_where_the_hand_went_down_and_let_go(canvas: ImageCanvas, kind: Kind) -> None:
    mark = drawn(canvas, kind, ((5, 6), (20, 20), (30, 10)))
    assert mark is not None
    assert mark.points == ((5, 6), (30, 10))


def test_an_ellipse_fills_the_rectangle_of_the_drag(canvas: ImageCanvas) -> None:
    mark = drawn(canvas, "ellipse", ((10, 10), (50, 30)))
    assert mark is not None
    assert set(mark.points) == {(10, 20), (50, 20), (30, 10), (30, 30)}


def test_a_head_is_drawn_along_its_long_axis(canvas: ImageCanvas) -> None:
    mark = drawn(canvas, "head ellipse", ((10, 32), (60, 32)))
    assert mark is not None
    assert mark.points[:2] == ((10, 32), (60, 32))
    assert math.dist(mark.points[2], mark.points[3]) == pytest.approx(0.78 * 50)


def test_a_free_region_follows_the_hand_and_never_has_too_many_points(canvas: ImageCanvas) -> None:
    around = tuple((32 + 20 * math.cos(turn / 800), 32 + 20 * math.sin(turn / 800)) for turn in range(5000))
    mark = drawn(canvas, "free", around)
    assert mark is not None
    assert 20 < len(mark.points) <= MOST_POINTS
    assert all(abs(math.dist(point, (32, 32)) - 20) < 0.5 for point in mark.points)


@pytest.mark.parametrize("kind", ["length", "ellipse", "rectangle", "free", "head ellipse", "angle", "cobb", "arrow"])
def test_a_click_draws_nothing(canvas: ImageCanvas, kind: Kind) -> None:
    drawn(canvas, kind, ((20, 20), (20, 20)))
    assert canvas.book.marks == ()
    assert not MarkTool(canvas, kind).is_pending


@pytest.mark.parametrize("kind", ["point", "text"])
def test_a_place_needs_a_click_only(canvas: ImageCanvas, kind: Kind) -> None:
    mark = drawn(canvas, kind, ((20, 21), (20, 21)))
    assert mark is not None
    assert mark.points == ((20, 21),)


def test_what_is_drawn_over_the_edge_ends_at_it(canvas: ImageCanvas) -> None:
    mark = drawn(canvas, "length", ((10, 10), (900, -50)))
    assert mark is not None
    assert mark.points == ((10, 10), (64, 0))


def test_an_angle_waits_for_its_other_end_and_a_drag_may_give_it(canvas: ImageCanvas) -> None:
    tool = MarkTool(canvas, "angle")
    tool.press(at(canvas, 10, 30))
    tool.release(at(canvas, 30, 30))
    assert tool.is_pending
    tool.hover(at(canvas, 30, 5))
    tool.press(at(canvas, 30, 12))
    tool.move(at(canvas, 30, 10))
    tool.release(at(canvas, 30, 10))
    assert not tool.is_pending
    assert canvas.book.marks[0].points == ((10, 30), (30, 30), (30, 10))


def test_what_is_begun_can_be_forgotten_at_every_step(canvas: ImageCanvas) -> None:
    tool = MarkTool(canvas, "cobb")
    tool.press(at(canvas, 10, 30))
    tool.move(at(canvas, 20, 30))
    tool.cancel()
    tool.release(at(canvas, 20, 30))
    tool.press(at(canvas, 10, 30))
    tool.release(at(canvas, 30, 30))
    tool.cancel()
    assert not tool.is_pending
    assert canvas.book.marks == ()
    assert not canvas.is_drawing


def test_a_hand_near_a_handle_takes_it_near_a_line_all_of_it_and_elsewhere_nothing(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    tools = [tool_taking(canvas, at(canvas, x, y), is_drawing=True) for x, y in ((40, 20), (25, 20), (25, 40))]
    assert [type(tool) for tool in tools] == [EditTool, EditTool, type(None)]
    held = tool_taking(canvas, at(canvas, 25, 20, Qt.KeyboardModifier.ControlModifier), is_drawing=True)
    assert held is None


def test_without_a_tool_that_draws_only_the_mark_in_hand_is_taken(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    assert tool_taking(canvas, at(canvas, 25, 20), is_drawing=False) is not None
    canvas.book.select("")
    assert tool_taking(canvas, at(canvas, 25, 20), is_drawing=False) is None


def test_of_marks_over_one_another_the_last_drawn_is_taken(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    canvas.draw_length((25, 5), (25, 50))
    assert mark_at(canvas, at(canvas, 25, 20)) == canvas.book.marks[1]
    assert mark_at(canvas, at(canvas, 12, 20)) == canvas.book.marks[0]
    assert mark_at(canvas, at(canvas, 60, 60)) is None


def test_a_change_that_is_given_up_changes_nothing_and_a_click_is_no_change(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    mark = canvas.book.marks[0]
    tool = EditTool(canvas, mark, 1)
    tool.press(at(canvas, 40, 20))
    tool.move(at(canvas, 40, 50))
    assert canvas.is_drawing
    tool.cancel()
    assert canvas.book.marks == (mark,)
    tool = EditTool(canvas, mark, 1)
    tool.press(at(canvas, 40, 20))
    tool.release(at(canvas, 40, 20))
    assert canvas.book.marks == (mark,)
    assert not canvas.is_drawing


@pytest.mark.parametrize("kind", KINDS)
def test_in_the_middle_every_kind_can_be_drawn_without_a_mouse(canvas: ImageCanvas, kind: Kind) -> None:
    mark = middle_mark(canvas, kind, lambda x, y: (64 * x, 64 * y))
    assert mark.is_sound
    assert mark.lies_on(64, 64)
