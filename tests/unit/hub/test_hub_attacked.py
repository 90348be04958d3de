"""Whoever talks to the hub may be broken or hostile: he gets a refusal, and nobody else notices."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from clinic_app.records import Organization, Patient, encode, with_audience
from clinic_app.storage.exchange.exchange import Write
from clinic_app.storage.feed.feed import MOST_PAGE_BYTES
from clinic_app.storage.feed.rows import MOST_RECORD_BYTES
from clinic_app.sync.wire import MAX_MESSAGE_BYTES, encode_transaction
from tests.helpers import stores
from tests.helpers.hub_clients import HubClient, RunningHub, running_hub, write_of

A, B = "org-a", "org-b"
DIGEST = "a" * 64


@pytest.fixture
def hub(both_databases: str, tmp_path: Path) -> Iterator[RunningHub]:
    with running_hub(tmp_path / "hub") as made:
        yield made


@pytest.fixture(scope="module")
def standing(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubClient]:
    """A hub that many hostile requests go to, and the workstation that sends them."""
    with running_hub(tmp_path_factory.mktemp("hub")) as made:
        yield made.enrol(A)


ENDPOINTS = [
    ("POST", "/"),
    ("GET", "/$changes"),
    ("HEAD", f"/blob/{DIGEST}"),
    ("POST", "/blob"),
    ("OPTIONS", "/blob"),
    ("POST", f"/blob/{DIGEST}"),
    ("PATCH", f"/blob/{DIGEST}"),
    ("GET", f"/blob/{DIGEST}"),
]
WRONG_TOKENS = ["", "Bearer ", "Bearer  ", "Bearer x", "Bearer " + "x" * 5000, "Digest {token}", "{token}"]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("header", [*WRONG_TOKENS, "Bearer {token}x", "Bearer é"])
def test_every_endpoint_asks_for_the_token_first(standing: HubClient, method: str, path: str, header: str) -> None:
    value = header.format(token=standing.token).encode("latin-1")
    headers: dict[bytes, bytes] = {b"Authorization": value, b"Upload-Length": b"5", b"Upload-Offset": b"0"}
    response = standing.http.request(method, path, headers=headers, content=b"")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["/", "/$changes", f"/blob/{DIGEST}", "/metadata", "/Patient/1/_history", "/../etc/passwd", "//"]
)
def test_what_the_hub_does_not_do_is_not_there(standing: HubClient, method: str, path: str) -> None:
    if (method, path) == ("OPTIONS", f"/blob/{DIGEST}"):
        path = f"{path}/x"  # at a content's own address it is a word of tus: `test_tus`
    response = standing.http.request(method, path, headers=standing.headers)
    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("count", ["0", "-1", "201", "1e2", "٣", "", "9" * 5000, "1_0", " 5"])
def test_a_page_size_that_is_none_is_refused(standing: HubClient, count: str) -> None:
    assert standing.page("", count).status_code == 422


def _cursor(words: str) -> str:
    return base64.urlsafe_b64encode(words.encode()).decode()


@settings(max_examples=60, deadline=None)
@given(cursor=st.one_of(st.text(max_size=60), st.text(max_size=40).map(_cursor)).filter(bool))
def test_a_cursor_nobody_gave_is_gone_and_never_a_fault(standing: HubClient, cursor: str) -> None:
    if "\x00" in cursor or any("\ud800" <= sign <= "\udfff" for sign in cursor):
        return
    assert standing.page(cursor).status_code == 410


@pytest.mark.parametrize("position", ["-1", "0", "1", "99", "9" * 5000, "1 ", "١", "1_0"])
def test_the_right_epoch_alone_makes_no_cursor(hub: RunningHub, position: str) -> None:
    writer, reader = hub.enrol(A), hub.enrol(A)
    writer.put(Patient(id="p1"))
    epoch = base64.urlsafe_b64decode(reader.changes()[1]).decode().partition(":")[0]
    assert reader.page(_cursor(f"{epoch}:{position}")).status_code == 410
    assert reader.page(_cursor(f"{epoch}:0123456789:{position}")).status_code == 410


def test_a_cursor_of_another_hub_is_gone(hub: RunningHub, tmp_path: Path) -> None:
    reader = hub.enrol(A)
    hub.enrol(A).put(Patient(id="p1"))
    with running_hub(tmp_path / "other") as other:
        other.enrol(A).put(Patient(id="p1"))
        assert reader.page(other.enrol(A).changes()[1]).status_code == 410


@pytest.mark.usefixtures("both_databases")
def test_a_hub_restored_from_an_older_backup_is_noticed_though_it_has_grown_since(tmp_path: Path) -> None:
    folder, backup = tmp_path / "hub", tmp_path / "backup"
    with running_hub(folder) as hub:
        writer, reader = hub.enrol(A), hub.enrol(A)
        writer.put(Patient(id="old"))
    stores.places.copy(folder, backup)
    with running_hub(folder) as hub:
        writer, reader = HubClient(hub.http, writer.token), HubClient(hub.http, reader.token)
        for name in ("lost-1", "lost-2"):
            writer.put(Patient(id=name))
        seen, cursor = reader.changes()
    stores.places.copy(backup, folder)
    with running_hub(folder) as hub:
        writer, reader = HubClient(hub.http, writer.token), HubClient(hub.http, reader.token)
        for name in ("new-1", "new-2", "new-3", "new-4"):
            writer.put(Patient(id=name))
        assert reader.page(cursor).status_code == 410
        assert [change.id for change in reader.changes()[0]] == ["old", "new-1", "new-2", "new-3", "new-4"]
    assert [change.id for change in seen] == ["old", "lost-1", "lost-2"]


@pytest.mark.usefixtures("both_databases")
def test_a_cursor_taken_before_the_backup_still_holds_after_it(tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    with running_hub(folder) as hub:
        writer, reader = hub.enrol(A), hub.enrol(A)
        writer.put(Patient(id="old"))
        _, cursor = reader.changes()
    stores.places.copy(folder, tmp_path / "restored")
    with running_hub(tmp_path / "restored") as hub:
        HubClient(hub.http, writer.token).put(Patient(id="new"))
        assert [change.id for change in HubClient(hub.http, reader.token).changes(cursor)[0]] == ["new"]


def test_the_place_of_a_record_that_went_on_still_is_a_cursor(hub: RunningHub) -> None:
    writer, reader = hub.enrol(A), hub.enrol(A)
    first = writer.put(Patient(id="p1"))
    _, cursor = reader.changes()
    writer.put(Patient(id="p1", birth_date="1964"), first.version)
    assert [change.id for change in reader.changes(cursor)[0]] == ["p1"]


def _deep(id: str, depth: int) -> Write:
    nested = b"[" * depth + b"]" * depth
    return Write("Patient", id, encode(Patient(id=id))[:-1] + b',"x":' + nested + b"}", None)


@pytest.mark.parametrize("depth", [64, 200, 600, 900])
def test_a_record_too_deep_for_a_reader_never_enters_the_feed(hub: RunningHub, depth: int) -> None:
    writer, reader = hub.enrol(A), hub.enrol(A)
    assert writer.write(_deep("deep", depth)).status_code in (400, 422)
    writer.put(Patient(id="good"))
    assert [change.id for change in reader.changes()[0]] == ["good"]


def test_brackets_in_a_sentence_are_no_depth(hub: RunningHub) -> None:
    writer, reader = hub.enrol(A), hub.enrol(A)
    words = "[" * 500 + '"{\\' * 100
    body = encode(Patient(id="p1"))[:-1] + b',"x":' + json.dumps(words).encode() + b"}"
    assert writer.write(Write("Patient", "p1", body, None)).status_code == 200
    assert json.loads(reader.changes()[0][0].body)["x"] == words


def _large(id: str, size: int) -> Write:
    return Write("Patient", id, encode(Patient(id=id))[:-1] + b',"x":"' + b"y" * size + b'"}', None)


def test_a_record_larger_than_any_reader_takes_is_refused(hub: RunningHub) -> None:
    writer = hub.enrol(A)
    assert writer.write(_large("p1", MOST_RECORD_BYTES)).status_code == 422
    assert writer.write(_large("p1", MOST_RECORD_BYTES - 200)).status_code == 200


def test_large_records_come_on_pages_that_a_reader_takes(hub: RunningHub) -> None:
    writer, reader = hub.enrol(A), hub.enrol(A)
    for number in range(6):
        assert writer.write(_large(f"p{number}", MOST_RECORD_BYTES - 1000)).status_code == 200
    seen: list[str] = []
    cursor = ""
    while True:
        response = reader.page(cursor)
        assert len(response.content) < MAX_MESSAGE_BYTES
        changes, cursor = reader.changes(cursor)
        if not changes:
            break
        assert sum(len(change.body) for change in changes) <= MOST_PAGE_BYTES
        seen += [change.id for change in changes]
    assert seen == [f"p{number}" for number in range(6)]


def test_an_endless_body_is_cut_off(hub: RunningHub) -> None:
    client = hub.enrol(A)
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 20
            yield b" " * (1 << 20)

    for method, path in (("POST", "/"), ("PATCH", f"/blob/{DIGEST}")):
        taken = 0
        headers = {**client.headers, "Upload-Offset": "0"}
        assert client.http.request(method, path, content=endless(), headers=headers).status_code == 413
        assert taken <= MAX_MESSAGE_BYTES + (2 << 20)


@pytest.mark.parametrize("encoding", ["br", "compress", "identity, gzip"])
def test_bodies_packed_in_ways_nobody_offered_are_not_unpacked(standing: HubClient, encoding: str) -> None:
    headers = {**standing.headers, "Content-Encoding": encoding}
    assert standing.http.post("/", content=b"x", headers=headers).status_code == 415


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(
    resource=HOSTILE,
    url=st.sampled_from(
        ["Patient/p1", "Task/t1", "Patient/../x", "Patient/", "patient/p1", "Patient/p1/_history", "", "\n"]
    ),
    extra=st.dictionaries(st.sampled_from(["meta", "id", "status", "name", "link", "birthDate"]), HOSTILE, max_size=3),
)
def test_hostile_json_is_refused_and_never_a_fault(
    standing: HubClient, resource: object, url: str, extra: object
) -> None:
    assert isinstance(extra, dict)
    inner = {"resourceType": "Patient", "id": "p1", **extra, "x": resource}
    entry = {"resource": inner, "request": {"method": "PUT", "url": url, "ifNoneMatch": "*"}}
    bundle = {"resourceType": "Bundle", "id": "b", "type": "transaction", "entry": [entry]}
    body = json.dumps(bundle).encode()
    response = standing.http.post("/", content=body, headers=standing.headers)
    assert response.status_code in (200, 400, 404, 405, 412, 422), response.text


@pytest.mark.parametrize("key", ["x" * 101, "é" * 101])
def test_an_idempotency_key_has_an_end(standing: HubClient, key: str) -> None:
    headers = {**standing.headers, "Idempotency-Key": key.encode("latin-1")}
    assert standing.http.post("/", content=b"{}", headers=headers).status_code == 422  # type: ignore[dict-item]


def test_an_idempotency_key_is_each_hospitals_own(hub: RunningHub) -> None:
    ours, theirs = hub.enrol(A), hub.enrol(B)
    first = ours.write(write_of(Patient(id="p1")), key="k")
    other = theirs.write(write_of(Patient(id="p2")), key="k")
    assert (first.status_code, other.status_code) == (200, 200)
    assert first.content != other.content


def test_an_answer_outlives_a_restart_and_the_month_but_not_more(tmp_path: Path) -> None:
    from tests.helpers.clocks import FixedClock

    clock = FixedClock()
    write = write_of(Patient(id="p1"))
    with running_hub(tmp_path / "hub", clock) as hub:
        client = hub.enrol(A)
        first = client.write(write, key="k").content
    clock.advance(days=29)
    with running_hub(tmp_path / "hub", clock) as hub:
        client = HubClient(hub.http, client.token)
        client.write(write_of(Patient(id="p2")), key="later")
        assert client.write(write, key="k").content == first
        clock.advance(days=2)
        client.write(write_of(Patient(id="p3")), key="latest")
        again = client.write(write, key="k")
        assert again.status_code == 200
        assert again.content != first
        assert len(hub.enrol(A).changes()[0]) == 3


@pytest.mark.parametrize("days", [-20_000, -1, 1, 20_000])
def test_a_jump_of_the_hubs_clock_neither_hides_nor_repeats_a_change(tmp_path: Path, days: int) -> None:
    from tests.helpers.clocks import FixedClock

    clock = FixedClock()
    with running_hub(tmp_path / "hub", clock) as hub:
        writer, reader = hub.enrol(A), hub.enrol(A)
        first = writer.put(Patient(id="p1"))
        _, cursor = reader.changes()
        clock.advance(days=days)
        writer.put(Patient(id="p2"))
        writer.put(Patient(id="p1", birth_date="1964"), first.version)
        assert [change.id for change in reader.changes(cursor)[0]] == ["p2", "p1"]


RANGES = [
    ("bytes=0-0", b"0"),
    ("bytes=9-", b"9"),
    ("bytes=0-999999999999", b"0123456789"),
    ("bytes=5-9", b"56789"),
    ("bytes=5-4", None),
    ("bytes=10-", None),
    ("bytes=999999999999-", None),
    ("bytes=9999999999999-", None),
    ("bytes=-5", None),
    ("bytes=0-1,3-4", None),
    ("bytes=٠-", None),
    ("bytes=a-b", None),
    ("items=0-1", None),
    ("", None),
]


@pytest.mark.parametrize(("header", "part"), RANGES)
def test_a_range_is_answered_exactly_or_refused(standing: HubClient, header: str, part: bytes | None) -> None:
    data = b"0123456789"
    sha256 = standing.upload(data)
    body = encode(Patient(id="holder"))[:-1] + f',"x":"{sha256}"}}'.encode()
    standing.write(Write("Patient", "holder", body, None))
    response = standing.http.get(f"/blob/{sha256}", headers={**standing.headers, "Range": header.encode()})  # type: ignore[dict-item]
    assert response.status_code == (416 if part is None else 206)
    if part is not None:
        assert response.content == part
        start = data.index(part)
        assert response.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/10"


@pytest.mark.parametrize("name", ["A" * 64, "a" * 63, "a" * 65, "%2e%2e%2f" + "a" * 60, "a" * 63 + "%00", "ａ" * 64])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH"])
def test_content_has_no_other_name_than_its_digest(standing: HubClient, method: str, name: str) -> None:
    headers = {**standing.headers, "Upload-Length": "5", "Upload-Offset": "0"}
    assert standing.http.request(method, f"/blob/{name}", headers=headers, content=b"x").status_code in (404, 422)


def test_an_upload_is_each_hospitals_own_though_the_content_is_the_same(hub: RunningHub) -> None:
    ours, theirs = hub.enrol(A), hub.enrol(B)
    sha256 = ours.upload(b"the same")
    assert theirs.http.head(f"/blob/{sha256}", headers=theirs.headers).status_code == 404
    begun = theirs.http.post(f"/blob/{sha256}", headers={**theirs.headers, "Upload-Length": "8"})
    assert (begun.status_code, begun.headers["upload-offset"]) == (201, "0")


def test_two_workstations_of_one_hospital_go_on_with_one_upload(hub: RunningHub) -> None:
    import hashlib

    data = b"0123456789"
    path = f"/blob/{hashlib.sha256(data).hexdigest()}"
    first, second = hub.enrol(A), hub.enrol(A)
    first.http.post(path, headers={**first.headers, "Upload-Length": "10"})
    first.http.patch(path, content=data[:4], headers={**first.headers, "Upload-Offset": "0"})
    assert second.http.head(path, headers=second.headers).headers["upload-offset"] == "4"
    done = second.http.patch(path, content=data[4:], headers={**second.headers, "Upload-Offset": "4"})
    assert done.headers["upload-complete"] == "?1"
    late = first.http.patch(path, content=data[4:], headers={**first.headers, "Upload-Offset": "4"})
    assert late.status_code == 409


def test_a_hub_stopped_after_every_piece_goes_on_from_there(tmp_path: Path) -> None:
    import hashlib

    data = bytes(range(250))
    path = f"/blob/{hashlib.sha256(data).hexdigest()}"
    token = ""
    for offset in range(0, 250, 50):
        with running_hub(tmp_path / "hub") as hub:
            client = HubClient(hub.http, token) if token else hub.enrol(A)
            token = client.token
            state = client.http.post(path, headers={**client.headers, "Upload-Length": "250"})
            assert state.headers["upload-offset"] == str(offset)
            headers = {**client.headers, "Upload-Offset": str(offset)}
            client.http.patch(path, content=data[offset : offset + 50], headers=headers)
    with running_hub(tmp_path / "hub") as hub:
        body = encode(with_audience(Patient(id="p"), B))[:-1] + f',"x":"{path[6:]}"}}'.encode()
        HubClient(hub.http, token).write(Write("Patient", "p", body, None))
        reader = hub.enrol(B)
        assert reader.http.get(path, headers=reader.headers).content == data


def test_a_transaction_of_one_record_twice_is_refused_whole(hub: RunningHub) -> None:
    client = hub.enrol(A)
    response = client.write(write_of(Patient(id="p1")), write_of(Patient(id="p1", birth_date="1964")))
    assert response.status_code == 412
    assert hub.enrol(A).changes()[0] == ()


def test_the_wrong_content_type_is_read_as_what_it_is_or_refused(hub: RunningHub) -> None:
    client = hub.enrol(A)
    content = encode_transaction([write_of(Patient(id="p1"))])
    for kind in ("text/html", "multipart/form-data; boundary=x", "application/xml", "application/fhir+json"):
        response = client.http.post("/", content=content, headers={**client.headers, "Content-Type": kind})
        assert response.headers["content-type"].startswith("application/fhir+json")
    assert len(hub.enrol(A).changes()[0]) == 1


def test_nobody_but_itself_says_what_an_organisation_is_called(hub: RunningHub) -> None:
    ours, theirs = hub.enrol(A), hub.enrol(B)
    version = ours.put(with_audience(Organization(id=A, name="Aurukhana"), "*")).version
    forged = with_audience(Organization(id=A, name="Forged"), "*")
    assert theirs.write(write_of(forged, version)).status_code == 403
    assert theirs.write(write_of(forged)).status_code == 412
    assert b"Aurukhana" in hub.enrol("org-c").changes()[0][0].body


def test_a_line_that_breaks_in_the_middle_is_no_fault_of_the_hubs(
    standing: HubClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b'{"resourceType":'
        raise ClientDisconnect

    answer = standing.http.request("POST", "/Patient", content=broken(), headers=standing.headers)
    assert answer.status_code == 400
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/Patient?_count=1%0A2026-11-22%20ERROR%20forged%1b%5b31m",
        "/Patient/%0A2026-11-22%20ERROR%20forged",
        "/Patient/%0D%1b%5b2J%c2%85%e2%80%a8x",
        "/Patient/" + "x" * 5000,
    ],
)
def test_nobody_writes_a_line_of_his_own_into_the_log(
    standing: HubClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.INFO, "clinic_app.hub.app"):
        assert standing.http.get(path, headers=standing.headers).status_code in (400, 404)
    said = [each.getMessage() for each in caplog.records if each.name == "clinic_app.hub.app"]
    assert len(said) == 1
    assert said[0].isprintable()
    assert len(said[0]) < 1000


@pytest.mark.parametrize("path", ["/Patient/", "/metadata/", "//evil.example/Patient/"])
def test_the_host_header_sends_nobody_elsewhere(standing: HubClient, path: str) -> None:
    answer = standing.http.get(path, headers={**standing.headers, "Host": "evil.example"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("host", ["[", "a b", "x" * 3000, "%0a"])
def test_a_host_that_is_none_is_no_fault(standing: HubClient, host: str) -> None:
    for path in ("/Patient/x", "/metadata", "/.well-known/smart-configuration", "/Patient?identifier=a%7Cb"):
        assert standing.http.get(path, headers={**standing.headers, "Host": host}).status_code < 500
