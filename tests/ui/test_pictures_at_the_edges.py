"""Copies of pictures at their edges: odd sides, padding, greatest values, colour, thumbnails."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clinic_app.imaging import Window
from clinic_app.imaging.measuring.spacing import Spacing
from tests.helpers.frames import made_frame, ramp
from ui.pictures import SMALL_ENOUGH, Area, picture_of, small_picture


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (SMALL_ENOUGH, SMALL_ENOUGH), (1, SMALL_ENOUGH)])
def test_a_small_picture_has_no_copies(shape: tuple[int, int]) -> None:
    assert len(picture_of(made_frame(np.ones(shape, np.int16))).levels) == 1


@pytest.mark.parametrize("shape", [(641, 1), (1, 641), (1283, 7), (2561, 2561)])
def test_each_copy_is_half_as_large_rounded_up_until_it_is_small_enough(shape: tuple[int, int]) -> None:
    levels = picture_of(made_frame(np.ones(shape, np.int16))).levels
    for larger, smaller in itertools.pairwise(levels):
        assert smaller.shape == tuple((side + 1) // 2 for side in larger.shape)
    assert max(levels[-1].shape) <= SMALL_ENOUGH < max(levels[-2].shape)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32])
def test_the_greatest_and_the_least_value_survive_every_copy(kind: Any) -> None:
    for value in (np.iinfo(kind).max, np.iinfo(kind).min):
        levels = picture_of(made_frame(np.full((1300, 3), value, kind))).levels
        assert levels[-1].dtype == kind
        assert np.all(levels[-1] == value)


def test_padding_is_never_mixed_with_what_was_measured() -> None:
    stored = np.full((1300, 4), 100, np.int16)
    stored[0, 0] = -2000
    levels = picture_of(replace(made_frame(stored), padding=-2000)).levels
    assert set(np.unique(levels[1])) == {-2000, 100}
    assert np.count_nonzero(levels[1] == -2000) == 1


def test_the_finest_copy_the_screen_needs_is_chosen() -> None:
    picture = picture_of(made_frame(ramp(2600, 2600)))
    assert len(picture.levels) == 4
    assert [picture.level_for(scale) for scale in (4, 1, 0.51, 0.5, 0.25, 0.125, 0.001)] == [0, 0, 0, 1, 2, 3, 3]


def test_a_part_at_the_corner_is_toned_alone_and_inverted_as_asked() -> None:
    picture = picture_of(made_frame(ramp(64, 64)))
    window = Window(500, 1000, "LINEAR_EXACT")
    part = picture.toned(0, Area(60, 62, 64, 64), window, is_inverted=False)
    turned = picture.toned(0, Area(60, 62, 64, 64), window, is_inverted=True)
    assert part.shape == (2, 4)
    assert part.flags.c_contiguous
    assert np.all(part > 220)
    assert np.all(turned == 255 - part)


@pytest.mark.parametrize(("spacing", "aspect"), [(None, 1.0), (Spacing(2.0, 1.0, "calibrated"), 2.0)])
def test_a_pixel_is_as_high_as_the_file_says_or_square(spacing: Spacing | None, aspect: float) -> None:
    assert picture_of(replace(made_frame(ramp()), spacing=spacing)).aspect == aspect


@pytest.mark.parametrize("shape", [(112, 112), (113, 20), (3000, 1), (7, 900)])
def test_a_thumbnail_fits_its_box_and_has_something_in_it(shape: tuple[int, int]) -> None:
    pixels = small_picture(made_frame(np.ones(shape, np.int16)), 112)
    assert pixels.dtype == np.uint8
    assert min(pixels.shape) >= 1
    assert max(pixels.shape) <= 112
