"""The hub's endpoints, one by one, on a real store without a network."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.hub.__main__ import check_exposure, main
from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import (
    Device,
    Organization,
    Patient,
    Reference,
    Resource,
    Task,
    TaskStatus,
    encode,
    with_audience,
)
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.sync.wire import (
    decode_history,
    decode_transaction_response,
    encode_transaction,
    outcome_words,
)
from tests.helpers.asgi import AsgiClient
from tests.helpers.stores import open_store

A, B, C = "org-a", "org-b", "org-c"


@dataclass
class Client:
    """One workstation's conversation with the hub."""

    http: AsgiClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, *writes: Write, key: str = "") -> Any:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.http.post("/", content=encode_transaction(writes), headers=headers)

    def put(self, record: Resource, base: str | None = None) -> Written:
        write = _write(record, base)
        response = self.post(write)
        assert response.status_code == 200, response.text
        return decode_transaction_response(response.content, [write])[0]

    def changes(self, cursor: str = "") -> tuple[tuple[Change, ...], str]:
        response = self.http.get("/$changes", params={"cursor": cursor}, headers=self.headers)
        assert response.status_code == 200, response.text
        changes, url = decode_history(response.content)
        from urllib.parse import parse_qs, urlsplit

        return changes, parse_qs(urlsplit(url).query)["cursor"][0]

    def upload(self, data: bytes, sha256: str = "", piece: int = 1000) -> str:
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        self.http.post(f"/blob/{sha256}", headers={**self.headers, "Upload-Length": str(len(data))})
        for offset in range(0, len(data), piece):
            headers = {**self.headers, "Upload-Offset": str(offset)}
            self.http.patch(f"/blob/{sha256}", content=data[offset : offset + piece], headers=headers)
        return sha256


@pytest.fixture
def hub(both_databases: str, tmp_path: Path) -> Iterator[Hub]:
    store = open_store(tmp_path / "hub", bytes(32), SystemClock())
    try:
        yield build_hub(store, SystemClock())
    finally:
        store.close()


@pytest.fixture
def enrol(hub: Hub) -> Iterator[Callable[[str], Client]]:
    http = AsgiClient(build_app(hub))
    yield lambda organization: Client(http, hub.callers.enrol(organization, "PC"))
    http.close()


Enrol = Callable[[str], Client]


def _write(record: Resource, base: str | None = None) -> Write:
    return Write(record.type_name, record.id, encode(record), base)


def _task(status: TaskStatus = "requested", id: str = "t1") -> Task:
    task = Task(
        id=id,
        status=status,
        intent="order",
        requester=Reference(reference=f"Organization/{A}"),
        owner=Reference(reference=f"Organization/{B}"),
    )
    return with_audience(task, B)


def _moved(task: Task, status: TaskStatus) -> Task:
    return msgspec.structs.replace(task, status=status)


def test_without_a_token_nothing_is_told(enrol: Enrol) -> None:
    client = enrol(A)
    for token in ("", "Bearer", "Bearer wrong", f"Basic {client.token}"):
        response = client.http.get("/$changes", headers={"Authorization": token})
        assert response.status_code == 401
        assert response.json()["resourceType"] == "OperationOutcome"
    assert client.http.get("/metadata").json()["resourceType"] == "CapabilityStatement"
    assert client.http.get("/health").status_code == 200


def test_a_revoked_workstation_is_shut_out(hub: Hub, enrol: Enrol) -> None:
    client = enrol(A)
    caller = hub.callers.caller(client.token)
    assert caller is not None
    hub.callers.revoke(caller.workstation_id)
    assert client.http.get("/$changes", headers=client.headers).status_code == 401


def test_the_same_create_twice_is_one_version(enrol: Enrol) -> None:
    client = enrol(A)
    patient = Patient(id="p1")
    first = client.put(patient)
    again = client.put(patient)
    assert again.version == first.version
    assert (first.is_new, again.is_new) == (True, False)


def test_another_create_under_the_same_id_is_refused(enrol: Enrol) -> None:
    client = enrol(A)
    client.put(Patient(id="p1"))
    response = client.post(_write(Patient(id="p1", birth_date="1964")))
    assert response.status_code == 412
    assert outcome_words(response.content)


