"""Slices of a tilted gantry against a body whose value is known everywhere: straight again, and nobody bent."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.imaging.measuring import Mark, measured
from clinic_app.imaging.volume import ORIENTATIONS, Cut, Orientation, Volume, cut_of, volume_of
from clinic_app.imaging.volume.straightening import straightened
from tests.helpers.phantoms import Geometry, Values, body, slice_file, stack_of, stack_of_body, turned

TILTED = {
    "to the feet": Geometry(shift_mm=0.8),
    "to the head": Geometry(shift_mm=-0.8),
    "by thirty degrees": Geometry(shift_mm=3.0 * np.tan(np.radians(30))),
    "by whole pixels": Geometry(shift_mm=1.5),
    "feet first": Geometry(turn=((-1, 0, 0), (0, 1, 0), (0, 0, -1)), begin=(20, -18, 20), shift_mm=0.8),
    "turned": Geometry(turn=turned((4, -3, 2)), shift_mm=0.7),
    "fine pixels": Geometry(rows=40, columns=20, row_mm=0.5, column_mm=0.5, shift_mm=0.8),
}
ROUNDING = 1.0


def built(geometry: Geometry) -> Volume:
    order = np.random.default_rng(2).permutation(geometry.count)
    found = volume_of(stack_of_body(geometry, [int(each) for each in order]))
    assert found is not None
    return found


def places_and_values(volume: Volume, cut: Cut) -> tuple[Values, Values]:
    """Return where the pixels of a cut lie, as its own plane says, and what they show; None for what is outside."""
    frame = cut_of(volume, cut)
    assert frame.plane is not None
    down, across = np.mgrid[0 : frame.rows, 0 : frame.columns]
    points = [frame.plane.to_patient(x + 0.5, y + 0.5) for y, x in zip(down.ravel(), across.ravel(), strict=True)]
    inside = ~frame.is_padding(frame.stored).ravel()
    values = (frame.stored * frame.slope + frame.intercept).ravel()
    return np.asarray(points)[inside], values[inside]


def bend(geometry: Geometry) -> float:
    """Return by how much a value between two pixels may differ from the body there: its bend over half a pixel."""
    return float(400 / 150 * max(geometry.row_mm, geometry.column_mm) ** 2 / 8) + ROUNDING


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("name", TILTED)
def test_every_pixel_of_a_cut_is_the_body_at_its_place(name: str, orientation: Orientation) -> None:
    geometry = TILTED[name]
    volume = built(geometry)
    axis = ORIENTATIONS.index(orientation)
    seen = 0
    for place in range(0, volume.shape[axis], 4):
        places, values = places_and_values(volume, Cut(orientation, place))
        seen += len(values)
        if len(values):
            assert np.abs(values - body(places)).max() <= bend(geometry)
    assert seen > 0.1 * np.prod(volume.shape) / 4


@pytest.mark.parametrize("name", TILTED)
def test_the_axes_are_square_and_run_along_the_normal(name: str) -> None:
    volume = built(TILTED[name])
    assert np.allclose(volume.directions @ volume.directions.T, np.eye(3), atol=1e-6)
    assert volume.steps_mm[0] == pytest.approx(3.0, rel=1e-4)


def test_a_length_through_the_slices_is_the_way_in_the_patient() -> None:
    """Unstraightened slices would lengthen what stands straight up by the cosine of the tilt."""
    volume = built(TILTED["by thirty degrees"])
    frame = cut_of(volume, Cut("sagittal", 5))
    middle = frame.columns / 2
    found = measured(frame, Mark("length", ((middle, 0.5), (middle, frame.rows - 0.5))))
    assert found.values[0].number == pytest.approx(3.0 * 13, rel=1e-4)
    assert "reconstructed" in found.values[0].origin.render("en")


def test_every_cut_says_how_far_the_gantry_was_tilted() -> None:
    volume = built(TILTED["by thirty degrees"])
    for orientation in ORIENTATIONS:
        told = " ".join(note.render("en") for note in cut_of(volume, Cut(orientation, 3)).notes)
        assert "tilted by 30°" in told
    assert cut_of(built(Geometry()), Cut("axial", 3)).notes == ()


def test_values_that_are_moved_by_whole_pixels_are_those_measured() -> None:
    volume = built(TILTED["by whole pixels"])
    for place in (0, 7, 13):
        measured_values = np.rint(body(TILTED["by whole pixels"].places(place)) + 100)
        layer = volume.values[place]
        inside = layer[~volume.source.is_padding(layer)]
        assert sorted(inside.tolist()) == sorted(measured_values.ravel().tolist())


def test_what_is_outside_the_picture_is_never_mixed_into_it() -> None:
    def ringed(dataset: Dataset) -> None:
        pixels = np.full((24, 20), 50, "<i2")
        pixels[:3] = -2000
        dataset.PixelPaddingValue = -2000
        dataset.PixelData = pixels.tobytes()

    tilted = Geometry(shift_mm=0.8)
    volume = volume_of(stack_of([slice_file(tilted, place, ringed) for place in range(5)]))
    assert volume is not None
    assert set(np.unique(volume.values).tolist()) == {-2000, 50}
    thick = cut_of(volume, Cut("coronal", 12, 9.0))
    assert set(np.unique(thick.stored).tolist()) <= {-2000, 50}


def test_the_empty_corners_are_no_values() -> None:
    volume = built(TILTED["to the feet"])
    assert volume.source.padding == np.iinfo(np.int16).min
    mean = cut_of(volume, Cut("axial", 7, 30.0))
    inside = mean.stored[~mean.is_padding(mean.stored)]
    assert inside.min() > -1000


def test_unsigned_values_down_to_nothing_keep_their_zeros() -> None:
    volume = built(TILTED["to the feet"])
    zeros = np.zeros((2, 4, 4), np.uint16)
    made = straightened(zeros, np.array([[0.0, 0.0], [1.5, 0.0]]), volume.source.__class__(**_plain(volume, zeros[0])))
    assert made is not None
    assert made[0].shape == (2, 6, 4)
    assert made[1].padding is None
    assert not made[0].any()


def _plain(volume: Volume, stored: Values) -> dict[str, object]:
    source = volume.source
    told = {name: getattr(source, name) for name in source.__dataclass_fields__}
    return {**told, "stored": stored, "padding": None, "padding_limit": None}
