"""Who says how large a pixel is: files of every kind, regions of ultrasound by their axes, a length somebody knows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from clinic_app.foundation.texts import Text
from clinic_app.imaging import Frame, measured
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.measuring import Mark
from clinic_app.imaging.measuring.measured import Value, length
from clinic_app.imaging.measuring.regions import Axis, Region, regions_of, smallest_at
from clinic_app.imaging.measuring.spacing import Spacing, spacing_of
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import item, made_file
from tests.helpers.frames import made_frame

CM, SECONDS, HERTZ, SPEED = 3, 4, 5, 7


def said(**elements: Any) -> Spacing | None:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return spacing_of(dataset, 0)


def words(text: Text | None) -> str:
    assert text is not None
    return text.render("en")


def region(
    place: tuple[int, int, int, int], units: tuple[int, int], steps: tuple[float, float], **more: Any
) -> Dataset:
    left, top, right, bottom = place
    return item(
        RegionLocationMinX0=left,
        RegionLocationMinY0=top,
        RegionLocationMaxX1=right,
        RegionLocationMaxY1=bottom,
        PhysicalUnitsXDirection=units[0],
        PhysicalUnitsYDirection=units[1],
        PhysicalDeltaX=steps[0],
        PhysicalDeltaY=steps[1],
        **more,
    )


def ultrasound(*items: Dataset, spacing: Spacing | None = None) -> Frame:
    dataset = Dataset()
    dataset.Rows, dataset.Columns, dataset.SequenceOfUltrasoundRegions = 200, 300, list(items)
    return replace(made_frame(np.zeros((200, 300), np.uint8)), regions=regions_of(dataset), spacing=spacing)


def by_name(values: tuple[Value, ...]) -> dict[str, tuple[float, str]]:
    return {words(value.name): (round(value.number, 6), value.unit) for value in values}


TWO_D = region((0, 0, 149, 99), (CM, CM), (0.02, 0.03))
M_MODE = region((0, 100, 149, 199), (SECONDS, CM), (0.005, 0.02))
DOPPLER = region(
    (150, 100, 299, 199),
    (SECONDS, SPEED),
    (0.01, -2.0),
    RegionDataType=3,
    ReferencePixelX0=0,
    ReferencePixelY0=50,
    ReferencePixelPhysicalValueX=0.0,
    ReferencePixelPhysicalValueY=0.0,
)
ECG = region((150, 0, 299, 40), (SECONDS, 0), (0.004, 0.0), RegionDataType=10)


@pytest.mark.parametrize(
    ("elements", "origin", "mm"),
    [
        ({"PixelSpacing": [0.5, 0.5], "Modality": "CT"}, "calibrated", 0.5),
        ({"PixelSpacing": [0.5, 0.5], "Modality": "CR"}, "stated", 0.5),
        ({"PixelSpacing": [0.5, 0.5], "PixelSpacingCalibrationType": "FIDUCIAL"}, "calibrated", 0.5),
        ({"PixelSpacing": [0.5, 0.5], "PixelSpacingCalibrationType": "GEOMETRY"}, "geometry", 0.5),
        ({"ImagerPixelSpacing": [0.6, 0.6]}, "detector", 0.6),
        ({"ImagerPixelSpacing": [0.6, 0.6], "PixelSpacing": [0.6, 0.6]}, "detector", 0.6),
        ({"ImagerPixelSpacing": [0.6, 0.6], "PixelSpacing": [0.5, 0.5]}, "calibrated", 0.5),
        ({"ImagerPixelSpacing": [0.6, 0.6], "EstimatedRadiographicMagnificationFactor": 1.2}, "magnified", 0.5),
        (
            {"ImagerPixelSpacing": [0.6, 0.6], "DistanceSourceToDetector": 1200, "DistanceSourceToPatient": 1000},
            "magnified",
            0.5,
        ),
        ({"ImagerPixelSpacing": [0.6, 0.6], "DistanceSourceToDetector": 1200}, "detector", 0.6),
        ({"ImagerPixelSpacing": [0.6, 0.6], "EstimatedRadiographicMagnificationFactor": 0.5}, "detector", 0.6),
        ({"ImagerPixelSpacing": [0.6, 0.6], "EstimatedRadiographicMagnificationFactor": 99}, "detector", 0.6),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, "film", 0.1),
        ({"NominalScannedPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.2, 0.2]}, "calibrated", 0.2),
    ],
)
def test_who_says_how_large_a_pixel_is(elements: dict[str, Any], origin: str, mm: float) -> None:
    spacing = said(**elements)
    assert spacing is not None
    assert (spacing.origin, spacing.column_mm) == (origin, pytest.approx(mm))
    frame = replace(made_frame(np.zeros((20, 20), np.uint8)), spacing=spacing)
    value = length(frame, (0, 0), (10, 0)).values[0]
    assert (value.number, value.unit) == (pytest.approx(10 * mm), "mm")
    assert words(value.origin) == words(spacing.words)


@pytest.mark.parametrize(
    ("spacing", "origin"),
    [
        ([0.2, 0.2], "detector"),
        ([0.20001, 0.2], "detector"),
        ([0.2, 0.19999], "detector"),
        ([0.199, 0.2], "calibrated"),
    ],
)
def test_the_detectors_spacing_copied_with_other_digits_is_no_calibration(spacing: list[float], origin: str) -> None:
    dataset = made_file(np.zeros((8, 8), np.uint16), Modality="DX", ImagerPixelSpacing=[0.2, 0.2], PixelSpacing=spacing)
    found = spacing_of(dataset, 0)
    assert found is not None
    assert found.origin == origin


def test_each_frame_of_an_enhanced_angiogram_has_its_own_detector() -> None:
    frames = [item(FramePixelDataPropertiesSequence=[item(ImagerPixelSpacing=[mm, mm])]) for mm in (0.2, 0.4)]
    dataset = made_file(np.zeros((3, 8, 8), np.uint16), Modality="XA", PerFrameFunctionalGroupsSequence=frames)
    found = [spacing_of(dataset, index) for index in range(3)]
    assert [(each.row_mm, each.origin) if each else None for each in found] == [
        (0.2, "detector"),
        (0.4, "detector"),
        None,
    ]
    shared = [item(FramePixelDataPropertiesSequence=[item(ImagerPixelSpacing=[0.3, 0.3])])]
    dataset.SharedFunctionalGroupsSequence = shared
    assert [each.row_mm for index in range(3) if (each := spacing_of(dataset, index))] == [0.2, 0.4, 0.3]


def test_a_magnification_is_named_beside_the_millimetres() -> None:
    spacing = said(ImagerPixelSpacing=[0.6, 0.6], EstimatedRadiographicMagnificationFactor=1.25)
    assert spacing is not None
    assert words(spacing.words) == "at the detector, magnification 1.25 taken off"
    assert "1,25" in spacing.words.render("ru")


def test_a_real_radiograph_whose_spacing_is_nothing_is_in_pixels(shared_data: Path) -> None:
    path = shared_data / "dicom" / "xray" / "RG1_J2KI.dcm"
    frame = frame_of(read_dataset(path.read_bytes()), 0)
    assert length(frame, (0, 0), (3, 4)).values[0].unit == "px"


def test_lengths_in_the_picture_of_an_echo_are_millimetres_of_its_region() -> None:
    frame = ultrasound(TWO_D, M_MODE, DOPPLER)
    value = length(frame, (10, 10), (40, 50)).values[0]
    assert value.number == pytest.approx(math.hypot(30 * 0.2, 40 * 0.3))
    assert words(value.origin) == "ultrasound region"


def test_m_mode_is_measured_by_time_and_depth() -> None:
    found = by_name(length(ultrasound(TWO_D, M_MODE), (20, 120), (60, 170)).values)
    assert found == {"Distance": (10.0, "mm"), "Time": (200.0, "ms"), "Slope": (5.0, "cm/s")}


def test_doppler_is_measured_by_velocity_and_time_and_a_point_has_its_own() -> None:
    frame = ultrasound(TWO_D, DOPPLER)
    assert by_name(length(frame, (160, 150), (200, 110)).values) == {"Velocity": (80.0, "cm/s"), "Time": (400.0, "ms")}
    point = by_name(measured(frame, Mark("point", ((160.5, 130.5),))).values)
    assert point == {"Velocity": (40.0, "cm/s"), "Time": (100.0, "ms")}
    below = by_name(measured(frame, Mark("point", ((150.5, 160.5),))).values)
    assert below["Velocity"] == (-20.0, "cm/s")


def test_doppler_without_a_zero_measures_ways_and_says_why_a_point_is_none() -> None:
    bare = region((150, 100, 299, 199), (SECONDS, SPEED), (0.01, 2.0))
    found = measured(ultrasound(bare), Mark("point", ((160.0, 130.0),)))
    assert found.values == ()
    assert "no zero" in words(found.note)
    assert length(ultrasound(bare), (160, 130), (160, 140)).values[0].number == 20


def test_an_ecg_strip_has_times_only_and_hertz_are_hertz() -> None:
    assert by_name(length(ultrasound(ECG), (160, 10), (260, 30)).values) == {"Time": (400.0, "ms")}
    shift = region((0, 0, 99, 99), (SECONDS, HERTZ), (0.01, 25.0))
    assert by_name(length(ultrasound(shift), (10, 10), (10, 50)).values)["Frequency"] == (1000.0, "Hz")


@pytest.mark.parametrize("kind", ["angle", "ellipse", "rectangle", "cobb", "head ellipse"])
def test_there_are_no_angles_and_areas_of_time(kind: Any) -> None:
    count = {"angle": 3, "rectangle": 2}.get(kind, 4)
    points = tuple((160.0 + 10 * place, 120.0 + 7 * place * (place % 2)) for place in range(count))
    found = measured(ultrasound(DOPPLER), Mark(kind, points))
    assert found.values == ()
    assert "axes of time" in words(found.note)


@pytest.mark.parametrize(("a", "b"), [((10, 10), (10, 150)), ((60, 150), (200, 150)), ((10, 10), (200, 150))])
def test_nothing_is_measured_across_two_regions(a: tuple[float, float], b: tuple[float, float]) -> None:
    for spacing in (None, Spacing(0.2, 0.2, "calibrated")):
        found = length(ultrasound(TWO_D, M_MODE, DOPPLER, spacing=spacing), a, b)
        assert found.values == ()
        assert "two regions" in words(found.note)


def test_an_inset_with_another_scale_is_a_region_of_its_own() -> None:
    inset = region((100, 60, 140, 90), (CM, CM), (0.01, 0.01))
    frame = ultrasound(TWO_D, inset)
    assert length(frame, (110, 70), (120, 70)).values[0].number == pytest.approx(1.0)
    assert length(frame, (10, 10), (20, 10)).values[0].number == pytest.approx(2.0)
    assert length(frame, (90, 70), (120, 70)).values == ()


def test_outside_of_every_region_there_are_pixels_unless_the_file_knows_its_spacing() -> None:
    outside = length(ultrasound(ECG), (10, 150), (20, 150)).values[0]
    assert (outside.number, outside.unit, words(outside.origin)) == (10, "px", "outside one calibrated region")
    known = ultrasound(ECG, spacing=Spacing(0.3, 0.3, "calibrated"))
    assert length(known, (10, 150), (20, 150)).values[0].number == pytest.approx(3.0)
    detector = ultrasound(ECG, spacing=Spacing(0.3, 0.3, "detector"))
    assert length(detector, (10, 150), (20, 150)).values[0].unit == "px"


@pytest.mark.parametrize(
    "wrong",
    [
        region((0, 0, 999, 99), (CM, CM), (0.02, 0.02)),
        region((50, 0, 10, 99), (CM, CM), (0.02, 0.02)),
        region((0, 0, 99, 99), (0, 0), (1.0, 1.0)),
        region((0, 0, 99, 99), (CM, CM), (0.0, 0.02)),
        region((0, 0, 99, 99), (CM, CM), (1e300, 0.02)),
        region((0, 0, 99, 99), (CM, CM), (0.02, 0.02), RegionDataType=13),
    ],
)
def test_a_region_that_cannot_be_is_none(wrong: Dataset) -> None:
    assert ultrasound(wrong).regions == ()


def test_thousands_of_regions_cost_nothing() -> None:
    assert len(ultrasound(*[TWO_D] * 500).regions) <= 64


def test_a_length_somebody_knows_makes_millimetres_and_says_that_it_was_a_hand() -> None:
    frame = made_frame(np.zeros((200, 300), np.uint8))
    known = Mark("scale", ((10.0, 10.0), (110.0, 10.0)), known_mm=50.0)
    value = measured(frame, Mark("length", ((0.0, 0.0), (0.0, 30.0))), known=known).values[0]
    assert (value.number, value.unit) == (pytest.approx(15.0), "mm")
    assert words(value.origin) == "by hand, 50 mm being known"
    high = replace(frame, pixel_aspect=2.0)
    assert measured(high, Mark("length", ((0.0, 0.0), (0.0, 30.0))), known=known).values[0].number == pytest.approx(
        30.0
    )


def test_a_known_length_goes_before_the_file_and_holds_only_where_it_was_drawn() -> None:
    frame = replace(made_frame(np.zeros((200, 300), np.uint8)), spacing=Spacing(0.1, 0.1, "detector"))
    known = Mark("scale", ((10.0, 10.0), (110.0, 10.0)), known_mm=50.0)
    line = Mark("length", ((0.0, 0.0), (20.0, 0.0)))
    assert measured(frame, line, known=known).values[0].number == pytest.approx(10.0)
    echo = ultrasound(TWO_D, DOPPLER)
    assert measured(echo, line, known=known).values[0].number == pytest.approx(10.0)
    inside = Mark("length", ((160.0, 150.0), (200.0, 110.0)))
    assert measured(echo, inside, known=known).values[0].unit == "cm/s"
    nothing = Mark("scale", ((10.0, 10.0), (10.0, 10.0)), known_mm=50.0)
    assert measured(frame, line, known=nothing).values[0].number == pytest.approx(2.0)


def test_the_smallest_region_at_a_place_counts() -> None:
    large, small = (Region(0, 0, side, side, None, Axis(1.0, "s"), Axis()) for side in (100, 10))
    assert smallest_at((large, small), (5, 5)) is small
    assert smallest_at((large, small), (50, 5)) is large
    assert smallest_at((large, small), (150, 5)) is None


def test_real_echoes_measure_in_their_regions_and_their_ecg_strip_in_time(shared_data: Path) -> None:
    frame = frame_of(read_dataset((shared_data / "dicom" / "us" / "OBXXXX1A.dcm").read_bytes()), 0)
    assert words(length(frame, (300, 200), (400, 200)).values[0].origin) == "ultrasound region"
    assert length(frame, (300, 200), (400, 200)).values[0].number == pytest.approx(26.22878766196998)
    assert by_name(length(frame, (200, 550), (300, 550)).values) == {"Time": (964.273661, "ms")}
    assert length(frame, (300, 200), (300, 550)).values == ()
