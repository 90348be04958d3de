"""What lies over a picture, pixel by pixel: shutters, drawings, segments, outlines, marks, turns and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageCms
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from clinic_app.foundation.texts import Text
from clinic_app.imaging import Frame
from clinic_app.imaging.display.layers import Layers, Mark, Outline, Segments
from clinic_app.imaging.display.overlays import OverlayPlane
from clinic_app.imaging.display.shutters import Circle, Shutter
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from tests.helpers.frames import made_frame
from ui import language
from ui.pictures import picture_of, thinned
from ui.widgets.image_canvas import ImageCanvas
from ui.widgets.image_colours import in_screen_colours
from ui.widgets.image_overlay import Corners
from ui.widgets.image_shapes import shape_of
from ui.widgets.image_view import ImageView

SIDE = 400
GREY = np.full((40, 40), 500, np.int16)
GREY[0, 0], GREY[0, 1] = 0, 1000  # so that the window shows the rest as middle grey


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[ImageCanvas]:
    language.use("en")
    made = ImageCanvas("canvas")
    made.resize(SIDE, SIDE)
    qtbot.addWidget(made)
    yield made
    language.use("kk")


def seen(canvas: ImageCanvas, layers: Layers, **more: object) -> QImage:
    """Show a grey picture ten times enlarged, with something over it."""
    frame = replace(made_frame(GREY), layers=layers, **more)  # type: ignore[arg-type]
    canvas.show_series(1)
    canvas.show_picture(picture_of(frame), 1, Corners())
    return canvas.grab().toImage()


def at(image: QImage, x: float, y: float) -> QColor:
    """Return the colour at a place of the picture, in its pixels."""
    return image.pixelColor(round(x * 10), round(y * 10))


def is_grey(colour: QColor) -> bool:
    return abs(colour.red() - 128) < 12 and abs(colour.blue() - 128) < 12


def test_a_round_shutter_covers_the_corners_in_its_own_grey(canvas: ImageCanvas) -> None:
    image = seen(canvas, Layers(shutter=Shutter(circle=Circle(20, 20, 10), grey=60)))
    assert is_grey(at(image, 20, 20))
    assert at(image, 20, 6) == QColor(60, 60, 60)
    assert at(image, 33, 20) == QColor(60, 60, 60)


def test_two_shutters_leave_what_both_leave(canvas: ImageCanvas) -> None:
    corners = ((20.0, 0.0), (40.0, 0.0), (40.0, 40.0), (20.0, 40.0))
    image = seen(canvas, Layers(shutter=Shutter(rectangle=(5, 5, 30, 30), corners=corners)))
    assert is_grey(at(image, 25, 20))
    assert at(image, 12, 20) == QColor(0, 0, 0)
    assert at(image, 35, 20) == QColor(0, 0, 0)


def test_a_drawing_can_be_the_shutter(canvas: ImageCanvas) -> None:
    covered = np.zeros((40, 40), bool)
    covered[:, 20:] = True
    image = seen(canvas, Layers(shutter=Shutter(grey=200, covered=OverlayPlane(0, 0, covered, 0x6000))))
    assert is_grey(at(image, 10, 20))
    assert at(image, 30, 20) == QColor(200, 200, 200)


def test_drawings_lie_on_the_picture_and_beside_it(canvas: ImageCanvas) -> None:
    plane = OverlayPlane(-20, 0, np.ones((40, 30), bool), 0x6000)
    image = seen(canvas, Layers(overlays=(plane,)))
    view = canvas._view
    assert view is not None
    assert view.zoom == pytest.approx(400 / 60), "both are in view at first"
    left, right = view.to_glass((-10, 20), canvas.glass), view.to_glass((5, 20), canvas.glass)
    inside = view.to_glass((25, 20), canvas.glass)
    assert image.pixelColor(round(left[0]), round(left[1])) == QColor(255, 255, 255)
    assert image.pixelColor(round(right[0]), round(right[1])) == QColor(255, 255, 255)
    assert is_grey(image.pixelColor(round(inside[0]), round(inside[1])))


def test_a_drawing_far_off_does_not_make_the_picture_small() -> None:
    far = OverlayPlane(3000, 0, np.ones((4, 4), bool), 0x6000)
    empty = OverlayPlane(-20, 0, np.zeros((4, 4), bool), 0x6002)
    picture = picture_of(replace(made_frame(GREY), layers=Layers(overlays=(far, empty))))
    assert picture.extent == (0, 0, 60, 40)


def test_segments_are_tinted_and_named(canvas: ImageCanvas) -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:20, 10:20], labels[25:30, 10:20] = 1, 2
    image = seen(canvas, Layers(segments=(Segments(labels, ("Liver", "Tumour"), ((255, 0, 0), (0, 0, 255))),)))
    assert at(image, 15, 15).red() > 150 > at(image, 15, 15).blue()
    assert at(image, 15, 27).blue() > 150 > at(image, 15, 27).red()
    assert is_grey(at(image, 5, 22))
    assert "Liver" in canvas.accessibleDescription()
    assert "Tumour" in canvas.accessibleDescription()


def test_an_outline_is_a_thin_line_in_its_colour(canvas: ImageCanvas) -> None:
    outline = Outline("Heart", (255, 0, 0), ((10, 10), (30, 10), (30, 30), (10, 30)))
    image = seen(canvas, Layers(outlines=(outline,)))
    assert at(image, 20, 10).red() > 180
    assert at(image, 10, 25).red() > 180, "the last point is joined with the first"
    assert is_grey(at(image, 20, 20))


@pytest.mark.parametrize(
    ("mark", "place"),
    [
        (Mark("polyline", ((5, 20), (35, 20)), colour=(255, 0, 0)), (20, 20)),
        (Mark("circle", ((20, 20), (30, 20)), colour=(255, 0, 0)), (20, 30)),
        (Mark("ellipse", ((5, 20), (35, 20), (20, 12), (20, 28)), colour=(255, 0, 0)), (20, 28)),
        (Mark("point", ((20, 20),), colour=(255, 0, 0)), (20.4, 20)),
        (Mark("curve", ((5, 20), (20, 20), (35, 20)), colour=(255, 0, 0)), (12, 20)),
        (Mark("polyline", ((0, 0.5), (1, 0.5)), is_of_screen=True, colour=(255, 0, 0)), (10, 20)),
    ],
)
def test_a_mark_is_where_it_was_put(canvas: ImageCanvas, mark: Mark, place: tuple[float, float]) -> None:
    assert at(seen(canvas, Layers(marks=(mark,))), *place).red() > 180
    assert at(seen(canvas, Layers(marks=(mark,))), *place).blue() < 120


def test_a_filled_mark_tints_its_inside_and_a_text_is_written_at_its_box(canvas: ImageCanvas) -> None:
    filled = Mark("circle", ((20, 20), (30, 20)), is_filled=True, colour=(255, 0, 0))
    assert at(seen(canvas, Layers(marks=(filled,))), 20, 20).red() > 145
    words = Mark("text", ((5, 5), (35, 12)), "XXXXXXXX", colour=(0, 255, 0), anchor=(20, 35))
    image = seen(canvas, Layers(marks=(words,)))
    greens = [at(image, x / 4, y / 4).green() for x in range(20, 80) for y in range(20, 32)]
    assert max(greens) > 200
    assert any(at(image, 13 + step / 8, 22).green() > 180 for step in range(60)), "a line leads to what it means"


def test_a_file_that_draws_far_too_much_is_cut_short_and_that_is_said(canvas: ImageCanvas) -> None:
    line = tuple((float(place % 40), float(place // 40 % 40)) for place in range(4000))
    long = Mark("polyline", line, colour=(255, 0, 0))
    seen(canvas, Layers(marks=(long,) * 5))
    assert canvas.note_lines() == ()
    image = seen(canvas, Layers(marks=(*(long,) * 7, Mark("text", ((20.0, 20.0), (30.0, 30.0)), words="after"))))
    assert canvas.note_lines() == ("Too much is drawn on this image; marks not shown: 3.",)
    assert at(image, 20, 20).red() > 200
    seen(canvas, Layers())
    assert canvas.note_lines() == ()


def test_a_curve_goes_through_its_points_and_an_ellipse_through_its_ends() -> None:
    curve = shape_of(Mark("curve", ((0, 0), (10, 10), (20, 0))))
    assert [10.0, 10.0] in curve.tolist()
    assert curve[-1].tolist() == [20.0, 0.0]
    ellipse = shape_of(Mark("ellipse", ((0, 5), (20, 5), (10, 0), (10, 10))))
    assert min(x for x, _y in ellipse) == pytest.approx(0)
    assert max(y for _x, y in ellipse) == pytest.approx(10)


def corner_frame() -> Frame:
    """A picture whose upper left quarter is white."""
    stored = np.zeros((40, 20), np.int16)
    stored[:20, :10] = 1000
    return made_frame(stored)


@pytest.mark.parametrize(
    ("turn", "bright"),
    [
        (UPRIGHT, (-0.25, -0.25)),
        (Turn(1), (0.25, -0.25)),
        (Turn(2), (0.25, 0.25)),
        (Turn(3), (-0.25, 0.25)),
        (Turn(0, is_flipped=True), (0.25, -0.25)),
        (Turn(1, is_flipped=True), (-0.25, -0.25)),
    ],
)
def test_a_turned_picture_is_seen_turned(canvas: ImageCanvas, turn: Turn, bright: tuple[float, float]) -> None:
    canvas.show_series(1)
    canvas.show_picture(picture_of(replace(corner_frame(), turn=turn)), 1, Corners())
    image, view = canvas.grab().toImage(), canvas._view
    assert view is not None
    width, height = (400, 200) if turn.is_across else (200, 400)
    x, y = 200 + bright[0] * width, 200 + bright[1] * height
    assert image.pixelColor(round(x), round(y)).red() > 240
    assert image.pixelColor(round(400 - x), round(400 - y)).red() < 15
    assert view.to_image((x, y), canvas.glass) == pytest.approx((5, 10), abs=0.2)


@pytest.mark.parametrize("turn", [Turn(1), Turn(2, is_flipped=True), Turn(3)])
def test_zoom_and_pan_hold_in_a_turned_view(turn: Turn) -> None:
    view = ImageView.fitted((100, 50), (400, 300), 1.5, turn)
    for place in ((10.0, 20.0), (350.0, 280.0)):
        kept = view.to_image(place, (400, 300))
        assert view.to_glass(kept, (400, 300)) == pytest.approx(place)
        assert view.zoomed(2, place, (400, 300)).to_image(place, (400, 300)) == pytest.approx(kept)
    moved = view.panned(30, -20)
    assert moved.to_glass(view.to_image((100, 100), (400, 300)), (400, 300)) == pytest.approx((130, 80))


def test_the_part_a_state_asks_for_fills_the_glass(canvas: ImageCanvas) -> None:
    seen(canvas, Layers(), shown=(10.0, 10.0, 30.0, 30.0))
    assert canvas.zoom == 20


def test_what_is_wrong_is_said_on_the_picture_and_to_a_screen_reader(canvas: ImageCanvas) -> None:
    seen(canvas, Layers(), notes=(Text("The file is damaged or cut short."),))
    canvas.set_notes(["2 images are damaged"])
    assert canvas.note_lines() == ("The file is damaged or cut short.", "2 images are damaged")
    assert "cut short" in canvas.accessibleDescription()
    quiet = np.asarray(seen(canvas, Layers()).bits()).copy()
    canvas.set_notes(["X" * 30])
    assert not np.array_equal(quiet, np.asarray(canvas.grab().toImage().bits()))
    canvas.show_series(2)
    assert canvas.note_lines() == ()


def test_colours_are_brought_from_the_profile_to_the_screen() -> None:
    image = QImage(4, 4, QImage.Format.Format_RGB888)
    image.fill(QColor(10, 200, 30))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = in_screen_colours(image, srgb).pixelColor(1, 1)
    assert max(abs(same.red() - 10), abs(same.green() - 200), abs(same.blue() - 30)) <= 3
    for nonsense in (b"", bytes(300), srgb[:200]):
        assert in_screen_colours(image, nonsense) == image


def test_a_large_drawing_is_thinned_and_no_line_is_lost() -> None:
    drawn = np.zeros((3001, 3001), np.uint8)
    drawn[1500, :] = 1
    small, step = thinned(drawn)
    assert step == 4
    assert small.shape == (751, 751)
    assert small.any(axis=1).sum() == 1
    assert small[375].all()


def test_a_view_that_is_seen_holds_what_was_measured(canvas: ImageCanvas) -> None:
    assert canvas.seen is None
    seen(canvas, Layers(marks=(Mark("point", ((1, 1),)),)))
    canvas.draw_length((5, 5), (15, 5))
    canvas.invert()
    now = canvas.seen
    assert now is not None
    assert now.is_inverted
    assert [mark.kind for mark in now.marks] == ["point", "polyline", "text"]
    assert now.marks[1].points == ((5, 5), (15, 5))
    assert "px" in now.marks[2].words
