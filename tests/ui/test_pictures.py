"""Smaller copies of a picture: where they lie, what they hold, and that padding stays padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic_app.imaging import Window
from tests.helpers.frames import made_frame, ramp, real_frame
from ui.pictures import Area, picture_of, small_picture
from ui.widgets.image_view import MOST_ZOOM, ImageView


def test_a_small_picture_is_shown_from_its_stored_values() -> None:
    frame = made_frame(ramp(128, 128))
    picture = picture_of(frame)
    assert len(picture.levels) == 1
    assert picture.levels[0] is frame.stored


def test_each_copy_is_half_as_large_and_holds_means() -> None:
    stored = np.random.default_rng(1).integers(-2000, 2000, (1301, 2600)).astype(np.int16)
    picture = picture_of(made_frame(stored))
    assert [level.shape for level in picture.levels] == [(1301, 2600), (651, 1300), (326, 650), (163, 325)]
    block = stored[10:12, 20:22].astype(int)
    assert picture.levels[1][5, 10] == block.sum() >> 2
    assert picture.levels[1].dtype == np.int16


def test_the_greatest_values_do_not_overflow_in_a_mean() -> None:
    stored = np.full((700, 700), 65535, np.uint16)
    assert picture_of(made_frame(stored)).levels[1].min() == 65535


def test_padding_is_not_mixed_into_the_picture() -> None:
    stored = np.full((1400, 1400), 100, np.int16)
    stored[:, 701:] = -2000
    frame = replace(made_frame(stored), padding=-2000)
    assert set(np.unique(picture_of(frame).levels[1])) == {100, -2000}


@pytest.mark.parametrize(("scale", "level"), [(2.0, 0), (0.6, 0), (0.5, 1), (0.3, 1), (0.25, 2), (0.01, 2)])
def test_the_smallest_copy_is_taken_that_is_as_fine_as_the_screen(scale: float, level: int) -> None:
    assert picture_of(made_frame(ramp(2000, 2000))).level_for(scale) == level


def test_a_part_is_toned_as_the_whole_is() -> None:
    frame = real_frame("CT_small.dcm")
    picture = picture_of(frame)
    window = Window(40, 400)
    whole = picture.toned(0, Area(0, 0, 128, 128), window, is_inverted=False)
    part = picture.toned(0, Area(10, 20, 50, 90), window, is_inverted=False)
    assert np.array_equal(part, whole[20:90, 10:50])


def test_colours_stay_colours() -> None:
    frame = real_frame("examples_rgb_color.dcm")
    small = small_picture(frame, 100)
    assert small.ndim == 3
    assert max(small.shape[:2]) <= 100


def test_a_thumbnail_has_the_frame_in_its_own_window() -> None:
    small = small_picture(made_frame(ramp(1024, 1024)), 112)
    assert max(small.shape) <= 112
    assert small[0, 0] < 20
    assert small[0, -1] > 235


def test_a_view_goes_to_the_image_and_back() -> None:
    view = ImageView(2.5, (40.0, 30.0), 1.5).panned(13, -7)
    glass = (640.0, 480.0)
    assert view.to_image(view.to_glass((12.0, 81.0), glass), glass) == pytest.approx((12.0, 81.0))


def test_nobody_zooms_without_end() -> None:
    view = ImageView(1.0, (0, 0))
    for _step in range(100):
        view = view.zoomed(2.0, (0, 0), (100, 100))
    assert view.zoom == MOST_ZOOM
