"""The way from stored values to grey: modality, windows, tables, polarity, padding; pydicom is the judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from clinic_app.imaging import Frame, Window
from clinic_app.imaging.display.tables import table_of
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render
from tests.helpers.dicom_files import bytes_of, item, made_file

RAMP = np.arange(-600, 600, 2, dtype=np.int16).reshape(20, 30)


def frame(dataset: Dataset, index: int = 0) -> Frame:
    return frame_of(read_dataset(bytes_of(dataset)), index)


def judged(dataset: Dataset) -> np.ndarray:
    """Return grey from 0 to 255 as pydicom makes it of the first window or table."""
    values = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset, prefer_lut=True).astype(float)
    if "VOILUTSequence" in dataset:
        top = 2 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1
        return values / top * 255
    low, high = values.min(), values.max()
    return (values - low) / (high - low) * 255


@pytest.mark.parametrize("curve", ["LINEAR", "LINEAR_EXACT", "SIGMOID", ""])
@pytest.mark.parametrize("slope", [1, 2.5])
def test_every_curve_is_pydicoms(curve: str, slope: float) -> None:
    more = {"VOILUTFunction": curve} if curve else {}
    dataset = made_file(RAMP, RescaleSlope=slope, RescaleIntercept=-24, WindowCenter=40, WindowWidth=400, **more)
    seen = frame(dataset)
    assert seen.default_window.shape == (curve or "LINEAR")
    ours = render(seen, seen.default_window).astype(float)
    if curve == "SIGMOID":  # theirs is stretched by the judge
        assert ours[seen.stored * slope - 24 == 40].tolist() in ([], [128.0])
    else:
        np.testing.assert_allclose(ours, judged(dataset), atol=0.51)


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("first", [-100, 0, 50])
def test_a_table_of_the_file_is_used_before_its_window(bits: int, first: int) -> None:
    top = 2**bits - 1
    entries = (np.linspace(0, 1, 200) ** 2 * top).astype(int).tolist()
    table = item(LUTDescriptor=[200, first, bits], LUTData=entries, LUTExplanation="bent")
    table["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    table["LUTData"].VR = "US"
    dataset = made_file(RAMP, VOILUTSequence=[table], WindowCenter=1, WindowWidth=2, RescaleSlope=1, RescaleIntercept=0)
    seen = frame(dataset)
    assert [window.table is not None for window in seen.windows] == [True, False]
    assert seen.default_window.words == "bent"
    np.testing.assert_allclose(render(seen, seen.default_window), judged(dataset), atol=0.51)


def test_real_files_with_tables_are_as_pydicom_shows_them(shared_data: Path) -> None:
    for name in ("vlut_04.dcm", "mlut_18.dcm"):
        dataset = read_dataset((shared_data / "dicom" / "luts_overlays" / name).read_bytes())
        seen = frame_of(dataset, 0)
        theirs = apply_modality_lut(dataset.pixel_array, dataset)
        np.testing.assert_array_equal(seen.stored, theirs, err_msg=name)
        if "VOILUTSequence" in dataset:
            np.testing.assert_allclose(render(seen, seen.default_window), judged(dataset), atol=0.51, err_msg=name)


def test_values_after_a_modality_table_are_not_rescaled_again() -> None:
    table = item(LUTDescriptor=[4, 0, 16], LUTData=[10, 20, 30, 40], ModalityLUTType="US")
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    dataset = made_file(np.array([[0, 1], [2, 3]], np.uint16), ModalityLUTSequence=[table], RescaleSlope=5)
    dataset.PixelPaddingValue = 0
    dataset["PixelPaddingValue"].VR = "US"
    seen = frame(dataset)
    assert [seen.value_at(x, y) for y in (0, 1) for x in (0, 1)] == [10, 20, 30, 40]
    assert seen.padding is None, "it means a value before the table"


@pytest.mark.parametrize(
    "item_of_table",
    [
        {"LUTDescriptor": [4, 0], "LUTData": [1]},
        {"LUTDescriptor": [4, 0, 40], "LUTData": [1, 2, 3, 4]},
        {"LUTDescriptor": [400, 0, 16], "LUTData": [1, 2]},
        {"LUTDescriptor": [4, 0, 16]},
        {},
    ],
)
def test_a_table_that_cannot_be_is_none(item_of_table: dict[str, object]) -> None:
    made = item(**item_of_table)
    for keyword in item_of_table:
        made[keyword].VR = "US"
    assert table_of(made) is None


def test_bytes_of_a_table_are_read_in_eight_and_in_sixteen_bits() -> None:
    for data, bits in ((bytes([0, 128, 255]) + b"\0", 8), (np.array([0, 128, 255], "<u2").tobytes(), 8)):
        made = item(LUTDescriptor=[3, 0, bits], LUTData=data)
        made["LUTDescriptor"].VR, made["LUTData"].VR = "US", "OW"
        table = table_of(made)
        assert table is not None
        np.testing.assert_allclose(table.entries, [0, 128 / 255, 1])


def test_polarity_is_turned_once_whoever_says_it() -> None:
    plain = made_file(RAMP, WindowCenter=0, WindowWidth=1000)
    expected = render(frame(plain), Window(0, 1000))
    for photometric, shape in (("MONOCHROME1", ""), ("MONOCHROME2", "INVERSE"), ("MONOCHROME1", "INVERSE")):
        dataset = made_file(RAMP, WindowCenter=0, WindowWidth=1000, PresentationLUTShape=shape)
        dataset.PhotometricInterpretation = photometric
        assert render(frame(dataset), Window(0, 1000))[0, 0] == 255 - expected[0, 0], (photometric, shape)


def test_a_range_of_padding_is_black_in_either_polarity() -> None:
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        dataset = made_file(RAMP, PixelPaddingValue=-600, PixelPaddingRangeLimit=-500)
        dataset["PixelPaddingValue"].VR = dataset["PixelPaddingRangeLimit"].VR = "SS"
        dataset.PhotometricInterpretation = photometric
        seen = frame(dataset)
        pixels = render(seen, Window(0, 4000))
        assert np.all(pixels[seen.stored <= -500] == 0)
        assert np.all(pixels[seen.stored > -500] > 0)


def test_windows_that_show_white_and_nothing_else_are_left_out() -> None:
    dataset = made_file(RAMP, WindowCenter=[-5000, 40], WindowWidth=[10, 400])
    dataset.WindowCenterWidthExplanation = ["WRONG", "SOFT"]
    assert [window.words for window in frame(dataset).windows] == ["SOFT"]


def test_a_file_that_asks_for_nothing_shows_everything() -> None:
    seen = frame(made_file(np.array([[0, 1], [1, 0]], np.uint8)))
    assert render(seen, seen.default_window).tolist() == [[0, 255], [255, 0]]


@pytest.mark.parametrize(
    ("more", "unit"),
    [
        ({"Modality": "CT"}, "HU"),
        ({"Modality": "CT", "RescaleType": "HU"}, "HU"),
        ({"Modality": "CT", "RescaleType": "EDW"}, ""),
        ({"Modality": "MR"}, ""),
        ({"Modality": "PT", "Units": "BQML"}, "Bq/ml"),
        ({"Modality": "PT", "Units": "CNTS"}, ""),
        ({"Modality": "DX", "RescaleType": "OD"}, "OD"),
    ],
)
def test_the_unit_is_what_the_file_says_and_not_more(more: dict[str, str], unit: str) -> None:
    assert frame(made_file(RAMP, **more)).unit == unit


def test_a_pixel_is_as_high_as_the_file_says_where_no_spacing_does() -> None:
    assert frame(made_file(RAMP, PixelAspectRatio=[2, 1])).aspect == 2
    assert frame(made_file(RAMP, PixelAspectRatio=[2, 1], PixelSpacing=[1, 1])).aspect == 1
    assert frame(made_file(RAMP, PixelAspectRatio=[0, 1])).aspect == 1
    assert frame(made_file(RAMP, PixelAspectRatio=[9999, 1])).aspect == 20


def test_each_picture_of_an_enhanced_file_has_its_own_window_slope_and_place() -> None:
    groups = [
        item(
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=5)],
            FrameVOILUTSequence=[item(WindowCenter=100 * slope, WindowWidth=50)],
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 3 * slope])],
        )
        for slope in (1, 2)
    ]
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.5], SliceThickness=3)],
    )
    more = {"PerFrameFunctionalGroupsSequence": groups, "SharedFunctionalGroupsSequence": [shared]}
    dataset = made_file(np.stack([RAMP, RAMP]), **more)
    first, second = (frame(dataset, index) for index in (0, 1))
    assert (first.slope, second.slope) == (1, 2)
    assert (first.intercept, first.default_window.center, second.default_window.center) == (5, 100, 200)
    assert first.plane is not None
    assert second.plane is not None
    assert second.plane.depth - first.plane.depth == 3
    assert first.plane.thickness_mm == 3
    assert first.spacing is not None
    assert first.spacing.row_mm == 0.5


def test_a_colour_profile_is_kept_of_the_file_or_its_optical_path() -> None:
    profile = bytes(200)
    colour = np.zeros((4, 4, 3), np.uint8)
    assert frame(made_file(colour, ICCProfile=profile)).profile == profile
    assert frame(made_file(colour, OpticalPathSequence=[item(ICCProfile=profile)])).profile == profile
    assert frame(made_file(RAMP, ICCProfile=profile)).profile == b""
    assert frame(made_file(colour, ICCProfile=b"short!")).profile == b""
