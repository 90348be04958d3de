"""Gathering and filing over a real store: several people in one folder, what is here already, other patients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import ConflictError, DiskFullError, NotAllowedError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Gathered, Gathering, Imaging, from_paths
from clinic_app.imaging.intake.identity import PersonInFile
from clinic_app.imaging.intake.sources import SourceFile
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.registration.iin import check_digit
from clinic_app.storage.contents.orphans import collect_orphans
from clinic_app.terminology.systems import IIN
from tests.helpers.discs import disc, one_file, write, zip_of
from tests.helpers.nodes import Node, node

FIRST_IIN = f"64030530012{check_digit('64030530012')}"
SECOND_IIN = f"70121240033{check_digit('70121240033')}"
PETROV = Patient(
    id="p1",
    name=(HumanName(family="Петров", given=("Пётр",)),),
    birth_date="1964-03-05",
    identifier=(Identifier(system=IIN, value=FIRST_IIN),),
)
SIDOROVA = Patient(
    id="p2",
    name=(HumanName(family="Сидорова", given=("Анна",)),),
    identifier=(Identifier(system=IIN, value=SECOND_IIN),),
)
OF_PETROV = {"PatientName": "Petrov^Petr", "PatientID": FIRST_IIN}
OF_SIDOROVA = {"PatientName": "Sidorova^Anna", "PatientID": SECOND_IIN}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "data", "org-district") as made:
        made.store.records.commit((PETROV,))
        made.store.records.commit((SIDOROVA,))
        yield made


@pytest.fixture
def imaging(here: Node) -> Imaging:
    return Imaging(here.store, Trail(here.store, here.clock), here.clock)


def gather(here: Node, imaging: Imaging, *paths: Path, patient: str = "p1") -> Gathered:
    return imaging.gather(here.session("doctor"), patient, from_paths(paths))


def two_people(tmp_path: Path) -> Path:
    files = {
        "1": one_file(1, **OF_PETROV),
        "2": one_file(2, **OF_PETROV),
        "3": one_file(1, "1.2.7", **OF_SIDOROVA),
        "viewer.exe": b"MZ" + bytes(200),
    }
    return write(tmp_path / "stick", files)


def test_a_folder_with_two_people_is_divided(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    gathered = gather(here, imaging, two_people(tmp_path))
    petrov, sidorova = gathered.people
    assert (petrov.sameness, sidorova.sameness) == ("identifier", "other")
    assert petrov.candidates == ()
    assert [each.id for each in sidorova.candidates] == ["p2"]
    assert [study.number_of_instances for study in petrov.studies] == [2]
    assert not gathered.is_sure
    assert [each.name for each in gathered.refused] == ["viewer.exe"]


def test_each_person_s_files_are_filed_for_him_alone(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    doctor = here.session("doctor")
    gathered = gather(here, imaging, two_people(tmp_path))
    for files, patient in zip(gathered.people, ("p1", "p2"), strict=True):
        series = {each.uid for study in files.studies for each in study.series}
        report = imaging.take_in(doctor, patient, gathered.chosen(files, series), is_confirmed=True)
        assert report.is_filed
    counts = [sum(study.number_of_instances or 0 for study in imaging.studies(doctor, each)) for each in ("p1", "p2")]
    assert counts == [2, 1]


def test_only_the_series_that_are_chosen_are_taken(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    files = {
        "1": one_file(1, **OF_PETROV),
        "2": one_file(1, SeriesInstanceUID="1.2.3.8", SOPInstanceUID="9", **OF_PETROV),
    }
    gathered = gather(here, imaging, write(tmp_path / "stick", files))
    chosen = gathered.chosen(gathered.people[0], {"1.2.3.8"})
    assert [each.sop_uid for each in chosen] == ["9"]


def test_nothing_is_asked_where_the_number_is_the_patient_s(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    gathered = gather(here, imaging, write(tmp_path / "stick", {"1": one_file(1, **OF_PETROV)}))
    assert gathered.is_sure
    assert imaging.take_in(here.session("doctor"), "p1", gathered.instances).is_filed


def test_a_name_alone_files_nothing(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    made = one_file(1, PatientName="Petrov^Petr", PatientID="17", PatientBirthDate="19640305")
    gathered = gather(here, imaging, write(tmp_path / "stick", {"1": made}))
    assert gathered.people[0].sameness == "name"
    report = imaging.take_in(here.session("doctor"), "p1", gathered.instances)
    assert not report.is_filed
    assert imaging.studies(here.session("doctor"), "p1") == ()


def test_files_that_are_here_already_are_known_again(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    doctor, folder = here.session("doctor"), write(tmp_path / "stick", {"1": one_file(1, **OF_PETROV)})
    imaging.take_in(doctor, "p1", gather(here, imaging, folder).instances)
    write(folder, {"2": one_file(2, **OF_PETROV), "copy of 1": one_file(1, **OF_PETROV)})
    gathered = gather(here, imaging, folder)
    assert gathered.known == {"1.2.3.4.1"}
    report = imaging.take_in(doctor, "p1", gathered.instances)
    assert (report.imported, report.known) == (1, 1)


def test_a_series_can_be_looked_at_before_anybody_chooses(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    folder = two_people(tmp_path)
    gathered = gather(here, imaging, folder)
    for path in folder.iterdir():
        path.unlink()  # the stick is out
    shelf = gathered.shelf_of(gathered.people[1].studies[0])
    assert shelf is not None
    assert shelf.stack("1.2.7.4").frame(0).stored.shape == (8, 8)


def test_a_disc_is_taken_in_whole(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    path = tmp_path / "cd.iso"
    path.write_bytes(disc())
    gathered = gather(here, imaging, path)
    assert [each.person.name for each in gathered.people] == ["Petrov Petr", "Sidorova Anna"]
    assert gathered.left == 3
    assert gathered.refused == ()


def test_an_archive_and_a_folder_dropped_together_become_one_lot(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    write(tmp_path, {"a.zip": zip_of({"1": one_file(1, **OF_PETROV)}), "more/2": one_file(2, **OF_PETROV)})
    gathered = gather(here, imaging, tmp_path / "a.zip", tmp_path / "more")
    assert [each.name for each in gathered.instances] == ["a.zip/1", "2"]
    assert gathered.is_sure


def test_whoever_stops_keeps_what_was_read(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    told: list[int] = []
    bring = from_paths([two_people(tmp_path)], lambda done, _total: told.append(done), lambda: len(told) >= 1)
    gathered = imaging.gather(here.session("doctor"), "p1", bring)
    assert gathered.is_stopped
    assert len(gathered.instances) == 1


def test_what_nobody_files_is_an_orphan_and_names_nothing(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    gathered = gather(here, imaging, two_people(tmp_path))
    kept = [here.store.blobs.has(each.sha256) for each in gathered.instances]
    assert all(kept)
    assert collect_orphans(here.store.database, here.store.blobs, here.clock.now()) == 0, "not while it is young"


def test_a_preamble_that_could_be_a_program_is_not_kept(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    made = bytearray(one_file(1, **OF_PETROV))
    made[:2] = b"MZ"
    (instance,) = gather(here, imaging, write(tmp_path / "stick", {"1": bytes(made)})).instances
    assert here.store.blobs.read(instance.sha256)[:128] == bytes(128)


def test_a_full_disk_ends_it_and_is_no_reason_of_a_file() -> None:
    def full(_data: bytes) -> str:
        raise DiskFullError(Text("The disk is full."))

    data = one_file(1)
    with pytest.raises(DiskFullError):
        Gathering(full).take(SourceFile("1", len(data), lambda most: data[:most]))


def test_whoever_may_not_take_images_in_gathers_nothing(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError):
        imaging.gather(here.session("registrar"), "p1", from_paths([two_people(tmp_path)]))


def test_every_look_at_another_patient_is_noted(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    gather(here, imaging, two_people(tmp_path))
    from clinic_app.storage import AuditQuery

    events = [row.event for row in here.store.audit.page(AuditQuery(), 50)]
    named = {each.what.reference for event in events for each in event.entity if each.what}
    assert {"Patient/p1", "Patient/p2"} <= named


def test_people_without_a_word_are_one_group(here: Node, imaging: Imaging, tmp_path: Path) -> None:
    made = one_file(1, PatientName="", PatientID="")
    gathered = gather(here, imaging, write(tmp_path / "stick", {"1": made}))
    assert gathered.people[0].person == PersonInFile()
    assert gathered.people[0].sameness == "unsaid"


def test_one_study_number_for_two_people_is_two_studies_each_with_its_own_pictures(
    here: Node, imaging: Imaging, tmp_path: Path
) -> None:
    doctor = here.session("doctor")
    files = {"1": one_file(1, **OF_PETROV), "2": one_file(2, **OF_SIDOROVA)}  # one study, one series
    gathered = gather(here, imaging, write(tmp_path / "stick", files))
    petrov, sidorova = gathered.people
    assert gathered.is_shared
    assert not gathered.is_sure
    assert petrov.studies[0].identifier == sidorova.studies[0].identifier
    pictures = []
    for files_of_one in gathered.people:
        shelf = gathered.shelf_of(files_of_one.studies[0])
        assert shelf is not None
        pictures.append(shelf.stack("1.2.3.4").frame(0).sop_uid)
    assert pictures == ["1.2.3.4.1", "1.2.3.4.2"]
    for found, patient in ((petrov, "p1"), (sidorova, "p2")):
        report = imaging.take_in(doctor, patient, gathered.chosen(found, {"1.2.3.4"}), is_confirmed=True)
        assert (report.imported, report.refused) == (1, ())
    filed = [imaging.studies(doctor, each) for each in ("p1", "p2")]
    assert [len(each) for each in filed] == [1, 1]
    assert filed[0][0].id != filed[1][0].id
    assert filed[0][0].identifier == filed[1][0].identifier
    assert imaging.filed("1.2.3", "p2", sidorova.person) == {"1.2.3.4.1", "1.2.3.4.2"}
    with pytest.raises(ConflictError):
        imaging.filed("1.2.3", "p2", petrov.person)
    with pytest.raises(ConflictError):
        imaging.filed("1.2.3", "p2")


def test_the_files_of_one_person_are_not_filed_for_two_patients_under_one_number(
    here: Node, imaging: Imaging, tmp_path: Path
) -> None:
    doctor = here.session("doctor")
    first = gather(here, imaging, write(tmp_path / "one", {"1": one_file(1, **OF_PETROV)}))
    imaging.take_in(doctor, "p1", first.instances, is_confirmed=True)
    rest = gather(here, imaging, write(tmp_path / "two", {"2": one_file(2, **OF_PETROV)}))
    report = imaging.take_in(doctor, "p2", rest.instances, is_confirmed=True)
    assert (report.studies, report.imported, [each.name for each in report.refused]) == ((), 0, ["2"])
    assert imaging.studies(doctor, "p2") == ()
