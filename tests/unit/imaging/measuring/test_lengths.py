"""Lengths: true millimetres with their origin, and pixels where nobody knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from clinic_app.imaging.frame import Frame, FrameLabels, frame_of
from clinic_app.imaging.measuring.measured import Measured, length
from clinic_app.imaging.measuring.regions import Region, regions_of
from clinic_app.imaging.measuring.spacing import Spacing, spacing_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.windowing import Window


def frame_with(spacing: Spacing | None, *regions: Region) -> Frame:
    labels = FrameLabels("", "", "US", "")
    stored = np.zeros((100, 100), dtype=np.uint8)
    return Frame(stored, 1, 0, "", False, None, Window(0, 1), spacing, regions, "1", 1, labels)


def origin_of(measured: Measured) -> str:
    origin = measured.values[0].origin
    assert origin is not None
    return origin.render("en")


def region(left: float, right: float, step_cm: float) -> dict[str, float]:
    return {
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": step_cm,
        "PhysicalDeltaY": step_cm,
        "RegionLocationMinX0": left,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": right,
        "RegionLocationMaxY1": 90,
    }


def dataset_with(*regions: dict[str, float]) -> Dataset:
    dataset = Dataset()
    dataset.Rows = dataset.Columns = 100
    items = []
    for values in regions:
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, int(value) if "Delta" not in keyword else value)
        items.append(item)
    dataset.SequenceOfUltrasoundRegions = items
    return dataset


def test_a_ct_has_calibrated_millimetres() -> None:
    frame = frame_of(read_dataset(Path(str(get_testdata_file("CT_small.dcm", download=False))).read_bytes()), 0)
    measured = length(frame, (0, 0), (30, 40))
    assert measured.values[0].unit == "mm"
    assert measured.values[0].number == pytest.approx(50 * 0.661468)
    assert origin_of(measured) == "calibrated"


def test_rows_and_columns_may_differ() -> None:
    frame = frame_with(Spacing(2.0, 1.0, "calibrated"))
    assert length(frame, (0, 0), (10, 0)).values[0].number == 10
    assert length(frame, (0, 0), (0, 10)).values[0].number == 20


def test_spacing_at_the_detector_says_so() -> None:
    dataset = Dataset()
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    spacing = spacing_of(dataset, 0)
    found = length(frame_with(spacing), (0, 0), (10, 0))
    assert found.values[0].number == pytest.approx(2)
    assert origin_of(found) == "at the detector"


def test_calibrated_spacing_goes_before_the_detector() -> None:
    dataset = Dataset()
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    dataset.PixelSpacing = [0.15, 0.15]
    assert spacing_of(dataset, 0) == Spacing(0.15, 0.15, "calibrated")


def test_without_any_spacing_there_are_only_pixels() -> None:
    measured = length(frame_with(None), (0, 0), (3, 4))
    assert (measured.values[0].number, measured.values[0].unit) == (5, "px")


def test_both_ends_must_lie_in_one_region() -> None:
    regions = regions_of(dataset_with(region(0, 40, 0.05), region(50, 90, 0.1)))
    frame = frame_with(None, *regions)
    assert length(frame, (0, 0), (10, 0)).values[0].number == pytest.approx(5)
    assert length(frame, (55, 0), (65, 0)).values[0].number == pytest.approx(10)
    across = length(frame, (10, 0), (60, 0))
    assert across.values == ()
    assert across.note is not None
    assert "two regions" in across.note.render("en")


def test_the_smallest_region_counts_and_negative_steps_are_lengths() -> None:
    regions = regions_of(dataset_with(region(0, 90, 1.0), region(10, 40, -0.05)))
    assert length(frame_with(None, *regions), (15, 0), (25, 0)).values[0].number == pytest.approx(5)


@pytest.mark.parametrize(
    "change",
    [
        {"RegionLocationMaxX1": 300},
        {"PhysicalUnitsXDirection": 1},
        {"PhysicalUnitsYDirection": 0},
        {"PhysicalDeltaX": 0},
    ],
)
def test_a_region_that_cannot_be_trusted_is_left_out(change: dict[str, float]) -> None:
    assert regions_of(dataset_with(region(0, 90, 0.05) | change)) == ()


def test_the_last_column_and_row_of_a_region_belong_to_it() -> None:
    whole = region(0, 99, 0.05) | {"RegionLocationMaxY1": 99}
    frame = frame_with(None, *regions_of(dataset_with(whole)))
    for a, b in (((0.0, 0.0), (100.0, 0.0)), ((99.5, 0.0), (99.5, 100.0))):
        value = length(frame, a, b).values[0]
        assert (value.unit, value.number) == ("mm", pytest.approx(50))
    (beyond,) = regions_of(dataset_with(whole | {"RegionLocationMaxX1": 100}))  # some say the first column outside
    assert (beyond.right, beyond.bottom) == (100, 100)
    assert regions_of(dataset_with(whole | {"RegionLocationMaxX1": 101})) == ()
    half = frame_with(None, *regions_of(dataset_with(region(0, 49, 0.05))))
    assert length(half, (0, 5), (50, 5)).values[0].unit == "mm"
    assert length(half, (0, 5), (50.1, 5)).values[0].unit == "px"


def test_a_real_ultrasound_whose_region_lies_outside_the_picture_is_not_measured(shared_data: Path) -> None:
    frame = frame_of(read_dataset((shared_data / "dicom" / "us" / "examples_ybr_color.dcm").read_bytes()), 0)
    assert length(frame, (10, 10), (50, 50)).values[0].unit == "px"
