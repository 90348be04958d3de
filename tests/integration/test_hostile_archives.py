"""Archives that lie, never end, stand still or talk nonsense: each search and fetching ends, and with little memory."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from clinic_app.foundation.errors import InvalidInputError, LinkError
from clinic_app.imaging import Gathering
from clinic_app.imaging.network import web_archive
from clinic_app.imaging.network.dicom_archive import FIND, GET, DicomArchive
from clinic_app.imaging.network.found import MOST_STUDIES, Answers, Fetched, FoundStudy, Wanted
from clinic_app.imaging.network.peers import Peer, WebServer
from clinic_app.imaging.network.syntaxes import QUESTION_SYNTAXES
from clinic_app.imaging.network.web_archive import WebArchive
from clinic_app.imaging.reading import read_dataset
from clinic_app.keys.certificates import trusting
from tests.helpers.certificates import own_certificate
from tests.helpers.discs import one_file
from tests.helpers.image_archives import free_port

ANY: Final = Wanted(patient_id="*", from_day=date(2000, 1, 1))
STUDY: Final = FoundStudy("1.2.3")
CT: Final = "1.2.840.10008.5.1.4.1.1.2"
Found = Callable[[Any], Iterator[tuple[int, Dataset | None]]]


def answer(number: int, **more: Any) -> Dataset:
    made = Dataset()
    made.StudyInstanceUID, made.PatientID, made.StudyDate = f"1.2.{number}", "17", "20260301"
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


class Evil:
    """An archive that answers questions as the test of the moment wants."""

    def __init__(self) -> None:
        self.found: Found = lambda _event: iter(())
        self.got: Found = self.found
        entity = AE("EVIL")
        entity.add_supported_context(FIND, list(QUESTION_SYNTAXES))
        entity.add_supported_context(GET, list(QUESTION_SYNTAXES))
        entity.add_supported_context(CT, list(QUESTION_SYNTAXES), scu_role=True, scp_role=True)
        handlers: list[Any] = [
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_GET, self._get),
        ]
        server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        assert server is not None
        self.server = server

    def _find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        return self.found(event)

    def _get(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        return self.got(event)


@pytest.fixture(scope="module")
def evil() -> Iterator[Evil]:
    made = Evil()
    yield made
    made.server.shutdown()


Answering = Callable[..., DicomArchive]


@pytest.fixture
def answering(evil: Evil) -> Answering:
    def make(found: Found, got: Found | None = None, longest_s: float = 1.0) -> DicomArchive:
        evil.found, evil.got = found, got or (lambda _event: iter(()))
        peer = Peer("Evil", "EVIL", "127.0.0.1", evil.server.server_address[1], uses=frozenset({"query"}))
        return DicomArchive(peer, "DALA", lambda _sha256: b"", longest_search_s=longest_s, answer_s=1.0)

    return make


def searched(archive: DicomArchive) -> Answers:
    return archive.find(ANY, lambda: False)


def test_millions_of_answers_are_left_when_enough_came(answering: Answering) -> None:
    gave: list[int] = []

    def endless(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(1, 10_000_000):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            gave.append(number)
            yield 0xFF00, answer(number)

    archive = answering(endless, longest_s=20)
    found = archive.find(Wanted(patient_id="*", from_day=date(2000, 1, 1)), lambda: False)
    assert found.is_cut
    assert len(found.studies) == MOST_STUDIES
    assert len(gave) < 100 * MOST_STUDIES, "whoever answers faster than he is read has to wait: buffers fill"


def test_the_same_answer_without_end_ends(answering: Answering) -> None:
    def endless(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        while not event.is_cancelled:
            yield 0xFF00, answer(1)

    found = searched(answering(endless))
    assert [each.uid for each in found.studies] == ["1.2.1"]
    assert found.is_cut, "it was left before its end"


def test_an_archive_that_ignores_what_it_is_asked_is_found_out(answering: Answering) -> None:
    def everything(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(40):
            yield 0xFF00, answer(number, PatientID="somebody else")

    archive = answering(everything)
    found = archive.find(Wanted(patient_id="17"), lambda: False)
    assert found.studies == ()
    assert found.unfit == 40


def test_an_archive_that_falls_silent_is_left(answering: Answering) -> None:
    may_go = threading.Event()

    def silent(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        yield 0xFF00, answer(1)
        may_go.wait(20)

    with pytest.raises(LinkError, match="broke off"):
        searched(answering(silent))
    may_go.set()


@pytest.mark.parametrize(
    "more",
    [
        {"SpecificCharacterSet": ["ISO 2022 IR 999", "nonsense"], "PatientName": "X"},
        {"SpecificCharacterSet": "\\\\\\", "PatientName": "X\x1b$)C\xff"},
        {"PatientName": "=^=^" * 200},
        {"StudyDate": "99999999", "NumberOfStudyRelatedInstances": "9" * 12},
        {"ModalitiesInStudy": ["CT"] * 500},
    ],
    ids=["charset", "escapes", "name", "numbers", "modalities"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_garbage_in_an_answer_is_read_or_left_out(more: dict[str, Any], answering: Answering) -> None:
    def garbage(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        with suppress(ValueError):
            yield 0xFF00, answer(1, **more)
        yield 0xFF00, answer(2)

    archive = answering(garbage)
    found = searched(archive)
    assert "1.2.2" in {each.uid for each in found.studies}
    assert all(len(each.person.name) <= 256 and len(each.modalities) <= 16 for each in found.studies)


@pytest.mark.parametrize(
    ("status", "words"),
    [(0xA700, "no room"), (0xC001, "understand"), (0xA900, "understand"), (0x0124, "allow"), (0x1234, "1234")],
)
def test_a_refusal_is_told_in_words(status: int, words: str, answering: Answering) -> None:
    def refuse(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        yield status, None

    with pytest.raises(LinkError, match=words):
        searched(answering(refuse))


def test_a_search_that_is_stopped_returns_what_came(answering: Answering) -> None:
    def slowly(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        number = 0
        while not event.is_cancelled:
            number += 1
            yield 0xFF00, answer(number)

    came: list[int] = []
    archive = answering(slowly)
    found = archive.find(ANY, lambda: came.append(1) is None and len(came) > 7)
    assert 0 < len(found.studies) <= 8


def _level(event: Any, *, images: int = 1) -> Iterator[tuple[int, Dataset | None]]:
    level = event.identifier.QueryRetrieveLevel
    for number in range(1, 2 if level == "SERIES" else images + 1):
        made = Dataset()
        made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.3.4"
        if level == "IMAGE":
            made.SOPInstanceUID, made.SOPClassUID = f"1.2.3.4.{number}", CT
        yield 0xFF00, made


def fetched(archive: DicomArchive, gathering: Gathering) -> Fetched:
    return archive.fetch(STUDY, (), gathering, lambda _done, _total: None, lambda: False, lambda _uids: ())


def test_images_nobody_asked_for_are_not_taken(answering: Answering) -> None:
    def flood(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        yield 10  # type: ignore[misc]
        for number in range(1, 11):
            yield 0xFF00, read_dataset(one_file(number))

    gathering = Gathering(lambda _data: "kept")
    archive = answering(_level, flood)
    outcome = fetched(archive, gathering)
    assert outcome.total == 1
    assert len(gathering.instances) == 1


def test_an_archive_that_says_it_sent_and_did_not_is_told(answering: Answering) -> None:
    def nothing(event: Any) -> Iterator[Any]:
        yield 0
        yield 0x0000, None

    archive = answering(_level, nothing)
    outcome = fetched(archive, Gathering(lambda _data: "kept"))
    assert (outcome.total, outcome.came) == (1, 0)
    assert outcome.reason is not None


# --- below the messages: raw bytes ---


@contextmanager
def talking(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen, and talk to whoever connects, as the test wants."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    connection, _address = server.accept()
                except TimeoutError:
                    continue
                with closing(connection):
                    connection.settimeout(5)
                    try:
                        talk(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            is_over.set()
            thread.join()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">BBL", 2, 0, 0xFFFFFFF0),
        struct.pack(">BBL", 2, 0, 68) + bytes(68),
        struct.pack(">BBL", 3, 0, 4) + bytes((0, 1, 1, 7)),
        struct.pack(">BBL", 99, 0, 4) + bytes(4),
        b"\x02",
        b"",
    ],
    ids=["http", "gigabytes", "empty accept", "rejected", "unknown", "one byte", "closed"],
)
def test_what_is_no_archive_is_told_and_left(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    begun_s = time.monotonic()
    with talking(talk) as port:
        archive = DicomArchive(Peer("Evil", "EVIL", "127.0.0.1", port), "DALA", lambda _sha256: b"")
        with pytest.raises(LinkError):
            searched(archive)
    assert time.monotonic() - begun_s < 25, "a peer that answers nonsense keeps nobody for long"


# --- by the web ---


def page(body: bytes, kind: str = "application/dicom+json", status: str = "200 OK", **heads: str) -> bytes:
    more = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in heads.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n".encode() + body


def web(port: int, secret: str = "", user: str = "") -> WebArchive:
    return WebArchive(WebServer("Web", f"http://127.0.0.1:{port}/dw", user), secret)


@pytest.mark.parametrize(
    "said",
    [
        page(b"<html>"),
        page(b"[" * 100_000),
        page(b"\xff\xfe"),
        b"nonsense\r\n\r\n",
        page(b"", status="500 Oops"),
        page(b"", status="302 Found", Location="http://127.0.0.1:1/"),
        page(b"x" * 10, Content_Length="1000"),
        b"",
    ],
    ids=["html", "deep", "bytes", "no http", "error", "elsewhere", "cut", "closed"],
)
def test_a_server_that_answers_nonsense_is_told_and_left(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    with talking(talk) as port, pytest.raises(LinkError):
        web(port).find(ANY, lambda: False)


@pytest.mark.parametrize(
    "told",
    [
        b'{"a": 1}',
        b'[1, "x", null, {}, {"0020000D": 5}, {"0020000D": {"Value": "1.2"}}, {"0020000D": {"Value": [{}]}}]',
        b'[{"0020000D": {"Value": ["1.2/../.."]}}]',
        b'[{"0020000D":{"Value":["1.2"]},"00100010":{"Value":[{"Alphabetic":7}]},"00201208":{"Value":["many"]}}]',
    ],
)
def test_json_that_is_no_answer_is_left_out(told: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(page(told))

    with talking(talk) as port:
        found = web(port).find(ANY, lambda: False)
    assert {each.uid for each in found.studies} <= {"1.2"}


def test_an_answer_without_end_is_left_with_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_archive, "MOST_ANSWER_BYTES", 2 << 20)

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(page(b"["))
        while True:
            connection.sendall(b'{"0020000D":{"Value":["1.2"]}},' * 1000)

    tracemalloc.start()
    try:
        with talking(talk) as port, pytest.raises(LinkError, match="without end"):
            web(port).find(ANY, lambda: False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 << 20


def test_a_password_goes_where_it_belongs_and_a_token_where_there_is_no_account() -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(page(b"[]"))

    with talking(talk) as port:
        web(port, "secret", "dala").find(ANY, lambda: False)
        web(port, "token").find(ANY, lambda: False)
    assert b"Authorization: Basic ZGFsYTpzZWNyZXQ=" in heard[0]
    assert b"Authorization: Bearer token" in heard[-1]


def test_a_server_proves_itself_or_gets_no_password(tmp_path: Path) -> None:
    papers = own_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers.certificate, papers.key)
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as sealed:
            heard.append(sealed.recv(4096))
            sealed.sendall(page(b"[]"))

    known = trusting(papers.certificate.read_text(encoding="ascii"))
    with talking(talk) as port:
        server = WebServer("Web", f"https://localhost:{port}/dw", "dala")
        with pytest.raises(LinkError):
            WebArchive(server, "secret").find(ANY, lambda: False)
        assert heard == []
        assert WebArchive(server, "secret", known).find(ANY, lambda: False) == Answers()
    assert b"Basic" in heard[0]


def test_another_computer_is_not_spoken_to_without_tls() -> None:
    far = WebArchive(WebServer("Far", "http://pacs.example/dicom-web"), "secret")
    with pytest.raises(InvalidInputError):
        far.find(ANY, lambda: False)


def test_a_server_that_is_not_there_is_said_not_to_be() -> None:
    with pytest.raises(LinkError, match="cannot be reached"):
        web(free_port()).find(ANY, lambda: False)


SERIES_JSON: Final = (
    b'[{"0020000D":{"Value":["1.2.3"]},"0020000E":{"Value":["1.2.3.4"]},"00080018":{"Value":["1.2.3.4.1"]}}]'
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>"),
        ("multipart/related; boundary=b", b"--b\r\n\r\nno dicom\r\n--b--"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n" + one_file()[:300]),
        ("multipart/related; boundary=b", b"--b--"),
    ],
    ids=["html", "no dicom", "cut", "nothing"],
)
def test_an_image_that_is_none_is_missing_and_said(kind: str, body: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        asked = connection.recv(4096)
        is_image = b"/instances/" in asked.split(b"\r\n")[0]
        connection.sendall(page(body, kind) if is_image else page(SERIES_JSON))

    gathering = Gathering(lambda _data: "kept")
    with talking(talk) as port:
        outcome = web(port).fetch(STUDY, (), gathering, lambda _done, _total: None, lambda: False, lambda _uids: ())
    assert (outcome.total, outcome.came, outcome.missing) == (1, 0, 1)
    assert outcome.reason is not None
    assert gathering.instances == []
    assert replace(outcome, reason=None) == Fetched(1, 0, 0, None)
