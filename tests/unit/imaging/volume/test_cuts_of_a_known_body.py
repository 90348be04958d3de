"""Cuts against a body whose value is known everywhere, and against scipy's way of sampling the same slices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from clinic_app.imaging.display.orientation import letters_of_plane
from clinic_app.imaging.measuring import Mark, measured
from clinic_app.imaging.volume import ORIENTATIONS, Cut, Mode, Orientation, Volume, cut_of, volume_of
from tests.helpers.phantoms import Geometry, Values, body, stack_of_body, turned

ACROSS_HEAD = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
FROM_THE_SIDE = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (-1.0, 0.0, 0.0))
GEOMETRIES = {
    "axial": Geometry(),
    "axial from the head down": Geometry(turn=((1, 0, 0), (0, -1, 0), (0, 0, -1)), begin=(-20, 18, 20)),
    "feet first": Geometry(turn=((-1, 0, 0), (0, 1, 0), (0, 0, -1)), begin=(20, -18, 20)),
    "coronal": Geometry(turn=ACROSS_HEAD, begin=(-20, -18, 20)),
    "sagittal": Geometry(turn=FROM_THE_SIDE, begin=(20, -18, 20)),
    "oblique": Geometry(turn=turned((12, -9, 17))),
    "very oblique": Geometry(turn=turned((30, 21, -35))),
    "flat voxels": Geometry(count=6, row_mm=0.7, column_mm=0.7, step_mm=7.5),
}


def built(geometry: Geometry) -> Volume:
    order = np.random.default_rng(1).permutation(geometry.count)
    found = volume_of(stack_of_body(geometry, [int(each) for each in order]))
    assert found is not None
    return found


def places_of(volume: Volume, cut: Cut) -> Values:
    """Return where the pixels of a cut lie, as its own plane says."""
    frame = cut_of(volume, cut)
    assert frame.plane is not None
    down, across = np.mgrid[0 : frame.rows, 0 : frame.columns]
    points = [frame.plane.to_patient(x + 0.5, y + 0.5) for y, x in zip(down.ravel(), across.ravel(), strict=True)]
    return np.asarray(points).reshape(*down.shape, 3)


def values_of(volume: Volume, cut: Cut) -> Values:
    frame = cut_of(volume, cut)
    return np.asarray(frame.stored * frame.slope + frame.intercept, dtype=np.float64)


def sampled(geometry: Geometry, places: Values) -> Values:
    """Sample the slices themselves at places of the patient, the way scipy does it."""
    slices = np.stack([np.rint(body(geometry.places(each)) + 100) - 100 for each in range(geometry.count)])
    along = (places - np.asarray(geometry.begin)) @ np.linalg.inv(
        geometry.axes * np.array([[geometry.column_mm], [geometry.row_mm], [geometry.step_mm]])
    )
    return np.asarray(map_coordinates(slices, np.moveaxis(along[..., ::-1], -1, 0), order=1, mode="nearest"))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_pixel_of_a_cut_is_the_body_at_its_place(name: str, orientation: Orientation) -> None:
    volume = built(GEOMETRIES[name])
    axis = ORIENTATIONS.index(orientation)
    for place in (0, volume.shape[axis] // 2, volume.shape[axis] - 1):
        cut = Cut(orientation, place)
        places, values = places_of(volume, cut), values_of(volume, cut)
        assert np.abs(values - body(places)).max() <= 1.0  # positions in a file have few digits
        assert np.abs(values - sampled(GEOMETRIES[name], places)).max() <= 1.0


@pytest.mark.parametrize("name", [each for each in GEOMETRIES if "oblique" not in each])
def test_cuts_are_seen_as_radiologists_see_them(name: str) -> None:
    """From the feet, from the front, from the left: the patient's left at the right, his head above, his face left."""
    volume = built(GEOMETRIES[name])
    wanted = {"axial": ("L", "P"), "coronal": ("L", "F"), "sagittal": ("P", "F")}
    for orientation, (across, down) in wanted.items():
        plane = cut_of(volume, Cut(orientation, 2)).plane  # type: ignore[arg-type]
        assert plane is not None
        assert letters_of_plane(plane) == (across, down)
        assert not volume.oblique_degrees


