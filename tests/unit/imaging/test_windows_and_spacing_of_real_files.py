"""Every real file against pydicom's own arithmetic, and the millimetres each may claim."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.valuerep import DSfloat

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.frame import Frame, frame_of
from clinic_app.imaging.importing import FoundInstance, merged
from clinic_app.imaging.measuring.measured import length
from clinic_app.imaging.measuring.regions import regions_of
from clinic_app.imaging.measuring.spacing import Spacing, spacing_of
from clinic_app.imaging.reading import frame_count, number_of, read_dataset
from clinic_app.imaging.rendering import grey_table, render
from clinic_app.imaging.windowing import Window
from clinic_app.records import ImagingStudy, Patient
from tests.helpers.frames import made_frame, ramp

FOLDERS = ("ct", "mr", "xray", "luts_overlays", "pr_hp")


@cache
def _grey(folder: Path) -> tuple[tuple[str, Dataset, Frame], ...]:
    """Return the grey pictures of the plainly stored real files: name, dataset, first frame."""
    found = []
    for path in sorted(each for name in FOLDERS for each in (folder / "dicom" / name).iterdir()):
        try:
            dataset = read_dataset(path.read_bytes())
            if dataset.file_meta.TransferSyntaxUID.is_compressed or int(number_of(dataset, "NumberOfFrames", 1)) > 1:
                continue
            frame = frame_of(dataset, 0)
        except UnreadableFileError:
            continue
        if not frame.is_colour:
            found.append((path.name, dataset, frame))
    return tuple(found)


def _oracle(dataset: Dataset, frame: Frame) -> NDArray[np.float64]:
    """Return grey levels by pydicom's modality LUT and windowing, padding and inversion as the standard says."""
    with np.errstate(over="ignore"):  # pydicom's sigmoid of a narrow window
        values = apply_windowing(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float64)
    least = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
    most = least + 2**dataset.BitsStored - 1
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    low, high = least * slope + intercept, most * slope + intercept
    grey = (values - low) / (high - low) * 255
    grey = 255 - grey if frame.is_monochrome1 else grey
    return np.where(frame.stored == frame.padding, 0, grey) if frame.padding is not None else grey


def test_stored_and_modality_values_are_pydicoms_in_every_plain_real_file(shared_data: Path) -> None:
    seen = _grey(shared_data)
    assert len(seen) >= 8
    for name, dataset, frame in seen:
        theirs = apply_modality_lut(dataset.pixel_array, dataset)
        ours = frame.stored.astype(np.float64) * frame.slope + frame.intercept
        np.testing.assert_allclose(ours, theirs, atol=1e-6, err_msg=name)
        assert frame.value_at(3, 5) == pytest.approx(float(theirs[5, 3])), name


def test_the_window_of_every_plain_real_file_is_pydicoms(shared_data: Path) -> None:
    compared = 0
    for name, dataset, frame in _grey(shared_data):
        asked = number_of(dataset, "WindowCenter", math.nan), number_of(dataset, "WindowWidth", math.nan)
        if "ModalityLUTSequence" in dataset or (frame.default_window.center, frame.default_window.width) != asked:
            continue
        compared += 1
        distance = np.abs(_oracle(dataset, frame) - render(frame, frame.default_window)).max()
        assert distance <= 0.51, name
    assert compared >= 4


