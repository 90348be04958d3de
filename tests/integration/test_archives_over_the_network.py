"""Searching and fetching over real ports: Orthanc by DICOM and DICOMweb, DCMTK's archive by C-GET and C-MOVE."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from clinic_app.foundation.errors import ConflictError, InvalidInputError, LinkError, NotAllowedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Imaging
from clinic_app.imaging.archives import ImageArchives, Network
from clinic_app.imaging.network.awaited import Awaited
from clinic_app.imaging.network.dicom_archive import DicomArchive
from clinic_app.imaging.network.found import FoundStudy, Wanted
from clinic_app.imaging.network.listener import Services
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.web_archive import WebArchive
from clinic_app.imaging.outside.leaving import Disguise, disguised
from clinic_app.imaging.reading import read_dataset
from clinic_app.keys import FileKeyStorage
from clinic_app.storage import AuditQuery
from tests.helpers.dicom_files import bytes_of
from tests.helpers.image_archives import LOGIN, OrthancArchive, dcmqrscp, free_port, orthanc_archive
from tests.helpers.image_desk import AE, IIN_OF_ONE, IIN_OF_OTHER, Desk, all_of, image_bytes, image_desk, listening

OURS, THEIRS, SHARED = "1.2.40.1", "1.2.40.2", "1.2.40.3"
ARCHIVES: Final = ("Orthanc", "Orthanc web", "DCMTK")


def study(uid: str, count: int, name: str, number: str, **more: object) -> list[bytes]:
    """Return the files of a study of two series."""
    told = {
        "SpecificCharacterSet": "ISO_IR 192", "PatientName": name, "PatientID": number, "StudyDate": "20260301",
        "StudyTime": "101500", "StudyDescription": "Обзор", "AccessionNumber": "A17", "Modality": "CT", "StudyID": "1",
        **more,
    }  # fmt: skip
    return [
        image_bytes(
            sop_uid=f"{uid}.{place}", StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.{9 + place % 2}",
            InstanceNumber=place, SeriesNumber=1 + place % 2, **told,
        )
        for place in range(1, count + 1)
    ]  # fmt: skip


FILES: Final = [
    *study(OURS, 5, "Қасымов^Ерлан", IIN_OF_ONE),
    *study(THEIRS, 2, "Petrova^Anna", IIN_OF_OTHER, StudyDate="20251231", Modality="MR", AccessionNumber="B2"),
    *study(SHARED, 2, "KASSYMOV^YERLAN", "H-99", StudyDate="20240105", AccessionNumber=""),
]


@dataclass
class Place:
    """The workstation, its port, and the archives around it."""

    desk: Desk
    imaging: Imaging
    archives: ImageArchives
    orthanc: OrthancArchive
    dcmtk: Peer
    awaited: Awaited

    def find(self, archive: str, /, **wanted: object) -> list[FoundStudy]:
        return list(self.archives.find(self.desk.doctor, archive, Wanted(**wanted)).studies)  # type: ignore[arg-type]

    def study(self, name: str, uid: str) -> FoundStudy:
        return next(each for each in self.find(name, from_day=date(2020, 1, 1)) if each.uid == uid)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("archives")
    with image_desk(folder / "desk") as desk:
        awaited = Awaited(desk.inbox)
        with (
            listening(Services(awaited), [all_of("ORTHANC"), all_of("DCMTK")], desk.clock) as listener,
            orthanc_archive(folder / "orthanc", listener.port) as orthanc,
            dcmqrscp(folder / "dcmtk", listener.port, FILES) as dcmtk,
        ):
            orthanc.put(FILES)
            imaging = Imaging(desk.store, desk.trail, desk.clock)
            secrets = FileKeyStorage(folder)
            secrets.save("dicomweb " + orthanc.server.url, LOGIN[1].encode())
            network = Network(AE, lambda: (orthanc.peer, dcmtk), lambda: (orthanc.server,), awaited, lambda: secrets)
            archives = ImageArchives(desk.store, desk.trail, imaging, network)
            yield Place(desk, imaging, archives, orthanc, dcmtk, awaited)


# --- searching ---


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"patient_id": IIN_OF_ONE}, [OURS]),
        ({"accession": "B2"}, [THEIRS]),
        ({"from_day": date(2025, 12, 1), "to_day": date(2025, 12, 31)}, [THEIRS]),
        ({"from_day": date(2026, 1, 1)}, [OURS]),
        ({"name": "petrova"}, [THEIRS]),
        ({"name": "Petr*"}, [THEIRS]),
        ({"from_day": date(2020, 1, 1), "modality": "mr"}, [THEIRS]),
        ({"from_day": date(2020, 1, 1)}, [OURS, THEIRS, SHARED]),
        ({"patient_id": "none such"}, []),
    ],
)
def test_every_archive_answers_the_same_question_the_same_way(
    place: Place, name: str, wanted: dict[str, object], expected: list[str]
) -> None:
    found = place.find(name, **wanted)
    if name == "DCMTK" and "modality" in wanted:  # it knows no modalities of studies, and answers with all
        assert set(expected) <= {each.uid for each in found}
    else:
        assert [each.uid for each in found] == expected


@pytest.mark.parametrize("name", ["Orthanc", "DCMTK"])
def test_a_kazakh_name_is_found_in_its_own_letters_and_in_those_of_devices(place: Place, name: str) -> None:
    found = {each.uid for each in place.find(name, name="Қасымов")}
    assert OURS in found
    if name == "Orthanc":
        assert found == {OURS, SHARED}, "by the spelling of a passport with wildcards where clerks differ"


def test_a_name_a_web_server_cannot_read_is_found_by_what_else_is_asked(place: Place) -> None:
    found = place.find("Orthanc web", name="Қасымов", from_day=date(2020, 1, 1))
    assert OURS in {each.uid for each in found}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_study_is_told_with_whose_it_is_and_how_much(place: Place, name: str) -> None:
    (found,) = place.find(name, patient_id=IIN_OF_ONE)
    assert found.person.name == "Қасымов Ерлан"
    assert IIN_OF_ONE in found.person.iins
    assert (found.day, found.accession, found.description) == ("2026-03-01", "A17", "Обзор")
    series = place.archives.series(place.desk.doctor, name, found)
    assert [(each.number, each.modality) for each in series] == [(1, "CT"), (2, "CT")]


# --- fetching ---


def fetched(place: Place, name: str, uid: str, *, patient: str = "", **more: object) -> tuple[list[str], object]:
    study = place.study(name, uid)
    gathered, outcome = place.archives.fetch(
        place.desk.doctor,
        patient or place.desk.one.id,
        name,
        study,
        **more,  # type: ignore[arg-type]
    )
    return sorted(each.sop_uid for each in gathered.instances), outcome


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_study_comes_whole_with_its_numbers_agreeing(place: Place, name: str) -> None:
    told: list[tuple[int, int]] = []
    study = place.study(name, OURS)
    gathered, outcome = place.archives.fetch(
        place.desk.doctor, place.desk.one.id, name, study, progress=lambda done, total: told.append((done, total))
    )
    assert gathered.is_sure
    assert sorted(each.sop_uid for each in gathered.instances) == [f"{OURS}.{place}" for place in range(1, 6)]
    assert (outcome.total, outcome.came, outcome.missing, outcome.reason) == (5, 5, 0, None)
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)


@pytest.mark.parametrize("name", ["Orthanc", "Orthanc web"])
def test_what_comes_is_what_lies_there(place: Place, name: str) -> None:
    study = place.study(name, OURS)
    gathered, _outcome = place.archives.fetch(place.desk.doctor, place.desk.one.id, name, study)
    sent = {read_dataset(data).SOPInstanceUID: read_dataset(data).PixelData for data in FILES}
    for each in gathered.instances:
        assert read_dataset(place.desk.store.blobs.read(each.sha256)).PixelData == sent[each.sop_uid]


@pytest.mark.parametrize("name", ARCHIVES)
def test_only_the_series_that_are_wanted_come(place: Place, name: str) -> None:
    uids, _outcome = fetched(place, name, OURS, series=[f"{OURS}.9"])
    assert uids == [f"{OURS}.2", f"{OURS}.4"]


def test_packed_images_are_not_unpacked_on_their_way(place: Place, shared_data: Path) -> None:
    dataset = read_dataset((shared_data / "dicom/mr/MR2_J2KI.dcm").read_bytes())
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.41", "1.2.41.1"
    dataset.StudyDate, dataset.PatientID = "20230101", IIN_OF_ONE
    place.orthanc.put([bytes_of(dataset)])
    for name in ("Orthanc", "Orthanc web"):
        gathered, _outcome = place.archives.fetch(
            place.desk.doctor, place.desk.one.id, name, place.study(name, "1.2.41")
        )
        kept = read_dataset(place.desk.store.blobs.read(gathered.instances[0].sha256))
        assert kept.file_meta.TransferSyntaxUID.name.startswith("JPEG 2000")
        assert kept.PixelData == dataset.PixelData


def test_an_archive_that_cannot_send_back_sends_to_our_port(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_arguments: object) -> None:
        raise LinkError(Text("The archive “{name}” does not do what it was asked for.", name="x"))

    monkeypatch.setattr(DicomArchive, "_get", cannot)
    for name in ("DCMTK", "Orthanc"):
        uids, outcome = fetched(place, name, OURS)
        assert len(uids) == 5
        assert outcome.reason is None  # type: ignore[attr-defined]
    assert place.desk.inbox.count() == 0, "they were awaited, and do not wait for anybody else"


def test_a_second_try_asks_for_what_is_missing(place: Place) -> None:
    doctor, patient = place.desk.doctor, place.desk.one.id
    study = place.study("Orthanc", OURS)
    came: list[int] = []
    gathered, outcome = place.archives.fetch(
        doctor, patient, "Orthanc", study, series=[f"{OURS}.10"],
        progress=lambda done, _total: came.append(done), is_stopped=lambda: bool(came) and came[-1] >= 1,
    )  # fmt: skip
    assert gathered.is_stopped
    assert 1 <= outcome.came < 3
    assert outcome.reason is not None
    place.imaging.take_in(doctor, patient, gathered.instances)
    for name in ARCHIVES:
        again, outcome = place.archives.fetch(doctor, patient, name, study, series=[f"{OURS}.10"])
        assert outcome.here == len(gathered.instances)
        assert len(again.instances) == outcome.total == 3 - outcome.here


def test_a_study_of_another_patient_is_not_fetched_for_this_one(place: Place) -> None:
    doctor, other = place.desk.doctor, place.desk.other.id
    study = place.study("Orthanc", THEIRS)
    gathered, _outcome = place.archives.fetch(doctor, place.desk.one.id, "Orthanc", study)
    assert not gathered.is_sure
    assert [each.id for each in gathered.people[0].candidates] == [other]
    place.imaging.take_in(doctor, other, gathered.instances)
    with pytest.raises(ConflictError):
        place.archives.fetch(doctor, place.desk.one.id, "Orthanc", study)


# --- sending, and who may ---


def test_a_study_is_sent_to_a_web_server_and_a_second_time_is_no_error(place: Place) -> None:
    made = study("1.2.42", 12, "Қасымов^Ерлан", IIN_OF_ONE)
    taken: list[int] = []
    web = WebArchive(place.orthanc.server, LOGIN[1])
    before = place.orthanc.count()
    assert web.send(made, lambda done, _total: taken.append(done), lambda: False) == (12, 0)
    assert web.send(made[:2], lambda _done, _total: None, lambda: False) == (2, 0)
    assert place.orthanc.count() == before + 12
    assert taken == [10, 12]


def test_a_wrong_password_is_said_and_nothing_else_is_tried(place: Place) -> None:
    with pytest.raises(LinkError, match="password"):
        WebArchive(place.orthanc.server, "wrong").find(Wanted(patient_id="1"), lambda: False)


def test_whoever_is_not_known_to_the_archive_is_told_so(place: Place) -> None:
    read = place.desk.store.blobs.read
    with pytest.raises(LinkError, match="AE title"):
        DicomArchive(replace(place.orthanc.peer, ae_title="WRONG"), AE, read).find(
            Wanted(patient_id="1"), lambda: False
        )
    with pytest.raises(LinkError, match="cannot be reached"):
        DicomArchive(replace(place.orthanc.peer, port=free_port()), AE, read).find(
            Wanted(patient_id="1"), lambda: False
        )


def test_an_archive_that_does_not_let_us_ask_is_said_to_refuse(place: Place) -> None:
    with pytest.raises(LinkError):
        DicomArchive(place.orthanc.peer, "STRANGER", place.desk.store.blobs.read).find(
            Wanted(patient_id="1"), lambda: False
        )


def test_every_question_is_in_the_trail(place: Place) -> None:
    place.find("DCMTK", name="Petrova", accession="B2")
    events = [row.event for row in place.desk.store.audit.page(AuditQuery(), 5)]
    said = [base64.b64decode(each.query).decode() for event in events for each in event.entity if each.query]
    assert any("PatientName=Petrova&AccessionNumber=B2" in each for each in said), said


def test_who_may_not_take_images_in_may_not_search(place: Place) -> None:
    with pytest.raises(NotAllowedError):
        place.archives.find(place.desk.registrar, "DCMTK", Wanted(patient_id="1"))
    with pytest.raises(NotAllowedError):
        place.archives.keep_secret(place.desk.doctor, "Orthanc web", "x")


def test_only_what_it_lists_can_be_asked(place: Place) -> None:
    assert [(each.name, each.kind) for each in place.archives.lines()] == [
        ("Orthanc", "dicom"),
        ("DCMTK", "dicom"),
        ("Orthanc web", "web"),
    ]
    with pytest.raises(NotFoundError):
        place.find("Elsewhere", patient_id="1")
    with pytest.raises(InvalidInputError):
        place.find("DCMTK", name="**")


@pytest.mark.parametrize("name", ["ct/CT_small.dcm", "mr/emri_small.dcm", "us/OBXXXX1A.dcm", "xray/dx_image.dcm"])
def test_nothing_orthanc_takes_away_or_replaces_is_left_by_us(place: Place, shared_data: Path, name: str) -> None:
    data = (shared_data / "dicom" / name).read_bytes()
    source, theirs = read_dataset(data), read_dataset(place.orthanc.anonymised(data))
    ours = disguised(data, Disguise(), is_looked_at=True)[1]
    kept = values_of(ours)
    own_way = {"PatientIdentityRemoved", "DeidentificationMethod", "ImageType", "SOPClassUID"}
    seen = 0
    for tag, value in values_of(source).items():
        if keyword_for_tag(tag[-1]) in own_way or not value.strip() or values_of(theirs).get(tag) == value:
            continue
        seen += 1
        assert kept.get(tag) != value, tag
    assert seen >= 8
    assert all(not BaseTag(tag[-1]).is_private for tag in kept)


def values_of(dataset: Dataset, path: tuple[int, ...] = ()) -> dict[tuple[int, ...], str]:
    """Return all values of a file as text, by the way to them."""
    found: dict[tuple[int, ...], str] = {}
    for element in dataset:
        here = (*path, int(element.tag))
        if element.VR == "SQ":
            for place, item in enumerate(element.value):
                found |= values_of(item, (*here, place))
        elif element.keyword != "PixelData":
            found[here] = str(element.value)
    return found
