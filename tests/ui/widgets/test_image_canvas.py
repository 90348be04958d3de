"""The canvas by mouse and by keyboard, over a real CT and over pictures whose every pixel is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Frame, Window
from clinic_app.imaging.measuring.regions import Region
from clinic_app.imaging.measuring.spacing import Spacing
from tests.helpers.frames import made_frame, ramp, real_frame
from ui import language
from ui.pictures import picture_of
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners, bar_mm, column_mm
from ui.widgets.image_view import ImageView

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(600, 480)
    qtbot.addWidget(made)
    made.show()
    yield made
    language.use("kk")


def show(canvas: ImageCanvas, frame: Frame, count: int = 1, number: int = 1) -> None:
    canvas.show_series(count)
    canvas.show_picture(picture_of(frame), number, Corners(("Name", "Date"), ("CT",)))
    QApplication.processEvents()


def turn(canvas: ImageCanvas, units: int, at: QPoint, modifiers: Qt.KeyboardModifier | None = None) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, units),
        Qt.MouseButton.NoButton,
        modifiers or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def drag(canvas: ImageCanvas, button: Qt.MouseButton, *places: QPoint) -> None:
    QTest.mousePress(canvas, button, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, button, pos=places[-1])


def pixels_of(canvas: ImageCanvas) -> np.ndarray:
    QApplication.processEvents()
    levels = canvas.grey_levels()
    assert levels is not None
    return levels.copy()


def test_a_drag_to_the_right_widens_the_window_and_flattens_the_picture(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    before, window = pixels_of(canvas), canvas.window
    assert window is not None
    drag(canvas, LEFT, QPoint(100, 200), QPoint(225, 200))
    changed = canvas.window
    assert changed is not None
    assert changed.width == pytest.approx(1.5 * window.width)
    assert changed.center == window.center
    assert np.ptp(pixels_of(canvas)) < np.ptp(before)


def test_a_drag_downwards_makes_the_picture_darker(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    before = pixels_of(canvas)
    drag(canvas, LEFT, QPoint(100, 200), QPoint(100, 300))
    assert canvas.window is not None
    assert canvas.window.center > 500
    assert pixels_of(canvas).mean() < before.mean()


def test_many_moves_between_two_turns_of_the_event_loop_are_painted_once(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    QTest.mousePress(canvas, LEFT, pos=QPoint(100, 100))
    QApplication.processEvents()
    before = canvas.paints
    widths = []
    for x in range(101, 161):
        QTest.mouseMove(canvas, QPoint(x, 100))
        assert canvas.window is not None
        widths.append(canvas.window.width)
    QApplication.processEvents()
    assert len(set(widths)) == 60
    assert canvas.paints == before + 1


def test_width_never_falls_to_nothing(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    drag(canvas, LEFT, QPoint(500, 100), QPoint(1, 100))
    assert canvas.window is not None
    assert canvas.window.width >= 1


def test_the_wheel_asks_for_the_next_picture_and_the_one_before_stays_until_it_is_there(
    canvas: ImageCanvas, qtbot: QtBot
) -> None:
    show(canvas, made_frame(ramp()), count=20)
    asked: list[int] = []
    canvas.number_asked.connect(asked.append)
    turn(canvas, -120, QPoint(300, 200))
    turn(canvas, -240, QPoint(300, 200))
    assert asked == [2, 4]
    assert canvas.image_number == 1
    canvas.show_picture(picture_of(made_frame(ramp())), 4, Corners())
    assert canvas.image_number == 4
    turn(canvas, 120, QPoint(300, 200))
    assert asked[-1] == 3


def test_a_touch_pad_leafs_when_its_small_steps_make_a_notch(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=20)
    asked: list[int] = []
    canvas.number_asked.connect(asked.append)
    for _step in range(7):
        turn(canvas, -40, QPoint(300, 200))
    assert asked == [2, 3]


def test_nobody_leafs_out_of_the_series(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=3)
    asked: list[int] = []
    canvas.number_asked.connect(asked.append)
    turn(canvas, 1200, QPoint(300, 200))
    assert asked == []
    turn(canvas, -12000, QPoint(300, 200))
    assert asked == [3]


@pytest.mark.parametrize("at", [QPoint(300, 240), QPoint(220, 130), QPoint(410, 300)])
def test_zoom_keeps_the_point_under_the_mouse(canvas: ImageCanvas, at: QPoint) -> None:
    show(canvas, made_frame(ramp()))
    before, zoom = canvas.to_image(QPointF(at)), canvas.zoom
    turn(canvas, 240, at, CTRL)
    assert canvas.zoom > zoom
    assert canvas.to_image(QPointF(at)) == pytest.approx(before)


def test_the_right_button_zooms_around_where_it_was_pressed(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    before, zoom = canvas.to_image(QPointF(200, 200)), canvas.zoom
    drag(canvas, RIGHT, QPoint(200, 200), QPoint(200, 150), QPoint(205, 100))
    assert canvas.zoom == pytest.approx(zoom * 1.008**100)
    assert canvas.to_image(QPointF(200, 200)) == pytest.approx(before)


def test_the_middle_button_and_space_move_the_picture_under_the_hand(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    before = canvas.to_image(QPointF(200, 200))
    drag(canvas, MIDDLE, QPoint(200, 200), QPoint(260, 230))
    assert canvas.to_image(QPointF(260, 230)) == pytest.approx(before)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    drag(canvas, LEFT, QPoint(260, 230), QPoint(200, 200))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.to_image(QPointF(200, 200)) == pytest.approx(before)


def test_a_length_on_a_real_ct_is_in_true_millimetres(canvas: ImageCanvas) -> None:
    frame = real_frame("CT_small.dcm")
    assert frame.spacing is not None
    show(canvas, frame)
    QTest.keyClick(canvas, Qt.Key.Key_L)
    a, b = (QPoint(*map(round, canvas._view.to_glass(p, canvas.glass))) for p in ((20.0, 30.0), (100.0, 30.0)))
    drag(canvas, LEFT, a, (a + b) / 2, b)
    assert canvas.last_length is not None
    assert canvas.last_length.unit == "mm"
    pixels = (b.x() - a.x()) / canvas.zoom
    assert canvas.last_length.value == pytest.approx(pixels * 0.661468)
    assert canvas.last_length.value == pytest.approx(80 * 0.661468, abs=0.5)
    assert canvas.shown_marks()[0].lines[0] == "52.9 mm · calibrated"


def test_a_length_drawn_changes_no_window_and_a_click_is_no_length(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(), mm=0.5))
    canvas.set_tool("length")
    window = canvas.window
    QTest.mouseClick(canvas, LEFT, pos=QPoint(200, 200))
    assert canvas.last_length is None
    drag(canvas, LEFT, QPoint(200, 200), QPoint(300, 200))
    assert canvas.last_length is not None
    assert canvas.window == window


def test_where_nobody_says_how_large_a_pixel_is_the_length_is_in_pixels_and_there_is_no_bar(
    canvas: ImageCanvas,
) -> None:
    frame = made_frame(ramp())
    show(canvas, frame)
    canvas.draw_length((0, 0), (3, 4))
    assert canvas.last_length == (5.0, "px")
    assert canvas.shown_marks()[0].lines[0] == "5.0 px · not calibrated"
    assert column_mm(frame) is None


def test_regions_of_two_sizes_have_no_common_bar() -> None:
    small, large = Spacing(0.1, 0.1, "region"), Spacing(0.4, 0.4, "region")
    frame = replace(made_frame(ramp()), regions=(Region(0, 0, 9, 9, small), Region(20, 0, 30, 9, large)))
    assert column_mm(frame) is None
    assert column_mm(replace(frame, regions=frame.regions[:1])) == 0.1


@pytest.mark.parametrize(("px_per_mm", "wanted"), [(1.0, 100.0), (2.0, 50.0), (100.0, 1.0), (0.1, 1000.0)])
def test_the_bar_has_a_round_length_of_at_most_a_fifth(px_per_mm: float, wanted: float) -> None:
    assert bar_mm(px_per_mm, 600.0) == wanted


def test_ends_outside_the_picture_are_moved_to_its_edge(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(64, 64), mm=1.0))
    canvas.draw_length((-50, 10), (500, 10))
    assert canvas.last_length == (64.0, "mm")


def test_lengths_belong_to_their_picture(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(), mm=1.0), count=2)
    canvas.draw_length((0, 0), (10, 0))
    other = replace(made_frame(ramp(), mm=1.0), sop_uid="1.2.4")
    canvas.show_picture(picture_of(other), 2, Corners())
    assert canvas.last_length is None
    canvas.show_picture(picture_of(made_frame(ramp(), mm=1.0)), 1, Corners())
    assert canvas.last_length == (10.0, "mm")
    canvas.show_series(2)
    canvas.show_picture(picture_of(made_frame(ramp(), mm=1.0)), 1, Corners())
    assert canvas.last_length is None


def test_digits_are_the_windows_of_ct(canvas: ImageCanvas) -> None:
    show(canvas, real_frame("CT_small.dcm"))
    wanted = {"1": (40, 400), "2": (-600, 1500), "3": (400, 1800), "4": (40, 80), "5": (60, 400)}
    for key, window in wanted.items():
        QTest.keyClick(canvas, Qt.Key(ord(key)))
        assert canvas.window == window


def test_a_picture_that_is_no_ct_has_no_ct_window(canvas: ImageCanvas) -> None:
    show(canvas, real_frame("MR_small.dcm"))
    before = canvas.window
    QTest.keyClick(canvas, Qt.Key.Key_2)
    assert canvas.window == before


def test_a_colour_picture_has_no_window_and_a_drag_changes_nothing(canvas: ImageCanvas) -> None:
    show(canvas, real_frame("examples_rgb_color.dcm"))
    before = pixels_of(canvas)
    drag(canvas, LEFT, QPoint(100, 100), QPoint(300, 300))
    assert canvas.window is None
    assert "Window" not in canvas.accessibleDescription()
    assert np.array_equal(pixels_of(canvas), before)


def test_everything_is_done_by_keyboard(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(), mm=1.0), count=30)
    asked: list[int] = []
    canvas.number_asked.connect(asked.append)
    keys = Qt.Key
    for key in (keys.Key_Down, keys.Key_PageDown, keys.Key_Up, keys.Key_PageUp, keys.Key_End, keys.Key_Home):
        QTest.keyClick(canvas, key)
    assert asked == [2, 12, 11, 1, 30, 1]
    fitted = canvas.zoom
    QTest.keyClick(canvas, keys.Key_Plus)
    QTest.keyClick(canvas, keys.Key_Plus)
    QTest.keyClick(canvas, keys.Key_Minus)
    assert canvas.zoom == pytest.approx(fitted * 1.25)
    before = pixels_of(canvas)
    QTest.keyClick(canvas, keys.Key_I)
    assert np.abs(pixels_of(canvas).astype(int) + before - 255).max() <= 1
    QTest.keyClick(canvas, keys.Key_Right, CTRL)
    assert canvas.window is not None
    assert canvas.window.width == pytest.approx(1020)
    QTest.keyClick(canvas, keys.Key_R)
    assert (canvas.zoom, canvas.is_inverted, canvas.window) == (fitted, False, (500, 1000))


def test_a_length_is_drawn_and_moved_by_keyboard(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(), mm=1.0))
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.tool == "length"
    assert canvas.last_length is not None
    first = canvas.last_length.value
    QTest.keyClick(canvas, Qt.Key.Key_Right, CTRL)
    assert canvas.last_length.value == pytest.approx(first + 1)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.last_length is None


def test_a_chosen_window_stays_within_the_series_and_leaves_with_it(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=2)
    canvas.set_window(Window(100, 50))
    canvas.show_picture(picture_of(made_frame(ramp())), 2, Corners())
    assert canvas.window == (100, 50)
    show(canvas, made_frame(ramp()), count=2)
    assert canvas.window == (500, 1000)


def test_zoom_stays_within_the_series_and_a_fitted_picture_follows_the_window(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=2)
    canvas.resize(900, 700)
    QApplication.processEvents()
    assert canvas.zoom == pytest.approx(700 / 64)
    canvas.zoom_by(2.0)
    canvas.show_picture(picture_of(made_frame(ramp())), 2, Corners())
    assert canvas.zoom == pytest.approx(2 * 700 / 64)


def test_a_screen_reader_is_told_image_window_and_length(canvas: ImageCanvas) -> None:
    assert canvas.accessibleName() == "No image is open"
    show(canvas, made_frame(ramp(), mm=0.5), count=7, number=3)
    canvas.draw_length((0, 0), (20, 0))
    face = QAccessible.queryAccessibleInterface(canvas)
    assert face.text(QAccessible.Text.Name) == "Image 3 of 7"
    said = face.text(QAccessible.Text.Description)
    assert said == "Window 1000, level 500, length 10.0 mm · calibrated"


def test_words_follow_the_language(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp(), mm=0.5))
    canvas.draw_length((0, 0), (9, 0))
    said = set()
    for code in ("kk", "ru", "en"):
        language.use(code)
        QApplication.processEvents()
        said.add((canvas.accessibleName(), canvas.accessibleDescription(), tuple(canvas.foot_lines())))
    assert len({name for name, _said, _foot in said}) == 3
    assert any("4,5 мм" in words for _name, words, _foot in said)


def test_the_value_under_the_mouse_is_that_of_the_stored_pixel(canvas: ImageCanvas) -> None:
    frame = real_frame("CT_small.dcm")
    show(canvas, frame)
    x, y = canvas._view.to_glass((64.5, 70.5), canvas.glass)
    QTest.mouseMove(canvas, QPoint(round(x), round(y)))
    assert f"Value {frame.value_at(64, 70):g} HU" in canvas.foot_lines()
    QTest.mouseMove(canvas, QPoint(1, 1))
    assert not [line for line in canvas.foot_lines() if line.startswith("Value")]


def test_a_picture_that_cannot_be_seen_is_said_in_its_place(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=3)
    canvas.show_words(2, "The file is damaged or cut short.")
    assert (canvas.image_number, canvas.window, canvas.picture) == (2, None, None)
    assert canvas.accessibleDescription() == "The file is damaged or cut short."
    canvas.show_picture(picture_of(made_frame(ramp())), 3, Corners())
    assert canvas.accessibleDescription().startswith("Window")


def test_the_next_picture_is_never_painted_with_the_pixels_of_the_one_before(canvas: ImageCanvas) -> None:
    for level in (10, 20, 30, 40):
        stored = np.full((64, 64), level, np.uint8)
        stored[0, 0], stored[-1, -1] = 0, 255
        show(canvas, made_frame(stored))
        assert pixels_of(canvas)[30, 30] == level


def test_nothing_of_a_picture_is_kept_when_its_series_is_put_away(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()))
    canvas.show_series(0)
    assert canvas.grey_levels() is None
    QApplication.processEvents()
    assert canvas.grab().toImage().pixelColor(300, 240).name() == "#000000"


def test_only_what_is_seen_is_toned(canvas: ImageCanvas) -> None:
    stored = np.arange(3000 * 4000, dtype=np.uint16).reshape(3000, 4000)
    show(canvas, made_frame(stored))
    assert pixels_of(canvas).size <= 4 * 600 * 480
    canvas.zoom_by(40)
    assert pixels_of(canvas).size < 600 * 480


def test_a_pixel_that_is_higher_than_wide_is_shown_so(canvas: ImageCanvas) -> None:
    frame = replace(made_frame(ramp(100, 100)), spacing=Spacing(2.0, 1.0, "calibrated"))
    show(canvas, frame)
    left, top = canvas._view.to_glass((0, 0), canvas.glass)
    right, bottom = canvas._view.to_glass((100, 100), canvas.glass)
    assert (bottom - top) == pytest.approx(2 * (right - left))
    canvas.draw_length((0, 0), (0, 50))
    assert canvas.last_length == (100.0, "mm")


def test_without_a_picture_nothing_a_hand_does_fails(canvas: ImageCanvas) -> None:
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_R, Qt.Key.Key_I, Qt.Key.Key_Return, Qt.Key.Key_Delete, Qt.Key.Key_Down):
        QTest.keyClick(canvas, key)
    QTest.keyClick(canvas, Qt.Key.Key_1)
    drag(canvas, LEFT, QPoint(10, 10), QPoint(100, 100))
    turn(canvas, 120, QPoint(100, 100), CTRL)
    assert (canvas.zoom, canvas.image_number, canvas.window, canvas.last_length) == (0.0, 0, None, None)


def test_a_damaged_picture_in_the_middle_of_a_series_does_not_take_zoom_and_window_away(canvas: ImageCanvas) -> None:
    show(canvas, made_frame(ramp()), count=4)
    canvas.zoom_by(3)
    canvas.turn_right()
    canvas.set_preset("2")
    seen = canvas._view
    canvas.show_words(2, "This image is damaged.")
    assert canvas.picture is None
    canvas.show_picture(picture_of(made_frame(ramp())), 3, Corners())
    assert canvas._view == seen
    canvas.show_picture(picture_of(made_frame(ramp(10, 20))), 4, Corners())
    assert canvas._view != seen, "a picture of another shape is shown whole"
    assert canvas._view == ImageView.fitted_to((0, 0, 20, 10), canvas.glass, 1.0, canvas.turn)
