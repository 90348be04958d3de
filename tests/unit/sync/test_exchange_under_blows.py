"""The exchange under blows: listeners that fail, a store that fails, hubs that repeat themselves, cuts at any byte."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import LinkError, StorageError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import LANGUAGES, Text
from clinic_app.records import Patient, encode
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Change, Written
from clinic_app.sync import Failed, Succeeded, SyncService
from clinic_app.sync.contents import Downloads, Uploads
from clinic_app.sync.link import HubLink, HubRefusalError
from clinic_app.sync.pull import CURSOR, Pull
from clinic_app.sync.push import Push
from clinic_app.sync.wire import (
    MEDIA_TYPE,
    decode_transaction,
    encode_history,
    encode_outcome,
    encode_transaction_response,
)
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.played_hubs import as_hub
from tests.helpers.stores import opened
from tests.helpers.waiting import wait_until

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "district", DISTRICT) as made:
        yield made


def _fhir(status: int, body: bytes, **headers: str) -> httpx.Response:
    stream = httpx.ByteStream(body)
    return httpx.Response(status, stream=stream, headers={"Content-Type": MEDIA_TYPE, **headers})


def _refusal(status: int) -> httpx.Response:
    return _fhir(status, encode_outcome("invalid", Text("no")))


def _good(request: httpx.Request) -> httpx.Response:
    """Answer as a hub that takes everything and has nothing."""
    if request.method == "GET":
        return _fhir(200, encode_history([], "$changes?cursor=c"))
    written = [Written(each.type_name, each.id, new_id(), NOON) for each in decode_transaction(request.content)]
    return _fhir(200, encode_transaction_response(written))


def _service(here: Node, answer: Answer) -> SyncService:
    transport = httpx.MockTransport(as_hub(answer))
    made = SyncService(
        here.store, here.referrals, "http://hub.invalid", "t", here.clock, interval_s=0.02, transport=transport
    )
    here.services.append(made)
    return made


def _talk(answer: Answer, action: Callable[[HubLink], Coroutine[Any, Any, Any]]) -> HubLink:
    async def talk() -> HubLink:
        link = HubLink("http://hub.invalid", "token", FixedClock(), httpx.MockTransport(answer))
        try:
            await action(link)
        finally:
            await link.close()
        return link

    return asyncio.run(talk())


def _succeeds(service: SyncService) -> None:
    wait_until(lambda: isinstance(service.state(), Succeeded), 10, str(service.state()))


def test_a_listener_that_fails_ends_neither_the_exchange_nor_the_news_for_others(district: Node) -> None:
    service = _service(district, _good)
    heard: list[object] = []

    def broken() -> None:
        raise RuntimeError("Internal C++ object already deleted")

    service.subscribe(broken)
    service.subscribe(lambda: heard.append(service.state()))
    service.start()
    _succeeds(service)
    district.store.records.commit([Patient(id=new_id())])
    wait_until(lambda: district.store.outbox.count() == 0, 10, "what is written later still goes")
    wait_until(lambda: any(isinstance(state, Succeeded) for state in heard), 10)


def test_a_store_that_fails_once_while_nothing_presses_does_not_end_the_exchange(
    district: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = _service(district, _good)
    service._interval_s = 60
    service.start()
    _succeeds(service)
    pending = district.store.outbox.pending
    asked: list[int] = []

    def fails_once(limit: int = 200, **options: Any) -> Any:
        asked.append(limit)
        if len(asked) == 1:
            raise StorageError(Text("The database is in use."))
        return pending(limit, **options)

    monkeypatch.setattr(district.store.outbox, "pending", fails_once)
    wait_until(lambda: asked, 10, "the idle service looks into the outbox")
    district.store.records.commit([Patient(id=new_id())])
    wait_until(lambda: district.store.outbox.count() == 0, 10, "and goes on after the failure")


def test_a_fault_of_ours_is_a_sentence_and_the_next_exchange_comes(
    district: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty() -> None:
        raise ZeroDivisionError

    service = _service(district, _good)
    monkeypatch.setattr(district.referrals, "receive_arrivals", faulty)
    service.start()
    wait_until(lambda: isinstance(service.state(), Failed), 10)
    state = service.state()
    assert isinstance(state, Failed)
    assert len({state.reason.render(language) for language in LANGUAGES}) == 3
    monkeypatch.undo()
    service.sync_now()
    _succeeds(service)


def test_it_can_be_started_stopped_and_started_again_in_any_order(district: Node) -> None:
    service = _service(district, _good)
    service.stop()
    service.sync_now()
    for _ in range(3):
        service.start()
        service.start()
        _succeeds(service)
        service.stop()
        service.stop()
    assert service.queue().records == 0


def test_a_hub_that_never_answers_does_not_hold_up_the_end(district: Node) -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    service = SyncService(
        district.store, district.referrals, "http://hub.invalid", "t", district.clock, transport=Silent()
    )
    service.start()
    service.stop()
    assert district.store.outbox.count() > 0


def _page(names: list[str], cursor: str) -> httpx.Response:
    changes = [Change("Patient", name, encode(Patient(id=name)), NOON) for name in names]
    return _fhir(200, encode_history(changes, f"$changes?cursor={cursor}"))


def test_a_cache_that_repeats_one_page_for_ever_is_noticed(store: Store) -> None:
    asked: list[str] = []

    def repeats(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["cursor"])
        return _page(["p1"], "same")

    with pytest.raises(LinkError):
        _talk(repeats, lambda link: Pull(store, link).run())
    assert asked == ["", "same"]
    assert store.records.get(Patient, "p1").id == "p1"


@pytest.mark.parametrize("next_url", ["$changes", "$changes?cursor=", "$changes?cursor=a&cursor=b", "http://[", "?x=1"])
def test_a_page_without_one_cursor_is_not_taken(store: Store, next_url: str) -> None:
    body = encode_history([Change("Patient", "p1", encode(Patient(id="p1")), NOON)], next_url)
    with pytest.raises(LinkError):
        _talk(lambda _: _fhir(200, body), lambda link: Pull(store, link).run())
    assert store.records.find(Patient) == ()
    assert store.cursor(CURSOR) is None


def test_a_next_link_to_another_host_is_not_followed(store: Store) -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        cursor = request.url.params["cursor"]
        changes = [] if cursor else [Change("Patient", "p1", encode(Patient(id="p1")), NOON)]
        return _fhir(200, encode_history(changes, "http://evil.invalid/$changes?cursor=n"))

    _talk(answer, lambda link: Pull(store, link).run())
    assert hosts == ["hub.invalid", "hub.invalid"]


def test_a_cursor_that_is_gone_twice_is_an_error_and_no_circle(store: Store) -> None:
    store.records.receive([], cursor=(CURSOR, "old"))
    asked: list[str] = []

    def gone(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["cursor"])
        return _refusal(410)

    with pytest.raises(HubRefusalError):
        _talk(gone, lambda link: Pull(store, link).run())
    assert asked == ["old", ""]
    assert store.cursor(CURSOR) == "old"


def test_a_full_disk_keeps_the_cursor_at_the_page_that_was_not_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {"": ["p1"], "one": ["p2"], "two": []}
    follows = {"": "one", "one": "two", "two": "two"}

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params["cursor"]
        return _page(pages[cursor], follows[cursor])

    receive = store.records.receive

    def full(bodies: Any, **options: Any) -> Any:
        if b'"p2"' in bodies[0]:
            raise StorageError(Text("The disk is full."))
        return receive(bodies, **options)

    monkeypatch.setattr(store.records, "receive", full)
    with pytest.raises(StorageError):
        _talk(answer, lambda link: Pull(store, link).run())
    assert store.cursor(CURSOR) == "one"
    monkeypatch.undo()
    _talk(answer, lambda link: Pull(store, link).run())
    assert {each.id for each in store.records.find(Patient)} == {"p1", "p2"}


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
        "Mon, 05 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 05 Jan 2026 00:00:00 +9999999999",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Fri, 31 Dec 9999 23:59:59 -1400",
        "\x7f",
        "5",
    ],
)
def test_a_date_beyond_all_calendars_breaks_nothing(store: Store, date: str) -> None:
    link = _talk(
        lambda _: _fhir(200, encode_history([], "$changes?cursor=c"), Date=date), lambda link: Pull(store, link).run()
    )
    assert isinstance(link.clock_offset_s, float)


STATUSES = [
    100,
    204,
    206,
    226,
    300,
    304,
    307,
    400,
    402,
    404,
    405,
    408,
    409,
    412,
    413,
    418,
    425,
    429,
    500,
    502,
    503,
    507,
    511,
]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("is_fhir", [True, False])
def test_whatever_status_comes_no_row_is_lost_and_only_a_refusal_sets_one_aside(
    store: Store, status: int, is_fhir: bool
) -> None:
    store.records.commit([Patient(id="p1")])

    def answer(_request: httpx.Request) -> httpx.Response:
        if is_fhir:
            return _refusal(status)
        return httpx.Response(status, stream=httpx.ByteStream(b"<html>"), headers={"Content-Type": "text/html"})

    is_refusal = status == 413 or (is_fhir and 400 <= status < 500 and status not in (404, 405, 408, 425, 429))
    push = _talk_push(store, answer)
    assert (push is None) == is_refusal
    (row,) = store.outbox.rows_for("Patient", "p1")
    expected = ("conflict" if status in (409, 412) else "quarantined") if is_refusal else "queued"
    assert row.state == expected
    assert row.attempts == 1


def _talk_push(store: Store, answer: Answer) -> LinkError | None:
    try:
        _talk(answer, lambda link: Push(store, link, lambda _: None).run())
    except LinkError as error:
        return error
    return None


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.sets(st.integers(0, 30), max_size=6), lost=st.integers(0, 12))
def test_however_many_are_bad_the_good_ones_go_and_a_lost_answer_is_said_again(
    tmp_path_factory: pytest.TempPathFactory, bad: set[int], lost: int
) -> None:
    known: dict[str, bytes] = {}
    taken: set[tuple[str, bytes]] = set()
    requests = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal requests
        requests += 1
        writes = decode_transaction(request.content)
        if any(int(write.id) in bad for write in writes):
            return _refusal(422)
        key = request.headers["idempotency-key"]
        if key not in known:
            taken.update((write.id, write.body) for write in writes)
            known[key] = encode_transaction_response([Written(w.type_name, w.id, w.id, NOON) for w in writes])
        if requests == lost:
            raise httpx.ReadError("cut")
        return _fhir(200, known[key])

    with opened(tmp_path_factory.mktemp("many")) as store:
        store.records.commit([Patient(id=str(number)) for number in range(31)])
        while _talk_push(store, answer) is not None:
            assert store.outbox.count() > 0
        states = {number: store.outbox.rows_for("Patient", str(number))[0].state for number in range(31)}
    assert states == {number: "quarantined" if number in bad else "acked" for number in range(31)}
    assert sorted(int(name) for name, _ in taken) == [number for number in range(31) if number not in bad]


DATA = random.Random(7).randbytes(5000)
DIGEST = hashlib.sha256(DATA).hexdigest()


def _cut_stream(data: bytes, cut: int) -> httpx.AsyncByteStream:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield data[: cut // 2]
            yield data[cut // 2 : cut]
            if cut < len(data) + 1:
                raise httpx.ReadError("cut")

    return Cut()


@pytest.mark.parametrize("cut", [0, 1, 2, 2500, 4998, 4999, 5000])
def test_a_download_cut_at_any_byte_goes_on_and_comes_whole(store: Store, cut: int) -> None:
    store.transfers.queue(DIGEST, "down", "images", len(DATA))
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["range"])
        start = int(request.headers["range"][6:-1])
        if start >= len(DATA):
            return _refusal(416)
        stream: Any = _cut_stream(DATA, cut) if len(asked) == 1 else httpx.ByteStream(DATA[start:])
        return httpx.Response(206, stream=stream, headers={"Content-Type": "application/octet-stream"})

    async def twice(link: HubLink) -> None:
        downloads = Downloads(store, link)
        with pytest.raises(LinkError):
            await downloads.run()
        assert cut == len(DATA) or not store.blobs.has(DIGEST)
        await downloads.run()

    _talk(answer, twice)
    assert store.blobs.read(DIGEST) == DATA
    assert asked == ["bytes=0-"] + ([f"bytes={cut}-"] if cut < len(DATA) else [])


@pytest.mark.parametrize(("status", "kind"), [(200, "application/octet-stream"), (206, "text/html"), (204, "")])
def test_a_download_that_is_no_part_is_nonsense(store: Store, status: int, kind: str) -> None:
    store.transfers.queue(DIGEST, "down", "images", len(DATA))

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=httpx.ByteStream(DATA), headers={"Content-Type": kind})

    with pytest.raises(LinkError):
        _talk(answer, lambda link: Downloads(store, link).run())
    assert not store.blobs.has(DIGEST)


@pytest.mark.parametrize("offset", ["", "-1", "x", "٣", "1" * 13, "5001", "1.0"])
def test_an_upload_state_that_cannot_be_is_nonsense_and_the_content_waits_on(store: Store, offset: str) -> None:
    store.transfers.queue(store.blobs.put(DATA), "up", "images", len(DATA))

    async def nothing() -> None:
        return

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b""), headers=[(b"Upload-Offset", offset.encode())])

    with pytest.raises(LinkError):
        _talk(answer, lambda link: Uploads(store, link, nothing).run())
    assert [each.sha256 for each in store.transfers.pending("up")] == [DIGEST]
