"""Known things in made pictures: cylinders of known Hounsfield units, circles, angles, pixels that are not square.

Every number is compared with one found another way: pixel by pixel in plain Python, by an integral, or by scipy.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ellipe

from clinic_app.imaging import Frame, measured
from clinic_app.imaging.measuring import Mark, Point, adding_up, statistics_of
from clinic_app.imaging.measuring.marks import ellipse_points, head_points
from clinic_app.imaging.measuring.shapes import ellipse_circumference, half_axes, inside, polygon_area
from clinic_app.imaging.measuring.spacing import Spacing
from tests.helpers.frames import made_frame, ramp

AIR, WATER, BONE = -1000, 0, 700
MIDDLE, RADIUS = (64.0, 60.0), 20.0
PLACES = st.floats(2, 46).map(lambda value: round(value, 2))


def cylinder(noise: int = 0) -> Frame:
    """A rod of bone in water, as a CT stores it: slope 2, intercept -1024."""
    ys, xs = np.mgrid[0:128, 0:128] + 0.5
    hounsfield = np.where(np.hypot(xs - MIDDLE[0], ys - MIDDLE[1]) <= RADIUS, BONE, WATER).astype(float)
    hounsfield += np.random.default_rng(5).integers(-noise, noise + 1, hounsfield.shape) * 2
    frame = made_frame(((hounsfield + 1024) / 2).astype(np.int16), mm=0.5, unit="HU")
    return replace(frame, slope=2.0, intercept=-1024.0)


def circle(radius: float, middle: Point = MIDDLE) -> Mark:
    (x, y), r = middle, radius
    return Mark("ellipse", ellipse_points((x - r, y - r), (x + r, y + r)))


def numbers(frame: Frame, mark: Mark) -> dict[str, float]:
    found = measured(frame, mark, statistics_of(frame, mark))
    return {value.name.render("en"): value.number for value in found.values}


def units(frame: Frame, mark: Mark) -> dict[str, str]:
    found = measured(frame, mark, statistics_of(frame, mark))
    return {value.name.render("en"): value.unit for value in found.values}


def test_a_region_that_reaches_beyond_the_picture_says_so_and_counts_only_what_is_there() -> None:
    frame, beyond = cylinder(), circle(30.0, (10.0, 60.0))
    found = statistics_of(frame, beyond)
    assert found is not None
    xs, ys = np.meshgrid(np.arange(128) + 0.5, np.arange(128) + 0.5)
    assert found.count == int((np.hypot(xs - 10, ys - 60) <= 30).sum())
    note = measured(frame, beyond, found).note
    assert note is not None
    assert note.render("en") == "A part of it lies outside the picture."
    for within in (circle(30.0), Mark("rectangle", ((0.0, 0.0), (128.0, 128.0)))):
        assert measured(frame, within, statistics_of(frame, within)).note is None


def test_inside_the_rod_is_bone_and_nothing_else() -> None:
    frame, found = cylinder(), numbers(cylinder(), circle(RADIUS - 2))
    assert (found["Mean"], found["SD"], found["Least"], found["Greatest"]) == (BONE, 0, BONE, BONE)
    assert found["Area"] == pytest.approx(math.pi * 18**2 * 0.25)
    assert found["Circumference"] == pytest.approx(2 * math.pi * 18 * 0.5)
    assert found["Pixels"] * 0.25 == pytest.approx(found["Area"], rel=0.01)
    assert units(frame, circle(5.0))["Mean"] == "HU"
    assert units(frame, circle(5.0))["Area"] == "mm²"


def test_half_bone_and_half_water_is_between() -> None:
    found = numbers(cylinder(), Mark("rectangle", ((64.0, 0.0), (128.0, 120.0))))
    share = math.pi * RADIUS**2 / 2 / (64 * 120)
    assert found["Mean"] == pytest.approx(BONE * share, rel=0.01)
    assert found["SD"] == pytest.approx(BONE * math.sqrt(share * (1 - share)), rel=0.01)
    assert (found["Width"], found["Height"]) == (32.0, 60.0)


def test_the_mean_is_that_of_plain_arithmetic_pixel_by_pixel() -> None:
    frame = cylinder(noise=20)
    mark = circle(23.3, (61.4, 57.9))
    values = [
        float(frame.stored[y, x]) * 2 - 1024
        for y in range(128)
        for x in range(128)
        if math.hypot(x + 0.5 - 61.4, y + 0.5 - 57.9) <= 23.3
    ]
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / len(values))
    found = statistics_of(frame, mark)
    assert found is not None
    assert found.count == len(values)
    assert (found.mean, found.deviation) == pytest.approx((mean, deviation))
    assert (found.least, found.greatest) == (min(values), max(values))


def test_strips_add_up_to_the_whole() -> None:
    stored = np.random.default_rng(3).integers(0, 4000, (1500, 1400)).astype(np.uint16)
    frame = made_frame(stored)
    mark = Mark("rectangle", ((0.0, 0.0), (1400.0, 1500.0)))
    strips = sum(1 for _strip in adding_up(frame, mark))
    found = statistics_of(frame, mark)
    assert found is not None
    assert strips > 3
    assert found.count == stored.size
    assert (found.mean, found.deviation) == pytest.approx((stored.mean(), stored.std()))


def test_a_negative_slope_turns_least_and_greatest_around() -> None:
    frame = replace(made_frame(ramp(8, 8)), slope=-1.0, intercept=100.0)
    found = statistics_of(frame, Mark("rectangle", ((0.0, 0.0), (8.0, 8.0))))
    assert found is not None
    assert (found.least, found.greatest) == (-900.0, 100.0)


def test_padding_is_no_tissue() -> None:
    stored = np.full((20, 20), 50, np.int16)
    stored[:, :10] = -2000
    frame = replace(made_frame(stored), padding=-2000)
    found = statistics_of(frame, Mark("rectangle", ((5.0, 0.0), (15.0, 20.0))))
    assert found is not None
    assert (found.count, found.mean, found.deviation) == (100, 50.0, 0.0)
    assert statistics_of(frame, Mark("rectangle", ((0.0, 0.0), (10.0, 20.0)))) is None


def test_a_colour_picture_has_an_area_and_no_mean_and_that_is_said() -> None:
    frame = made_frame(np.zeros((20, 20, 3), np.uint8), mm=1.0)
    mark = Mark("rectangle", ((0.0, 0.0), (10.0, 10.0)))
    found = measured(frame, mark, statistics_of(frame, mark))
    assert [value.name.render("en") for value in found.values] == ["Area", "Width", "Height"]
    assert found.note is not None
    assert "no mean" in found.note.render("en")
    assert measured(frame, Mark("point", ((3.0, 3.0),))).values == ()


def test_a_region_smaller_than_a_pixel_holds_none_and_says_so() -> None:
    frame, mark = cylinder(), Mark("rectangle", ((3.6, 3.6), (3.9, 3.9)))
    found = measured(frame, mark, statistics_of(frame, mark))
    assert found.note is not None
    assert "No pixel" in found.note.render("en")
    waiting = measured(frame, mark, None, is_added=False)
    assert waiting.note is None


@given(st.lists(st.tuples(PLACES, PLACES), min_size=3, max_size=9))
@settings(max_examples=25)
def test_the_inside_of_any_line_by_hand_is_that_of_rays_counted_one_by_one(points: list[Point]) -> None:
    mark = Mark("free", tuple(points))
    found = inside(mark, 0, 48, 0, 48)
    for y in range(0, 48, 5):
        for x in range(0, 48, 3):
            assert found[y, x] == _is_within(points, x + 0.5, y + 0.5), (x, y)


def _is_within(points: list[Point], x: float, y: float) -> bool:
    """Count the edges to the left of a place."""
    crossed = 0
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if (y1 <= y) != (y2 <= y):
            crossed += x1 + (y - y1) * (x2 - x1) / (y2 - y1) <= x
    return crossed % 2 == 1


@given(st.floats(1, 40), st.floats(1, 40), st.floats(0, math.pi))
@settings(max_examples=20)
def test_area_and_edge_of_a_turned_ellipse_are_those_of_calculus(a: float, b: float, turn: float) -> None:
    long, short = max(a, b), min(a, b)
    ends = [(50 + way * a * math.cos(turn), 50 + way * a * math.sin(turn)) for way in (1, -1)]
    ends += [(50 - way * b * math.sin(turn), 50 + way * b * math.cos(turn)) for way in (1, -1)]
    assert half_axes(ends) == pytest.approx((long, short))
    exact = 4 * long * float(ellipe(1 - (short / long) ** 2))
    assert ellipse_circumference(long, short) == pytest.approx(exact, rel=5e-4)


def test_the_circumference_of_a_head_is_within_a_thousandth_of_a_millimetre() -> None:
    a, b = 47.5, 37.0
    exact, _error = quad(lambda t: math.hypot(a * math.sin(t), b * math.cos(t)), 0, 2 * math.pi)
    assert ellipse_circumference(a, b) == pytest.approx(exact, abs=0.001)
    assert ellipse_circumference(0, 0) == 0


@pytest.mark.parametrize("rows_mm", [0.2, 0.5])
def test_a_head_has_its_axes_whichever_way_it_lies_and_whatever_the_pixels_are(rows_mm: float) -> None:
    frame = replace(made_frame(ramp(400, 400)), spacing=Spacing(rows_mm, 0.2, "region"))
    aspect = rows_mm / 0.2
    for end in ((300.0, 100.0), (100.0, 300.0), (240.0, 170.0)):
        mark = Mark("head ellipse", head_points((100.0, 100.0), end, 0.8, aspect))
        found = numbers(frame, mark)
        long = math.hypot((end[0] - 100) * 0.2, (end[1] - 100) * rows_mm)
        assert found["OFD"] == pytest.approx(long)
        assert found["BPD"] == pytest.approx(0.8 * long)
        assert found["Cephalic index"] == pytest.approx(80)
        assert found["HC"] == pytest.approx(ellipse_circumference(long / 2, 0.4 * long))
        note = measured(frame, mark).note
        assert note is not None
        assert "Ramanujan" in note.render("en")


@pytest.mark.parametrize("degrees", [0.0, 5.0, 30.0, 45.0, 90.0, 120.0, 179.0, 180.0])
def test_an_angle_is_the_one_that_was_drawn(degrees: float) -> None:
    turn = math.radians(degrees)
    mark = Mark("angle", ((90.0, 50.0), (50.0, 50.0), (50 + 30 * math.cos(turn), 50 + 30 * math.sin(turn))))
    assert numbers(made_frame(ramp()), mark)["Angle"] == pytest.approx(degrees, abs=1e-6)


def test_an_angle_is_that_in_the_patient_where_pixels_are_not_square() -> None:
    frame = replace(made_frame(ramp(100, 100)), spacing=Spacing(2.0, 1.0, "calibrated"))
    mark = Mark("angle", ((10.0, 0.0), (0.0, 0.0), (10.0, 5.0)))
    assert numbers(frame, mark)["Angle"] == pytest.approx(45)
    unknown = replace(frame, spacing=None, pixel_aspect=2.0)
    assert numbers(unknown, mark)["Angle"] == pytest.approx(45)


@pytest.mark.parametrize(("first", "second", "wanted"), [(10, -15, 25), (0, 90, 90), (170, 20, 30), (33, 33, 0)])
def test_cobb_is_the_smaller_angle_between_two_lines_whichever_end_is_drawn_first(
    first: float, second: float, wanted: float
) -> None:
    def line(degrees: float, y: float) -> tuple[Point, Point]:
        turn = math.radians(degrees)
        return (50.0, y), (50 + 20 * math.cos(turn), y + 20 * math.sin(turn))

    upper, lower = line(first, 20.0), line(second, 80.0)
    for points in ((*upper, *lower), (*upper[::-1], *lower), (*upper, *lower[::-1])):
        assert numbers(made_frame(ramp()), Mark("cobb", points))["Cobb's angle"] == pytest.approx(wanted, abs=1e-6)


def test_a_free_region_is_as_large_as_its_polygon() -> None:
    points = ((10.0, 10.0), (40.0, 10.0), (40.0, 30.0), (25.0, 20.0), (10.0, 30.0))
    frame = replace(made_frame(ramp(50, 50)), spacing=Spacing(0.4, 0.5, "calibrated"))
    found = numbers(frame, Mark("free", points))
    assert polygon_area(points) == 450
    assert found["Area"] == pytest.approx(450 * 0.2)
    assert found["Circumference"] == pytest.approx(15 + 8 + 2 * math.hypot(7.5, 4) + 8)
    assert found["Pixels"] == pytest.approx(450, abs=20)


def test_a_point_is_the_value_of_its_pixel() -> None:
    frame = cylinder()
    assert numbers(frame, Mark("point", ((64.9, 60.1),))) == {"Value": BONE}
    assert numbers(frame, Mark("point", ((128.0, 128.0),))) == {"Value": WATER}
    padded = replace(frame, padding=int(frame.stored[3, 3]))
    note = measured(padded, Mark("point", ((3.5, 3.5),))).note
    assert note is not None
    assert "padding" in note.render("en")


def test_words_and_arrows_measure_nothing() -> None:
    for mark in (Mark("text", ((1.0, 1.0),), "x"), Mark("arrow", ((1.0, 1.0), (2.0, 2.0)))):
        assert measured(cylinder(), mark).values == ()


def test_an_ellipse_partly_beside_the_picture_counts_what_is_in_it() -> None:
    frame = made_frame(np.full((40, 40), 7, np.int16))
    found = statistics_of(frame, circle(10.0, (0.0, 20.0)))
    assert found is not None
    assert found.count == pytest.approx(math.pi * 100 / 2, rel=0.03)
    flat = Mark("ellipse", ((1.0, 1.0), (9.0, 1.0), (5.0, 1.0), (5.0, 1.0)))
    assert statistics_of(frame, flat) is None
