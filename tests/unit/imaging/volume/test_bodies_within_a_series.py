"""A series with a localizer, two phases or several echoes: the body of the picture that is seen, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.volume import Cut, NoVolumeError, Volume, body_of, cut_of
from clinic_app.imaging.volume.choosing import chosen_among
from tests.helpers.phantoms import Geometry, body, slice_file, stack_of

SMALL = Geometry(count=6, rows=8, columns=6)
FAR = 1000
"""Added to the values of the second phase."""


def second(dataset: Dataset) -> None:
    values = np.frombuffer(dataset.PixelData, "<i2") + FAR
    dataset.PixelData = values.astype("<i2").tobytes()


def localizer(dataset: Dataset) -> None:
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]


def slices(places: Sequence[float], change: Callable[[Dataset], None] = lambda _dataset: None) -> list[bytes]:
    return [slice_file(SMALL, place, change) for place in places]


def made(files: list[bytes], at: int) -> Volume:
    found = body_of(stack_of(files), at)
    assert found is not None
    return found


def phase_of(volume: Volume) -> int:
    """Return by how much the body's values are higher than the phantom's; each of them by the same."""
    frame = cut_of(volume, Cut("axial", 2))
    assert frame.plane is not None
    down, across = np.mgrid[0 : frame.rows, 0 : frame.columns]
    points = [frame.plane.to_patient(x + 0.5, y + 0.5) for y, x in zip(down.ravel(), across.ravel(), strict=True)]
    apart = frame.stored.ravel() * frame.slope + frame.intercept - body(np.asarray(points))
    assert np.ptp(apart) <= 2
    return round(float(apart.mean()))


def notes_of(volume: Volume) -> list[str]:
    return [note.render("en") for note in cut_of(volume, Cut("coronal", 2)).notes]


def test_a_series_that_is_one_body_is_that_body_and_says_nothing() -> None:
    volume = made(slices(range(6)), 3)
    assert volume.shape == (6, 8, 6)
    assert notes_of(volume) == []


@pytest.mark.parametrize("at", [1, 6])
def test_a_localizer_before_the_slices_is_left_out_and_it_is_said(at: int) -> None:
    volume = made([slice_file(SMALL, 0, localizer), *slices(range(6))], at)
    assert volume.shape == (6, 8, 6)
    assert notes_of(volume) == ["Made of 6 of the 7 images of the series."]


def test_the_localizer_itself_makes_no_body_and_the_series_says_why() -> None:
    with pytest.raises(NoVolumeError) as caught:
        body_of(stack_of([slice_file(SMALL, 0, localizer), *slices(range(6))]), 0)
    assert "one direction" in caught.value.text.render("en")


@pytest.mark.parametrize(("at", "phase"), [(0, 0), (5, 0), (6, FAR), (11, FAR)])
def test_of_two_phases_one_after_the_other_the_one_that_is_seen_is_cut(at: int, phase: int) -> None:
    volume = made([*slices(range(6)), *slices(range(6), second)], at)
    assert phase_of(volume) == phase
    assert notes_of(volume) == ["Made of 6 of the 12 images of the series."]


@pytest.mark.parametrize(("at", "phase"), [(0, 0), (10, 0), (1, FAR), (7, FAR)])
def test_of_two_phases_picture_by_picture_the_one_that_is_seen_is_cut(at: int, phase: int) -> None:
    files = [file for place in range(6) for file in (*slices([place]), *slices([place], second))]
    assert phase_of(made(files, at)) == phase


def test_a_second_phase_from_the_head_down_is_a_phase_too() -> None:
    files = [*slices(range(6)), *slices(range(5, -1, -1), second)]
    assert [phase_of(made(files, at)) for at in (2, 8)] == [0, FAR]


@pytest.mark.parametrize(
    "places",
    [
        (0, 1, 2, 3, 4, 5, 0, 1, 2),  # the second one is not whole
        (0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 0),  # nobody knows which is which
        (0, 0, 0, 1, 1, 2, 2, 3, 3),
        (0, 1, 2, 4, 5, 0, 1, 2, 4, 5),  # a slice is missing in both
        (0, 0, 1, 1),
    ],
)
def test_where_it_is_not_plain_there_is_no_body_and_the_images_are_named(places: tuple[int, ...]) -> None:
    with pytest.raises(NoVolumeError) as caught:
        body_of(stack_of(slices(places)), 0)
    assert "Several images lie at the same place" in caught.value.text.render("en")


@pytest.mark.parametrize("patience", [3, 12, 15])
def test_nobody_has_to_wait_for_what_he_left(patience: int) -> None:
    stack = stack_of([*slices(range(6)), *slices(range(6), second)])
    asked: list[int] = []

    def is_cancelled() -> bool:
        asked.append(1)
        return len(asked) > patience

    assert body_of(stack, 0, is_cancelled=is_cancelled) is None


def test_a_body_too_large_as_a_series_may_be_small_enough_as_a_phase() -> None:
    stack = stack_of([*slices(range(6)), *slices(range(6), second)])
    room = 6 * 8 * 6 * 2
    assert body_of(stack, 7, most_bytes=room) is not None
    with pytest.raises(NoVolumeError):
        body_of(stack, 7, most_bytes=room - 1)


def plane(z: float, mm: float = 1.0, reference: str = "1") -> Plane:
    return Plane((0, 0, z), (1, 0, 0), (0, 1, 0), mm, mm, reference)


def test_slices_are_alike_by_direction_pixels_and_frame_of_reference() -> None:
    planes = [plane(0), plane(1), None, plane(2), plane(3, mm=2.0), plane(4, reference="2"), plane(3)]
    assert chosen_among(planes, 1) == (0, 1, 3, 6)
    assert chosen_among(planes, 2) == chosen_among(planes, 4) == chosen_among(planes, 99) == ()
