"""DICOM contents of a running hub in a running Orthanc, and what Orthanc drops without a word."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.helpers.hub_process import HubProcess
from tests.helpers.orthanc import CONFIGURATION, PROGRAM, Orthanc
from tests.helpers.postgres import server, why_not
from tests.helpers.waiting import wait_until

NAME = "Қасымов^Нұрлан"


@dataclass
class Place:
    """A hub with an archive beside it, and a workstation's token."""

    hub: HubProcess
    orthanc: Orthanc
    token: str

    def upload(self, data: bytes) -> str:
        """Hand in a content as a workstation does."""
        sha256 = hashlib.sha256(data).hexdigest()
        headers = {"Authorization": f"Bearer {self.token}"}
        address = f"{self.hub.url}/blob/{sha256}"
        assert httpx.post(address, headers={**headers, "Upload-Length": str(len(data))}).status_code == 201
        for offset in range(0, len(data), 20_000):
            moved = {
                **headers,
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            }
            answer = httpx.patch(address, content=data[offset : offset + 20_000], headers=moved)
            assert answer.status_code == 204, answer.text
        return sha256

    def listed(self) -> dict[str, dict[str, str]]:
        """Return what the command says, by digest."""
        lines = self.hub.say("archive").splitlines()[:-1]
        return {row["sha256"]: row for row in csv.DictReader(lines, delimiter=";")}

    def log(self) -> str:
        """Return what the hub has written so far."""
        return self.hub.folder.with_suffix(".log").read_text(encoding="utf-8")

    def wait_for(self, sha256: str, state: str) -> None:
        """Wait until a content has come to a state."""
        words = f"content {sha256} at the archive: {state}"
        wait_until(lambda: words in self.log(), 40, f"{sha256[:8]} is {state}")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    assert PROGRAM.exists(), "Debian's package orthanc is not installed"
    assert not why_not()
    tmp_path = tmp_path_factory.mktemp("archive")
    orthanc = Orthanc(tmp_path / "orthanc", server())
    options = (
        "--dicomweb",
        orthanc.url,
        "--dicomweb-login",
        str(orthanc.login_file()),
        "--dicomweb-interval-s",
        "0.2",
    )
    hub = HubProcess(tmp_path / "hub", options=options)
    token = hub.enrol("org-a", "Reception")
    with ExitStack() as stack:
        orthanc.make_database()
        stack.callback(orthanc.remove_database)
        stack.callback(orthanc.kill)  # asked to stop it takes seconds
        orthanc.start()
        stack.enter_context(hub)
        yield Place(hub, orthanc, token)


def instance(number: int, words: str = "first") -> bytes:
    """Return a CT slice of a patient with a Kazakh name; ``words`` make another content under the same UID."""
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    dataset = pydicom.dcmread(path)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = NAME
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ImageComments = words
    written = io.BytesIO()
    dataset.save_as(written)
    return written.getvalue()


def test_a_slice_goes_to_the_archive_with_its_kazakh_name_and_a_picture_does_not(place: Place) -> None:
    place.wait_for(place.upload(b"\x89PNG" + bytes(500)), "foreign")
    place.wait_for(place.upload(instance(1)), "archived")
    study = place.orthanc.ask("/dicom-web/studies")[0]
    assert study["00100010"]["Value"][0]["Alphabetic"] == NAME


def test_its_index_lies_on_postgresql_and_its_files_in_the_folder(place: Place) -> None:
    said = place.orthanc.ask("/system")
    assert "PostgreSQL" in said["DatabaseBackendPlugin"]
    assert said["StorageAreaPlugin"] is None


def test_the_archive_starts_again_after_a_power_cut_and_knows_what_it_had(place: Place) -> None:
    place.wait_for(place.upload(instance(9)), "archived")
    place.orthanc.kill()
    place.orthanc.start()
    found = place.orthanc.ask("/dicom-web/instances", SOPInstanceUID="1.2.826.0.1.3680043.8.498.9")
    assert len(found) == 1


def test_another_content_under_the_same_uid_is_noticed_although_orthanc_says_yes(place: Place) -> None:
    first, other = instance(2, "first"), instance(2, "changed afterwards")
    place.wait_for(place.upload(first), "archived")
    place.wait_for(place.upload(other), "differs")
    cut = first[:700]
    place.wait_for(place.upload(cut), "refused")
    listed = place.listed()
    assert [row["state"] for row in listed.values()] == ["differs", "refused", "archived", "archived", "archived"]
    row = listed[hashlib.sha256(other).hexdigest()]
    assert "both are kept" in row["words"]
    assert row["sop_instance_uid"].endswith(".498.2")
    assert listed[hashlib.sha256(cut).hexdigest()]["words"]
    own = {"Authorization": f"Bearer {place.token}"}
    head = httpx.head(f"{place.hub.url}/blob/{hashlib.sha256(other).hexdigest()}", headers=own)
    assert head.headers["upload-offset"] == head.headers["upload-length"] == str(len(other))
    assert "sent again: 2" in place.hub.say("archive", "--again")
    wait_until(lambda: place.log().count("archive: differs") == 2, 20, "it was asked again")


def test_what_comes_while_the_archive_is_down_goes_there_afterwards(place: Place) -> None:
    place.orthanc.kill()
    third = place.upload(instance(3))
    wait_until(lambda: "contents wait for the archive" in place.log(), 20, "the hub says so")
    assert place.listed()[third]["state"] == "waiting"
    place.orthanc.start()
    place.wait_for(third, "archived")


def test_what_is_handed_out_as_configuration_is_what_these_tests_ran_with() -> None:
    said = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
    assert said["DefaultEncoding"] == "Utf8"
    assert said["OverwriteInstances"] is False
    assert said["RemoteAccessAllowed"] is False
    assert said["PostgreSQL"]["EnableIndex"] is True
