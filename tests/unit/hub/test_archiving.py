"""What the hub believes of an archive: only what it reads back; played by archives that lie, fail and cut off."""

from __future__ import annotations

import argparse
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from clinic_app.foundation.errors import InvalidInputError, LinkError, UnreadableFileError
from clinic_app.hub.archive_commands import archive
from clinic_app.hub.archiving import Archiver, login_of
from clinic_app.hub.dicom_web import DicomWeb, Fingerprint, NotTakenError, uids_of
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_clients import RunningHub, running_hub
from tests.helpers.waiting import wait_until

URL = "http://127.0.0.1:1/dicom-web"
LIST = argparse.Namespace(again=False, all_again=False)
AGAIN = argparse.Namespace(again=True, all_again=False)
ALL_AGAIN = argparse.Namespace(again=False, all_again=True)
UID = "1.2.826.0.1.3680043.8.498.7"


def instance(words: str = "first", syntax: str = "", implementation: str = "A") -> bytes:
    """Return a slice; ``implementation`` changes its file header only."""
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID
    dataset.ImageComments = words
    dataset.file_meta.ImplementationVersionName = implementation
    written = io.BytesIO()
    if syntax:
        dataset.file_meta.TransferSyntaxUID = syntax
        is_little = syntax != ExplicitVRBigEndian
        pydicom.dcmwrite(written, dataset, little_endian=is_little, implicit_vr=False, force_encoding=True)
    else:
        dataset.save_as(written)
    return written.getvalue()


@dataclass
class PlayedArchive:
    """An archive that keeps the first content under a UID and says yes to everything, until it is told otherwise."""

    kept: dict[str, bytes] = field(default_factory=dict)
    answer: int = 200
    is_reachable: bool = True
    keeps: Callable[[bytes], bytes] = bytes
    """What it makes of what comes."""
    as_multipart: bool = True
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked += 1
        if not self.is_reachable:
            raise httpx.ConnectError("refused")
        if request.method == "POST":
            body = request.read()
            assert int(request.headers["content-length"]) == len(body)
            boundary = request.headers["content-type"].partition("boundary=")[2].encode()
            assert body.startswith(b"--" + boundary + b"\r\n")
            data = body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--" + boundary + b"--")[0]
            if self.answer in {200, 409}:
                self.kept.setdefault(uids_of(data).instance, self.keeps(data))
            return httpx.Response(self.answer, text="words of the archive")
        data = self.kept.get(request.url.path.rpartition("/")[2], b"")
        if not data:
            return httpx.Response(404)
        if not self.as_multipart:
            return httpx.Response(200, content=data)
        body = b"--b1\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--b1--\r\n"
        return httpx.Response(200, content=body, headers={"Content-Type": 'multipart/related; boundary="b1"'})

    def web(self) -> DicomWeb:
        """Return the client that talks to it."""
        return DicomWeb(URL, ("dala", "word"), httpx.MockTransport(self))


