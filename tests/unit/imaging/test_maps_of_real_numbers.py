"""Pictures whose pixels are real numbers: maps of computed values, with their unit, their padding and their damage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, JPEGLosslessSV1

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging import Frame, Window, render
from clinic_app.imaging.frame import PARAMETRIC_MAP, frame_of
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, made_file
from ui.pictures import picture_of, small_picture

RAMP = np.linspace(-2.5, 900.25, 24 * 32).reshape(24, 32)


def real_file(values: NDArray[Any], *, size: int = 4, **more: Any) -> Dataset:
    """Return a file with these real numbers, frames first if there are several."""
    dataset = made_file(None, SOPClassUID=PARAMETRIC_MAP, Modality="MR", **more)
    rows, columns = values.shape[-2:]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, 1
    dataset.PhotometricInterpretation, dataset.BitsAllocated = "MONOCHROME2", size * 8
    if values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    keyword = "FloatPixelData" if size == 4 else "DoubleFloatPixelData"
    setattr(dataset, keyword, values.astype(f"{order}f{size}").tobytes())
    return dataset


def opened(dataset: Dataset, index: int = 0) -> Frame:
    return frame_of(read_dataset(bytes_of(dataset)), index)


@pytest.mark.parametrize("size", [4, 8])
def test_real_numbers_are_read_as_they_are(size: int) -> None:
    frame = opened(real_file(RAMP, size=size))
    assert frame.stored.dtype == np.dtype(f"f{size}")
    assert np.allclose(frame.stored, RAMP, rtol=1e-6)
    assert frame.value_at(3, 2) == pytest.approx(RAMP[2, 3], rel=1e-6)
    assert not frame.is_colour


def test_the_other_order_of_bytes_is_read_too() -> None:
    frame = opened(real_file(RAMP, syntax=ExplicitVRBigEndian))
    assert np.allclose(frame.stored, RAMP, rtol=1e-6)


def test_every_frame_is_its_own() -> None:
    values = np.stack([RAMP, RAMP * 2, RAMP - 7])
    dataset = real_file(values)
    for index in range(3):
        assert np.allclose(opened(dataset, index).stored, values[index], rtol=1e-5)
    with pytest.raises(UnreadableFileError):
        opened(dataset, 3)


def test_what_is_no_number_is_the_least_there_is() -> None:
    values = RAMP.copy()
    values[0, :3] = (np.nan, np.inf, -np.inf)
    values[1, 1] = -9999.0
    frame = opened(real_file(values, FloatPixelPaddingValue=-9999.0))
    least = float(values[2:].min())
    least = min(least, float(values[0, 3]))
    assert frame.stored[0, :3].tolist() == pytest.approx([least] * 3, rel=1e-5)
    assert frame.stored[1, 1] == pytest.approx(least, rel=1e-5)
    nothing = opened(real_file(np.full((4, 4), np.nan)))
    assert not nothing.stored.any()


def test_the_unit_and_the_scale_are_those_of_the_map() -> None:
    unit, mapping, shared = Dataset(), Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "mm2/s", "UCUM", "square millimetre per second"
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 0.001, 1.0
    mapping.MeasurementUnitsCodeSequence = [unit]
    shared.RealWorldValueMappingSequence = [mapping]
    frame = opened(real_file(RAMP, SharedFunctionalGroupsSequence=[shared]))
    assert frame.unit == "mm2/s"
    assert frame.value_at(5, 5) == pytest.approx(RAMP[5, 5] * 0.001 + 1, rel=1e-6)
    unit.CodeValue = "1"
    assert opened(real_file(RAMP, SharedFunctionalGroupsSequence=[shared])).unit == ""


def test_a_map_is_shown_and_made_smaller_without_losing_its_kind() -> None:
    frame = opened(real_file(np.tile(RAMP, (40, 50))))
    grey = render(frame, Window(450, 900, "LINEAR_EXACT"))
    assert (grey.dtype, grey.shape) == (np.uint8, frame.stored.shape)
    assert grey[0, 0] < grey[23, 31]
    picture = picture_of(frame)
    assert len(picture.levels) > 1
    assert picture.levels[-1].dtype == np.float32
    assert float(picture.levels[-1].mean()) == pytest.approx(float(frame.stored.mean()), rel=1e-3)
    assert max(small_picture(frame, 100).shape) <= 100


def test_a_map_that_was_cut_shows_what_there_is_and_says_so() -> None:
    dataset = real_file(RAMP)
    dataset.FloatPixelData = dataset.FloatPixelData[: 20 * 32 * 4]
    frame = opened(dataset)
    assert frame.notes
    assert np.allclose(frame.stored[:20], RAMP[:20], rtol=1e-6)


def test_real_numbers_are_never_colours_and_never_compressed() -> None:
    colours = real_file(RAMP)
    colours.SamplesPerPixel = 3
    with pytest.raises(UnreadableFileError):
        opened(colours)
    packed = read_dataset(bytes_of(real_file(RAMP)))
    packed.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    with pytest.raises(UnreadableFileError):
        frame_of(packed, 0)
    empty = real_file(RAMP)
    empty.FloatPixelData = b""
    with pytest.raises(UnreadableFileError):
        opened(empty)
