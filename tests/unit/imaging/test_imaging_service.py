"""Importing, listing and opening studies; key images. Against a real store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from clinic_app.access import Trail
from clinic_app.foundation.errors import NotAllowedError, NotFoundError, UnreadableFileError
from clinic_app.imaging import Imaging, KeyImages, Window
from clinic_app.imaging.intake.identity import is_same_person
from clinic_app.records import HumanName, Patient
from tests.helpers.nodes import Node, node
from tests.helpers.taking_in import take_folder

NAMES = ("CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cd" / "DICOM"
    made.mkdir(parents=True)
    for name in NAMES:
        shutil.copy(str(get_testdata_file(name, download=False)), made / name)
    return tmp_path / "cd"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "data", "org-district") as made:
        yield made


@pytest.fixture
def imaging(here: Node) -> Imaging:
    return Imaging(here.store, Trail(here.store, here.clock), here.clock)


@pytest.fixture
def patient_id(here: Node) -> str:
    patient = Patient(id="p1", name=(HumanName(family="CompressedSamples", given=("CT1",)),))
    here.store.records.commit((patient,))
    return patient.id


def test_a_folder_becomes_studies_and_a_second_time_changes_nothing(
    here: Node, imaging: Imaging, patient_id: str, folder: Path
) -> None:
    doctor = here.session("doctor")
    told: list[tuple[int, int]] = []
    report = take_folder(
        imaging, doctor, patient_id, folder, progress=lambda done, total: told.append((done, total)), is_confirmed=True
    )
    assert report.imported == 3
    assert report.refused == ()
    assert told[-1] == (3, 3)
    again = take_folder(imaging, doctor, patient_id, folder, is_confirmed=True)
    assert {s.meta.version_id for s in again.studies if s.meta} == {s.meta.version_id for s in report.studies if s.meta}
    assert len(imaging.studies(doctor, patient_id)) == len(report.studies) == 3


def test_one_bad_file_never_stops_the_others(here: Node, imaging: Imaging, patient_id: str, folder: Path) -> None:
    good = (folder / "DICOM" / "CT_small.dcm").read_bytes()
    (folder / "DICOM" / "half.dcm").write_bytes(good[: len(good) // 20])
    (folder / "README.TXT").write_text("hello", encoding="utf-8")
    report = take_folder(imaging, here.session("doctor"), patient_id, folder, is_confirmed=True)
    assert report.imported == 3
    assert [refusal.name for refusal in report.refused] == ["README.TXT", "DICOM/half.dcm"]
    assert all(refusal.reason.render("ru") for refusal in report.refused)


def test_other_names_file_nothing_until_somebody_confirms(
    here: Node, imaging: Imaging, patient_id: str, folder: Path
) -> None:
    doctor = here.session("doctor")
    report = take_folder(imaging, doctor, patient_id, folder)
    assert not report.is_filed
    assert len(report.names_in_files) > 1
    assert imaging.studies(doctor, patient_id) == ()


def test_a_cancelled_import_files_what_was_read(here: Node, imaging: Imaging, patient_id: str, folder: Path) -> None:
    seen: list[int] = []
    report = take_folder(
        imaging,
        here.session("doctor"),
        patient_id,
        folder,
        progress=lambda done, _total: seen.append(done),
        is_cancelled=lambda: len(seen) >= 1,
        is_confirmed=True,
    )
    assert report.imported == 1
    assert len(report.studies) == 1


def test_a_series_opens_as_a_stack(here: Node, imaging: Imaging, patient_id: str, folder: Path) -> None:
    doctor = here.session("doctor")
    take_folder(imaging, doctor, patient_id, folder, is_confirmed=True)
    study = next(s for s in imaging.studies(doctor, patient_id) if s.series[0].modality.code == "US")
    stack = imaging.stack(doctor, study, study.series[0].uid)
    assert len(stack) == 30
    assert stack.frame(29).frame_number == 30
    assert stack.frame(29) is stack.frame(29)
    assert stack.position_of(stack.frame(7).sop_uid, 8) == 7
    with pytest.raises(NotFoundError):
        stack.frame(30)
    with pytest.raises(NotFoundError):
        imaging.stack(doctor, study, "1.2.3")


def test_a_study_of_one_patient_is_not_filed_for_another(
    here: Node, imaging: Imaging, patient_id: str, folder: Path
) -> None:
    doctor = here.session("doctor")
    take_folder(imaging, doctor, patient_id, folder, is_confirmed=True)
    here.store.records.commit((Patient(id="p2", name=(HumanName(family="Other"),)),))
    report = take_folder(imaging, doctor, "p2", folder, is_confirmed=True)
    assert report.studies == ()
    assert len(report.refused) == 3


def test_a_key_image_is_a_small_picture_that_knows_its_source(
    here: Node, imaging: Imaging, patient_id: str, folder: Path
) -> None:
    doctor = here.session("doctor")
    take_folder(imaging, doctor, patient_id, folder, is_confirmed=True)
    study = next(s for s in imaging.studies(doctor, patient_id) if s.series[0].modality.code == "CT")
    key_images = KeyImages(here.store, Trail(here.store, here.clock), here.clock)
    uid = study.series[0].instance[0].uid
    document = key_images.mark(doctor, study, uid, 1, Window(40, 400))
    assert key_images.of_patient(doctor, patient_id) == (document,)
    assert key_images.source(document).sop_uid == uid
    assert here.store.blobs.read(document.content[0].attachment.sha256).startswith(b"\x89PNG")
    with pytest.raises(NotFoundError):
        key_images.mark(doctor, study, "1.2.3", 1, Window(40, 400))
    with pytest.raises(UnreadableFileError):
        key_images.mark(doctor, study, uid, 2, Window(40, 400))


def test_a_registrar_imports_no_images(here: Node, imaging: Imaging, patient_id: str, folder: Path) -> None:
    with pytest.raises(NotAllowedError):
        take_folder(imaging, here.session("registrar"), patient_id, folder)


@pytest.mark.parametrize(
    ("in_file", "is_same"),
    [
        ("Kasymov Nurlan", True),
        ("ҚАСЫМОВ НҰРЛАН СӘБИТҰЛЫ", True),
        ("Касымов Нурлан", True),
        ("", True),
        ("Kasymov Serik", False),
        ("MISTER CT", False),
    ],
)
def test_names_are_compared_across_scripts(in_file: str, is_same: bool) -> None:
    patient = Patient(id="p", name=(HumanName(family="Қасымов", given=("Нұрлан",)),))
    assert is_same_person(patient, in_file) is is_same
