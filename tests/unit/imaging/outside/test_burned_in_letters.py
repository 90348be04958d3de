"""Letters in the pixels: who has to look, what is proposed, and what is black afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage, UltrasoundImageStorage

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.outside import burned_in
from clinic_app.imaging.outside.burned_in import Box, needs_looking, outside_regions
from clinic_app.imaging.outside.leaving import Disguise, disguised
from clinic_app.imaging.reading import read_dataset
from tests.helpers.dicom_files import bytes_of, item, made_file

US: Final = "dicom/us"


def region(left: int, top: int, right: int, bottom: int, **more: object) -> Dataset:
    return item(
        RegionLocationMinX0=left,
        RegionLocationMinY0=top,
        RegionLocationMaxX1=right,
        RegionLocationMaxY1=bottom,
        RegionSpatialFormat=1,
        RegionDataType=1,
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.05,
        PhysicalDeltaY=0.05,
        **more,
    )


def ultrasound(*regions: Dataset, frames: int = 1) -> Dataset:
    pixels = np.full((frames, 40, 60, 3), 200, np.uint8)
    made = made_file(
        pixels if frames > 1 else pixels[0], SOPClassUID=UltrasoundImageStorage, Modality="US", PatientName="Secret^A"
    )
    if regions:
        made.SequenceOfUltrasoundRegions = list(regions)
    return made


def covered(boxes: tuple[Box, ...], rows: int = 40, columns: int = 60) -> np.ndarray:
    mask = np.zeros((rows, columns), int)
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] += 1
    return mask


def test_ultrasound_and_screenshots_are_looked_at_whatever_the_device_says() -> None:
    made = ultrasound()
    made.BurnedInAnnotation = "NO"
    assert needs_looking(made)
    slices = made_file(np.zeros((4, 4), np.uint16), ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    assert not needs_looking(slices)
    slices.BurnedInAnnotation = "YES"
    assert needs_looking(slices)
    shot = made_file(np.zeros((4, 4), np.uint16), ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    assert needs_looking(shot)
    assert needs_looking(made_file(np.zeros((4, 4), np.uint16), Modality="CR"))
    assert not needs_looking(made_file())


def test_all_outside_the_regions_is_proposed_and_nothing_inside_them() -> None:
    boxes = outside_regions(ultrasound(region(10, 5, 29, 34), region(35, 10, 54, 29)))
    mask = covered(boxes)
    assert mask.max() == 1
    inside = np.zeros((40, 60), bool)
    inside[5:35, 10:30] = True
    inside[10:30, 35:55] = True
    assert np.array_equal(mask == 0, inside)


def test_regions_that_overlap_or_leave_the_picture_are_no_trouble() -> None:
    boxes = outside_regions(ultrasound(region(0, 0, 40, 20), region(20, 10, 300, 300)))
    mask = covered(boxes)
    assert mask[5, 5] == mask[15, 30] == mask[39, 59] == 0
    assert mask[5, 50] == mask[30, 5] == 1
    assert outside_regions(ultrasound(region(0, 0, 59, 39))) == ()
    assert outside_regions(ultrasound()) == ()
    assert outside_regions(ultrasound(region(90, 90, 99, 99))) == ()


def test_a_box_is_black_in_every_frame_and_the_rest_is_what_it_was() -> None:
    data = bytes_of(ultrasound(region(0, 10, 59, 39), frames=3))
    left = read_dataset(disguised(data, Disguise(), [Box(0, 0, 60, 10), Box(50, 30, 999, 999)], is_looked_at=True)[0])
    assert left.NumberOfFrames == 3
    for index in range(3):
        seen = frame_of(left, index)
        assert not seen.stored[:10].any()
        assert not seen.stored[30:, 50:].any()
        assert (seen.stored[10:30] == 200).all()
        assert seen.regions
        assert seen.regions[0].spacing is not None
    assert left.BurnedInAnnotation == "NO"
    assert "113101" in [each.CodeValue for each in left.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize(
    "name",
    ["examples_ybr_color.dcm", "examples_palette.dcm", "US-YBR_FULL_422-EVRLE.dcm", "OBXXXX1A_rle_2frame.dcm",
     "palette-multiframe-jpeg-ls.dcm", "JPEGExtended_3s_1f_u_08_08.dcm"],
)  # fmt: skip
def test_colours_stay_right_outside_the_boxes_of_real_files(shared_data: Path, name: str) -> None:
    data = (shared_data / US / name).read_bytes()
    before = frame_of(read_dataset(data), 0)
    made = read_dataset(disguised(data, Disguise(), [Box(0, 0, 40, 16)], is_looked_at=True)[0])
    after = frame_of(made, 0)
    assert made.PhotometricInterpretation == "RGB"
    assert made.file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian"
    assert not after.stored[:16, :40].any()
    assert np.array_equal(after.stored[16:], before.stored[16:])
    assert np.array_equal(after.stored[:, 40:], before.stored[:, 40:])
    assert after.regions == before.regions


def test_black_of_a_grey_picture_is_its_own_darkest_so_that_no_window_changes() -> None:
    pixels = np.full((8, 8), 1000, np.int16)
    pixels[4:, 4:], pixels[0, 0] = -500, 3000
    made = made_file(pixels, Modality="CR")
    seen = frame_of(read_dataset(disguised(bytes_of(made), Disguise(), [Box(0, 0, 4, 2)])[0]), 0)
    assert (seen.stored[:2, :4] == -500).all()
    assert seen.stored[7, 0] == 1000
    made.PhotometricInterpretation = "MONOCHROME1"
    seen = frame_of(read_dataset(disguised(bytes_of(made), Disguise(), [Box(0, 0, 4, 2)])[0]), 0)
    assert (seen.stored[:2, :4] == 1000).all()
    assert seen.is_monochrome1


def test_a_box_over_all_of_it_and_one_outside_it_are_taken_as_they_are() -> None:
    made = made_file(np.full((4, 4), 9, np.uint8), SOPClassUID=SecondaryCaptureImageStorage)
    whole = frame_of(read_dataset(disguised(bytes_of(made), Disguise(), [Box(-5, -5, 99, 99)])[0]), 0)
    assert not whole.stored.any()
    beside = frame_of(read_dataset(disguised(bytes_of(made), Disguise(), [Box(50, 50, 60, 60)])[0]), 0)
    assert (beside.stored == 9).all()


def test_a_big_endian_picture_is_written_the_other_way_round(shared_data: Path) -> None:
    path = next((shared_data / "dicom" / "ct").glob("*BigEndian*"))
    before = frame_of(read_dataset(path.read_bytes()), 0)
    after = frame_of(read_dataset(disguised(path.read_bytes(), Disguise(), [Box(0, 0, 8, 8)])[0]), 0)
    assert np.array_equal(before.stored[8:], after.stored[8:])
    assert before.default_window == after.default_window


def test_too_much_for_the_memory_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burned_in, "LARGEST_BYTES", 100)
    with pytest.raises(UnreadableFileError, match="larger"):
        disguised(bytes_of(ultrasound()), Disguise(), [Box(0, 0, 4, 4)])
