"""Slices that make no body are refused with a sentence; those that do make one within memory, and may be left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from clinic_app.imaging.volume import Cut, NoVolumeError, cut_of, volume_of
from clinic_app.imaging.volume.building import _sort
from tests.helpers.phantoms import Geometry, slice_file, stack_of, stack_of_body, turned

SMALL = Geometry(count=5, rows=8, columns=6)


def refused(files: list[bytes]) -> str:
    with pytest.raises(NoVolumeError) as caught:
        volume_of(stack_of(files))
    return caught.value.text.render("en")


def slices(places: list[float], change: Callable[[Dataset], None] = lambda _dataset: None) -> list[bytes]:
    """Return slices; the last of them is changed."""
    return [slice_file(SMALL, place) for place in places[:-1]] + [slice_file(SMALL, places[-1], change)]


def test_a_missing_slice_is_named_by_the_images_beside_it() -> None:
    assert refused(slices([0, 1, 2, 4, 5])).endswith("between 3–4.")
    assert refused(slices([5, 4, 2, 1, 0])).endswith("between 3–2.")


def test_the_same_place_twice_is_named() -> None:
    assert refused(slices([0, 1, 2, 2, 3])) == "Several images lie at the same place: 3–4."


def test_many_faults_are_named_up_to_a_few() -> None:
    assert refused(slices([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7])).endswith("11–12 ….")


def test_slices_that_lie_unevenly_beside_one_another_are_no_tilted_gantry() -> None:
    tilted = Geometry(count=5, rows=8, columns=6, shift_mm=0.8)
    straight = Geometry(count=5, rows=8, columns=6)
    assert "tilted gantry" in refused([slice_file(tilted if place > 2 else straight, place) for place in range(5)])


def test_no_gantry_is_tilted_so_far() -> None:
    lying = Geometry(count=5, rows=8, columns=6, shift_mm=3.2)
    assert "tilted gantry" in refused([slice_file(lying, place) for place in range(5)])


def test_a_tilted_body_needs_room_twice() -> None:
    tilted = Geometry(count=5, rows=8, columns=6, shift_mm=0.8)
    with pytest.raises(NoVolumeError, match="too large"):
        volume_of(stack_of_body(tilted), most_bytes=5 * 8 * 6 * 2 * 2)
    answers = iter([False] * 5 + [True])
    assert volume_of(stack_of_body(tilted), is_cancelled=lambda: next(answers)) is None


def test_positions_written_with_few_digits_are_no_fault() -> None:
    def rounded(dataset: Dataset) -> None:
        dataset.ImagePositionPatient = [f"{float(each) + 0.008:.2f}" for each in dataset.ImagePositionPatient]

    files = [slice_file(SMALL, place, rounded if place % 2 else lambda _dataset: None) for place in range(5)]
    assert volume_of(stack_of(files)) is not None


def _turn(dataset: Dataset) -> None:
    dataset.ImageOrientationPatient = [each for row in turned((5, 0, 0))[:2] for each in row]


def _another_reference(dataset: Dataset) -> None:
    dataset.FrameOfReferenceUID = "9.9"


def _larger_pixels(dataset: Dataset) -> None:
    dataset.PixelSpacing = [1.7, 2.0]


def _nowhere(dataset: Dataset) -> None:
    del dataset.ImagePositionPatient


def _smaller(dataset: Dataset) -> None:
    dataset.Rows = 4
    dataset.PixelData = dataset.PixelData[: 4 * 6 * 2]


def _other_zero(dataset: Dataset) -> None:
    dataset.RescaleIntercept = -1024


def _cut(dataset: Dataset) -> None:
    dataset.PixelData = b"\0\0"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_turn, "do not all lie in one direction"),
        (_another_reference, "do not all lie in one direction"),
        (_larger_pixels, "pixels of different sizes"),
        (_nowhere, "Image 5 does not say where"),
        (_smaller, "different sizes or kinds"),
        (_other_zero, "not comparable"),
        (_cut, "Image 5 is damaged"),
    ],
)
def test_one_slice_that_differs_is_enough(change: Callable[[Dataset], None], sentence: str) -> None:
    assert sentence in refused(slices([0, 1, 2, 3, 4], change))


def test_two_slices_are_no_body_and_colours_are_none() -> None:
    assert "at least 3" in refused(slices([0, 1]))
    path = str(get_testdata_file("examples_rgb_color.dcm", download=False))
    with open(path, "rb") as file:  # noqa: PTH123 - one file, thrice
        data = file.read()
    assert "grey images" in refused([data] * 3)


def test_a_body_larger_than_memory_is_refused_before_anything_is_made() -> None:
    with pytest.raises(NoVolumeError, match="too large"):
        volume_of(stack_of_body(SMALL), most_bytes=5 * 8 * 6 * 2 - 1)
    assert volume_of(stack_of_body(SMALL), most_bytes=5 * 8 * 6 * 2) is not None


def test_progress_is_told_and_whoever_leaves_gets_none() -> None:
    told: list[tuple[int, int]] = []
    volume_of(stack_of_body(SMALL), progress=lambda done, total: told.append((done, total)))
    assert told == [(each, 5) for each in range(1, 6)]
    answers = iter([False, False, True])
    assert volume_of(stack_of_body(SMALL), is_cancelled=lambda: next(answers)) is None


def test_nothing_of_the_slices_is_kept_beside_the_body() -> None:
    stack = stack_of_body(SMALL)
    volume_of(stack)
    assert not any(stack.has(place) for place in range(5))


def test_slices_of_different_slopes_are_brought_to_the_coarsest() -> None:
    slopes = [0.5, 2.0, 1.0, 4.0, 0.25]

    def change(slope: float) -> Callable[[Dataset], None]:
        def scaled(dataset: Dataset) -> None:
            dataset.RescaleSlope, dataset.RescaleIntercept = slope, 0
            dataset.PixelData = np.full((8, 6), round(1000 / slope), "<i2").tobytes()

        return scaled

    volume = volume_of(stack_of([slice_file(SMALL, place, change(slope)) for place, slope in enumerate(slopes)]))
    assert volume is not None
    assert volume.slope == 4.0
    assert np.unique(volume.values * volume.slope + volume.intercept).tolist() == [1000.0]


def test_padding_counts_in_no_thick_cut_unless_there_is_nothing_else() -> None:
    def padded(dataset: Dataset) -> None:
        pixels = np.full((8, 6), 50, "<i2")
        pixels[0] = -2000
        if dataset.SOPInstanceUID.endswith(".11"):
            pixels[1] = -2000
        dataset.PixelPaddingValue = -2000
        dataset.PixelData = pixels.tobytes()

    volume = volume_of(stack_of([slice_file(SMALL, place, padded) for place in range(5)]))
    assert volume is not None
    for mode in ("mean", "maximum", "minimum"):
        stored = cut_of(volume, Cut("axial", 2, 1000.0, mode)).stored  # type: ignore[arg-type]
        assert np.unique(stored[0]).tolist() == [-2000]
        assert np.unique(stored[1:]).tolist() == [50]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 3, 0), (1, 0, 3, 2), (2, 0, 3, 1)])
def test_slices_are_sorted_in_place(order: tuple[int, ...]) -> None:
    values = np.arange(4, dtype=np.int16).repeat(3).reshape(4, 3)
    _sort(values, order)
    assert values[:, 0].tolist() == list(order)
