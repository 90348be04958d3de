"""Very many lines over a picture: seen as few are, at once where the view stays, moved along while it changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from clinic_app.imaging.display.layers import Layers, Mark, Outline
from clinic_app.imaging.display.turning import Turn
from tests.helpers.frames import made_frame
from tests.helpers.waiting import wait_until
from ui import language
from ui.pictures import picture_of
from ui.widgets import image_sheet
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_layers import FEW_POINTS, LayerPainter
from ui.widgets.image_overlay import Corners
from ui.widgets.image_shapes import MOST_OUTLINE_POINTS, MOST_POINTS, drawable
from ui.widgets.image_sheet import Line, Sheet, Ways, polygon_of

SIDE = 400
GREY = np.full((40, 40), 500, np.int16)
GREY[0, 0], GREY[0, 1] = 0, 1000
RED = (255, 0, 0)


def ring(count: int, x: float = 20.0, y: float = 20.0, radius: float = 10.0) -> tuple[tuple[float, float], ...]:
    turns = (2 * math.pi * place / count for place in range(count))
    return tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(SIDE, SIDE)
    qtbot.addWidget(made)
    yield made
    made._at_rest.stop()
    language.use("kk")


def seen(canvas: ImageCanvas, layers: Layers, **more: object) -> QImage:
    frame = replace(made_frame(GREY), layers=layers, **more)  # type: ignore[arg-type]
    canvas.show_series(1)
    canvas.show_picture(picture_of(frame), 1, Corners())
    return canvas.grab().toImage()


def at(image: QImage, x: float, y: float) -> QColor:
    return image.pixelColor(round(x * 10), round(y * 10))


@pytest.mark.parametrize("count", [100, FEW_POINTS + 1, 6000])
def test_an_outline_of_many_points_is_seen_as_one_of_few(canvas: ImageCanvas, count: int) -> None:
    image = seen(canvas, Layers(outlines=(Outline("Heart", RED, ring(count)),)))
    for x, y in ((30, 20), (20, 10), (10, 20), (20, 30)):
        assert at(image, x, y).red() > 180
        assert at(image, x, y).blue() < 120
    assert at(image, 20, 20).red() == at(image, 20, 20).blue()
    rim = [at(image, 30 + step / 10, 20).red() for step in range(-4, 5)]
    assert min(rim) < 90, "a dark rim lets it be seen on white too"


@pytest.mark.parametrize("kind", ["line", "words", "cross", "filled", "of the screen"])
def test_marks_among_many_are_where_they_are_among_few(canvas: ImageCanvas, kind: str) -> None:
    mark = {
        "line": Mark("polyline", ((5, 20), (35, 20)), colour=RED),
        "words": Mark("text", ((5, 18), (35, 25)), "XXXXXXXX", colour=RED),
        "cross": Mark("point", ((20, 20),), colour=RED),
        "filled": Mark("circle", ((20, 20), (30, 20)), is_filled=True, colour=RED),
        "of the screen": Mark("polyline", ((0, 0.5), (1, 0.5)), is_of_screen=True, colour=RED),
    }[kind]
    many = Mark("polyline", ring(FEW_POINTS + 10, 3, 37, 1), colour=(0, 255, 0))

    def reddest(layers: Layers) -> tuple[int, int]:
        image = seen(canvas, layers)
        spots = [(x, y) for x in range(40, 360) for y in range(150, 260)]
        reds = {spot: image.pixelColor(*spot).red() - image.pixelColor(*spot).blue() for spot in spots}
        reddest = max(reds.values())
        red = [spot for spot in spots if reds[spot] > reddest / 2]
        return round(np.mean([x for x, _y in red])), round(np.mean([y for _x, y in red]))

    few, among = reddest(Layers(marks=(mark,))), reddest(Layers(marks=(mark, many)))
    assert max(abs(few[0] - among[0]), abs(few[1] - among[1])) <= 2


@pytest.mark.parametrize("turn", [Turn(1), Turn(2, is_flipped=True)])
def test_a_turned_picture_has_its_lines_turned(canvas: ImageCanvas, turn: Turn) -> None:
    corner = Outline("Corner", RED, ring(2000, 8, 30, 4))
    few = seen(canvas, Layers(outlines=(replace(corner, points=ring(60, 8, 30, 4)),)), turn=turn)
    many = seen(canvas, Layers(outlines=(corner,)), turn=turn)

    def middle(image: QImage) -> list[float]:
        red = [
            (x, y)
            for x in range(0, SIDE, 2)
            for y in range(90, SIDE, 2)
            if image.pixelColor(x, y).red() > image.pixelColor(x, y).blue() + 90
        ]
        return np.mean(red, axis=0).tolist()  # type: ignore[no-any-return]

    assert middle(many) == pytest.approx(middle(few), abs=5)


def test_a_file_that_draws_too_long_is_cut_short_and_what_follows_is_seen(canvas: ImageCanvas) -> None:
    wild = tuple((float(place % 2 * 40), float(place * 7 % 40)) for place in range(4000))
    image = seen(canvas, Layers(marks=(Mark("polyline", wild), Mark("polyline", ((5, 20), (35, 20)), colour=RED))))
    assert canvas.note_lines() == ("Too much is drawn on this image; marks not shown: 1.",)
    assert at(image, 20, 20).red() > 180
    assert at(image, 20, 20).blue() < 120


def test_outlines_have_a_bound_too_and_that_is_said(canvas: ImageCanvas) -> None:
    large = Outline("Body", RED, ring(MOST_OUTLINE_POINTS // 3, radius=0.01))
    seen(canvas, Layers(outlines=(large,) * 3))
    assert canvas.note_lines() == ()
    seen(canvas, Layers(outlines=(large,) * 5))
    assert canvas.note_lines() == ("Too much is drawn on this image; marks not shown: 2.",)


def test_where_it_is_enough() -> None:
    text = Mark("text", ((1, 1),), words="x")
    assert drawable([text] * 1000, [], (40, 40), 80).left_out == 1000 - MOST_POINTS // 40
    circle = Mark("circle", ((20, 20), (21, 20)))
    assert drawable([circle] * 1000, [], (40, 40), 80).left_out == 0
    lost = Mark("polyline", ((0, 0), (math.nan, 1)))
    assert [mark for mark, _line in drawable([lost, circle], [], (40, 40), 80).shapes] == [circle]
    assert drawable([], [], (40, 40), 80).cost == 0


class Easel:
    """A sheet on an image, and a clock that says how long drawing takes."""

    def __init__(self, draw_s: float) -> None:
        self.now_s, self.draws = 0.0, 0
        self.draw_s = draw_s
        self.image = QImage(200, 200, QImage.Format.Format_ARGB32_Premultiplied)
        self.sheet = Sheet(
            [Line(np.array(ring(900, 100, 100, 50)), RED, is_closed=True)], self.write, lambda: self.now_s
        )

    def write(self, _painter: QPainter, _ways: Ways) -> None:
        self.draws += 1
        self.now_s += self.draw_s

    def paint(self, way: QTransform) -> bool:
        self.image.fill(0)
        painter = QPainter(self.image)
        is_fine = self.sheet.paint(painter, Ways(way, way), QRectF(self.image.rect()))
        painter.end()
        return is_fine

    def red_at(self, x: int, y: int) -> int:
        return self.image.pixelColor(x, y).red()


def test_where_the_view_stays_nothing_is_drawn_again(qapp: QApplication) -> None:
    easel = Easel(1.0)
    for _turn in range(3):
        assert easel.paint(QTransform())
        assert easel.red_at(150, 100) > 180
    assert easel.draws == 1


def test_what_takes_long_is_moved_with_the_picture_and_drawn_anew_at_rest(qapp: QApplication) -> None:
    easel = Easel(0.05)
    easel.paint(QTransform())
    for step in range(1, 5):
        assert not easel.paint(QTransform.fromTranslate(10 * step, 0))
    assert easel.draws == 1
    assert easel.red_at(190, 100) > 180, "it lies where the picture went"
    easel.sheet.rest()
    assert easel.paint(QTransform.fromTranslate(40, 0))
    assert easel.draws == 2
    assert easel.red_at(190, 100) > 180
    assert not easel.paint(QTransform.fromScale(0.5, 0.5)), "and so with the next move"
    assert easel.red_at(75, 50) > 100


def test_what_is_drawn_quickly_is_drawn_at_every_move(qapp: QApplication) -> None:
    easel = Easel(0.001)
    for step in range(3):
        assert easel.paint(QTransform.fromTranslate(step, 0))
    assert easel.draws == 3


def test_lines_that_lie_elsewhere_cost_nothing_and_break_nothing(qapp: QApplication) -> None:
    easel = Easel(0.0)
    assert easel.paint(QTransform.fromTranslate(5000, 5000))
    assert easel.image == QImage(easel.image.copy().convertToFormat(easel.image.format()))
    assert not any(easel.red_at(x, y) for x in range(0, 200, 20) for y in range(0, 200, 20))
    assert Sheet([], lambda _painter, _ways: None)._bundles[0].draw(easel.image, easel.image, QTransform()).isEmpty()


def test_points_come_to_qt_as_they_are(qapp: QApplication) -> None:
    points = np.array(((1.5, -2.25), (3e6, 0.0), (7.0, 8.0)))
    assert [(each.x(), each.y()) for each in polygon_of(points)] == [tuple(each) for each in points.tolist()]
    assert polygon_of(points[:0]).isEmpty()


def test_points_on_the_same_half_pixel_are_left_out_but_never_an_end() -> None:
    crowd = np.repeat(np.array(((10.0, 10.0), (10.1, 10.1), (30.0, 10.0))), (50, 50, 1), axis=0)
    (first, second) = image_sheet._polygons(np.concatenate((crowd, crowd)), np.array((0, 101, 202)))
    for polygon in (first, second):
        assert (polygon[0].x(), polygon[len(polygon) - 1].x()) == (10.0, 30.0)
        assert len(polygon) <= 3


def test_a_hand_that_rests_sees_it_finely(canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sheet, "_QUICK_S", 0.0)
    seen(canvas, Layers(outlines=(Outline("Heart", RED, ring(5000)),)))
    layers = canvas._layers
    assert isinstance(layers, LayerPainter)
    assert layers._sheet is not None
    assert canvas._view is not None
    canvas._is_fitted = False
    canvas._view = replace(canvas._view, middle=(25.0, 20.0))
    canvas.grab()
    assert layers._sheet._is_rough
    assert canvas._at_rest.isActive()
    canvas.show()
    wait_until(lambda: not canvas._at_rest.isActive(), what="the rest")
    image = canvas.grab().toImage()
    assert not layers._sheet._is_rough
    assert at(image, 25, 20).red() > 180, "the right edge of the ring, five pixels to the left"
