"""Marks on the canvas by mouse and by keyboard: drawn, changed, taken back, copied, and where their words stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.imaging import Mark
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.measuring import Kind
from clinic_app.imaging.measuring.marks import MarkLayer
from tests.helpers.frames import made_frame, ramp
from ui import language
from ui.pictures import picture_of
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_labels import Asked, LabelPlaces, bounding, placed
from ui.widgets.image_mark_book import MarkBook
from ui.widgets.image_marks import handle_at, is_near, label_font, wrapped
from ui.widgets.image_overlay import Corners
from ui.widgets.image_series import ImageSeries
from ui.widgets.mark_kinds import BY_KIND, MARK_KINDS

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE = Qt.KeyboardModifier.NoModifier
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
DRAGGED = [each.kind for each in MARK_KINDS if each.kind not in ("angle", "cobb", "point", "text", "arrow", "scale")]


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(640, 640)
    qtbot.addWidget(made)
    made.show()
    show(made)
    made.setFocus()
    yield made
    language.use("kk")


def show(canvas: ImageCanvas, sop_uid: str = "1.2.3", turn: Turn | None = None) -> None:
    frame = replace(made_frame(ramp(), mm=0.5), sop_uid=sop_uid, turn=turn or Turn())
    canvas.show_series(2)
    canvas.show_picture(picture_of(frame), 1, Corners())
    QApplication.processEvents()


def spot(canvas: ImageCanvas, x: float, y: float) -> QPoint:
    """Return the place of an image point on the glass."""
    return QPointF(*canvas.to_glass((x, y))).toPoint()


def drag(
    canvas: ImageCanvas,
    *points: tuple[float, float],
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    places = [spot(canvas, *point) for point in points]
    QTest.mousePress(canvas, button, keys, places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
    QTest.mouseRelease(canvas, button, keys, places[-1])
    QApplication.processEvents()


def click(canvas: ImageCanvas, x: float, y: float, button: Qt.MouseButton = LEFT) -> None:
    QTest.mouseClick(canvas, button, pos=spot(canvas, x, y))
    QApplication.processEvents()


def only(canvas: ImageCanvas) -> Mark:
    (mark,) = canvas.book.marks
    return mark


def near(mark: Mark, *points: tuple[float, float]) -> bool:
    return all(
        abs(a - b) < 0.2
        for point, wanted in zip(mark.points, points, strict=True)
        for a, b in zip(point, wanted, strict=True)
    )


def test_every_kind_has_a_key_of_its_own_and_the_key_takes_it_in_hand(canvas: ImageCanvas) -> None:
    assert len({each.key for each in MARK_KINDS}) == len(MARK_KINDS) == 11
    assert not {each.key for each in MARK_KINDS} & set("WRIKSMJNOQHUVXYZ12345")
    for each in MARK_KINDS:
        QTest.keyClick(canvas, Qt.Key(ord(each.key[-1])), SHIFT if "Shift" in each.key else NONE)
        assert canvas.tool == each.kind
        assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor
        assert each.words()
        assert each.hint()


@pytest.mark.parametrize("kind", DRAGGED)
def test_a_drag_draws_and_the_mark_is_in_hand(canvas: ImageCanvas, kind: Kind) -> None:
    canvas.set_tool(kind)
    drag(canvas, (10, 10), (30, 12), (30, 40))
    mark = only(canvas)
    assert (mark.kind, mark.place, canvas.book.selected) == (kind, ("1.2.3", 1), mark)
    assert mark.uid.startswith("2.25.")
    assert len(mark.uid) <= 64
    assert mark.is_sound
    assert canvas.lines_of(mark)


def test_an_angle_is_a_drag_and_a_click(canvas: ImageCanvas) -> None:
    canvas.set_tool("angle")
    drag(canvas, (10, 30), (30, 30))
    assert canvas.book.marks == ()
    QTest.mouseMove(canvas, spot(canvas, 30, 10))
    (sketched,) = canvas.shown_marks()
    assert sketched.lines == ("90.0°",)
    click(canvas, 30, 10)
    assert near(only(canvas), (10, 30), (30, 30), (30, 10))
    assert canvas.lines_of(only(canvas)) == ("90.0°",)


def test_cobb_is_two_drags_and_a_click_between_is_none(canvas: ImageCanvas) -> None:
    canvas.set_tool("cobb")
    drag(canvas, (10, 10), (40, 10))
    click(canvas, 20, 20)
    assert canvas.book.marks == ()
    drag(canvas, (10, 40), (40, 55))
    assert near(only(canvas), (10, 10), (40, 10), (10, 40), (40, 55))
    assert canvas.lines_of(only(canvas))[0].startswith("Cobb's angle 26.")


def test_escape_forgets_what_is_begun_then_what_is_in_hand_and_then_nothing(canvas: ImageCanvas) -> None:
    canvas.set_tool("angle")
    drag(canvas, (10, 30), (30, 30))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    click(canvas, 30, 10)
    assert canvas.book.marks == ()
    canvas.draw_length((5, 5), (20, 5))
    assert canvas.book.selected is not None
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.book.selected is None
    assert len(canvas.book.marks) == 1


def test_escape_in_the_midst_of_a_drag_draws_nothing(canvas: ImageCanvas) -> None:
    canvas.set_tool("length")
    QTest.mousePress(canvas, LEFT, pos=spot(canvas, 10, 10))
    QTest.mouseMove(canvas, spot(canvas, 40, 10))
    assert len(canvas.shown_marks()) == 1
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, pos=spot(canvas, 40, 10))
    assert (canvas.book.marks, canvas.shown_marks()) == ((), [])


def test_another_picture_forgets_what_was_begun_on_this_one(canvas: ImageCanvas) -> None:
    canvas.set_tool("angle")
    drag(canvas, (10, 30), (30, 30))
    other = replace(made_frame(ramp(), mm=0.5), sop_uid="9.9")
    canvas.show_picture(picture_of(other), 2, Corners())
    click(canvas, 30, 10)
    assert canvas.book.marks == ()


def test_the_length_is_said_while_it_is_drawn(canvas: ImageCanvas) -> None:
    canvas.set_tool("length")
    QTest.mousePress(canvas, LEFT, pos=spot(canvas, 10, 10))
    QTest.mouseMove(canvas, spot(canvas, 30, 10))
    assert canvas.shown_marks()[0].lines == ("10.0 mm · calibrated",)
    QTest.mouseMove(canvas, spot(canvas, 40, 10))
    assert canvas.shown_marks()[0].lines == ("15.0 mm · calibrated",)
    QTest.mouseRelease(canvas, LEFT, pos=spot(canvas, 40, 10))


def test_a_handle_is_pulled_and_all_of_it_is_moved_each_one_step(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    drag(canvas, (40, 20), (40, 40))
    assert near(only(canvas), (10, 20), (40, 40))
    drag(canvas, (25, 30), (30, 35))
    assert near(only(canvas), (15, 25), (45, 45))
    canvas.book.undo()
    assert near(only(canvas), (10, 20), (40, 40))
    canvas.book.undo()
    assert near(only(canvas), (10, 20), (40, 20))
    canvas.book.redo()
    assert near(only(canvas), (10, 20), (40, 40))


def test_a_mark_moved_over_the_edge_stops_there(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    drag(canvas, (25, 20), (60, 20))
    assert near(only(canvas), (34, 20), (64, 20))


def test_the_window_tool_takes_a_mark_by_a_click_and_never_moves_it_unasked(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    canvas.set_tool("window")
    canvas.book.select("")
    window = canvas.window
    drag(canvas, (25, 20), (35, 30))
    assert near(only(canvas), (10, 20), (40, 20))
    assert canvas.window != window
    click(canvas, 25, 20)
    assert canvas.book.selected == only(canvas)
    click(canvas, 5, 60)
    assert canvas.book.selected is None


def test_with_ctrl_a_new_mark_begins_on_an_old_one(canvas: ImageCanvas) -> None:
    canvas.set_tool("length")
    canvas.draw_length((10, 20), (40, 20))
    drag(canvas, (25, 20), (25, 50), keys=CTRL)
    assert len(canvas.book.marks) == 2
    drag(canvas, (25, 40), (45, 40))
    assert len(canvas.book.marks) == 2


def test_by_keyboard_every_kind_is_drawn_nudged_and_removed(canvas: ImageCanvas) -> None:
    for each in MARK_KINDS:
        QTest.keyClick(canvas, Qt.Key(ord(each.key[-1])), SHIFT if "Shift" in each.key else NONE)
        QTest.keyClick(canvas, Qt.Key.Key_Return)
        if canvas.hands._field is not None and canvas.hands._field.isVisible():
            canvas.hands._field.setText("12")
            QTest.keyClick(canvas.hands._field, Qt.Key.Key_Return)
        mark = canvas.book.selected
        assert mark is not None, each.kind
        assert mark.kind == each.kind
        QTest.keyClick(canvas, Qt.Key.Key_Right, ALT)
        moved = canvas.book.find(mark.uid)
        assert moved is not None
        assert moved.points[0][0] == pytest.approx(mark.points[0][0] + 1)
        QTest.keyClick(canvas, Qt.Key.Key_Delete)
        assert canvas.book.marks == ()


def test_the_points_of_a_mark_are_moved_one_by_one(canvas: ImageCanvas) -> None:
    canvas.set_tool("length")
    canvas.draw_length((10, 20), (40, 20))
    QTest.keyClick(canvas, Qt.Key.Key_Down, CTRL)
    assert near(only(canvas), (10, 20), (40, 21))
    QTest.keyClick(canvas, Qt.Key.Key_F3)
    QTest.keyClick(canvas, Qt.Key.Key_Left, CTRL | SHIFT)
    assert near(only(canvas), (0, 20), (40, 21))


def test_arrows_move_as_it_is_seen_in_a_picture_that_is_turned(canvas: ImageCanvas) -> None:
    show(canvas, turn=Turn(1))
    canvas.draw_length((10, 20), (40, 20))
    before = spot(canvas, 10, 20)
    QTest.keyClick(canvas, Qt.Key.Key_Right, ALT | SHIFT)
    after = spot(canvas, *only(canvas).points[0])
    assert after.x() - before.x() == pytest.approx(10 * canvas.zoom, abs=1)
    assert after.y() == pytest.approx(before.y(), abs=1)


@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(2, True), Turn(3, True)])
def test_marks_are_drawn_where_they_are_in_the_image_however_it_is_seen(canvas: ImageCanvas, turn: Turn) -> None:
    show(canvas, turn=turn)
    canvas.set_tool("length")
    drag(canvas, (10, 50), (50, 50))
    assert near(only(canvas), (10, 50), (50, 50))
    assert canvas.last_length is not None
    assert canvas.last_length.value == pytest.approx(20.0, abs=0.2)
    canvas.set_tool("window")
    canvas.book.select("")
    image = canvas.grab().toImage()
    x, y = spot(canvas, 30, 50).toTuple()
    ratio = canvas.devicePixelRatioF()
    around = [(round(x * ratio) + dx, round(y * ratio) + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert max(image.pixelColor(*place).red() - image.pixelColor(*place).blue() for place in around) > 90


def test_a_text_is_written_in_its_place_and_without_words_it_is_none(canvas: ImageCanvas) -> None:
    canvas.set_tool("text")
    click(canvas, 30, 30)
    field = canvas.hands._field
    assert field is not None
    assert field.isVisible()
    QTest.keyClicks(field, "fracture?")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert canvas.lines_of(only(canvas)) == ("fracture?",)
    canvas.book.select("")
    click(canvas, 50, 50)
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert len(canvas.book.marks) == 1
    QTest.keyClick(canvas, Qt.Key.Key_F2)
    assert not field.isVisible()
    QTest.mouseDClick(canvas, LEFT, pos=spot(canvas, 30, 30))
    field.setText("")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert canvas.book.marks == ()


def test_a_known_length_is_asked_for_and_makes_the_millimetres(canvas: ImageCanvas) -> None:
    frame = replace(made_frame(ramp()), sop_uid="5.5")
    canvas.show_picture(picture_of(frame), 2, Corners())
    canvas.set_tool("scale")
    drag(canvas, (10, 10), (50, 10))
    field = canvas.hands._field
    assert field is not None
    field.setText("ten")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.isVisible()
    assert field.property("invalid")
    field.setText("20")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert only(canvas).known_mm == 20
    assert canvas.lines_of(only(canvas)) == ("known: 20.0 mm",)
    canvas.draw_length((0, 30), (0, 50))
    assert canvas.last_length is not None
    assert canvas.last_length.value == pytest.approx(10, abs=0.1)
    assert "by hand" in canvas.lines_of(canvas.book.marks[1])[0]
    canvas.book.remove(canvas.book.marks[0].uid)
    assert canvas.last_length == (20.0, "px")


def test_a_known_length_nobody_writes_is_none(canvas: ImageCanvas) -> None:
    canvas.set_tool("scale")
    drag(canvas, (10, 10), (50, 10))
    assert canvas.hands._field is not None
    QTest.keyClick(canvas.hands._field, Qt.Key.Key_Escape)
    assert canvas.book.marks == ()


@pytest.mark.parametrize("kind", ["length", "ellipse", "free", "window"])
def test_a_lock_in_the_middle_of_a_drag_ends_it_and_the_next_click_draws_nothing(
    canvas: ImageCanvas, kind: Kind
) -> None:
    canvas.set_tool(kind)
    before = canvas.window
    QTest.mousePress(canvas, LEFT, pos=spot(canvas, 10, 10))
    QTest.mouseMove(canvas, spot(canvas, 40, 30))
    canvas.hide()
    assert canvas.held is None
    assert canvas.window == before
    canvas.show()
    click(canvas, 60, 20)
    assert canvas.book.marks == ()
    assert not canvas.is_drawing
    canvas.set_tool("length")
    drag(canvas, (10, 10), (30, 10))
    assert only(canvas).points == ((10.0, 10.0), (30.0, 10.0))


@pytest.mark.parametrize("take_away", [lambda canvas: canvas.remove_mark(), lambda canvas: canvas.book.undo()])
def test_a_mark_taken_away_while_it_is_dragged_does_not_come_back(
    canvas: ImageCanvas, take_away: Callable[[ImageCanvas], None]
) -> None:
    canvas.draw_length((10, 10), (40, 10))
    QTest.mousePress(canvas, LEFT, pos=spot(canvas, 25, 10))
    QTest.mouseMove(canvas, spot(canvas, 25, 30))
    take_away(canvas)
    QTest.mouseRelease(canvas, LEFT, pos=spot(canvas, 25, 40))
    assert canvas.book.marks == ()
    assert not canvas.is_drawing


def test_a_mark_that_was_moved_when_the_window_locked_is_where_it_was(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 10), (40, 10))
    drawn = only(canvas)
    QTest.mousePress(canvas, LEFT, pos=spot(canvas, 25, 10))
    QTest.mouseMove(canvas, spot(canvas, 25, 40))
    canvas.hide()
    canvas.show()
    QTest.mouseRelease(canvas, LEFT, pos=spot(canvas, 25, 40))
    assert only(canvas) == drawn


def known_length(canvas: ImageCanvas, millimetres: str) -> Mark:
    canvas.set_tool("scale")
    drag(canvas, (10, 10), (50, 10))
    field = canvas.hands._field
    assert field is not None
    field.setText(millimetres)
    QTest.keyClick(field, Qt.Key.Key_Return)
    return only(canvas)


def test_a_known_length_that_stands_already_survives_whoever_asks_for_it_and_gives_up(canvas: ImageCanvas) -> None:
    known = known_length(canvas, "20")
    for leave in (lambda: QTest.keyClick(canvas.hands._field, Qt.Key.Key_Escape), canvas.setFocus):
        canvas.hands.ask_words(known.uid)
        leave()
        assert only(canvas) == known


def test_a_known_length_nobody_has_written_is_none_when_he_looks_away(canvas: ImageCanvas) -> None:
    canvas.set_tool("scale")
    drag(canvas, (10, 10), (50, 10))
    canvas.setFocus()
    assert canvas.book.marks == ()


def test_words_begun_for_one_patient_do_not_stand_over_the_picture_of_the_next(canvas: ImageCanvas) -> None:
    canvas.set_tool("text")
    click(canvas, 30, 30)
    field = canvas.hands._field
    assert field is not None
    QTest.keyClicks(field, "Ivanov: fracture?")
    canvas.use_book(MarkBook(canvas))
    show(canvas, "9.9")
    assert not field.isVisible()
    assert canvas.book.marks == ()


def test_what_is_measured_is_copied_as_words(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    canvas.book.write_to(only(canvas).uid, "left kidney")
    QTest.keyClick(canvas, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "left kidney, 15.0 mm · calibrated"


def test_steps_go_back_and_forth_by_keys(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    assert canvas.book.marks == ()
    QTest.keyClick(canvas, Qt.Key.Key_Y, CTRL)
    assert len(canvas.book.marks) == 1
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL)
    QTest.keyClick(canvas, Qt.Key.Key_Z, CTRL | SHIFT)
    assert len(canvas.book.marks) == 1


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_the_right_button_offers_what_can_be_done_with_a_mark(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    click(canvas, 25, 20, RIGHT)
    menu = canvas.hands.menu
    assert menu is not None
    actions = {action.objectName().rpartition(".")[2]: action for action in menu.actions()}
    assert set(actions) == {"rename", "copy", "delete"}
    actions["delete"].trigger()
    menu.close()
    assert canvas.book.marks == ()


def test_marks_of_others_are_seen_with_their_name_and_no_hand_takes_them(canvas: ImageCanvas) -> None:
    theirs = Mark("length", ((10.0, 20.0), (40.0, 20.0)), uid="2.25.1", sop_uid="1.2.3")
    canvas.book.load([MarkLayer("Dr Akhmetov", None, (theirs,))])
    (seen,) = canvas.shown_marks()
    assert (seen.lines, seen.is_mine) == (("15.0 mm · calibrated", "Dr Akhmetov"), False)
    canvas.set_tool("length")
    drag(canvas, (25, 20), (25, 50))
    assert canvas.book.others[0].marks == (theirs,)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert len(canvas.shown_marks()) == 1


def test_marks_of_others_that_lie_beside_the_picture_are_not_drawn(canvas: ImageCanvas) -> None:
    far = [((-50.0, 5.0), (5.0, 5.0)), ((5.0, 5.0), (1e6, 1e6)), ((64.5, 1.0), (2.0, 2.0))]
    marks = tuple(Mark("length", points, uid=f"2.25.{n}", sop_uid="1.2.3") for n, points in enumerate(far, 1))
    canvas.book.load([MarkLayer("Somebody", None, marks)])
    assert canvas.shown_marks() == []


def test_a_large_region_says_its_mean_when_it_is_added_up_and_the_window_goes_on(
    canvas: ImageCanvas, qtbot: QtBot
) -> None:
    stored = np.full((2200, 2200), 40, np.uint16)
    stored[0, 0] = 50
    canvas.show_picture(picture_of(replace(made_frame(stored, mm=1.0), sop_uid="7.7")), 1, Corners())
    canvas.draw(Mark("rectangle", ((0.0, 0.0), (2200.0, 2200.0))))
    mark = only(canvas)
    assert canvas.lines_of(mark) == ("Area 48400.00 cm² · calibrated", "Width 2200.0 mm · Height 2200.0 mm")
    qtbot.waitUntil(lambda: not canvas.readings.is_adding, timeout=20_000)
    assert canvas.lines_of(mark)[0] == "Mean 40.0 · SD 0.0"
    assert canvas.lines_of(mark)[1] == "Least 40 · Greatest 50"


def test_what_is_seen_is_kept_with_lines_and_words(canvas: ImageCanvas) -> None:
    canvas.draw_length((10, 20), (40, 20))
    canvas.draw(Mark("ellipse", ((10.0, 30.0), (30.0, 30.0), (20.0, 25.0), (20.0, 35.0))))
    seen = canvas.seen
    assert seen is not None
    assert [mark.kind for mark in seen.marks] == ["polyline", "text", "ellipse", "text"]
    assert seen.marks[1].words == "15.0 mm · calibrated"


def test_words_follow_the_language(canvas: ImageCanvas) -> None:
    canvas.draw(Mark("ellipse", ((10.0, 30.0), (30.0, 30.0), (20.0, 25.0), (20.0, 35.0))))
    said = set()
    for code in ("kk", "ru", "en"):
        language.use(code)
        said.add(canvas.lines_of(only(canvas)))
        said.update((BY_KIND["cobb"].words(),))
    assert len(said) == 6


def test_words_stand_beside_the_mark_and_not_over_one_another() -> None:
    glass = QRectF(0, 0, 600, 400)
    lines = [tuple(QPointF(100 + 10 * step, 200 + 3 * each) for step in range(20)) for each in range(4)]
    found = placed([Asked(points, QSizeF(120, 24)) for points in lines], glass)
    for number, place in enumerate(found):
        assert glass.contains(place.plate)
        assert not any(place.plate.contains(point) for points in lines for point in points)
        assert not any(place.plate.intersects(other.plate) for other in found[:number])
        assert place.tip in lines[number]


def test_words_stay_where_they_are_while_a_hand_draws_another_mark() -> None:
    glass, labels = QRectF(0, 0, 600, 400), LabelPlaces()
    still = Asked(tuple(QPointF(100 + 10 * step, 200) for step in range(20)), QSizeF(120, 24))
    (first,) = labels.of([still], glass, is_drawing=False)
    assert labels.of([still], glass, is_drawing=False)[0] is first
    across = Asked(tuple(QPointF(first.plate.center().x(), 20 * step) for step in range(20)), QSizeF(90, 24))
    kept, new = labels.of([still, across], glass, is_drawing=True)
    assert kept is first
    assert not new.plate.intersects(kept.plate)
    moved, _new = labels.of([still, across], QRectF(0, 0, 601, 400), is_drawing=True)
    assert not any(moved.plate.contains(point) for point in across.points)


def test_words_leave_the_corners_to_what_stands_there() -> None:
    glass = QRectF(0, 0, 800, 600)
    for x, y in ((30, 40), (770, 40), (30, 560), (770, 560)):
        around = tuple(QPointF(x + dx, y + dy) for dx in (-5, 5) for dy in (-5, 5))
        (place,) = placed([Asked(around, QSizeF(150, 24))], glass)
        across, down = abs(place.plate.center().x() - 400), abs(place.plate.center().y() - 300)
        assert across < 160 + 75 or down < 228


def test_words_of_a_mark_as_large_as_the_glass_are_still_on_it() -> None:
    glass = QRectF(0, 0, 300, 200)
    corners = tuple(QPointF(x, y) for x in (-50, 350) for y in (-50, 250))
    (place,) = placed([Asked(corners, QSizeF(100, 24))], glass)
    assert glass.contains(place.plate)
    far = tuple(QPointF(x + 5000, y) for x in (0, 10) for y in (0, 10))
    (beside,) = placed([Asked(far, QSizeF(100, 24))], glass)
    assert glass.contains(beside.plate)
    assert bounding(far).width() == 10


def test_a_long_sentence_is_broken_between_words_and_nothing_of_it_is_lost(canvas: ImageCanvas) -> None:
    sentence = "Nothing is measured across two regions of an ultrasound image."
    rows = wrapped((sentence,), QFontMetricsF(label_font()))
    assert len(rows) > 1
    assert " ".join(rows) == sentence


def test_a_hand_finds_handles_and_lines_and_not_what_is_far() -> None:
    mark = Mark("angle", ((0.0, 0.0), (100.0, 0.0), (100.0, 80.0)))
    assert handle_at(mark, QPointF(103, 2), lambda point: point) == 1
    assert handle_at(mark, QPointF(50, 2), lambda point: point) is None
    assert is_near(mark, QPointF(50, 3), lambda point: point)
    assert not is_near(mark, QPointF(50, 30), lambda point: point)
    assert is_near(Mark("text", ((5.0, 5.0),)), QPointF(9, 9), lambda point: point)


def test_a_canvas_shares_a_book_and_follows_it(canvas: ImageCanvas, qtbot: QtBot) -> None:
    other = ImageSeries("other")
    qtbot.addWidget(other)
    other.use_book(canvas.book)
    changes: list[int] = []
    other.measured.connect(lambda: changes.append(1))
    canvas.draw_length((10, 20), (40, 20))
    assert changes
    other.show_series(3)
    assert len(canvas.book.marks) == 1
