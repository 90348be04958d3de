"""Where a picture lies in the patient, and how it is turned before it is shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.imaging.display.geometry import Plane, plane_of
from clinic_app.imaging.display.turning import UPRIGHT, Turn
from tests.helpers.dicom_files import item

AXIAL = item(
    ImagePositionPatient=[-10, 20, 5], ImageOrientationPatient=[1, 0, 0, 0, 1, 0], PixelSpacing=[2, 0.5],
    FrameOfReferenceUID="1.2", SliceThickness=4,
)  # fmt: skip
TURNS = [Turn(quarters, is_flipped) for quarters in range(4) for is_flipped in (False, True)]


def plane() -> Plane:
    found = plane_of(AXIAL, 0)
    assert found is not None
    return found


def test_the_middle_of_the_first_pixel_is_the_position() -> None:
    assert plane().to_pixels(np.array([[-10.0, 20, 5]])).tolist() == [[0.5, 0.5, 0]]
    assert plane().to_patient(0.5, 0.5).tolist() == [-10, 20, 5]


def test_columns_and_rows_have_their_own_millimetres() -> None:
    x, y, away = plane().to_pixels(np.array([[-9.0, 24, 8]]))[0]
    assert (x, y, away) == (2.5, 2.5, 3)
    assert plane().thickness_mm == 4


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_there_and_back_is_the_same_place(x: float, y: float) -> None:
    assert plane().to_pixels(plane().to_patient(x, y)[None])[0][:2] == pytest.approx([x, y], abs=1e-6)


def test_depth_grows_along_the_normal_and_parallel_planes_are_known() -> None:
    deeper = plane_of(item(ImagePositionPatient=[0, 0, 9], **_rest()), 0)
    across = plane_of(item(ImagePositionPatient=[0, 0, 9], **_rest(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])), 0)
    assert deeper is not None
    assert across is not None
    assert deeper.depth - plane().depth == 4
    assert plane().is_parallel(deeper)
    assert not plane().is_parallel(across)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 1, 0]},
        {"ImageOrientationPatient": [1, 0, 0]},
        {"PixelSpacing": [0, 1]},
        {"PixelSpacing": [-1, 1]},
    ],
)
def test_a_plane_that_cannot_be_is_none(wrong: dict[str, object]) -> None:
    assert plane_of(item(ImagePositionPatient=[0, 0, 0], **_rest(**wrong)), 0) is None
    assert plane_of(item(**_rest()), 0) is None


def test_directions_are_of_length_one_whatever_the_file_says() -> None:
    long = plane_of(item(ImagePositionPatient=[0, 0, 0], **_rest(ImageOrientationPatient=[2, 0, 0, 0, 2, 0])), 0)
    assert long is not None
    assert long.along_row == (1, 0, 0)
    assert long.normal.tolist() == [0, 0, 1]


def test_a_quarter_turn_brings_what_is_right_down() -> None:
    assert Turn(1).shown((1, 0)) == (0, 1)
    assert Turn(1, is_flipped=True).shown((0, 1)) == (1, 0)
    assert UPRIGHT.shown((3, 4)) == (3, 4)


@pytest.mark.parametrize("turn", TURNS)
def test_what_is_turned_is_turned_back(turn: Turn) -> None:
    assert turn.stored(turn.shown((3, 4))) == (3, 4)
    assert turn.is_across == (abs(turn.shown((1, 0))[0]) == 0)


@pytest.mark.parametrize("turn", TURNS)
def test_turning_further_is_as_it_is_seen(turn: Turn) -> None:
    x, y = turn.shown((3, 4))
    assert turn.then_right().shown((3, 4)) == (-y, x)
    assert turn.then_flipped().shown((3, 4)) == (-x, y)


def _rest(**more: object) -> dict[str, object]:
    return {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [2, 0.5], **more}
