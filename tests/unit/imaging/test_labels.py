"""What stands in the corners: read from files as they are, and from files that lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clinic_app.imaging.frame import frame_of
from clinic_app.imaging.labels import FrameLabels, labels_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.imaging.texts import AS_STATED
from tests.helpers.dicom_files import item, made_file

GREY = np.zeros((4, 6), np.int16)


def told(**elements: object) -> FrameLabels:
    modality = str(elements.get("Modality", "CT"))
    return labels_of(made_file(GREY, **elements), 0, modality, AS_STATED)


def test_a_file_says_whose_it_is_and_how_it_was_taken() -> None:
    found = told(
        PatientBirthDate="19700102",
        PatientSex="F",
        InstitutionName="District",
        StudyTime="101500.5",
        SeriesNumber=7,
        SliceLocation=-12.5,
        SliceThickness=3,
        KVP=120,
        XRayTubeCurrent=250,
        ConvolutionKernel="B30f",
    )
    assert (found.patient_id, found.birth_date, found.sex, found.institution) == ("7", "19700102", "F", "District")
    assert (found.series_number, found.slice_mm, found.thickness_mm) == (7, -12.5, 3.0)
    assert found.technique == "120 kV, 250 mA, B30f"
    assert found.study_time == "101500.5"


@pytest.mark.parametrize(
    ("elements", "technique"),
    [
        ({"Modality": "MR", "RepetitionTime": 550.25, "EchoTime": 14}, "TR 550.2, TE 14"),
        ({"Modality": "DX", "KVP": 77.04, "Exposure": 4}, "77 kV, 4 mAs"),
        ({"Modality": "US", "KVP": 77}, ""),
        ({"Modality": "CT"}, ""),
    ],
)
def test_the_technique_is_told_in_the_words_of_the_craft(elements: dict[str, object], technique: str) -> None:
    assert told(**elements).technique == technique


def test_the_side_is_read_from_where_it_stands() -> None:
    assert told(ImageLaterality="R", Laterality="L").laterality == "R"
    assert told(Laterality="left").laterality == "L"
    assert told(Laterality="?").laterality == ""
    anatomy = item(FrameAnatomySequence=[item(FrameLaterality="B")])
    assert told(SharedFunctionalGroupsSequence=[anatomy]).laterality == "B"
    assert told(Modality="MG", ImageLaterality="L", ViewPosition="MLO").view == "MLO"


def test_a_loss_is_said_whether_the_file_admits_it_or_not(shared_data: Path) -> None:
    assert told(LossyImageCompression="01", LossyImageCompressionRatio=[10.5]).lossy_ratio == 10.5
    assert not told(LossyImageCompression="00").is_lossy
    name = "ct/CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm"
    assert frame_of(read_dataset((shared_data / "dicom" / name).read_bytes()), 0).labels.is_lossy
    whole = shared_data / "dicom" / "ct" / "CT_small.dcm"
    assert not frame_of(read_dataset(whole.read_bytes()), 0).labels.is_lossy


def test_numbers_that_cannot_be_are_left_out() -> None:
    found = told(SliceThickness=-1, SeriesNumber=-4)
    assert (found.thickness_mm, found.series_number) == (None, 0)
    assert told().slice_mm is None


def test_real_files_of_every_kind_have_labels(shared_data: Path) -> None:
    seen = {}
    for name in ("mr/MR_small.dcm", "xray/dx_image.dcm", "ct/CT_small.dcm", "mr/emri_small.dcm"):
        labels = frame_of(read_dataset((shared_data / "dicom" / name).read_bytes()), 0).labels
        seen[name] = (labels.technique, labels.thickness_mm)
        assert labels.modality in ("MR", "DX", "CR", "CT")
    assert seen["ct/CT_small.dcm"][1] == 5.0
    assert "TR" in seen["mr/MR_small.dcm"][0]
