"""The archives of the settings: who is listed, passwords in the keyring, what is refused before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clinic_app.foundation.errors import (
    ConflictError,
    InvalidInputError,
    KeyLockedError,
    NotAllowedError,
    NotFoundError,
)
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Imaging, from_paths
from clinic_app.imaging.archives import ImageArchives, Network, keep_secret_of
from clinic_app.imaging.network.dicom_archive import DicomArchive
from clinic_app.imaging.network.found import Answers, Fetched, FoundStudy, Wanted
from clinic_app.imaging.network.peers import Peer, WebServer
from clinic_app.imaging.network.web_archive import WebArchive
from clinic_app.keys import FileKeyStorage, KeyStorage
from clinic_app.storage import AuditQuery
from tests.helpers.discs import one_file, write
from tests.helpers.image_desk import IIN_OF_ONE, Desk, image_desk

BIG = Peer("Big", "BIG", "127.0.0.1", 4242, uses=frozenset({"query"}))
SENDER = Peer("Room 4", "US4", "127.0.0.1", 104, uses=frozenset({"send"}))
NOWHERE = Peer("Nowhere", "NO", uses=frozenset({"query"}))
WEB = WebServer("Web", "https://pacs.example/dw", "dala")
TAKER = WebServer("Taker", "https://taker.example/dw", uses=frozenset({"store"}))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with image_desk(tmp_path_factory.mktemp("archives")) as made:
        yield made


@pytest.fixture
def imaging(desk: Desk) -> Imaging:
    return Imaging(desk.store, desk.trail, desk.clock)


@pytest.fixture
def secrets(tmp_path: Path) -> FileKeyStorage:
    return FileKeyStorage(tmp_path)


@pytest.fixture
def archives(desk: Desk, imaging: Imaging, secrets: FileKeyStorage) -> ImageArchives:
    network = Network("DALA", lambda: (BIG, SENDER, NOWHERE), lambda: (WEB, TAKER), None, lambda: secrets)
    return ImageArchives(desk.store, desk.trail, imaging, network)


def test_only_what_can_be_asked_or_sent_to_is_listed(archives: ImageArchives) -> None:
    assert [(each.name, each.can_search, each.can_send) for each in archives.lines()] == [
        ("Big", True, False),
        ("Web", True, True),
        ("Taker", False, True),
    ]


@pytest.mark.parametrize("name", ["Room 4", "Nowhere", "Taker", "", "web"])
def test_what_is_not_listed_to_be_asked_is_not_asked(desk: Desk, archives: ImageArchives, name: str) -> None:
    with pytest.raises(NotFoundError):
        archives.find(desk.doctor, name, Wanted(patient_id="1"))
    with pytest.raises(NotFoundError):
        archives.bringing(desk.doctor, desk.one.id, name, FoundStudy("1.2"))


def test_a_question_is_in_the_trail_before_it_is_asked(
    desk: Desk, archives: ImageArchives, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []

    def find(_archive: object, wanted: Wanted, _is_stopped: object) -> Answers:
        noted.append(len(desk.store.audit.page(AuditQuery(), 1000)))
        assert wanted == Wanted("17"), "it comes tidied"
        return Answers()

    monkeypatch.setattr(DicomArchive, "find", find)
    before = len(desk.store.audit.page(AuditQuery(), 1000))
    archives.find(desk.doctor, "Big", Wanted(" 17 "))
    assert noted == [before + 1]
    with pytest.raises(InvalidInputError):
        archives.find(desk.doctor, "Big", Wanted())
    assert len(noted) == 1


@pytest.mark.parametrize("role", ["registrar"])
def test_who_takes_no_images_in_asks_no_archive(desk: Desk, archives: ImageArchives, role: str) -> None:
    session = desk.registrar
    with pytest.raises(NotAllowedError):
        archives.find(session, "Big", Wanted(patient_id="1"))
    with pytest.raises(NotAllowedError):
        archives.series(session, "Big", FoundStudy("1.2"))
    with pytest.raises(NotAllowedError):
        archives.fetch(session, desk.one.id, "Big", FoundStudy("1.2"))


def test_what_is_here_already_is_told_to_the_archive(
    desk: Desk, imaging: Imaging, archives: ImageArchives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "cd", {"1": one_file(1, "1.2.60", PatientID=IIN_OF_ONE, PatientName="")})
    gathered = imaging.gather(desk.doctor, desk.one.id, from_paths([folder]))
    imaging.take_in(desk.doctor, desk.one.id, gathered.instances, is_confirmed=True)
    told: list[set[str]] = []

    def fetch(_archive, _study, _series, _gathering, _progress, _is_stopped, here) -> Fetched:  # type: ignore[no-untyped-def]  # noqa: ANN001
        told.append(set(here(["1.2.60.4.1", "1.2.60.4.2"])))
        return Fetched(1, 0, 1, None)

    monkeypatch.setattr(DicomArchive, "fetch", fetch)
    _gathered, outcome = archives.fetch(desk.doctor, desk.one.id, "Big", FoundStudy("1.2.60"))
    assert told == [{"1.2.60.4.1"}]
    assert (outcome.missing, outcome.here) == (1, 1)
    with pytest.raises(ConflictError):
        archives.fetch(desk.doctor, desk.other.id, "Big", FoundStudy("1.2.60"))


def test_a_password_lies_where_the_key_of_the_data_lies(desk: Desk, secrets: FileKeyStorage) -> None:
    assert keep_secret_of(WEB, secrets, "s3cret")
    assert secrets.load("dicomweb https://pacs.example/dw") == b"s3cret"
    assert not keep_secret_of(WEB, secrets, "")
    assert secrets.load("dicomweb https://pacs.example/dw") is None


def test_the_password_is_given_to_its_server_alone(
    desk: Desk, archives: ImageArchives, secrets: FileKeyStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_secret_of(WEB, secrets, "s3cret")
    used: list[tuple[str, str]] = []

    def find(archive: WebArchive, _wanted: Wanted, _is_stopped: object) -> Answers:
        used.append((archive.name, archive._secret))
        return Answers()

    monkeypatch.setattr(WebArchive, "find", find)
    archives.find(desk.doctor, "Web", Wanted(patient_id="1"))
    keep_secret_of(WEB, secrets, "")
    keep_secret_of(TAKER, secrets, "another")
    archives.find(desk.doctor, "Web", Wanted(patient_id="1"))
    assert used == [("Web", "s3cret"), ("Web", "")]


def test_a_keyring_that_is_locked_is_no_password_and_no_fault(
    desk: Desk, imaging: Imaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked() -> KeyStorage:
        raise KeyLockedError(Text("The file with the key is damaged. Restore it from a backup."))

    used: list[str] = []
    monkeypatch.setattr(
        WebArchive, "find", lambda archive, _wanted, _is_stopped: used.append(archive._secret) or Answers()
    )
    for way in (locked, None):
        network = replace(Network(servers=lambda: (WEB,)), secrets=way)
        ImageArchives(desk.store, desk.trail, imaging, network).find(desk.doctor, "Web", Wanted(patient_id="1"))
    assert used == ["", ""]