def test_an_update_needs_the_version_it_was_made_from(enrol: Enrol) -> None:
    client = enrol(A)
    first = client.put(Patient(id="p1"))
    second = client.put(Patient(id="p1", birth_date="1964"), first.version)
    assert second.version != first.version
    assert client.post(_write(Patient(id="p1", birth_date="1965"), first.version)).status_code == 412


def test_a_retry_after_others_went_on_is_still_known(enrol: Enrol) -> None:
    requester, performer = enrol(A), enrol(B)
    first = requester.put(_task())
    performer.put(_moved(_task(), "received"), first.version)
    assert requester.put(_task()).version == first.version


def test_one_bad_entry_keeps_everything_out(enrol: Enrol) -> None:
    client = enrol(A)
    other = enrol(B)
    other.put(Patient(id="theirs"))
    response = client.post(_write(Patient(id="mine")), _write(Patient(id="theirs"), None))
    assert response.status_code == 412
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert enrol(A).changes()[0] == ()


def test_an_idempotency_key_replays_the_answer(enrol: Enrol) -> None:
    client = enrol(A)
    write = _write(Patient(id="p1"))
    first = client.post(write, key="k")
    assert client.post(write, key="k").content == first.content
    assert client.post(_write(Patient(id="p2")), key="k").status_code == 422


def test_colleagues_of_the_same_hospital_see_it_and_the_writer_does_not_get_it_back(enrol: Enrol) -> None:
    writer, colleague = enrol(A), enrol(A)
    written = writer.put(Patient(id="p1"))
    (change,), cursor = colleague.changes()
    assert (change.type_name, change.id, change.received_at) == ("Patient", "p1", written.received_at)
    assert f'"versionId":"{written.version}"'.encode() in change.body
    assert writer.changes()[0] == ()
    assert colleague.changes(cursor)[0] == ()


def test_foreign_organisation_sees_nothing_it_is_not_meant_for(enrol: Enrol) -> None:
    writer, reader, stranger = enrol(A), enrol(B), enrol(C)
    writer.put(Patient(id="p1"))
    writer.put(_task())
    writer.put(with_audience(Organization(id=A), "*"))
    assert [change.type_name for change in reader.changes()[0]] == ["Task", "Organization"]
    assert [change.type_name for change in stranger.changes()[0]] == ["Organization"]


def test_pages_follow_one_another_without_gap_or_repeat(enrol: Enrol) -> None:
    writer, reader = enrol(A), enrol(A)
    ids = [new_id() for _ in range(450)]
    for start in range(0, 450, 150):
        assert writer.post(*(_write(Patient(id=each)) for each in ids[start : start + 150])).status_code == 200
    seen: list[str] = []
    cursor = ""
    while True:
        changes, cursor = reader.changes(cursor)
        if not changes:
            break
        seen += [change.id for change in changes]
    assert seen == ids


def test_a_foreign_cursor_is_gone(enrol: Enrol) -> None:
    client = enrol(A)
    import base64

    for cursor in ("x", base64.urlsafe_b64encode(b"another-hub:5").decode(), "////", "é"):
        response = client.http.get("/$changes", params={"cursor": cursor}, headers=client.headers)
        assert response.status_code == 410, cursor
    _, mine = client.changes()
    epoch = base64.urlsafe_b64decode(mine).decode().partition(":")[0]
    future = base64.urlsafe_b64encode(f"{epoch}:999".encode()).decode()
    assert client.http.get("/$changes", params={"cursor": future}, headers=client.headers).status_code == 410


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (Organization(id=B), 403),
        (Device(id="d", owner=Reference(reference=f"Organization/{B}")), 403),
        (Device(id="d"), 403),
        (with_audience(Patient(id="p"), "*"), 422),
        (_moved(_task(), "completed"), 409),
        (msgspec.structs.replace(_task(), requester=Reference(reference=f"Organization/{C}")), 403),
    ],
)
def test_nobody_writes_in_anothers_name(enrol: Enrol, record: Resource, status: int) -> None:
    assert enrol(A).post(_write(record)).status_code == status


