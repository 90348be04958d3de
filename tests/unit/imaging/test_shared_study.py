"""A device that gives everybody one study number: its images are divided by who stands on them; a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinic_app.foundation.errors import ConflictError, InvalidInputError
from clinic_app.imaging import FrameStack, Imaging
from clinic_app.imaging.shared_study import is_another_persons, person_on, studies_of, study_named
from clinic_app.records import ImagingStudy
from tests.helpers.image_desk import IIN_OF_ONE, IIN_OF_OTHER, Desk, image_desk

UTF8 = {"SpecificCharacterSet": "ISO_IR 192"}
ONE = {"PatientID": IIN_OF_ONE, "PatientName": "Қасымов^Ерлан", **UTF8}
OTHER = {"PatientID": IIN_OF_OTHER, "PatientName": "Петрова^Анна", **UTF8}
NOBODY = {"PatientID": "", "PatientName": ""}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with image_desk(tmp_path) as made:
        yield made


def came(desk: Desk, number: int, **elements: Any) -> None:
    """Let the device send one image under the number it gives everybody."""
    desk.send(SOPInstanceUID=f"1.2.3.4.{number}", InstanceNumber=number, **elements)


def test_images_of_several_people_under_one_number_wait_for_each_of_them(desk: Desk) -> None:
    for number, who in enumerate((ONE, OTHER, ONE), 1):
        came(desk, number, **who)
    parts = desk.inbox.waiting(desk.nurse)
    assert desk.inbox.count() == 2
    assert {each.study.uid for each in parts} == {"1.2.3"}
    assert len({each.study.key for each in parts}) == 2
    assert all(each.is_shared and each.study.sharers == 1 for each in parts)
    by_patient = {each.matches[0].patient.id: [one.number for one in each.study.images] for each in parts}
    assert by_patient == {desk.one.id: [1, 3], desk.other.id: [2]}


def test_what_is_filed_for_one_patient_leaves_the_others_images_waiting(desk: Desk) -> None:
    came(desk, 1, **ONE)
    came(desk, 2, **OTHER)
    keys = {each.matches[0].patient.id: each.study.key for each in desk.inbox.waiting(desk.nurse)}
    first = desk.inbox.confirm(desk.nurse, keys[desk.one.id], desk.one.id)
    assert first.number_of_instances == 1
    (left,) = desk.inbox.waiting(desk.nurse)
    assert (left.is_shared, left.study.sharers, left.matches[0].patient.id) == (True, 0, desk.other.id)
    second = desk.inbox.confirm(desk.nurse, left.study.key, desk.other.id)
    assert second.id != first.id
    assert second.identifier == first.identifier
    imaging = Imaging(desk.store, desk.trail, desk.clock)
    for patient, study, number in ((desk.one, first, 1), (desk.other, second, 2)):
        (listed,) = imaging.studies(desk.nurse, patient.id)
        assert listed.id == study.id
        opened = imaging.opened(desk.nurse, study, study.series[0].uid)
        assert isinstance(opened, FrameStack)
        assert [each.sop_uid for each in (opened.frame(place) for place in range(len(opened)))] == [f"1.2.3.4.{number}"]


def test_more_images_of_either_go_to_his_own_study_and_can_be_taken_back(desk: Desk) -> None:
    test_what_is_filed_for_one_patient_leaves_the_others_images_waiting(desk)
    came(desk, 3, **OTHER)
    (more,) = desk.inbox.waiting(desk.nurse)
    grown = desk.inbox.confirm(desk.nurse, more.study.key, desk.other.id)
    assert (grown.subject.id, grown.number_of_instances) == (desk.other.id, 2)
    desk.inbox.undo(desk.nurse, desk.inbox.handled(desk.nurse)[0].id)
    counts = {each.subject.id: each.number_of_instances for each in desk.store.records.find(ImagingStudy)}
    assert counts == {desk.one.id: 1, desk.other.id: 1}


def test_a_list_that_was_read_before_somebody_elses_images_came_files_nothing(desk: Desk) -> None:
    came(desk, 1, **ONE)
    (shown,) = desk.inbox.waiting(desk.nurse)
    came(desk, 2, **OTHER)
    for act in (
        lambda: desk.inbox.confirm(desk.nurse, shown.study.key, desk.one.id),
        lambda: desk.inbox.set_aside(desk.nurse, shown.study.key),
        lambda: desk.inbox.opened(desk.nurse, shown.study.key, "1.2.3.4"),
    ):
        with pytest.raises(ConflictError, match="Look at the list again"):
            act()
    assert desk.inbox.count() == 2


def test_a_pictures_series_is_shown_of_its_own_person_only(desk: Desk) -> None:
    came(desk, 1, **ONE)
    came(desk, 2, **OTHER)
    for each in desk.inbox.waiting(desk.nurse):
        opened = desk.inbox.opened(desk.nurse, each.study.key, "1.2.3.4")
        assert isinstance(opened, FrameStack)
        assert [opened.frame(place).sop_uid for place in range(len(opened))] == [each.study.images[0].sop_uid]


def test_setting_one_persons_images_aside_leaves_the_others(desk: Desk) -> None:
    came(desk, 1, **ONE)
    came(desk, 2, **OTHER)
    phantom, kept = desk.inbox.waiting(desk.nurse)
    desk.inbox.set_aside(desk.nurse, phantom.study.key)
    (left,) = desk.inbox.waiting(desk.nurse)
    assert left.study.images == kept.study.images


def test_the_order_whose_number_the_device_uses_up_for_everybody_names_its_own_patient_only(desk: Desk) -> None:
    order = desk.order()
    number = {"StudyInstanceUID": order.study_uid}
    desk.send(SOPInstanceUID="5.1", AccessionNumber=order.accession, **ONE, **number)
    desk.send(SOPInstanceUID="5.2", **OTHER, **number)
    found = {each.study.names: [match.patient.id for match in each.matches] for each in desk.inbox.waiting(desk.nurse)}
    assert found == {("Қасымов Ерлан",): [desk.one.id], ("Петрова Анна",): [desk.other.id]}
    key = next(each.study.key for each in desk.inbox.waiting(desk.nurse) if each.matches[0].patient.id == desk.other.id)
    study = desk.inbox.confirm(desk.nurse, key, desk.other.id)
    assert study.based_on == ()
    assert desk.orders.of_day(desk.nurse, desk.clock.now().date())[0].state == "arrived"


def test_images_without_a_name_are_counted_with_neither_of_two_people(desk: Desk) -> None:
    came(desk, 1, **ONE)
    came(desk, 2, **NOBODY)
    (together,) = desk.inbox.waiting(desk.nurse)
    assert len(together.study.images) == 2
    came(desk, 3, **OTHER)
    assert sorted(len(each.study.images) for each in desk.inbox.waiting(desk.nurse)) == [1, 1, 1]


def test_nameless_images_under_another_patients_number_are_asked_about_first(desk: Desk) -> None:
    came(desk, 1, **ONE)
    desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    came(desk, 2, **NOBODY)
    with pytest.raises(InvalidInputError) as caught:
        desk.inbox.confirm(desk.nurse, "1.2.3", desk.other.id)
    assert caught.value.field == "patient"
    assert desk.inbox.confirm(desk.nurse, "1.2.3", desk.other.id, is_sure=True).subject.id == desk.other.id


def test_a_second_spelling_is_the_same_person(desk: Desk) -> None:
    came(desk, 1, **ONE)
    came(desk, 2, **{**ONE, "PatientName": "KASYMOV^ERLAN"})
    (waiting,) = desk.inbox.waiting(desk.nurse)
    assert (waiting.is_shared, waiting.study.sharers, waiting.study.key) == (False, 0, "1.2.3")


def test_a_key_leads_to_its_person_also_when_a_fuller_label_of_him_came(desk: Desk) -> None:
    images = [desk.image(SOPInstanceUID="1", **ONE), desk.image(SOPInstanceUID="2", **OTHER)]
    key = next(each.key for each in studies_of(images) if each.names == ("Петрова Анна",))
    images.append(desk.image(SOPInstanceUID="3", PatientBirthDate="20061211", **OTHER))
    found = study_named(images, key)
    assert found is not None
    assert [each.sop_uid for each in found.images] == ["2", "3"]
    assert study_named(images[:1], key) is None
    assert study_named((), "1.2.3") is None


def test_whose_a_record_is_is_read_from_its_files(desk: Desk) -> None:
    came(desk, 1, **ONE)
    study = desk.inbox.confirm(desk.nurse, "1.2.3", desk.one.id)
    person = person_on(desk.store, study)
    assert person is not None
    assert person.name == "Қасымов Ерлан"
    stranger = desk.image(SOPInstanceUID="9", **OTHER).person
    assert is_another_persons(desk.store, (study,), (stranger,))
    assert not is_another_persons(desk.store, (study,), (stranger, person))
    desk.store.blobs._found(study.series[0].instance[0].extension[0].value_string or "")[0].unlink()
    assert person_on(desk.store, study) is None
    assert not is_another_persons(desk.store, (study,), (stranger,))  # nobody knows: a person has to say it