def test_an_oblique_body_says_how_far_it_is_turned() -> None:
    volume = built(GEOMETRIES["very oblique"])
    assert 30 < volume.oblique_degrees < 60
    frame = cut_of(volume, Cut("coronal", 1))
    (note,), plane = frame.notes, frame.plane
    assert str(round(volume.oblique_degrees)) in note.render("en")
    assert plane is not None
    assert len(letters_of_plane(plane)[0]) > 1


@pytest.mark.parametrize(("mode", "through"), [("mean", np.mean), ("maximum", np.max), ("minimum", np.min)])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_thick_cut_shows_what_lies_behind_one_another(orientation: Orientation, mode: Mode, through: object) -> None:
    volume = built(GEOMETRIES["axial"])
    axis = ORIENTATIONS.index(orientation)
    step, middle = volume.steps_mm[axis], volume.shape[axis] // 2
    thick = Cut(orientation, middle, 5 * step, mode)
    assert thick.layers(volume) == (middle - 2, middle + 3)
    layers = np.stack([values_of(volume, Cut(orientation, middle + each)) for each in range(-2, 3)])
    expected = through(layers, axis=0)  # type: ignore[operator]
    assert np.abs(values_of(volume, thick) - expected).max() <= 0.51
    plane = cut_of(volume, thick).plane
    assert plane is not None
    assert plane.thickness_mm == pytest.approx(5 * step)


def test_a_thick_cut_at_the_edge_is_as_thick_as_there_is_body() -> None:
    volume = built(GEOMETRIES["axial"])
    assert Cut("axial", 0, 9.0).layers(volume) == (0, 2)
    assert Cut("axial", 13, 9.0).layers(volume) == (12, 14)
    assert Cut("axial", 5, 1000.0).layers(volume) == (0, 14)
    assert Cut("axial", 5, 0.0).layers(volume) == (5, 6)


def test_a_point_of_the_body_is_found_on_every_cut_and_back() -> None:
    for geometry in GEOMETRIES.values():
        volume = built(geometry)
        point = (2.0, 5.0, 4.0)
        for orientation, place in zip(ORIENTATIONS, (2, 5, 4), strict=True):
            cut = Cut(orientation, place)
            x, y = cut.to_pixels(volume, point)
            assert cut.to_voxels(volume, x, y) == point
            plane = cut_of(volume, cut).plane
            assert plane is not None
            assert np.allclose(plane.to_patient(x, y), volume.to_patient(point), atol=1e-6)
        assert np.allclose(volume.to_voxels(volume.to_patient(point)), point, atol=1e-6)


def test_a_length_on_a_cut_is_the_way_in_the_patient_and_says_that_it_is_reconstructed() -> None:
    volume = built(GEOMETRIES["flat voxels"])
    frame = cut_of(volume, Cut("coronal", 3))
    a, b = (4.5, 1.5), (10.5, 4.5)
    found = measured(frame, Mark("length", (a, b)))
    assert frame.plane is not None
    expected = float(np.linalg.norm(frame.plane.to_patient(*a) - frame.plane.to_patient(*b)))
    assert found.values[0].number == pytest.approx(expected, abs=1e-6)
    assert found.values[0].unit == "mm"
    assert "reconstructed" in found.values[0].origin.render("en")
    assert frame.aspect == pytest.approx(7.5 / 0.7)


def test_cuts_of_one_body_are_places_of_their_own() -> None:
    volume = built(GEOMETRIES["axial"])
    keys = {
        (frame.sop_uid, frame.frame_number)
        for frame in (cut_of(volume, Cut(o, p)) for o in ORIENTATIONS for p in (0, 1))
    }
    assert len(keys) == 6
