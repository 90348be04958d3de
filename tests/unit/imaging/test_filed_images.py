"""Images that came by two ways are the same images once: from a disc, from a device, from another hospital."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.imaging import Imaging, from_paths
from clinic_app.imaging.filed_images import digest_of, files_in, head_of, ours_of, records_of
from clinic_app.imaging.network.storing import file_head
from clinic_app.imaging.waiting_image import WaitingImage
from clinic_app.records import ImagingStudy, Meta, ServiceRequest
from tests.helpers.image_desk import IIN_OF_ONE, Desk, image_bytes, image_desk

HIS = {"PatientID": IIN_OF_ONE, "PatientName": "Қасымов^Ерлан", "SpecificCharacterSet": "ISO_IR 192"}
STUDY = "1.2.3"
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with image_desk(tmp_path / "desk") as made:
        yield made


def disc(folder: Path, *numbers: int, **more: str) -> Path:
    """Write images of the study into a folder."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        told = {**HIS, "SOPInstanceUID": f"1.2.3.4.{number}", "InstanceNumber": str(number), **more}
        (folder / f"{number}.dcm").write_bytes(image_bytes(**told))
    return folder


def taken(desk: Desk, folder: Path) -> ImagingStudy:
    """Take a disc in for the first patient."""
    imaging = Imaging(desk.store, desk.trail, desk.clock)
    gathered = imaging.gather(desk.doctor, desk.one.id, from_paths([folder]))
    return imaging.take_in(desk.doctor, desk.one.id, gathered.instances, is_confirmed=True).studies[0]


def arriving(desk: Desk, number: int, **more: str) -> WaitingImage:
    """Return the image of a disc as a device sends it, with a digest as the listener makes it."""
    told = {**HIS, "SOPInstanceUID": f"1.2.3.4.{number}", "InstanceNumber": str(number), **more}
    return replace(desk.image(**told), digest=digest_of(image_bytes(**told)))


def sent_by_another_hospital(desk: Desk, study: ImagingStudy) -> None:
    """Let a study be another hospital's."""
    meta = Meta(source="Organization/other", version_id=study.version_id)
    desk.store.records.commit((replace(study, meta=meta),), send=False)


def test_a_disc_is_kept_for_certain_when_a_machine_asks(desk: Desk, tmp_path: Path) -> None:
    taken(desk, disc(tmp_path / "cd", 1, 2))
    assert desk.inbox.keeps("1.2.3.4.1", CT)
    assert desk.inbox.keeps("1.2.3.4.2", CT)
    assert not desk.inbox.keeps("1.2.3.4.3", CT)


def test_a_disc_whose_bytes_are_lost_is_not_kept(desk: Desk, tmp_path: Path) -> None:
    (sha256,) = set(files_in((taken(desk, disc(tmp_path / "cd", 1)),)).values())
    desk.store.blobs._found(sha256)[0].unlink()
    assert not desk.inbox.keeps("1.2.3.4.1", CT)


def test_what_a_disc_brought_is_known_when_a_machine_sends_it(desk: Desk, tmp_path: Path) -> None:
    taken(desk, disc(tmp_path / "cd", 1))
    assert not desk.inbox.take(arriving(desk, 1))
    assert desk.inbox.count() == 0
    assert desk.inbox.take(arriving(desk, 1, StudyDescription="Other bytes"))
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert waiting.study.others == 1


def test_what_a_wrong_clock_let_be_forgotten_is_known_by_its_record(desk: Desk, tmp_path: Path) -> None:
    taken(desk, disc(tmp_path / "cd", 1))
    desk.store.records.commit((), forgotten=("images/seen/1.2.3.4.1",))
    assert not desk.inbox.take(arriving(desk, 1))
    assert desk.inbox.count() == 0


def test_a_disc_that_overtakes_what_waits_is_not_lost_when_that_is_taken_back(desk: Desk, tmp_path: Path) -> None:
    for number in (1, 2):
        desk.inbox.take(arriving(desk, number))
    taken(desk, disc(tmp_path / "cd", 1))
    study = desk.inbox.confirm(desk.nurse, STUDY, desk.one.id)
    assert set(files_in((study,))) == {"1.2.3.4.1", "1.2.3.4.2"}
    (done,) = desk.inbox.handled(desk.nurse)
    desk.inbox.undo(desk.nurse, done.id)
    (kept,) = records_of(desk.store, STUDY)
    assert set(files_in((kept,))) == {"1.2.3.4.1"}
    assert [len(each.study.images) for each in desk.inbox.waiting(desk.nurse)] == [2]


def test_a_disc_with_all_that_waits_closes_the_order_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    order = desk.order()
    desk.inbox.take(arriving(desk, 1, AccessionNumber=order.accession))
    before = taken(desk, disc(tmp_path / "cd", 1, AccessionNumber=order.accession))
    after = desk.inbox.confirm(desk.nurse, STUDY, desk.one.id)
    assert before.meta is not None
    assert after.meta is not None
    assert after.meta.version_id == before.meta.version_id
    assert desk.store.records.get(ServiceRequest, order.id).status == "completed"
    assert desk.inbox.count() == 0
    (done,) = desk.inbox.handled(desk.nurse)
    desk.inbox.undo(desk.nurse, done.id)
    assert len(records_of(desk.store, STUDY)) == 1


def test_other_bytes_than_a_disc_brought_meanwhile_are_not_passed_over(desk: Desk, tmp_path: Path) -> None:
    desk.inbox.take(arriving(desk, 1, StudyDescription="Other bytes"))
    taken(desk, disc(tmp_path / "cd", 1))
    with pytest.raises(InvalidInputError):
        desk.inbox.confirm(desk.nurse, STUDY, desk.one.id)
    assert desk.inbox.count() == 1


def test_beside_another_hospitals_study_new_images_go_to_a_record_of_ours(desk: Desk, tmp_path: Path) -> None:
    theirs = taken(desk, disc(tmp_path / "cd", 1, 2))
    sent_by_another_hospital(desk, theirs)
    again = taken(desk, disc(tmp_path / "cd"))
    assert again.id == theirs.id
    ours = taken(desk, disc(tmp_path / "cd", 3))
    assert ours.id != theirs.id
    assert set(files_in((ours,))) == {"1.2.3.4.3"}
    assert [each.id for each in records_of(desk.store, STUDY)] == [theirs.id, ours.id]
    assert ours_of(desk.store, records_of(desk.store, STUDY), "none") == ours


def test_a_record_with_marks_only_comes_after_the_pictures(desk: Desk, tmp_path: Path) -> None:
    pictures = taken(desk, disc(tmp_path / "cd", 1))
    marks = replace(pictures, id="marks", series=(), number_of_series=0, number_of_instances=0, meta=None)
    desk.store.records.commit((marks,))
    assert [each.id for each in records_of(desk.store, STUDY)] == [pictures.id, "marks"]
    imaging = Imaging(desk.store, desk.trail, desk.clock)
    assert imaging.filed(STUDY, desk.one.id) == {"1.2.3.4.1"}


def test_a_file_is_the_same_image_whatever_stands_before_its_dataset() -> None:
    data = image_bytes(**HIS)
    syntax, begin = head_of(data)
    ours = file_head(CT, "1.2.3.4.1", syntax) + data[begin:]
    assert data[:begin] != ours[: len(ours) - len(data) + begin]
    assert digest_of(ours) == digest_of(data)
    assert digest_of(data[begin:]) == ""
    assert digest_of(data + b"\0") != digest_of(data)
