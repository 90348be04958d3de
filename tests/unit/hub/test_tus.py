"""A client written from the specification of tus 1.0.0 hands in contents, and every sentence of it is asked for."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from clinic_app.storage.feed.content import UPLOAD_KEPT
from tests.helpers.asgi import AsgiClient
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub

DATA = bytes(range(256)) * 40
SHA = hashlib.sha256(DATA).hexdigest()
TYPE = "application/offset+octet-stream"


class TusClient:
    """Speaks tus 1.0.0 and knows nothing else of the hub but where uploads are created and what it is called there."""

    def __init__(self, http: AsgiClient, authorization: dict[str, str]) -> None:
        self._http = http
        self._headers = {**authorization, "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, path: str, content: bytes = b"", **headers: str) -> httpx.Response:
        """Send a request; every answer but that to OPTIONS names the version (Core, "Tus-Resumable")."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self._http.request(method, path, content=content, headers={**self._headers, **named})
        assert response.headers["tus-resumable"] == "1.0.0"
        return response

    def create(self, size: int, **metadata: str) -> httpx.Response:
        """Create an upload ("Creation")."""
        pairs = ",".join(f"{key} {base64.b64encode(each.encode()).decode()}" for key, each in metadata.items())
        return self.ask("POST", "/blob", Upload_Length=str(size), Upload_Metadata=pairs)

    def offset(self, location: str) -> int:
        """Ask how far an upload is (Core, "HEAD")."""
        response = self.ask("HEAD", location)
        assert response.status_code in {200, 204}
        assert response.headers["cache-control"] == "no-store"
        return int(response.headers["upload-offset"])

    def patch(self, location: str, offset: int, piece: bytes, **headers: str) -> httpx.Response:
        """Send a piece (Core, "PATCH")."""
        given = {"Upload_Offset": str(offset), "Content_Type": TYPE, **headers}
        return self.ask("PATCH", location, piece, **given)

    def send(self, data: bytes, piece_bytes: int = 3000) -> str:
        """Create, ask and send until it is all there; return where."""
        location = self.create(len(data), filename="x.dcm", sha256=hashlib.sha256(data).hexdigest()).headers["location"]
        while (offset := self.offset(location)) < len(data):
            piece = data[offset : offset + piece_bytes]
            done = self.patch(location, offset, piece, Upload_Checksum=checksum(piece))
            assert done.status_code == 204
            assert int(done.headers["upload-offset"]) == offset + len(piece)
        return str(location)


def checksum(piece: bytes, algorithm: str = "sha1") -> str:
    """Return the value of Upload-Checksum; sha1 is what every server has to know ("Checksum")."""
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()}"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def hub(tmp_path: Path, clock: FixedClock) -> Iterator[RunningHub]:
    with running_hub(tmp_path, clock) as made:
        yield made


@pytest.fixture
def own(hub: RunningHub) -> HubClient:
    return hub.enrol("org-a")


@pytest.fixture
def tus(own: HubClient) -> TusClient:
    return TusClient(own.http, own.headers)


def test_options_say_what_the_hub_can(tus: TusClient) -> None:
    for path in ("/blob", f"/blob/{SHA}"):
        said = tus.ask("OPTIONS", path)
        assert said.status_code in {200, 204}
        assert said.headers["tus-version"] == "1.0.0"
        assert set(said.headers["tus-extension"].split(",")) == {"creation", "checksum", "expiration"}
        assert int(said.headers["tus-max-size"]) == 512 << 20
        assert {"sha1", "sha256"} == set(said.headers["tus-checksum-algorithm"].split(","))


def test_a_client_of_the_specification_hands_in_a_content(tus: TusClient, own: HubClient) -> None:
    location = tus.send(DATA)
    assert location.endswith(SHA)
    assert own.http.head(location, headers=own.headers).headers["upload-complete"] == "?1"


def test_what_is_here_already_is_not_sent_again(tus: TusClient) -> None:
    tus.send(DATA)
    again = tus.create(len(DATA), sha256=SHA)
    assert again.status_code == 201
    assert tus.offset(again.headers["location"]) == len(DATA)


def test_an_upload_goes_on_where_it_stood_whoever_asks(tus: TusClient, hub: RunningHub) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    tus.patch(location, 0, DATA[:700])
    colleague = hub.enrol("org-a")
    assert TusClient(colleague.http, colleague.headers).offset(location) == 700
    stranger = hub.enrol("org-b")
    assert TusClient(stranger.http, stranger.headers).ask("HEAD", location).status_code == 404


def test_another_version_of_tus_is_refused_and_told_which_there_is(own: HubClient) -> None:
    headers = {**own.headers, "Tus-Resumable": "0.2.2", "Upload-Length": "5"}
    for method, path in (("POST", "/blob"), ("HEAD", f"/blob/{SHA}"), ("PATCH", f"/blob/{SHA}")):
        answer = own.http.request(method, path, headers=headers)
        assert answer.status_code == 412
        assert answer.headers["tus-version"] == "1.0.0"
    assert own.http.request("OPTIONS", "/blob", headers=headers).status_code == 204


def test_a_piece_at_another_place_is_a_conflict_and_moves_nothing(tus: TusClient) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    assert tus.patch(location, 7, DATA[7:20]).status_code == 409
    assert tus.offset(location) == 0


