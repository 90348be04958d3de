"""Turning, mirroring, enlarging, the magnifying glass, letters of the patient's sides, windows by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.foundation.texts import Language
from clinic_app.imaging import Frame, Window
from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.display.turning import Turn
from clinic_app.imaging.measuring.spacing import Spacing
from tests.helpers.frames import made_frame, ramp
from ui import language
from ui.language import _
from ui.pictures import picture_of
from ui.widgets import image_overlay
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_overlay import Corners
from ui.widgets.image_presets import PRESETS, Preset
from ui.widgets.image_turns import LENS_PX
from ui.widgets.screen_scale import screen_scales

AXIAL = Plane((0, 0, 0), (1, 0, 0), (0, 1, 0), 1.0, 1.0, "1.2")
QUARTERS = np.kron(np.array([[0, 300], [600, 1000]], dtype=np.int16), np.ones((40, 60), dtype=np.int16))
"""Dark, grey; lighter, white."""


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("turned")
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    made.show_series(3)
    show(made, replace(made_frame(QUARTERS, mm=0.5, unit="HU"), plane=AXIAL))
    yield made
    language.use("kk")


def show(canvas: ImageCanvas, frame: Frame, number: int = 1) -> None:
    canvas.show_picture(picture_of(frame), number, Corners())


def corners(canvas: ImageCanvas) -> list[int]:
    """Return the grey of the upper left, upper right, lower left and lower right quarter, from 0 to 3."""
    image = canvas.grab().toImage()
    middle = canvas.rect().center()
    ways = ((-60, -60), (60, -60), (-60, 60), (60, 60))
    greys = [image.pixelColor(middle + QPoint(*way)).red() for way in ways]
    return [sorted(greys).index(grey) for grey in greys]


def test_a_quarter_turn_is_clockwise_as_it_is_seen(canvas: ImageCanvas) -> None:
    assert corners(canvas) == [0, 1, 2, 3]
    QTest.keyClick(canvas, Qt.Key.Key_Q)
    assert corners(canvas) == [2, 0, 3, 1]
    canvas.turn_left()
    assert corners(canvas) == [0, 1, 2, 3]
    canvas.turn_left()
    assert corners(canvas) == [1, 3, 0, 2]


def test_mirrors_exchange_what_is_seen_whatever_the_turn(canvas: ImageCanvas) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_H)
    assert corners(canvas) == [1, 0, 3, 2]
    QTest.keyClick(canvas, Qt.Key.Key_V)
    assert corners(canvas) == [3, 2, 1, 0]
    canvas.reset()
    canvas.turn_right()
    canvas.flip_down()
    assert corners(canvas) == [3, 1, 2, 0]


def test_a_turn_holds_for_the_series_and_reset_gives_it_back_to_the_file(canvas: ImageCanvas) -> None:
    canvas.turn_right()
    show(canvas, made_frame(QUARTERS, unit="HU"), 2)
    assert corners(canvas) == [2, 0, 3, 1]
    assert canvas.seen is not None
    assert canvas.seen.turn == Turn(1)
    QTest.keyClick(canvas, Qt.Key.Key_R)
    assert corners(canvas) == [0, 1, 2, 3]
    canvas.turn_right()
    canvas.show_series(3)
    show(canvas, replace(made_frame(QUARTERS), turn=Turn(2)))
    assert corners(canvas) == [3, 2, 1, 0], "another series begins as its file asks"


def test_whoever_turns_a_picture_without_one_turns_nothing(canvas: ImageCanvas) -> None:
    canvas.show_series(0)
    canvas.turn_right()
    canvas.show_pixels()
    canvas.show_true_size()
    canvas.toggle_lens()
    canvas.grab()
    assert canvas.zoom == 0


def test_a_pixel_is_a_pixel_and_a_millimetre_a_millimetre(canvas: ImageCanvas) -> None:
    canvas.show_pixels()
    assert canvas.zoom == pytest.approx(1 / canvas.devicePixelRatioF())
    kept = screen_scales().as_text()
    screen_scales().use(None)
    try:
        assert not canvas.can_be_true_size, "nobody measured this screen"
        QTest.keyClick(canvas, Qt.Key.Key_N)
        assert canvas.zoom == pytest.approx(1 / canvas.devicePixelRatioF())
        screen_scales().measure(4.0, canvas)
        QTest.keyClick(canvas, Qt.Key.Key_N)
        assert canvas.zoom == pytest.approx(2.0), "half a millimetre at four pixels each"
    finally:
        screen_scales().use(kept)
    show(canvas, made_frame(QUARTERS))
    assert not canvas.can_be_true_size, "nobody says how large a pixel of the picture is"
    canvas.fit()
    assert canvas.zoom == pytest.approx(400 / 80)


def test_the_magnifying_glass_shows_what_lies_below_it_larger(canvas: ImageCanvas) -> None:
    before = canvas.grab().toImage()
    QTest.keyClick(canvas, Qt.Key.Key_Z)
    assert canvas.has_lens
    at = QPoint(300 - LENS_PX // 2, 200)
    QTest.mouseMove(canvas, at)
    QApplication.processEvents()
    image = canvas.grab().toImage()
    # the middle line of the picture lies 65 px right of the mouse; enlarged 2.5 times it lies beyond the glass
    near = at + QPoint(100, 40)
    assert before.pixelColor(near).red() != image.pixelColor(near).red()
    assert canvas.grey_levels() is not None
    QTest.keyClick(canvas, Qt.Key.Key_Z)
    assert canvas.grab().toImage().pixelColor(near) == before.pixelColor(near)


def test_letters_follow_turns_and_are_those_of_the_plane_or_of_the_file(
    canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.widgets import image_turns

    written: list[tuple[str, ...]] = []
    monkeypatch.setattr(image_turns, "paint_letters", lambda _p, _a, letters, _foot: written.append(tuple(letters)))
    canvas.grab()
    canvas.turn_right()
    canvas.grab()
    assert written[0] == ("R", "A", "L", "P")
    assert written[-1] == ("P", "R", "A", "L")
    written.clear()
    plain = made_frame(QUARTERS)
    show(canvas, replace(plain, labels=replace(plain.labels, letters=("P", "F"))))
    canvas.reset()
    written.clear()
    canvas.grab()
    assert written[-1] == ("A", "H", "P", "F")
    written.clear()
    show(canvas, plain)
    canvas.grab()
    assert written == [], "where nobody says, nothing is written"


def test_the_letter_below_gives_way_to_what_must_be_said(canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.widgets import image_overlay

    written: dict[str, QRectF] = {}
    write = image_overlay._write
    plates: list[QRectF] = []
    monkeypatch.setattr(
        image_overlay, "_write", lambda p, row, a, words: written.update({words: row}) or write(p, row, a, words)
    )
    monkeypatch.setattr(QPainter, "drawRoundedRect", lambda _p, box, *_radii: plates.append(QRectF(box)), raising=False)
    canvas.grab()
    usual = written["P"]
    canvas.set_notes(("The file is cut off: the lower part of the image is missing.", "Images 3 and 4 are damaged."))
    canvas.grab()
    assert plates
    assert written["P"].bottom() <= plates[-1].top() < usual.bottom()
    canvas.set_notes(())
    canvas.grab()
    assert written["P"] == usual


def test_in_a_small_pane_no_bar_lies_over_words_and_a_message_is_whole(
    canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.widgets import image_glass

    bars: list[float] = []
    monkeypatch.setattr(image_glass, "paint_scale_bar", lambda _p, _area, px_per_mm: bars.append(px_per_mm))
    show(canvas, replace(made_frame(QUARTERS), spacing=Spacing(1.0, 1.0, "calibrated")))
    canvas.grab()
    assert bars
    bars.clear()
    canvas.resize(312, 168)
    canvas.grab()
    assert bars == []
    canvas.show_words(1, "\n".join("Drag a series here" for _line in range(5)))
    image = canvas.grab().toImage()
    lit = [y for y in range(image.height()) if any(image.pixelColor(x, y).lightness() > 150 for x in range(110, 200))]
    assert min(lit) < 60, "the first line is not cut off"


def test_that_it_is_not_for_diagnosis_is_never_cut_short(canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.widgets import image_overlay

    written: list[str] = []
    monkeypatch.setattr(image_overlay, "_write", lambda _p, _row, _a, words: written.append(words))
    canvas.resize(312, 168)
    language.use("kk")
    canvas.grab()
    assert "Диагноз қоюға арналмаған" in written


# --- windows by name ---


def test_digits_are_windows_everybody_knows_until_somebody_has_his_own(canvas: ImageCanvas) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_7)
    assert canvas.window == (80, 160)
    own = (Preset("1", lambda: "Mine", Window(5, 10)),)
    canvas.use_presets(own)
    QTest.keyClick(canvas, Qt.Key.Key_2)
    assert canvas.window == (80, 160), "there is no second one"
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.window == (5, 10)
    canvas.use_presets(None)
    assert canvas.presets == PRESETS


def test_other_pictures_have_no_windows_by_name_but_their_own(canvas: ImageCanvas) -> None:
    asked = (Window(10, 20), Window(500, 100))
    show(canvas, replace(made_frame(ramp()), windows=asked, default_window=asked[0]))
    assert canvas.presets == ()
    before = canvas.window
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.window == before
    seen = []
    for _press in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_0)
        seen.append(canvas.window)
    assert seen == [(500, 100), (10, 20), (500, 100)]


def test_keys_do_the_same_with_russian_letters(canvas: ImageCanvas) -> None:
    pressed = QKeyEvent(QKeyEvent.Type.KeyPress, ord("Ш"), Qt.KeyboardModifier.NoModifier, "ш")
    QApplication.sendEvent(canvas, pressed)
    assert canvas.is_inverted, "the key bears an I"


def test_the_right_button_changes_the_window_while_the_left_one_measures(canvas: ImageCanvas) -> None:
    right, middle = Qt.MouseButton.RightButton, canvas.rect().center()

    def drag() -> None:
        QTest.mousePress(canvas, right, pos=middle)
        QTest.mouseMove(canvas, middle + QPoint(50, 0))
        QTest.mouseRelease(canvas, right, pos=middle + QPoint(50, 0))

    zoom, window = canvas.zoom, canvas.window
    canvas.set_tool("length")
    drag()
    assert canvas.window != window
    assert canvas.zoom == zoom
    canvas.set_tool("window")
    changed = canvas.window
    QTest.mousePress(canvas, right, pos=middle)
    QTest.mouseMove(canvas, middle - QPointF(0, 40).toPoint())
    QTest.mouseRelease(canvas, right, pos=middle - QPointF(0, 40).toPoint())
    assert canvas.zoom > zoom
    assert canvas.window == changed


@pytest.mark.parametrize("spoken", ["kk", "ru", "en"])
def test_the_numbers_of_the_window_are_whole_in_the_smallest_pane(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, spoken: Language
) -> None:
    """Nine panes on a screen of 1366 x 768 are 312 pixels wide each."""
    written: list[str] = []
    monkeypatch.setattr(image_overlay, "_write", lambda _painter, _row, _align, words: written.append(words))
    language.use(spoken)
    image = QImage(312, 180, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    foot = ("1 / 1", _("Window {width}, level {center}", width=1646, center=-1038), "140 %")
    image_overlay.paint_corners(painter, QRectF(12, 12, 288, 156), Corners(("Name",), ("CT",)), foot)
    painter.end()
    language.use("kk")
    assert any(words.endswith("-1038") for words in written), written
    assert "…" not in "".join(written)