def test_a_modality_table_takes_the_place_of_slope_and_intercept(shared_data: Path) -> None:
    dataset = read_dataset((shared_data / "dicom" / "luts_overlays" / "mlut_18.dcm").read_bytes())
    assert "ModalityLUTSequence" in dataset
    frame = frame_of(dataset, 0)
    np.testing.assert_array_equal(frame.stored, apply_modality_lut(dataset.pixel_array, dataset))
    picture = render(frame, frame.default_window)
    assert picture.min() < 64
    assert picture.max() > 192


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("center", "width"), [(40.0, 400.0), (-600.0, 1500.0), (0.5, 2.0), (1000.0, 1.5), (300.0, 80.0)]
)
def test_each_curve_of_a_window_is_pydicoms(function: str, center: float, width: float) -> None:
    dataset = read_dataset(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = center, width, function
    frame = frame_of(dataset, 0)
    frame_window = Window(center, width, function)  # type: ignore[arg-type]
    assert np.abs(_oracle(dataset, frame) - render(frame, frame_window)).max() <= 0.51


def test_padding_is_black_in_every_window_and_however_it_is_inverted() -> None:
    dataset = read_dataset(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    dataset.PixelPaddingValue = padding = int(frame_of(dataset, 0).stored[0, 0])
    frame = frame_of(dataset, 0)
    for is_inverted in (False, True):
        for window in (Window(40, 400), Window(-1000, 10), Window(3000, 10, "SIGMOID")):
            picture = render(frame, window, is_inverted=is_inverted)
            assert not picture[frame.stored == padding].any()


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_every_kind_of_stored_number_is_rendered_by_the_same_rule(kind: str) -> None:
    info = np.iinfo(kind)
    stored = np.linspace(max(info.min, -30_000), min(info.max, 30_000), 64).astype(kind).reshape(8, 8)
    frame, window = made_frame(stored), Window(10, 300)
    expected = np.rint(window.apply(stored.astype(np.float64)) * 255)
    np.testing.assert_array_equal(render(frame, window), expected)
    if stored.dtype.itemsize <= 2:
        table, first = grey_table(frame, window)
        np.testing.assert_array_equal(table[stored.astype(int) - first], expected)


@pytest.mark.parametrize("keyword", ["WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_taken_as_not_said_and_the_picture_is_seen(keyword: str, value: str) -> None:
    dataset = read_dataset(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes())
    setattr(dataset, keyword, DSfloat(float(value), validation_mode=0))
    frame = frame_of(dataset, 0)
    assert math.isfinite(frame.default_window.center)
    assert math.isfinite(frame.slope)
    picture = render(frame, frame.default_window)
    assert int(picture.max()) - int(picture.min()) > 100


@pytest.mark.parametrize("pair", [(math.nan, 1.0), (1.0, math.inf), (0.0, 1.0), (-1.0, 1.0)])
def test_an_impossible_spacing_makes_no_millimetres(pair: tuple[float, float]) -> None:
    dataset = Dataset()
    dataset.PixelSpacing = [DSfloat(each, validation_mode=0) for each in pair]
    assert spacing_of(dataset, 0) is None


@pytest.mark.parametrize("step", [math.nan, math.inf, -math.inf, 0.0])
def test_a_region_with_an_impossible_step_is_left_out(step: float) -> None:
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = step, 0.05
    item.RegionLocationMinX0 = item.RegionLocationMinY0 = 0
    item.RegionLocationMaxX1 = item.RegionLocationMaxY1 = 50
    dataset = Dataset()
    dataset.Rows = dataset.Columns = 100
    dataset.SequenceOfUltrasoundRegions = [item]
    assert regions_of(dataset) == ()


@pytest.mark.parametrize("name", ["dx_image.dcm", "966_fixed.dcm"])
def test_an_x_ray_that_only_repeats_its_detector_is_not_called_calibrated(shared_data: Path, name: str) -> None:
    dataset = read_dataset((shared_data / "dicom" / "xray" / name).read_bytes())
    spacing = spacing_of(dataset, 0)
    assert spacing is not None
    assert spacing.origin == "detector"
    dataset.PixelSpacingCalibrationType = "FIDUCIAL"
    said = spacing_of(dataset, 0)
    assert said is not None
    assert said.origin == "calibrated"


def test_an_x_ray_corrected_for_its_geometry_is_calibrated() -> None:
    dataset = Dataset()
    dataset.PixelSpacing, dataset.ImagerPixelSpacing = [0.12, 0.12], [0.16, 0.16]
    assert spacing_of(dataset, 0) == Spacing(0.12, 0.12, "calibrated")


def test_no_real_ultrasound_is_measured_outside_a_region_or_over_two(shared_data: Path) -> None:
    measured = 0
    for path in sorted((shared_data / "dicom" / "us").iterdir()):
        dataset = read_dataset(path.read_bytes())
        frame = frame_of(dataset, 0)
        assert frame.regions == regions_of(dataset)
        for region in frame.regions:
            measured += 1
            assert 0 <= region.left < region.right <= frame.columns, path.name
            middle = ((region.left + region.right) / 2, (region.top + region.bottom) / 2)
            inside = length(frame, middle, (middle[0] + 10, middle[1])).values[0]
            assert inside.unit == ("mm" if region.spacing else "ms")
            assert 0.01 < inside.number / 10 < (10 if region.spacing else 50), path.name
            across = length(frame, (region.left - 1, middle[1]), middle)
            assert [value.unit for value in across.values] == (["px"] if region.spacing else [])
        if not frame.regions and frame.spacing is None:
            assert length(frame, (0, 0), (10, 0)).values[0].unit == "px"
    assert measured


def test_every_frame_of_the_enhanced_mr_has_its_own_picture_and_one_spacing(shared_data: Path) -> None:
    dataset = read_dataset((shared_data / "dicom" / "mr" / "emri_small.dcm").read_bytes())
    frames = [frame_of(dataset, index) for index in range(frame_count(dataset))]
    assert len(frames) == 10
    assert len({frame.stored.tobytes() for frame in frames}) == 10
    assert len({frame.spacing for frame in frames}) == 1
    np.testing.assert_array_equal(frames[9].stored, dataset.pixel_array[9])


def _found(number: int) -> FoundInstance:
    return FoundInstance("1", "1.1", f"1.1.{number}", "1.2", "CT", "", "", 1, number, 1, None, "", (float(number), 0.0))


def _numbers(study: ImagingStudy) -> list[int | None]:
    return [instance.number for instance in study.series[0].instance]


def test_slices_that_come_with_a_later_import_take_their_place_in_the_stack() -> None:
    patient = Patient(id="p")
    first = merged(None, patient, [_found(3), _found(1)], "s")
    assert _numbers(first) == [1, 3]
    second = merged(first, patient, [_found(2), _found(4), _found(1)], "s")
    assert _numbers(second) == [1, 2, 3, 4]
    assert merged(second, patient, [_found(2)], "s") == second


def test_a_picture_of_one_value_is_shown_without_a_crash() -> None:
    frame = made_frame(np.full((4, 4), 7, np.int16))
    assert set(render(frame, frame.default_window).ravel()) <= set(range(256))
    brightness = [int(render(made_frame(ramp()), Window(500, width)).max()) for width in (1, 1e-9, 1e12)]
    assert brightness[0] == 255


def test_a_window_as_far_off_as_numbers_go_is_black_or_white_and_no_error() -> None:
    values = np.array([-1000.0, 0.0, 3000.0])
    assert Window(1e308, 1e-308).apply(values).tolist() == [0, 0, 0]
    assert Window(-1e308, 1e-308).apply(values).tolist() == [1, 1, 1]
