"""Planes that cut one another, stacks that leaf together, letters at the edges: made series of known orientation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.display.orientation import edges, letters_along, letters_of_plane, opposite, stated_letters
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from clinic_app.imaging.viewing.crossing import (
    Slab,
    at_depth,
    clipped,
    depth_of,
    is_same_space,
    leaf_together,
    line_of,
    nearest,
    same_sense,
)
from tests.helpers.dicom_files import made_file

Vector = tuple[float, float, float]
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
DOWN = (0.0, 0.0, -1.0)


def plane(
    position: Vector, row: Vector = X, column: Vector = Y, mm: float = 1.0, reference: str = "1.2.9", thick: float = 2.0
) -> Plane:
    return Plane(position, row, column, mm, mm, reference, thick)


def axial(z_mm: float, side: int = 100, mm: float = 1.0) -> Slab:
    """A square around the middle of the body, feet up."""
    half = (side - 1) * mm / 2
    return Slab(plane((-half, -half, z_mm), mm=mm), side, side)


def sagittal(x_mm: float, side: int = 100) -> Slab:
    """Rows run from before to behind, columns from head to feet."""
    half = (side - 1) / 2
    return Slab(plane((x_mm, -half, half), Y, DOWN), side, side)


def coronal(y_mm: float, side: int = 100) -> Slab:
    """Rows run from right to left, columns from head to feet."""
    half = (side - 1) / 2
    return Slab(plane((-half, y_mm, half), X, DOWN), side, side)


# --- reference lines ---


def test_a_sagittal_slice_stands_upright_on_an_axial_one_at_its_place() -> None:
    segment = line_of(sagittal(20.0), axial(0.0))
    assert segment is not None
    (x, y), (end_x, end_y) = segment
    assert (x, end_x) == pytest.approx((70.0, 70.0))
    assert sorted((y, end_y)) == pytest.approx([0.0, 100.0])


def test_an_axial_slice_lies_flat_on_sagittal_and_coronal_ones_at_its_height() -> None:
    for other in (sagittal(0.0), coronal(0.0)):
        segment = line_of(axial(30.0), other)
        assert segment is not None
        (x, y), (end_x, end_y) = segment
        assert (y, end_y) == pytest.approx((20.0, 20.0)), "30 mm above the middle, and rows run down"
        assert sorted((x, end_x)) == pytest.approx([0.0, 100.0])


def test_a_small_picture_draws_a_line_of_its_own_length() -> None:
    segment = line_of(sagittal(0.0, side=20), axial(0.0))
    assert segment is not None
    assert sorted((segment[0][1], segment[1][1])) == pytest.approx([40.0, 60.0])


def test_an_oblique_plane_cuts_at_its_angle() -> None:
    lean = math.radians(30)
    row = (0.0, math.cos(lean), math.sin(lean))
    tilted = Slab(plane((-49.5, -49.5 * row[1], -49.5 * row[2]), X, row), 100, 100)
    segment = line_of(sagittal(0.0), tilted)
    assert segment is not None
    assert segment[0][0] == pytest.approx(50.0)
    on_sagittal = line_of(tilted, sagittal(0.0))
    assert on_sagittal is not None
    (x, y), (end_x, end_y) = on_sagittal
    assert abs(math.degrees(math.atan((end_y - y) / (end_x - x)))) == pytest.approx(30.0)


def test_planes_side_by_side_beside_one_another_or_of_another_space_draw_nothing() -> None:
    assert line_of(axial(10.0), axial(0.0)) is None
    assert line_of(axial(500.0), sagittal(0.0)) is None
    assert line_of(sagittal(500.0), axial(0.0)) is None
    elsewhere = Slab(plane((0, 0, 0), reference="1.2.8"), 10, 10)
    assert line_of(elsewhere, sagittal(0.0)) is None
    nowhere = Slab(plane((0, 0, 0), reference=""), 10, 10)
    assert not is_same_space(nowhere.plane, nowhere.plane), "two files that say nothing are not in one place"


@settings(max_examples=25, deadline=None)
@given(st.floats(-40, 40), st.floats(-0.7, 0.7), st.floats(-0.7, 0.7))
def test_every_point_of_a_line_lies_in_both_planes(at_mm: float, tilt: float, turn: float) -> None:
    row = np.array([math.cos(turn), math.sin(turn), 0.0])
    column = np.array([-math.sin(turn) * math.sin(tilt), math.cos(turn) * math.sin(tilt), -math.cos(tilt)])
    other = Slab(plane((at_mm, at_mm, 0.0), tuple(row), tuple(column)), 80, 80)  # type: ignore[arg-type]
    on = axial(0.0)
    segment = line_of(other, on)
    if segment is not None:
        points = np.array([on.plane.to_patient(*end) for end in segment])
        assert np.abs(on.plane.to_pixels(points)[:, 2]).max() < 1e-6
        fallen = other.plane.to_pixels(points)
        assert np.abs(fallen[:, 2]).max() < 1e-6
        assert fallen[:, :2].min() > -1e-6
        assert fallen[:, :2].max() < 80 + 1e-6


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (((-10.0, 5.0), (30.0, 5.0)), ((0.0, 5.0), (20.0, 5.0))),
        (((2.0, 2.0), (4.0, 4.0)), ((2.0, 2.0), (4.0, 4.0))),
        (((-5.0, -5.0), (-1.0, -9.0)), None),
        (((5.0, -3.0), (5.0, 30.0)), ((5.0, 0.0), (5.0, 10.0))),
        (((25.0, 0.0), (25.0, 9.0)), None),
        (((3.0, 3.0), (3.0, 3.0)), ((3.0, 3.0), (3.0, 3.0))),
    ],
)
def test_a_line_ends_at_the_edge_of_the_picture(
    segment: tuple[tuple[float, float], tuple[float, float]], expected: object
) -> None:
    assert clipped(segment, 20, 10) == expected


# --- leafing together ---


def test_the_slice_at_the_same_place_is_found_whatever_the_distances_of_the_stacks() -> None:
    fine = [axial(float(z)).plane for z in range(0, 100, 2)]
    assert nearest(fine, axial(31.0)) in (15, 16)
    assert nearest(fine, axial(40.0, side=30)) == 20
    assert nearest(fine, axial(-50.0)) == 0, "before the first one the first stays"
    assert nearest(list(reversed(fine)), axial(10.0)) == 44


def test_a_stack_that_looks_another_way_or_lies_elsewhere_does_not_follow() -> None:
    assert nearest([axial(0.0).plane], sagittal(0.0)) is None
    assert nearest([plane((0, 0, 0), reference="1.2.7")], axial(0.0)) is None
    assert nearest([None, axial(3.0).plane], axial(0.0)) == 1
    assert nearest([], axial(0.0)) is None
    assert leaf_together(axial(0).plane, plane((0, 0, 0), X, (0.0, math.cos(0.3), math.sin(0.3))))


def test_stacks_of_two_days_follow_by_millimetres() -> None:
    earlier = [plane((0, 0, 100.0 + 5 * step), reference="other day") for step in range(20)]
    like = earlier[0]
    assert depth_of(earlier[4], like) - depth_of(like, like) == pytest.approx(20.0)
    assert at_depth(earlier, depth_of(like, like) + 21.0, like) == 4
    assert at_depth([None, *earlier], 500.0, like) == 20, "after the last one the last stays"
    assert at_depth([sagittal(0).plane], 0.0, like) is None, "the localizer of the stack is passed over"
    assert same_sense(like, axial(0).plane) == 1
    assert same_sense(like, plane((0, 0, 0), X, (0.0, -1.0, 0.0))) == -1


# --- letters ---


def test_letters_say_which_side_of_the_patient_an_edge_is() -> None:
    assert letters_of_plane(axial(0).plane) == ("L", "P")
    assert letters_of_plane(sagittal(0).plane) == ("P", "F")
    assert letters_of_plane(coronal(0).plane) == ("L", "F")
    assert letters_along((0.6, -0.8, 0.0)) == "AL"
    assert letters_along((0.1, 0.0, -0.99)) == "F"
    assert opposite("AL") == "PR"


def test_letters_follow_turns_and_mirrors() -> None:
    letters = ("L", "P")
    assert edges(letters, UPRIGHT) == ("R", "A", "L", "P")
    assert edges(letters, UPRIGHT.then_right()) == ("P", "R", "A", "L"), "what was above is at the right"
    assert edges(letters, UPRIGHT.then_flipped()) == ("L", "A", "R", "P")
    assert edges(letters, Turn(2)) == ("L", "P", "R", "A")


def test_letters_a_file_states_are_read_and_nonsense_is_not() -> None:
    assert stated_letters(made_file(PatientOrientation=["L", "F"])) == ("L", "F")
    assert stated_letters(made_file(PatientOrientation=["al", "fl"])) == ("AL", "FL")
    for nonsense in (["X", "F"], ["L"], "", ["L", "F", "A"]):
        assert stated_letters(made_file(PatientOrientation=nonsense)) is None
    assert stated_letters(made_file()) is None