def test_a_piece_of_another_type_is_refused(tus: TusClient) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    assert tus.patch(location, 0, DATA[:20], Content_Type="application/dicom").status_code == 415
    assert tus.offset(location) == 0


def test_a_piece_for_an_upload_nobody_created_is_not_found(tus: TusClient) -> None:
    answer = tus.patch(f"/blob/{SHA}", 0, b"x")
    assert answer.status_code == 404
    gone = tus.ask("HEAD", f"/blob/{SHA}")
    assert gone.status_code == 404
    assert "upload-offset" not in gone.headers


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_changed_on_its_way_is_thrown_away(tus: TusClient, algorithm: str) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    wrong = tus.patch(location, 0, DATA[:500], Upload_Checksum=checksum(DATA[:499], algorithm))
    assert wrong.status_code == 460
    assert tus.offset(location) == 0
    right = tus.patch(location, 0, DATA[:500], Upload_Checksum=checksum(DATA[:500], algorithm))
    assert right.status_code == 204


@pytest.mark.parametrize("said", ["md5 aGVsbG8=", "sha1", "sha1 ~~~", "", "sha256 %C3"])
def test_a_checksum_nobody_knows_is_refused(tus: TusClient, said: str) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    assert tus.patch(location, 0, DATA[:500], Upload_Checksum=said).status_code == 400
    assert tus.offset(location) == 0


@pytest.mark.parametrize(
    "metadata",
    ["", "sha256", "sha256 ~", "name bmFtZQ==", "sha256 /////w==", ",,,", "sha256 " + "A" * 9000],
)
def test_a_creation_that_does_not_say_what_it_is_is_refused(tus: TusClient, metadata: str) -> None:
    assert tus.ask("POST", "/blob", Upload_Length="5", Upload_Metadata=metadata).status_code in {400, 422}


def test_a_creation_is_refused_where_its_size_is_impossible(tus: TusClient) -> None:
    assert tus.create((512 << 20) + 1, sha256=SHA).status_code == 413
    assert tus.create(5, sha256="zz").status_code == 422
    assert tus.ask("POST", "/blob", Upload_Defer_Length="1").status_code == 400


def test_who_cannot_send_patch_says_so_in_a_header(tus: TusClient) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    moved = tus.ask("POST", location, DATA[:9], X_HTTP_Method_Override="PATCH", Upload_Offset="0", Content_Type=TYPE)
    assert moved.status_code == 204
    assert tus.offset(location) == 9


def test_an_upload_says_when_it_is_over_and_each_piece_puts_that_off(tus: TusClient, clock: FixedClock) -> None:
    created = tus.create(len(DATA), sha256=SHA)
    assert parsedate_to_datetime(created.headers["upload-expires"]) == NOON + UPLOAD_KEPT
    clock.advance(days=6)
    moved = tus.patch(created.headers["location"], 0, DATA[:9])
    assert parsedate_to_datetime(moved.headers["upload-expires"]) == NOON + timedelta(days=6) + UPLOAD_KEPT
    rest = tus.patch(created.headers["location"], 9, DATA[9:])
    assert "upload-expires" not in rest.headers
    clock.advance(days=400)
    assert tus.offset(created.headers["location"]) == len(DATA)


def test_an_abandoned_upload_is_gone_and_can_begin_anew(tus: TusClient, clock: FixedClock) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    tus.patch(location, 0, DATA[:9])
    clock.advance(days=8)
    assert tus.ask("HEAD", location).status_code == 404
    assert tus.patch(location, 9, DATA[9:]).status_code == 404
    assert tus.create(len(DATA) + 1, sha256=SHA).status_code == 201  # not even its size is remembered
    assert tus.offset(location) == 0


def test_abandoned_uploads_are_swept_while_others_begin(tus: TusClient, hub: RunningHub, clock: FixedClock) -> None:
    location = tus.create(len(DATA), sha256=SHA).headers["location"]
    tus.patch(location, 0, DATA[:9])
    whole = tus.send(b"whole")
    clock.advance(days=8)
    tus.create(3, sha256="ab" * 32)
    with hub.hub.feed._database.reading() as connection:
        kept = set(connection.execute(text("SELECT sha256 FROM feed_content")).scalars())
        pieces = set(connection.execute(text("SELECT sha256 FROM feed_piece")).scalars())
    assert kept == {whole.rpartition("/")[2], "ab" * 32}
    assert pieces == {whole.rpartition("/")[2]}


def test_an_upload_of_an_older_program_gets_its_time_from_the_first_sweep(
    tus: TusClient, hub: RunningHub, clock: FixedClock
) -> None:
    tus.create(len(DATA), sha256=SHA)
    with hub.hub.feed._database.writing() as connection:
        connection.execute(text("UPDATE feed_content SET touched_at = NULL"))
    clock.advance(days=30)
    assert hub.hub.content.sweep() == 0
    clock.advance(days=8)
    assert hub.hub.content.sweep() == 1


def test_a_workstation_from_before_tus_is_served_as_ever(own: HubClient) -> None:
    assert own.upload(DATA) == SHA
    assert own.http.head(f"/blob/{SHA}", headers=own.headers).headers["upload-offset"] == str(len(DATA))
