"""What is no value of the patient is in no number: padding however written, lines cut off, a photographed screen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from clinic_app.imaging import Frame
from clinic_app.imaging.display.padding import padding_of
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.measuring import Mark, Statistics, measured, statistics_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.rendering import render
from clinic_app.imaging.volume import NoVolumeError, volume_of
from tests.helpers.dicom_files import bytes_of, item, made_file
from tests.helpers.phantoms import Geometry, slice_file, stack_of

ALL = Mark("rectangle", ((0.0, 0.0), (6.0, 8.0)))
SMALL = Geometry(count=5, rows=8, columns=6)


def scanned(kind: str, outside: int) -> np.ndarray:
    """Return a patient of 100 in a field of what is outside."""
    values = np.full((8, 6), outside, kind)
    values[2:6, 1:5] = 100
    return values


def padded(values: np.ndarray, vr: str, padding: int, limit: int | None = None, **more: Any) -> Frame:
    dataset = made_file(values, **{"RescaleSlope": 1, "RescaleIntercept": 0, **more})
    dataset.add_new("PixelPaddingValue", vr, padding)
    if limit is not None:
        dataset.add_new("PixelPaddingRangeLimit", vr, limit)
    return frame_of(read_dataset(bytes_of(dataset)), 0)


def found(frame: Frame) -> Statistics:
    statistics = statistics_of(frame, ALL)
    assert statistics is not None
    return statistics


@pytest.mark.parametrize(
    ("kind", "outside", "vr", "written", "bits"),
    [
        ("<i2", -2000, "SS", -2000, 16),
        ("<i2", -2000, "US", 63536, 16),
        ("<u2", 63536, "SS", -2000, 16),
        ("<i2", -2048, "US", 2048, 12),
        ("<i2", -2048, "SS", -2048, 12),
        ("<u2", 0, "US", 0, 12),
        ("<u2", 4095, "US", 4095, 12),
    ],
)
def test_the_black_around_a_patient_is_in_no_mean_however_its_value_is_written(
    kind: str, outside: int, vr: str, written: int, bits: int
) -> None:
    frame = padded(scanned(kind, outside), vr, written, BitsStored=bits, HighBit=bits - 1)
    statistics = found(frame)
    assert frame.padding == outside
    assert (statistics.count, statistics.mean, statistics.deviation) == (16, 100, 0)
    assert render(frame, frame.default_window)[0, 0] == 0
    note = measured(frame, Mark("point", ((0.5, 0.5),))).note
    assert note is not None
    assert "padding" in note.render("en")


@pytest.mark.parametrize(("vr", "low", "high"), [("SS", -2000, -1990), ("US", 63536, 63546)])
def test_a_range_outside_the_picture_is_read_by_the_sign_of_its_pixels(vr: str, low: int, high: int) -> None:
    values = scanned("<i2", -2000)
    values[0, :3] = -1991
    assert found(padded(values, vr, low, high)).count == 16


def test_what_can_be_no_pixel_is_no_padding() -> None:
    dataset = Dataset()
    assert padding_of(dataset, np.dtype("<i2")) == (None, None)
    dataset.BitsStored = 16
    dataset.add_new("PixelPaddingValue", "SL", 70_000)
    assert padding_of(dataset, np.dtype("<i2")) == (70_000, None)
    dataset.PixelPaddingValue = -40_000
    assert padding_of(dataset, np.dtype("<u2")) == (-40_000, None)
    assert padding_of(dataset, np.dtype("<f4")) == (-40_000, None)


def cut_short(by: int) -> bytes:
    return slice_file(SMALL, 2)[:-by]


def test_nothing_is_measured_on_lines_that_were_cut_off_with_the_file() -> None:
    whole, frame = (frame_of(read_dataset(each), 0) for each in (slice_file(SMALL, 2), cut_short(30)))
    assert frame.rows_there == 5
    above = statistics_of(whole, Mark("rectangle", ((0.0, 0.0), (6.0, 5.0))))
    assert found(frame) == above
    for y in (5.5, 7.5):
        assert frame.value_at(0, int(y)) is None
        assert measured(frame, Mark("point", ((0.5, y),))).values == ()
    assert statistics_of(frame, Mark("rectangle", ((0.0, 5.0), (6.0, 8.0)))) is None
    assert frame.value_at(0, 4) == whole.value_at(0, 4)
    assert whole.rows_there is None


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_slice_of_which_a_part_was_cut_off_makes_no_body(place: int) -> None:
    files = [slice_file(SMALL, each) for each in range(5)]
    files[place] = files[place][:-30]
    with pytest.raises(NoVolumeError) as caught:
        volume_of(stack_of(files))
    assert caught.value.text.render("en").startswith(f"Image {place + 1} is damaged")


def unit_of(**elements: Any) -> str:
    return frame_of(read_dataset(bytes_of(made_file(scanned("<i2", 0), **elements))), 0).unit


def test_a_photographed_screen_of_a_ct_has_no_hounsfield_units() -> None:
    assert unit_of(SOPClassUID=SecondaryCaptureImageStorage) == ""
    assert unit_of(RescaleSlope=1, RescaleIntercept=-1024) == "HU"
    assert unit_of(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU") == "HU"
    assert unit_of(RescaleType="HU") == "HU"
    assert unit_of(RescaleSlope=1, RescaleIntercept=0, RescaleType="MGML") == ""


@pytest.mark.parametrize(("said", "unit"), [("HU", "HU"), ("OD", "OD"), ("US", ""), ("Z_EFF", "")])
def test_the_unit_of_a_table_is_the_one_the_table_names(said: str, unit: str) -> None:
    table = item(LUTDescriptor=[101, 0, 16], LUTData=list(range(0, 202, 2)), ModalityLUTType=said)
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    dataset = made_file(scanned("<u2", 0), ModalityLUTSequence=[table])
    assert frame_of(read_dataset(bytes_of(dataset)), 0).unit == unit
