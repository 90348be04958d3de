"""The lines marks are drawn with, and how a presentation state keeps them for others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.imaging.measuring import KINDS, Kind, Mark, Point
from clinic_app.imaging.measuring.marks import ellipse_points, head_points
from clinic_app.imaging.measuring.outlines import beside, corners, drawings_of, round_points, strokes_of
from clinic_app.imaging.measuring.shapes import bounds, half_axes, inside

ROUND = ellipse_points((10.0, 20.0), (50.0, 40.0))
SHAPES: dict[Kind, Mark] = {
    "length": Mark("length", ((0.0, 0.0), (30.0, 40.0))),
    "angle": Mark("angle", ((10.0, 0.0), (0.0, 0.0), (0.0, 10.0))),
    "cobb": Mark("cobb", ((0.0, 0.0), (10.0, 0.0), (0.0, 20.0), (10.0, 30.0))),
    "ellipse": Mark("ellipse", ROUND),
    "rectangle": Mark("rectangle", ((10.0, 10.0), (50.0, 30.0))),
    "free": Mark("free", ((10.0, 10.0), (50.0, 10.0), (50.0, 30.0))),
    "point": Mark("point", ((5.0, 5.0),)),
    "arrow": Mark("arrow", ((5.0, 5.0), (9.0, 9.0))),
    "text": Mark("text", ((5.0, 5.0),)),
    "head ellipse": Mark("head ellipse", head_points((10.0, 50.0), (90.0, 50.0), 0.8)),
    "scale": Mark("scale", ((0.0, 0.0), (100.0, 0.0)), known_mm=50.0),
}


@pytest.mark.parametrize(
    ("kind", "count", "closed"),
    [
        ("length", 1, 0),
        ("angle", 1, 0),
        ("cobb", 3, 0),
        ("ellipse", 1, 1),
        ("rectangle", 1, 1),
        ("free", 1, 1),
        ("point", 0, 0),
        ("arrow", 1, 0),
        ("text", 0, 0),
        ("head ellipse", 3, 1),
        ("scale", 1, 0),
    ],
)
def test_each_kind_has_its_lines(kind: Kind, count: int, closed: int) -> None:
    found = strokes_of(SHAPES[kind])
    assert (len(found), sum(each.is_closed for each in found)) == (count, closed)


def test_helping_lines_are_thin_and_others_are_not() -> None:
    assert [each.is_thin for each in strokes_of(SHAPES["head ellipse"])] == [False, True, True]
    assert [each.is_thin for each in strokes_of(SHAPES["cobb"])] == [False, False, True]


def test_the_first_line_of_cobbs_angle_is_seen_while_the_second_is_not_drawn_yet() -> None:
    (only,) = strokes_of(Mark("cobb", ((0.0, 0.0), (9.0, 9.0))))
    assert only.points == ((0.0, 0.0), (9.0, 9.0))


@given(st.floats(1, 60), st.floats(1, 60), st.floats(0, math.pi))
@settings(max_examples=20)
def test_points_of_a_round_line_lie_on_the_ellipse(a: float, b: float, turn: float) -> None:
    across = (a * math.cos(turn), a * math.sin(turn))
    aside = (-b * math.sin(turn), b * math.cos(turn))
    ends = [(100 - across[0], 100 - across[1]), (100 + across[0], 100 + across[1])]
    ends += [(100 - aside[0], 100 - aside[1]), (100 + aside[0], 100 + aside[1])]
    for x, y in round_points(ends):
        along = ((x - 100) * math.cos(turn) + (y - 100) * math.sin(turn)) / a
        across_it = (-(x - 100) * math.sin(turn) + (y - 100) * math.cos(turn)) / b
        assert along**2 + across_it**2 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_presentation_state_gets_lines_it_may_hold_and_one_text(kind: Kind) -> None:
    made = drawings_of(SHAPES[kind], ("12.3 mm", "calibrated"))
    least = {"point": 1, "polyline": 2, "ellipse": 4, "text": 1}
    assert all(len(each.points) >= least[each.kind] for each in made)
    assert [each.words for each in made if each.kind == "text"] == ["12.3 mm\ncalibrated"]
    assert not [each for each in drawings_of(SHAPES[kind], ()) if each.kind == "text"]


def test_what_is_closed_is_closed_in_the_file_too() -> None:
    (edge,) = drawings_of(SHAPES["rectangle"], ())
    assert edge.points == (*corners(SHAPES["rectangle"].points), SHAPES["rectangle"].points[0])
    (line,) = drawings_of(SHAPES["free"], ())
    assert line.points[0] == line.points[-1]


def test_thin_lines_that_only_help_are_left_out_of_the_file() -> None:
    assert [each.kind for each in drawings_of(SHAPES["head ellipse"], ())] == ["ellipse"]
    assert len(drawings_of(SHAPES["cobb"], ())) == 2


def test_an_ellipse_has_its_right_angle_in_the_file_where_pixels_are_not_square() -> None:
    slanted = Mark("ellipse", head_points((20.0, 20.0), (80.0, 50.0), 0.6, aspect=2.0))
    (made,) = drawings_of(slanted, ())
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = made.points
    assert (bx - ax) * (dx - cx) + (by - ay) * (dy - cy) == pytest.approx(0, abs=1e-6)
    assert math.dist((ax, ay), (bx, by)) >= math.dist((cx, cy), (dx, dy))
    assert half_axes(made.points) == pytest.approx(half_axes(slanted.points))


@pytest.mark.parametrize("kind", KINDS)
def test_words_begin_at_the_right_end_of_the_mark(kind: Kind) -> None:
    x, _y = beside(SHAPES[kind])
    assert x >= max(point[0] for point in SHAPES[kind].points) - 1e-9


@given(st.lists(st.tuples(st.floats(-20, 70), st.floats(-20, 70)), min_size=4, max_size=4))
@settings(max_examples=25)
def test_the_bounds_of_a_region_hold_every_pixel_that_is_inside(points: list[Point]) -> None:
    """Also of an ellipse whose axes stand askew, and of regions beside the picture."""
    for kind in ("free", "ellipse"):
        mark = Mark(kind, tuple(points))  # type: ignore[arg-type]
        left, top, right, bottom = bounds(mark, 50, 50)
        whole = inside(mark, 0, 50, 0, 50)
        part = np.zeros_like(whole)
        if right > left and bottom > top:
            part[top:bottom, left:right] = inside(mark, left, right, top, bottom)
        assert np.array_equal(whole, part), kind
