"""The inbox of images over a real store: nothing files itself, nothing is filed twice, all can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clinic_app.foundation.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    StorageError,
    UnreadableFileError,
)
from clinic_app.imaging import FrameStack, Imaging, image_inbox
from clinic_app.imaging.image_inbox import ImageInbox
from clinic_app.imaging.shared_study import studies_of
from clinic_app.imaging.waiting_image import read_beginning
from clinic_app.records import AuditEvent, ImagingStudy, ServiceRequest
from tests.helpers.image_desk import IIN_OF_ONE, IIN_OF_OTHER, Desk, image_bytes, image_desk

HIS = {"PatientID": IIN_OF_ONE, "PatientName": "Қасымов^Ерлан", "SpecificCharacterSet": "ISO_IR 192"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with image_desk(tmp_path) as made:
        yield made


def series(desk: Desk, count: int = 3, **elements: Any) -> str:
    for number in range(count):
        desk.send(SOPInstanceUID=f"1.2.3.4.{number + 1}", InstanceNumber=number + 1, **{**HIS, **elements})
    return str(elements.get("StudyInstanceUID", "1.2.3"))


def again(desk: Desk) -> ImageInbox:
    """Return the inbox as it is after the program was started anew."""
    return ImageInbox(desk.store, desk.trail, desk.clock, desk.orders)


def test_images_of_one_study_wait_together_and_are_in_nobodys_record(desk: Desk) -> None:
    series(desk)
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert [each.number for each in waiting.study.images] == [1, 2, 3]
    assert (desk.inbox.count(), waiting.study.names, waiting.study.modalities) == (1, ("Қасымов Ерлан",), ("CT",))
    assert desk.store.records.find(ImagingStudy) == ()


def test_an_iin_proposes_its_patient_and_a_name_alone_nobody(desk: Desk) -> None:
    series(desk)
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert [(match.patient.id, match.by, match.sameness) for match in waiting.matches] == [
        (desk.one.id, "iin", "identifier")
    ]
    desk.inbox.set_aside(desk.nurse, "1.2.3")
    desk.send(SOPInstanceUID="1.9.1", StudyInstanceUID="1.9", **{**HIS, "PatientID": "17"})
    (nameless,) = desk.inbox.waiting(desk.nurse)
    assert nameless.matches == ()


def test_the_number_of_an_order_proposes_its_patient_and_says_where_the_name_differs(desk: Desk) -> None:
    order = desk.order()
    desk.send(SOPInstanceUID="1.2.3.4.1", AccessionNumber=order.accession, PatientID="", PatientName="Petrova^Anna")
    (waiting,) = desk.inbox.waiting(desk.nurse)
    (match,) = waiting.matches
    assert (match.patient.id, match.by, match.is_contradicted) == (desk.one.id, "order", True)
    assert match.order is not None
    assert match.order.id == order.id


def test_filing_takes_the_study_into_the_record_and_closes_its_order(desk: Desk) -> None:
    order = desk.order()
    study_uid = series(desk, StudyInstanceUID=order.study_uid)
    assert desk.orders.of_day(desk.nurse, desk.clock.now().date())[0].state == "arrived"
    study = desk.inbox.confirm(desk.nurse, study_uid, desk.one.id)
    assert (study.number_of_instances, study.subject.id) == (3, desk.one.id)
    assert [each.reference for each in study.based_on] == [f"ServiceRequest/{order.id}"]
    assert desk.inbox.count() == 0
    assert desk.orders.of_day(desk.nurse, desk.clock.now().date())[0].state == "done"
    opened = Imaging(desk.store, desk.trail, desk.clock).opened(desk.nurse, study, study.series[0].uid)
    assert isinstance(opened, FrameStack)
    assert len(opened) == 3


def test_another_patients_number_is_refused_until_somebody_stands_by_it(desk: Desk) -> None:
    study_uid = series(desk)
    with pytest.raises(InvalidInputError) as caught:
        desk.inbox.confirm(desk.nurse, study_uid, desk.other.id)
    assert caught.value.field == "patient"
    assert desk.inbox.count() == 1
    assert desk.inbox.confirm(desk.nurse, study_uid, desk.other.id, is_sure=True).subject.id == desk.other.id


def test_not_this_patient_brings_everything_back(desk: Desk) -> None:
    order = desk.order()
    study_uid = series(desk, StudyInstanceUID=order.study_uid)
    study = desk.inbox.confirm(desk.nurse, study_uid, desk.one.id)
    (done,) = desk.inbox.handled(desk.nurse)
    desk.inbox.undo(desk.nurse, done.id)
    assert desk.inbox.count() == 1
    assert desk.store.records.get(ImagingStudy, study.id).status == "entered-in-error"
    assert Imaging(desk.store, desk.trail, desk.clock).studies(desk.nurse, desk.one.id) == ()
    assert desk.orders.of_day(desk.nurse, desk.clock.now().date())[0].state == "arrived"
    filed = desk.inbox.confirm(desk.nurse, study_uid, desk.other.id, is_sure=True)
    assert filed.id != study.id
    assert filed.number_of_instances == 3
    with pytest.raises(NotFoundError):
        desk.inbox.undo(desk.nurse, done.id)


def test_taking_back_leaves_what_was_in_the_study_before(desk: Desk) -> None:
    study_uid = series(desk, 2)
    first = desk.inbox.confirm(desk.nurse, study_uid, desk.one.id)
    desk.send(SOPInstanceUID="1.2.3.4.9", InstanceNumber=9, **HIS)
    grown = desk.inbox.confirm(desk.nurse, study_uid, desk.one.id)
    assert (grown.id, grown.number_of_instances) == (first.id, 3)
    newest, _older = desk.inbox.handled(desk.nurse)
    desk.inbox.undo(desk.nurse, newest.id)
    study = desk.store.records.get(ImagingStudy, first.id)
    assert (study.status, study.number_of_instances) == ("available", 2)


def test_the_same_image_sent_again_is_the_same_also_after_filing_and_a_new_start(desk: Desk) -> None:
    image = desk.send(SOPInstanceUID="1.2.3.4.1", **HIS)
    assert not desk.inbox.take(image)
    assert again(desk).knows(image.sop_uid, image.digest)
    desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    assert not desk.inbox.take(image)
    assert not again(desk).take(image)
    assert desk.inbox.count() == 0


def test_other_bytes_under_the_same_number_are_kept_beside_and_never_take_a_filed_images_place(desk: Desk) -> None:
    desk.send(SOPInstanceUID="1.2.3.4.1", **HIS)
    desk.send(SOPInstanceUID="1.2.3.4.1", SeriesDescription="Other", **HIS)
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert (len(waiting.study.images), waiting.study.others) == (2, 1)
    study = desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    assert study.number_of_instances == 1
    assert desk.inbox.count() == 1
    with pytest.raises(InvalidInputError):
        desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    desk.inbox.set_aside(desk.nurse, "1.2.3")
    assert desk.inbox.count() == 0


def test_an_image_that_came_from_a_disc_before_is_noticed_as_another_copy(desk: Desk) -> None:
    imaging = Imaging(desk.store, desk.trail, desk.clock)
    image = desk.image(SOPInstanceUID="1.2.3.4.1", **HIS)
    imaging.take_in(desk.nurse, desk.one.id, [image.found()], is_confirmed=True)
    desk.send(SOPInstanceUID="1.2.3.4.1", SeriesDescription="From the device", **HIS)
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert waiting.study.others == 1


def test_a_study_of_one_patient_is_not_filed_for_another(desk: Desk) -> None:
    series(desk, 1)
    desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    desk.send(SOPInstanceUID="1.2.3.4.7", InstanceNumber=7, **HIS)
    with pytest.raises(ConflictError):
        desk.inbox.confirm(desk.nurse, "1.2.3", desk.other.id, is_sure=True)


def test_everything_waits_over_a_new_start(desk: Desk) -> None:
    series(desk)
    (waiting,) = again(desk).waiting(desk.nurse)
    assert len(waiting.study.images) == 3
    opened = again(desk).opened(desk.nurse, "1.2.3", waiting.study.images[0].series_uid)
    assert isinstance(opened, FrameStack)


def test_what_waits_can_be_looked_at_and_that_is_noted(desk: Desk) -> None:
    series(desk)
    before = len(desk.store.records.find(AuditEvent))
    opened = desk.inbox.opened(desk.nurse, "1.2.3", "1.2.3.4")
    assert isinstance(opened, FrameStack)
    assert len(desk.store.records.find(AuditEvent)) == before + 1
    with pytest.raises(NotFoundError):
        desk.inbox.opened(desk.nurse, "9.9", "1.2.3.4")


def test_looking_at_the_list_again_and_again_is_one_access(desk: Desk) -> None:
    series(desk)
    desk.inbox.waiting(desk.nurse)
    before = len(desk.store.records.find(AuditEvent))
    desk.inbox.waiting(desk.nurse)
    assert len(desk.store.records.find(AuditEvent)) == before


def test_an_archive_is_told_the_truth_about_what_is_kept(desk: Desk) -> None:
    image = desk.send(SOPInstanceUID="1.2.3.4.1", **HIS)
    assert desk.inbox.keeps(image.sop_uid, image.sop_class)
    assert not desk.inbox.keeps("1.2.3.4.2", image.sop_class)
    desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    assert desk.inbox.keeps(image.sop_uid, image.sop_class)
    lost = desk.send(SOPInstanceUID="1.2.3.4.3", InstanceNumber=3, **HIS)
    path, _key = desk.store.blobs._found(lost.sha256)
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    assert not desk.inbox.keeps(lost.sop_uid, lost.sop_class)


def test_a_full_inbox_says_so_and_keeps_what_it_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_inbox, "MOST_WAITING", 1)
    desk.send(SOPInstanceUID="1.2.3.4.1", **HIS)
    with pytest.raises(StorageError, match="1 images wait"):
        desk.inbox.put(lambda: iter((b"x",)))
    assert desk.inbox.count() == 1


def test_what_was_filed_long_ago_cannot_be_taken_back_but_is_still_known(desk: Desk) -> None:
    image = desk.send(SOPInstanceUID="1.2.3.4.1", **HIS)
    desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    desk.clock.advance(days=8)
    inbox = again(desk)
    inbox.handled(desk.nurse)
    desk.clock.advance(days=1)
    assert inbox.handled(desk.nurse) == ()
    assert inbox.knows(image.sop_uid, image.digest)
    desk.clock.advance(days=400)
    inbox.handled(desk.nurse)
    assert not inbox.knows(image.sop_uid, image.digest)


def test_who_may_not_see_images_sees_no_inbox(desk: Desk) -> None:
    study_uid = series(desk, 1)
    for ask in (
        lambda: desk.inbox.waiting(desk.registrar),
        lambda: desk.inbox.handled(desk.registrar),
        lambda: desk.inbox.confirm(desk.registrar, study_uid, desk.one.id),
        lambda: desk.inbox.set_aside(desk.registrar, study_uid),
        lambda: desk.inbox.undo(desk.registrar, "x"),
        lambda: desk.inbox.opened(desk.registrar, study_uid, "1.2.3.4"),
    ):
        with pytest.raises(NotAllowedError):
            ask()


def test_letters_a_device_is_wrong_about_are_shown_as_they_were_meant(desk: Desk) -> None:
    image = desk.send(SOPInstanceUID="1.2.3.4.1", PatientID=IIN_OF_ONE, PatientName="Ïåòðîâ^Èâàí",
                      SpecificCharacterSet="ISO_IR 100")  # fmt: skip
    assert (image.patient_name, image.encoding) == ("Петров Иван", "cp1251")


def test_an_order_that_cannot_be_told_loses_no_image(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order = desk.order()

    def broken(*_: Any, **__: Any) -> Any:
        raise ConflictError(image_inbox.Text("no"))

    image = desk.image(SOPInstanceUID="1.2.3.4.1", AccessionNumber=order.accession, **HIS)
    monkeypatch.setattr(desk.orders, "named", broken)
    assert desk.inbox.take(image)
    assert desk.inbox.count() == 1
    assert desk.store.records.get(ServiceRequest, order.id).status == "active"


def test_a_damaged_beginning_is_a_sentence() -> None:
    with pytest.raises(UnreadableFileError):
        read_beginning(b"\0" * 200, "1.2.840.10008.1.2.1", is_whole=True)
    with pytest.raises(UnreadableFileError):
        read_beginning(image_bytes(), "1.2.840.10008.1.2.1.99", is_whole=False)
    with pytest.raises(UnreadableFileError):
        read_beginning(b"\xfe\xff\x00\xe0" * 40_000, "1.2.840.10008.1.2.1", is_whole=True)


def test_studies_stand_with_the_one_that_grew_last_first(desk: Desk) -> None:
    first = desk.image(SOPInstanceUID="1.1", StudyInstanceUID="1")
    desk.clock.advance(minutes=5)
    second = desk.image(SOPInstanceUID="2.1", StudyInstanceUID="2", PatientName="Other")
    late = msgspec.structs.replace(first, sop_uid="1.2", number=0, received_at=desk.clock.advance(minutes=5))
    studies = studies_of([first, second, late])
    assert [study.uid for study in studies] == ["1", "2"]
    assert [image.sop_uid for image in studies[0].images] == ["1.2", "1.1"]
    assert (studies[0].first_at, studies[0].newest_at) == (first.received_at, late.received_at)
    assert replace(studies[0]).series == (studies[0].images,)


def test_other_hospitals_numbers_propose_nobody(desk: Desk) -> None:
    desk.send(SOPInstanceUID="1.1", PatientID=IIN_OF_OTHER, PatientName="")
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert [match.patient.id for match in waiting.matches] == [desk.other.id]
