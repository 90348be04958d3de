"""Grey levels while a window is dragged: as many pixels as the screen has, close to what is painted at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from clinic_app.imaging import Window
from tests.helpers.frames import made_frame
from ui.pictures import Area, Picture, picture_of, shrunk
from ui.widgets.image_toning import Toned

WIDE, NARROW = Window(500, 1000, "LINEAR_EXACT"), Window(400, 300, "LINEAR_EXACT")


def smooth(rows: int = 1500, columns: int = 1400) -> NDArray[np.uint16]:
    y, x = np.mgrid[0:rows, 0:columns]
    return (500 + 300 * np.sin(x / 90) + 200 * np.cos(y / 70)).astype(np.uint16)


def toned(picture: Picture, level: int = 0, size: tuple[int, int] = (900, 840)) -> Toned:
    rows, columns = picture.levels[level].shape[:2]
    return Toned(picture, level, Area(0, 0, columns, rows), size)


def test_the_first_look_has_every_value_and_the_next_one_those_of_the_screen() -> None:
    found = toned(picture_of(made_frame(smooth())))
    first = found.image(WIDE, is_inverted=False)
    assert (first.height(), first.width()) == (1500, 1400)
    dragged = found.image(NARROW, is_inverted=False)
    assert (dragged.height(), dragged.width()) == (900, 840)


def test_what_is_seen_while_dragging_is_what_is_seen_at_rest(qapp: QApplication) -> None:
    picture = picture_of(made_frame(smooth()))
    dragged = toned(picture)
    dragged.image(WIDE, is_inverted=False)
    dragged.image(NARROW, is_inverted=False)
    rested = toned(picture)
    at_rest = rested.image(NARROW, is_inverted=False)
    rows = (np.arange(900) + 0.5) * 1500 / 900 - 0.5
    columns = (np.arange(840) + 0.5) * 1400 / 840 - 0.5
    nearest = rested.pixels[np.rint(rows).astype(int)][:, np.rint(columns).astype(int)]
    assert at_rest.height() == 1500
    assert np.abs(dragged.pixels.astype(int) - nearest.astype(int)).max() <= 4


def test_the_same_window_is_not_made_twice() -> None:
    found = toned(picture_of(made_frame(smooth())))
    first = found.image(WIDE, is_inverted=False)
    pixels = found.pixels
    assert found.image(WIDE, is_inverted=False) is first
    assert found.pixels is pixels
    assert found.image(WIDE, is_inverted=True) is not first
    assert found.pixels[0, 0] == pytest.approx(255 - int(pixels[0, 0]), abs=2)


def test_another_place_is_another_part() -> None:
    picture = picture_of(made_frame(smooth()))
    found = toned(picture)
    area = Area(0, 0, 1400, 1500)
    assert found.is_of(picture, 0, area, (900, 840))
    assert not found.is_of(picture, 0, replace(area, left=1), (900, 840))
    assert not found.is_of(picture, 1, area, (900, 840))
    assert not found.is_of(picture, 0, area, (900, 841))
    assert not found.is_of(picture_of(picture.frame), 0, area, (900, 840))


def test_colours_are_never_brought_to_fewer_pixels() -> None:
    colours = np.zeros((700, 700, 3), np.uint8)
    colours[..., 0] = 200
    found = Toned(picture_of(made_frame(colours)), 0, Area(0, 0, 700, 700), (400, 400))
    found.image(WIDE, is_inverted=False)
    image = found.image(NARROW, is_inverted=True)
    assert image.format() == QImage.Format.Format_RGB888
    assert found.pixels.shape == (700, 700, 3)
    assert tuple(found.pixels[3, 3]) == (55, 255, 255)


@pytest.mark.parametrize("size", [(1500, 1400), (3000, 2800), (0, 10)])
def test_nothing_is_made_of_nothing(size: tuple[int, int]) -> None:
    values = smooth()
    assert np.array_equal(shrunk(values, size, made_frame(values)), values)


def test_values_keep_their_kind_sign_and_mean() -> None:
    values = (smooth(301, 203).astype(np.int16) - 700).astype(np.int16)
    found = shrunk(values, (200, 160), made_frame(values))
    assert (found.dtype, found.shape) == (np.int16, (200, 160))
    assert found.mean() == pytest.approx(values.mean(), abs=2)
    assert values.min() <= found.min() <= found.max() <= values.max()
    real = values.astype(np.float32) / 3
    assert shrunk(real, (200, 160), made_frame(real)).dtype == np.float32


def test_a_straight_ramp_stays_straight() -> None:
    ramp = np.tile(np.arange(0, 4000, 10, dtype=np.uint16), (300, 1))
    found = shrunk(ramp, (200, 250), made_frame(ramp))
    expected = np.clip(((np.arange(250) + 0.5) * 400 / 250 - 0.5) * 10, 0, 3990)
    assert np.abs(found[100] - expected).max() <= 0.51


def test_a_pixel_beside_padding_is_padding_and_never_a_mean_of_it() -> None:
    values = np.full((200, 200), 100, np.int16)
    values[:, :50] = -2000
    frame = replace(made_frame(values), padding=-2000)
    found = shrunk(values, (150, 150), frame)
    assert set(np.unique(found)) == {-2000, 100}
    assert (found[75] == -2000).sum() in (38, 39)
