"""Drawings of groups 60xx and shutters: where they lie, also outside the picture and in unused bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.imaging.display.overlays import OverlayPlane, overlays_of
from clinic_app.imaging.display.shutters import Circle, Shutter, shutter_of
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render_whole
from clinic_app.imaging.windowing import Window
from tests.helpers.dicom_files import bytes_of, item, made_file, overlay

FLAT = np.full((8, 10), 100, np.int16)
CROSS = np.eye(4, 6, dtype=bool)
ALL = Window(100, 200, "LINEAR_EXACT")


def read(dataset: Dataset) -> Dataset:
    return read_dataset(bytes_of(dataset))


def planes(dataset: Dataset, index: int = 0) -> tuple[OverlayPlane, ...]:
    return overlays_of(read(dataset), index)


@pytest.mark.parametrize(("row", "column"), [(1, 1), (3, 2), (-1, -2), (7, 9), (100, 100)])
def test_a_drawing_lies_where_its_origin_says(row: int, column: int) -> None:
    dataset = made_file(FLAT)
    overlay(dataset, CROSS, row=row, column=column)
    (plane,) = planes(dataset)
    assert (plane.top, plane.left) == (row - 1, column - 1)
    assert (plane.bottom, plane.right) == (row + 3, column + 5)
    np.testing.assert_array_equal(plane.drawn, CROSS)


def test_only_what_lies_on_the_picture_is_drawn_into_a_file_of_it() -> None:
    dataset = made_file(FLAT)
    overlay(dataset, CROSS, row=-1, column=0)
    pixels = render_whole(frame_of(read(dataset), 0), ALL)
    assert sorted(zip(*np.nonzero(pixels == 255), strict=True)) == [(0, 1), (1, 2)]
    assert np.all(pixels[pixels != 255] == 128)


def test_every_group_is_read_and_the_next_one_is_not() -> None:
    dataset = made_file(FLAT)
    for group in (0x6000, 0x6004, 0x601E, 0x6020):
        overlay(dataset, CROSS, group=group)
    assert [plane.group for plane in planes(dataset)] == [0x6000, 0x6004, 0x601E]


def test_each_picture_has_its_own_drawing_and_a_single_one_is_for_all() -> None:
    several = made_file(np.stack([FLAT] * 3))
    drawn = np.zeros((2, 3, 5), bool)
    drawn[0, 0, 0], drawn[1, 2, 4] = True, True
    overlay(several, drawn)
    assert [np.argwhere(planes(several, index)[0].drawn).tolist() for index in (0, 1)] == [[[0, 0]], [[2, 4]]]
    assert planes(several, 2) == ()
    single = made_file(np.stack([FLAT] * 3))
    overlay(single, CROSS)
    assert all(planes(single, index)[0].drawn.sum() == 4 for index in range(3))


def test_drawings_in_unused_bits_of_the_pixels_are_found(shared_data: Path) -> None:
    dataset = read_dataset((shared_data / "dicom" / "luts_overlays" / "overlay.dcm").read_bytes())
    frame = frame_of(dataset, 0)
    assert [plane.group for plane in frame.layers.overlays] == [0x6000, 0x6002, 0x6004, 0x6006]
    assert all(plane.drawn.sum() > 500 for plane in frame.layers.overlays)
    assert frame.stored.max() < 4096, "the drawings are no pixels"


@pytest.mark.parametrize(
    ("element", "value"), [((0x6000, 0x10), 60_000), ((0x6000, 0x11), 0), ((0x6000, 0x3000), b"\1\0")]
)
def test_a_drawing_that_cannot_be_is_none(element: tuple[int, int], value: object) -> None:
    dataset = made_file(FLAT)
    overlay(dataset, CROSS)
    dataset[element].value = value
    assert planes(dataset) == ()


def test_a_rectangle_leaves_its_inside_open() -> None:
    seen = _shutter(
        ShutterShape="RECTANGULAR",
        ShutterLeftVerticalEdge=3,
        ShutterRightVerticalEdge=5,
        ShutterUpperHorizontalEdge=2,
        ShutterLowerHorizontalEdge=4,
        ShutterPresentationValue=65_535,
    )
    assert seen.grey == 255
    open_part = seen.open_part(8, 10)
    assert np.argwhere(open_part).min(axis=0).tolist() == [1, 2]
    assert np.argwhere(open_part).max(axis=0).tolist() == [3, 4]


def test_a_circle_and_a_polygon_leave_what_is_in_both() -> None:
    seen = _shutter(
        ShutterShape=["CIRCULAR", "POLYGONAL"],
        CenterOfCircularShutter=[4, 5],
        RadiusOfCircularShutter=3,
        VerticesOfThePolygonalShutter=[1, 1, 1, 5, 8, 5, 8, 1],
    )
    assert seen.circle == Circle(4.5, 3.5, 3)
    open_part = seen.open_part(8, 10)
    assert open_part[3, 3]
    assert not open_part[3, 5], "outside the polygon"
    assert not open_part[0, 0], "outside the circle"


def test_a_drawing_can_be_the_shutter_and_is_no_drawing_then() -> None:
    dataset = made_file(FLAT)
    covered = np.zeros((8, 10), bool)
    covered[:, 6:] = True
    overlay(dataset, covered, group=0x6002)
    dataset.ShutterShape, dataset.ShutterOverlayGroup, dataset.ShutterPresentationValue = "BITMAP", 0x6002, 0
    seen = shutter_of(read(dataset))
    assert seen is not None
    np.testing.assert_array_equal(seen.open_part(8, 10), ~covered)


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"ShutterShape": "CIRCULAR"},
        {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 9, "ShutterRightVerticalEdge": 3},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 2]},
        {"ShutterShape": "HEART"},
    ],
)
def test_a_shutter_that_says_nothing_covers_nothing(elements: dict[str, object]) -> None:
    assert shutter_of(item(**elements)) is None


def test_what_is_covered_has_the_colour_the_file_asks_for() -> None:
    dataset = made_file(FLAT, ShutterShape="CIRCULAR", CenterOfCircularShutter=[4, 5], RadiusOfCircularShutter=2)
    dataset.ShutterPresentationValue = 257 * 40
    pixels = render_whole(frame_of(read(dataset), 0), ALL)
    assert pixels[0, 0] == 40
    assert pixels[3, 4] == 128


def _shutter(**elements: object) -> Shutter:
    found = shutter_of(item(**elements))
    assert found is not None
    return found