def test_a_record_of_another_hospital_cannot_be_overwritten(enrol: Enrol) -> None:
    version = enrol(A).put(with_audience(Patient(id="p1"), B)).version
    assert enrol(B).post(_write(Patient(id="p1", birth_date="1900"), version)).status_code == 403


def test_the_performer_moves_the_task_and_nobody_else(enrol: Enrol) -> None:
    requester, performer, stranger = enrol(A), enrol(B), enrol(C)
    first = requester.put(_task()).version
    assert stranger.post(_write(_moved(_task(), "received"), first)).status_code == 412
    assert requester.post(_write(_moved(_task(), "received"), first)).status_code == 409
    second = performer.put(_moved(_task(), "received"), first).version
    third = performer.put(_moved(_task(), "in-progress"), second).version
    back = msgspec.structs.replace(_moved(_task(), "received"), last_modified=SystemClock().now())
    assert performer.post(_write(back, third)).status_code == 409
    done = performer.put(_moved(_task(), "completed"), third).version
    reopened = msgspec.structs.replace(_moved(_task(), "in-progress"), last_modified=SystemClock().now())
    assert performer.post(_write(reopened, done)).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"focus": Reference(reference="ServiceRequest/other")},
        {"owner": Reference(reference=f"Organization/{C}")},
        {"requester": Reference(reference=f"Organization/{B}")},
        {"priority": "routine"},
    ],
)
def test_the_performer_changes_only_what_is_his(enrol: Enrol, change: dict[str, Any]) -> None:
    version = enrol(A).put(_task()).version
    wrong = msgspec.structs.replace(_moved(_task(), "received"), **change)
    assert enrol(B).post(_write(wrong, version)).status_code == 403


def test_the_performer_cannot_show_it_to_others(enrol: Enrol) -> None:
    version = enrol(A).put(_task()).version
    wider = with_audience(_moved(_task(), "received"), B, C)
    assert enrol(B).post(_write(wider, version)).status_code == 403


def test_content_comes_in_pieces_and_goes_out_from_any_byte(enrol: Enrol) -> None:
    writer, reader, stranger = enrol(A), enrol(B), enrol(C)
    data = bytes(range(256)) * 20
    sha256 = writer.upload(data)
    patient = with_audience(Patient(id="p1"), B)
    body = encode(patient).replace(b'"id":"p1"', f'"id":"p1","x":"urn:sha256:{sha256}"'.encode())
    assert writer.post(Write("Patient", "p1", body, None)).status_code == 200
    whole = reader.http.get(f"/blob/{sha256}", headers=reader.headers)
    assert whole.content == data
    part = reader.http.get(f"/blob/{sha256}", headers={**reader.headers, "Range": "bytes=1500-"})
    assert part.status_code == 206
    assert part.content == data[1500:]
    middle = reader.http.get(f"/blob/{sha256}", headers={**reader.headers, "Range": "bytes=990-1009"})
    assert middle.content == data[990:1010]
    beyond = {**reader.headers, "Range": f"bytes={len(data)}-"}
    assert reader.http.get(f"/blob/{sha256}", headers=beyond).status_code == 416
    assert stranger.http.get(f"/blob/{sha256}", headers=stranger.headers).status_code == 404


def test_who_only_knows_a_digest_gets_nothing(enrol: Enrol) -> None:
    writer, thief = enrol(A), enrol(C)
    sha256 = writer.upload(b"secret" * 100)
    own = encode(Patient(id="mine")).replace(b'"id":"mine"', f'"id":"mine","x":"urn:sha256:{sha256}"'.encode())
    assert thief.post(Write("Patient", "mine", own, None)).status_code == 200
    assert thief.http.get(f"/blob/{sha256}", headers=thief.headers).status_code == 404
    assert thief.http.head(f"/blob/{sha256}", headers=thief.headers).status_code == 404


def test_content_that_is_not_its_digest_is_refused_and_can_be_sent_again(enrol: Enrol) -> None:
    client = enrol(A)
    right = b"right" * 100
    sha256 = hashlib.sha256(right).hexdigest()
    client.upload(b"wrong" * 100, sha256)
    assert client.http.head(f"/blob/{sha256}", headers=client.headers).status_code == 404
    client.upload(right, sha256)
    assert client.http.head(f"/blob/{sha256}", headers=client.headers).headers["upload-complete"] == "?1"


