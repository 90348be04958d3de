"""What a doctor measured goes with his question and is seen by the specialist; neither changes the other's."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pydicom.data import get_testdata_file

from clinic_app.access import Trail, node_keys
from clinic_app.imaging import Imaging, KeyImages, Mark, MarkKeeping, Window
from clinic_app.imaging.mark_versions import holds_marks
from clinic_app.imaging.measuring.marks import ellipse_points
from clinic_app.imaging.objects.kinds import kind_of
from clinic_app.imaging.reading import read_dataset
from clinic_app.records import HumanName, ImagingStudy, Patient, reference_to
from clinic_app.referral.cases import package_of
from tests.helpers.clocks import FixedClock
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, introduce, node
from tests.helpers.taking_in import take_folder

PATIENT = Patient(id="p1", name=(HumanName(family="Қасымов", given=("Нұрлан",)),), birth_date="1964-03-05")


class Hospital:
    """A workstation with its images and marks."""

    def __init__(self, here: Node) -> None:
        self.here = here
        trail = Trail(here.store, here.clock)
        self.imaging = Imaging(here.store, trail, here.clock)
        self.marks = MarkKeeping(here.store, trail, here.clock)
        self.keys = KeyImages(here.store, trail, here.clock)


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Hospital]:
    with node(tmp_path / "district", DISTRICT) as made:
        yield Hospital(made)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Hospital]:
    with node(tmp_path / "centre", CENTRE) as made:
        yield Hospital(made)


@pytest.fixture
def study(district: Hospital, tmp_path: Path) -> ImagingStudy:
    folder = tmp_path / "cd"
    folder.mkdir()
    shutil.copy(str(get_testdata_file("CT_small.dcm", download=False)), folder / "a.dcm")
    district.here.store.records.commit((PATIENT,))
    report = take_folder(district.imaging, district.here.session("doctor"), "p1", folder, is_confirmed=True)
    return report.studies[0]


def drawn_on(study: ImagingStudy) -> tuple[Mark, Mark]:
    uid = study.series[0].instance[0].uid
    ring = Mark("ellipse", ellipse_points((40.0, 40.0), (80.0, 70.0)), "ошақ", uid="2.25.1", sop_uid=uid)
    return ring, Mark("length", ((20.0, 64.0), (100.0, 64.0)), uid="2.25.2", sop_uid=uid)


def asked(district: Hospital, centre: Hospital, study: ImagingStudy, *more: object) -> bytes:
    """Send the study with a question; return the sealed package."""
    introduce(district.here, centre.here)
    evidence = (reference_to(study), *(reference_to(each) for each in more))  # type: ignore[arg-type]
    case = district.here.referrals.send(district.here.session("doctor"), "p1", form(evidence))
    document = package_of(district.here.store, case.request)
    assert document is not None
    return district.here.store.blobs.read(document.content[0].attachment.sha256)


def test_the_specialist_has_the_marks_with_their_author_and_can_measure_himself(
    district: Hospital, centre: Hospital, study: ImagingStudy
) -> None:
    doctor = district.here.session("doctor")
    kept = district.marks.keep(doctor, study, drawn_on(study), "kk")
    centre.here.referrals.open_package(asked(district, centre, kept))
    specialist = centre.here.session("specialist")
    there = centre.here.store.records.get(ImagingStudy, study.id)
    (theirs,) = centre.marks.layers(specialist, there)
    assert (theirs.author, theirs.is_mine) == (doctor.name, False)
    assert [(mark.kind, mark.words) for mark in theirs.marks] == [("ellipse", "ошақ"), ("length", "")]
    own = Mark("point", ((64.0, 64.0),), uid="2.25.9", sop_uid=theirs.marks[0].sop_uid)
    answered = centre.marks.keep(specialist, there, [own], "ru")
    for looked_at in (there, answered):
        layers = centre.marks.layers(specialist, looked_at)
        assert [(layer.is_mine, len(layer.marks)) for layer in layers] == [(False, 2), (True, 1)]
    assert centre.here.store.records.get(ImagingStudy, study.id) == there, "what another hospital sent stays its own"
    assert district.marks.layers(doctor, kept)[0].marks == theirs.marks


def test_the_package_holds_files_any_viewer_reads(district: Hospital, centre: Hospital, study: ImagingStudy) -> None:
    kept = district.marks.keep(district.here.session("doctor"), study, drawn_on(study), "kk")
    sealed = asked(district, centre, kept)
    files = zipfile.ZipFile(io.BytesIO(node_keys(centre.here.store).unseal(sealed)))
    read = [read_dataset(files.read(name)) for name in files.namelist() if name.startswith("DICOM/I")]
    assert sorted(kind_of(str(each.SOPClassUID)) for each in read) == ["picture", "presentation", "report"]
    assert len({str(each.StudyInstanceUID) for each in read}) == 1


def test_a_later_version_that_is_sent_again_takes_the_place_of_the_first(
    district: Hospital, centre: Hospital, study: ImagingStudy
) -> None:
    doctor = district.here.session("doctor")
    first = district.marks.keep(doctor, study, drawn_on(study), "kk")
    centre.here.referrals.open_package(asked(district, centre, first))
    specialist, there = centre.here.session("specialist"), centre.here.store.records.get(ImagingStudy, study.id)
    own = Mark("point", ((64.0, 64.0),), uid="2.25.9", sop_uid=study.series[0].instance[0].uid)
    centre.marks.keep(specialist, there, [own], "ru")
    cast("FixedClock", district.here.clock).advance(seconds=60)
    second = district.marks.keep(doctor, first, drawn_on(study)[:1], "kk")
    centre.here.referrals.open_package(asked(district, centre, second))
    there = centre.here.store.records.get(ImagingStudy, study.id)
    theirs, mine = centre.marks.layers(specialist, there)
    assert [mark.kind for mark in theirs.marks] == ["ellipse"]
    assert [mark.kind for mark in mine.marks] == ["point"]


def test_a_key_image_says_what_was_measured_where_the_study_does_not_go(
    district: Hospital, centre: Hospital, study: ImagingStudy
) -> None:
    doctor = district.here.session("doctor")
    uid = study.series[0].instance[0].uid
    picture = district.keys.mark(doctor, study, uid, 1, Window(40, 400), drawn_on(study), "ru")
    centre.here.referrals.open_package(asked(district, centre, study, picture))
    case = centre.here.consultations.worklist(centre.here.session("specialist"))[0]
    evidence = centre.here.consultations.evidence(centre.here.session("specialist"), case.task.id)
    assert "1: ошақ, Среднее" in (evidence.key_images[0].description or "")
    assert "2: 52,9 мм · калибровано" in (evidence.key_images[0].description or "")


def test_series_of_marks_are_told_from_those_of_pictures(district: Hospital, study: ImagingStudy) -> None:
    kept = district.marks.keep(district.here.session("doctor"), study, drawn_on(study), "kk")
    assert {each.modality.code: holds_marks(each) for each in kept.series} == {"CT": False, "PR": True, "SR": True}
