"""Marks: their points stay places, whatever is pulled or moved, and nothing that is no place is kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.imaging.measuring import KINDS, Kind, Mark
from clinic_app.imaging.measuring.marks import (
    LONGEST_WORDS,
    MOST_POINTS,
    checked,
    ellipse_points,
    head_points,
    thinned_out,
)
from clinic_app.imaging.measuring.shapes import half_axes

PLACES = st.floats(0, 100).map(lambda value: round(value, 3))
POINTS = st.tuples(PLACES, PLACES)
SQUARE = ((10.0, 10.0), (20.0, 10.0), (15.0, 5.0), (15.0, 15.0))


def made(kind: Kind) -> Mark:
    count = {"length": 2, "rectangle": 2, "arrow": 2, "scale": 2, "angle": 3, "free": 3, "point": 1, "text": 1}
    points = tuple((float(place * 7 % 40), float(place * 11 % 40)) for place in range(count.get(kind, 4)))
    return Mark(kind, points, known_mm=10.0 if kind == "scale" else 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_and_one_point_less_or_more_cannot(kind: Kind) -> None:
    mark = made(kind)
    assert mark.is_sound
    assert not Mark(kind, mark.points[1:], known_mm=mark.known_mm).is_sound
    if kind != "free":
        assert not Mark(kind, (*mark.points, (1.0, 1.0)), known_mm=mark.known_mm).is_sound


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e30])
def test_what_is_no_place_is_no_mark(number: float) -> None:
    mark = Mark("length", ((0.0, 0.0), (number, 1.0)))
    assert not mark.is_sound
    with pytest.raises(InvalidInputError):
        checked([mark])


def test_a_million_points_are_no_region_and_a_book_is_no_remark() -> None:
    assert not Mark("free", ((0.0, 0.0),) * (MOST_POINTS + 1)).is_sound
    with pytest.raises(InvalidInputError):
        checked([Mark("text", ((1.0, 1.0),), "x" * (LONGEST_WORDS + 1))])
    fine = Mark("text", ((1.0, 1.0),), "x" * LONGEST_WORDS)
    assert checked([fine]) == (fine,)


@pytest.mark.parametrize(("kind", "known"), [("scale", 0.0), ("scale", -1.0), ("scale", math.nan), ("length", 5.0)])
def test_only_a_scale_knows_a_length_and_it_must_know_one(kind: Kind, known: float) -> None:
    assert not Mark(kind, ((0.0, 0.0), (1.0, 1.0)), known_mm=known).is_sound


@given(POINTS, POINTS, st.floats(-300, 300), st.floats(-300, 300))
@settings(max_examples=25)
def test_a_mark_is_moved_as_a_whole_and_never_out_of_the_picture(
    a: tuple[float, float], b: tuple[float, float], dx: float, dy: float
) -> None:
    moved = Mark("length", (a, b)).moved(dx, dy, 100, 100)
    assert moved.lies_on(100, 100)
    assert moved.points[1][0] - moved.points[0][0] == pytest.approx(b[0] - a[0], abs=1e-9)
    assert moved.points[1][1] - moved.points[0][1] == pytest.approx(b[1] - a[1], abs=1e-9)


def test_an_end_of_a_line_goes_where_it_is_pulled() -> None:
    mark = Mark("length", ((0.0, 0.0), (5.0, 5.0))).with_point(1, (9.0, 2.0))
    assert mark.points == ((0.0, 0.0), (9.0, 2.0))


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("aspect", [1.0, 2.5])
def test_an_ellipse_pulled_at_one_end_turns_around_its_middle_and_keeps_its_right_angle(
    place: int, aspect: float
) -> None:
    mark = Mark("ellipse", SQUARE).with_point(place, (19.0, 17.0), aspect)
    points = mark.points
    assert points[place] == pytest.approx((19.0, 17.0))
    for first in (0, 2):
        middle = [(a + b) / 2 for a, b in zip(points[first], points[first + 1], strict=True)]
        assert middle == pytest.approx([15.0, 10.0])
    across = (points[1][0] - points[0][0], (points[1][1] - points[0][1]) * aspect)
    down = (points[3][0] - points[2][0], (points[3][1] - points[2][1]) * aspect)
    assert across[0] * down[0] + across[1] * down[1] == pytest.approx(0, abs=1e-9)


def test_an_ellipse_pulled_together_to_nothing_stays_as_it_was() -> None:
    assert Mark("ellipse", SQUARE).with_point(0, (15.0, 10.0)).points == SQUARE


@given(POINTS, POINTS)
@settings(max_examples=25)
def test_an_ellipse_lies_in_the_rectangle_it_was_drawn_in_the_longer_axis_first(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    points = ellipse_points(a, b)
    assert math.dist(points[0], points[1]) >= math.dist(points[2], points[3])
    for axis in (0, 1):
        assert min(point[axis] for point in points) == pytest.approx(min(a[axis], b[axis]))
        assert max(point[axis] for point in points) == pytest.approx(max(a[axis], b[axis]))


@pytest.mark.parametrize("aspect", [1.0, 0.5, 3.0])
def test_a_head_begins_with_the_share_of_a_usual_one_whatever_the_pixels_are(aspect: float) -> None:
    points = head_points((10.0, 10.0), (50.0, 30.0), 0.78, aspect)
    long, short = half_axes(points, (1.0, aspect))
    assert short / long == pytest.approx(0.78)
    assert 2 * long == pytest.approx(math.hypot(40, 20 * aspect))


def test_a_line_by_hand_loses_points_that_say_nothing_and_never_has_too_many() -> None:
    line = [(place / 100, 0.0) for place in range(1000)]
    assert len(thinned_out(line, 0.5)) == 20
    assert len(thinned_out([(float(place), 0.0) for place in range(9000)], 0.5)) <= MOST_POINTS
    assert thinned_out([], 1.0) == ()


def test_a_mark_knows_its_picture() -> None:
    assert Mark("point", ((1.0, 1.0),), sop_uid="1.2", frame_number=4).place == ("1.2", 4)
    assert not Mark("point", ((-5.0, 1.0),)).lies_on(10, 10)
    assert Mark("point", ((10.0, 10.0),)).lies_on(10, 10)