def test_a_piece_out_of_turn_is_refused(enrol: Enrol) -> None:
    client = enrol(A)
    headers = client.headers
    client.http.post(f"/blob/{'a' * 64}", headers={**headers, "Upload-Length": "10"})
    late = client.http.patch(f"/blob/{'a' * 64}", content=b"12", headers={**headers, "Upload-Offset": "5"})
    assert late.status_code == 409
    long = client.http.patch(f"/blob/{'a' * 64}", content=b"x" * 11, headers={**headers, "Upload-Offset": "0"})
    assert long.status_code == 422


@pytest.mark.parametrize(
    ("path", "header", "value"),
    [
        ("/blob/XYZ", "Upload-Length", "10"),
        (f"/blob/{'a' * 64}", "Upload-Length", "-1"),
        (f"/blob/{'a' * 64}", "Upload-Length", "٣"),
        (f"/blob/{'a' * 64}", "Upload-Length", "0"),
        (f"/blob/{'a' * 64}", "Upload-Length", str(1 << 40)),
    ],
)
def test_impossible_uploads_are_refused(enrol: Enrol, path: str, header: str, value: str) -> None:
    client = enrol(A)
    assert client.http.post(path, headers={**client.headers, header: value.encode()}).status_code in (404, 422)  # type: ignore[dict-item]


def _transaction(entry: bytes) -> bytes:
    return b'{"resourceType":"Bundle","id":"x","type":"transaction","entry":[' + entry + b"]}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"resourceType":"Patient","id":"x"}',
        b'{"resourceType":"Bundle","id":"x","type":"transaction"}',
        _transaction(b'{"request":{"method":"DELETE","url":"Patient/1"}}'),
        _transaction(
            b'{"resource":{"resourceType":"Patient","id":"2"},'
            b'"request":{"method":"PUT","url":"Patient/1","ifNoneMatch":"*"}}'
        ),
        _transaction(
            b'{"resource":{"resourceType":"Patient","id":"1","gender":"xx"},'
            b'"request":{"method":"PUT","url":"Patient/1","ifNoneMatch":"*"}}'
        ),
    ],
)
def test_nonsense_is_answered_with_an_outcome(enrol: Enrol, body: bytes) -> None:
    client = enrol(A)
    response = client.http.post("/", content=body, headers=client.headers)
    assert response.status_code == (405 if b"DELETE" in body else 422)
    assert outcome_words(response.content)


def test_a_request_that_never_ends_is_cut_off(enrol: Enrol) -> None:
    client = enrol(A)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 20)

    assert client.http.post("/", content=endless(), headers=client.headers).status_code == 413


def test_a_request_that_is_not_packed_as_it_says_is_refused(enrol: Enrol) -> None:
    client = enrol(A)
    response = client.http.post("/", content=b"x", headers={**client.headers, "Content-Encoding": "gzip"})
    assert response.status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_tls(host: str) -> None:
    check_exposure(host, has_tls=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "hub.example"])
def test_other_addresses_need_tls(host: str) -> None:
    check_exposure(host, has_tls=True)
    with pytest.raises(InvalidInputError):
        check_exposure(host, has_tls=False)


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "hub"), "--port", "0", "--host", "0.0.0.0"]) == 1
    assert "certificate" in capsys.readouterr().err


def test_enrolling_prints_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["enrol", "--data", str(tmp_path / "hub"), "--organization", A, "--name", "PC"]) == 0
    assert len(capsys.readouterr().out.strip()) >= 40


def test_history_keeps_what_the_sender_wrote_byte_for_byte(enrol: Enrol) -> None:
    writer, reader = enrol(A), enrol(A)
    body = b'{"resourceType":"Patient","id":"p1","unknown":{"weight":72.50},"birthDate":"1964-03-05"}'
    writer.post(Write("Patient", "p1", body, None))
    (change,), _ = reader.changes()
    assert b'"unknown":{"weight":72.50}' in change.body