@dataclass
class Place:
    """A hub beside a played archive."""

    running: RunningHub
    played: PlayedArchive
    archiver: Archiver

    def hand_in(self, data: bytes, organization: str = "org-a") -> str:
        """Hand in a content in full."""
        return self.running.enrol(organization).upload(data)

    def states(self) -> dict[str, str]:
        """Return what the hub says of each content."""
        return {each.sha256: each.state for each in self.running.hub.archive.entries()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running_hub(tmp_path) as running:
        played = PlayedArchive()
        with played.web() as web:
            yield Place(running, played, Archiver(running.hub.archive, web, FixedClock(), 0.01))


def test_a_content_is_archived_only_when_what_is_read_back_is_the_same(place: Place) -> None:
    sha256 = place.hand_in(instance())
    assert place.states() == {sha256: "waiting"}
    assert place.archiver.run_once() == 1
    assert place.states() == {sha256: "archived"}
    assert place.archiver.run_once() == 0


def test_a_content_two_hospitals_handed_in_goes_once(place: Place) -> None:
    assert place.hand_in(instance(), "org-a") == place.hand_in(instance(), "org-b")
    assert place.archiver.run_once() == 1


def test_an_archive_may_write_a_file_header_of_its_own_but_change_nothing_else(place: Place) -> None:
    place.played.keeps = lambda data: data.replace(b"A ", b"B ", 1) if b"A " in data[:400] else data
    sha256 = place.hand_in(instance(implementation="A"))
    place.archiver.run_once()
    assert hashlib.sha256(place.played.kept[UID]).hexdigest() != sha256
    assert place.states() == {sha256: "archived"}


@pytest.mark.parametrize(
    "keeps",
    [lambda data: data[:-1], lambda data: data + b"x", lambda data: data[:-1] + b"\x07", lambda data: b"other"],
)
def test_what_the_archive_changed_cut_or_lengthened_differs(place: Place, keeps: Callable[[bytes], bytes]) -> None:
    place.played.keeps = keeps
    sha256 = place.hand_in(instance())
    place.archiver.run_once()
    assert place.states() == {sha256: "differs"}


def test_an_archive_that_says_yes_and_stores_nothing_is_found_out(place: Place) -> None:
    place.played.keeps = lambda data: b""
    sha256 = place.hand_in(instance())
    place.archiver.run_once()
    assert place.states() == {sha256: "refused"}


def test_a_409_is_looked_into_like_a_yes(place: Place) -> None:
    place.played.answer = 409
    same = place.hand_in(instance())
    other = place.hand_in(instance("other"))
    place.archiver.run_once()
    assert sorted(place.states().values()) == ["archived", "differs"]
    assert {same, other} == set(place.states())


def test_a_refusal_is_kept_with_its_words_and_can_be_asked_again(place: Place) -> None:
    place.played.answer = 400
    sha256 = place.hand_in(instance())
    place.archiver.run_once()
    (entry,) = place.running.hub.archive.entries()
    assert (entry.state, "words of the archive" in entry.words) == ("refused", True)
    place.played.answer = 200
    assert archive(place.running.hub, AGAIN) == ("sent again: 1",)
    place.archiver.run_once()
    assert place.states() == {sha256: "archived"}


def test_an_archive_that_cannot_be_reached_costs_nothing_but_time(place: Place) -> None:
    place.played.is_reachable = False
    sha256 = place.hand_in(instance())
    place.hand_in(instance("second"))
    with pytest.raises(LinkError):
        place.archiver.run_once()
    assert place.played.asked == 1
    assert place.states()[sha256] == "waiting"


@pytest.mark.parametrize("status", [401, 404, 503])
def test_an_archive_set_up_wrongly_is_no_refusal_of_an_instance(place: Place, status: int) -> None:
    place.played.answer = status
    sha256 = place.hand_in(instance())
    with pytest.raises(LinkError):
        place.archiver.run_once()
    assert place.states() == {sha256: "waiting"}


def test_one_instance_the_archive_chokes_on_does_not_hold_up_the_others(place: Place) -> None:
    place.played.as_multipart = False
    waiting = [place.hand_in(instance()), place.hand_in(instance("other"))]
    place.hand_in(b"no picture at all")
    with pytest.raises(LinkError):
        place.archiver.run_once()
    assert place.played.asked == 4
    assert place.states() == dict.fromkeys(waiting, "waiting")


def test_the_thread_sends_what_waits_and_ends_in_order(place: Place) -> None:
    place.played.is_reachable = False
    sha256 = place.hand_in(instance())
    archiver = Archiver(place.running.hub.archive, place.played.web(), FixedClock(), 0.01)
    archiver.start()
    try:
        wait_until(lambda: place.played.asked, 10, "it asked")
        place.played.is_reachable = True
        wait_until(lambda: place.states()[sha256] == "archived", 10, "it came again")
    finally:
        archiver.stop()


def test_a_new_archive_gets_everything_once_more(place: Place) -> None:
    sha256 = place.hand_in(instance())
    place.archiver.run_once()
    place.played.kept.clear()
    assert archive(place.running.hub, AGAIN) == ("sent again: 0",)
    assert archive(place.running.hub, ALL_AGAIN) == ("sent again: 1",)
    place.archiver.run_once()
    assert place.states() == {sha256: "archived"}
    assert UID in place.played.kept


def test_the_list_says_what_differs_first_and_counts(place: Place) -> None:
    place.hand_in(instance())
    place.archiver.run_once()
    place.hand_in(instance("other"))
    place.archiver.run_once()
    place.hand_in(instance("third"))
    _, first, second, third, sums = archive(place.running.hub, LIST)
    assert [each.partition(";")[0] for each in (first, second, third)] == ['"differs"', '"waiting"', '"archived"']
    assert sums == "differs: 1, refused: 0, waiting: 1, archived: 1"


@pytest.mark.parametrize("syntax", ["", DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_file_says_what_it_is_however_it_is_written(syntax: str) -> None:
    assert uids_of(instance(syntax=syntax)).instance == UID


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 132, b"\0" * 128 + b"DICM", instance()[:200], b"\0" * 128 + b"DICM" + b"\xff" * 9000],
)
def test_what_is_no_whole_dicom_file_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        uids_of(data)


def test_a_fingerprint_does_not_depend_on_how_the_bytes_come() -> None:
    data, whole, slow = instance(), Fingerprint(), Fingerprint()
    whole.feed(data)
    for place in range(0, len(data), 37):
        slow.feed(data[place : place + 37])
    assert whole.digest() == slow.digest()
    assert slow.size == len(data)


@pytest.mark.parametrize("url", ["http://pacs.example.org/dicom-web", "https://user:word@pacs.example.org", "pacs"])
def test_pictures_are_not_sent_where_others_can_read_them(url: str) -> None:
    with pytest.raises(InvalidInputError):
        DicomWeb(url)


def test_the_login_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "login"
    assert login_of(None) is None
    path.write_text("dala:a:b\n", encoding="utf-8")
    assert login_of(path) == ("dala", "a:b")
    for wrong in ("", "dala", "dala:\n", "a:b\nc"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(InvalidInputError):
            login_of(path)
    with pytest.raises(InvalidInputError):
        login_of(tmp_path / "nowhere")


def test_an_instance_too_large_for_the_archive_is_refused_not_repeated() -> None:
    with PlayedArchive(answer=413).web() as web, pytest.raises(NotTakenError):
        web.store(iter([instance()]), len(instance()))
