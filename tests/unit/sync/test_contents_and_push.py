"""Pieces up, pieces down, and the order of rows, against a hub that is played by the test."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine, Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient, Task
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.sync.backoff import LEAST_S, MOST_S, Backoff
from clinic_app.sync.contents import Downloads, Uploads, WrongContentError
from clinic_app.sync.link import HubLink
from clinic_app.sync.push import Push
from clinic_app.sync.wire import MEDIA_TYPE, decode_transaction, encode_outcome, encode_transaction_response
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened

Answer = Callable[[httpx.Request], httpx.Response]
DATA = random.Random(1).randbytes(300_000)
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


def _run(answer: Answer, action: Callable[[HubLink], Coroutine[Any, Any, None]]) -> HubLink:
    def streamed(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))

    async def talk() -> HubLink:
        link = HubLink("http://hub.invalid", "token", FixedClock(), httpx.MockTransport(streamed))
        try:
            await action(link)
        finally:
            await link.close()
        return link

    return asyncio.run(talk())


async def _nothing() -> None:
    return


class FakeHub:
    """Takes content in pieces, as the hub does."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.pieces: list[int] = []
        self.fails_at = -1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            offset = int(request.headers["upload-offset"])
            if offset != len(self.held):
                return _outcome(409, "elsewhere")
            if len(self.pieces) == self.fails_at:
                self.fails_at = -1
                raise httpx.ReadError("cut")
            self.held += request.content
            self.pieces.append(len(request.content))
        is_whole = len(self.held) == len(DATA)
        return httpx.Response(
            200, headers={"Upload-Offset": str(len(self.held)), "Upload-Complete": "?1" if is_whole else "?0"}
        )


def _outcome(status: int, words: str) -> httpx.Response:
    body = encode_outcome("invalid", Text("{words}", words=words))
    return httpx.Response(status, content=body, headers={"Content-Type": MEDIA_TYPE})


def _state(store: Store, direction: str = "up") -> str:
    transfer = store.transfers.get(DIGEST, direction)  # type: ignore[arg-type]
    assert transfer is not None
    return transfer.state


def test_content_goes_up_in_growing_pieces(store: Store) -> None:
    hub = FakeHub()
    store.transfers.queue(store.blobs.put(DATA), "up", "images", len(DATA))
    _run(hub, lambda link: Uploads(store, link, _nothing).run())
    assert bytes(hub.held) == DATA
    assert hub.pieces[0] == 64 << 10
    assert hub.pieces[1] > hub.pieces[0]
    assert _state(store) == "done"


def test_a_cut_upload_goes_on_where_the_hub_stands(store: Store) -> None:
    hub = FakeHub()
    hub.fails_at = 1
    store.transfers.queue(store.blobs.put(DATA), "up", "images", len(DATA))
    with pytest.raises(LinkError):
        _run(hub, lambda link: Uploads(store, link, _nothing).run())
    assert _state(store) == "queued"
    sent = len(hub.pieces)
    _run(hub, lambda link: Uploads(store, link, _nothing).run())
    assert bytes(hub.held) == DATA
    assert sum(hub.pieces[:sent]) + sum(hub.pieces[sent:]) == len(DATA)


def test_content_the_hub_refuses_does_not_hold_up_the_next(store: Store) -> None:
    hub = FakeHub()
    refused = store.blobs.put(b"refused")
    for sha256, lane in ((refused, "emergency"), (store.blobs.put(DATA), "images")):
        store.transfers.queue(sha256, "up", lane, store.blobs.size(sha256))  # type: ignore[arg-type]
    _run(
        lambda request: _outcome(422, "too odd") if refused in request.url.path else hub(request),
        lambda link: Uploads(store, link, _nothing).run(),
    )
    transfer = store.transfers.get(refused, "up")
    assert transfer is not None
    assert (transfer.state, "too odd" in transfer.last_error) == ("failed", True)
    assert _state(store) == "done"


@pytest.mark.parametrize("offset", ["300001", "-1", "x", ""])
def test_a_hub_that_counts_wrongly_is_nonsense(store: Store, offset: str) -> None:
    store.transfers.queue(store.blobs.put(DATA), "up", "images", len(DATA))
    with pytest.raises(LinkError):
        _run(
            lambda _: httpx.Response(200, headers={"Upload-Offset": offset}),
            lambda link: Uploads(store, link, _nothing).run(),
        )
    assert _state(store) == "queued"


def _download(request: httpx.Request, data: bytes = DATA) -> httpx.Response:
    start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
    return httpx.Response(206, content=data[start:], headers={"Content-Type": "application/octet-stream"})


def test_content_comes_down_and_is_checked(store: Store) -> None:
    store.transfers.queue(DIGEST, "down", "referral", len(DATA))
    _run(_download, lambda link: Downloads(store, link).run())
    assert store.blobs.read(DIGEST) == DATA
    assert _state(store, "down") == "done"


def test_a_cut_download_goes_on_where_it_stopped(store: Store) -> None:
    store.transfers.queue(DIGEST, "down", "referral", len(DATA))
    ranges: list[str] = []

    def cut_once(request: httpx.Request) -> httpx.Response:
        ranges.append(request.headers["range"])
        if len(ranges) == 1:
            return httpx.Response(206, content=DATA[:1000], headers={"Content-Type": "application/octet-stream"})
        return _download(request)

    async def twice(link: HubLink) -> None:
        downloads = Downloads(store, link)
        with pytest.raises(LinkError):
            await downloads.run()
        await downloads.run()

    _run(cut_once, twice)
    assert ranges == ["bytes=0-", "bytes=1000-"]
    assert store.blobs.read(DIGEST) == DATA


def test_wrong_content_is_never_kept_and_does_not_hold_up_the_next(store: Store) -> None:
    other = b"other content"
    other_digest = hashlib.sha256(other).hexdigest()
    store.transfers.queue(DIGEST, "down", "emergency", len(DATA))
    store.transfers.queue(other_digest, "down", "bulk", len(other))

    def answer(request: httpx.Request) -> httpx.Response:
        return _download(request, other) if other_digest in request.url.path else _download(request, bytes(len(DATA)))

    with pytest.raises(WrongContentError):
        _run(answer, lambda link: Downloads(store, link).run())
    assert not store.blobs.has(DIGEST)
    assert store.blobs.read(other_digest) == other
    assert _state(store, "down") == "queued"


def test_endless_content_is_cut_off_at_its_size(store: Store) -> None:
    store.transfers.queue(DIGEST, "down", "referral", len(DATA))
    with pytest.raises(WrongContentError):
        _run(lambda request: _download(request, DATA + b"x" * 1_000_000), lambda link: Downloads(store, link).run())
    assert not store.blobs.has(DIGEST)


def test_content_that_is_not_there_yet_stays_wanted(store: Store) -> None:
    store.transfers.queue(DIGEST, "down", "referral", len(DATA))
    _run(lambda _: _outcome(404, "not here"), lambda link: Downloads(store, link).run())
    assert _state(store, "down") == "queued"


class TakingHub:
    """Takes every write and remembers the transactions."""

    def __init__(self) -> None:
        self.transactions: list[tuple[Write, ...]] = []
        self.keys: list[str] = []
        self.is_cut = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        writes = decode_transaction(request.content)
        self.transactions.append(writes)
        self.keys.append(request.headers["idempotency-key"])
        if self.is_cut:
            raise httpx.ReadError("the answer is lost")
        written = [
            Written(each.type_name, each.id, f"v{len(self.transactions)}", FixedClock().now()) for each in writes
        ]
        body = encode_transaction_response(written)
        return httpx.Response(200, content=body, headers={"Content-Type": MEDIA_TYPE})


def _push(store: Store, hub: Answer) -> None:
    _run(hub, lambda link: Push(store, link, lambda _: None).run())


def _edit(store: Store, patient: Patient, day: str, lane: str = "records") -> Patient:
    (saved,) = store.records.commit([msgspec.structs.replace(patient, birth_date=day)], lane=lane)  # type: ignore[arg-type]
    assert isinstance(saved, Patient)
    return saved


def test_edits_of_one_record_the_hub_has_not_seen_go_up_as_one(store: Store) -> None:
    hub = TakingHub()
    patient = Patient(id=new_id())
    for day in ("1964", "1965", "1966"):
        patient = _edit(store, patient, day)
    _push(store, hub)
    assert [len(each) for each in hub.transactions] == [1]
    assert hub.transactions[0][0].base_version is None
    assert b"1966" in hub.transactions[0][0].body
    assert store.outbox.count() == 0
    assert len(store.records.versions(Patient, patient.id)) == 3
    _edit(store, patient, "1967")
    _push(store, hub)
    assert hub.transactions[1][0].base_version == "v1"


def test_a_pressing_edit_brings_the_versions_it_was_made_from_with_it(store: Store) -> None:
    hub = TakingHub()
    patient = _edit(store, Patient(id=new_id()), "1964", "bulk")
    _edit(store, patient, "1965", "emergency")
    _push(store, hub)
    assert [each[0].base_version for each in hub.transactions] == [None]
    assert b"1965" in hub.transactions[0][0].body


def test_a_lost_answer_is_asked_for_again_under_the_same_key(store: Store) -> None:
    hub = TakingHub()
    store.records.commit([Patient(id=new_id()) for _ in range(3)])
    hub.is_cut = True
    with pytest.raises(LinkError):
        _push(store, hub)
    assert store.outbox.count() == 3
    hub.is_cut = False
    _push(store, hub)
    assert hub.keys[0] == hub.keys[1]
    assert hub.transactions[0] == hub.transactions[1]
    assert store.outbox.count() == 0


def test_transactions_stay_small(store: Store) -> None:
    hub = TakingHub()
    store.records.commit([Patient(id=new_id()) for _ in range(450)])
    _push(store, hub)
    assert [len(each) for each in hub.transactions] == [200, 200, 50]


def test_large_records_make_transactions_of_few(store: Store) -> None:
    from clinic_app.records import HumanName

    hub = TakingHub()
    name = (HumanName(text="x" * 100_000),)
    store.records.commit([Patient(id=new_id(), name=name) for _ in range(5)])
    _push(store, hub)
    assert [len(each) for each in hub.transactions] == [2, 2, 1]


@pytest.mark.parametrize(
    ("status", "state"), [(409, "conflict"), (412, "conflict"), (422, "quarantined"), (403, "quarantined")]
)
def test_a_refused_record_is_set_aside_with_the_hubs_words(store: Store, status: int, state: str) -> None:
    patient = Patient(id=new_id())
    store.records.commit([patient])
    _push(store, lambda _: _outcome(status, "so it is"))
    (row,) = store.outbox.rows_for("Patient", patient.id)
    assert (row.state, row.last_error) == (state, "so it is")


def test_the_arrival_a_colleague_has_announced_is_no_conflict(store: Store) -> None:
    task = Task(id="t", status="requested", intent="order")
    from clinic_app.records import Meta, encode

    store.records.receive([encode(msgspec.structs.replace(task, meta=Meta(version_id="hub-1")))])
    stored = store.records.get(Task, "t")
    store.records.commit([msgspec.structs.replace(stored, status="received")])
    _push(store, lambda _: _outcome(412, "another version"))
    assert [row.state for row in store.outbox.rows_for("Task", "t")] == ["acked"]
    newer = msgspec.structs.replace(task, status="in-progress", meta=Meta(version_id="hub-3"))
    store.records.receive([encode(newer)])
    assert store.records.get(Task, "t").status == "in-progress"
    assert store.records.conflicts() == ()


def test_the_hubs_time_of_a_task_is_remembered_once(store: Store) -> None:
    from clinic_app.referral.hub_times import hub_time_of, remember_hub_time

    first = FixedClock().now()
    remember_hub_time(store, "t", first)
    remember_hub_time(store, "t", FixedClock().advance(days=1))
    assert hub_time_of(store, "t") == first
    assert hub_time_of(store, "other") is None


def test_the_clocks_difference_is_told_from_the_hubs_date() -> None:
    theirs = FixedClock().advance(minutes=3)

    async def ask(link: HubLink) -> None:
        await link.begin_upload(DIGEST, 1)

    link = _run(
        lambda _: httpx.Response(200, headers={"Upload-Offset": "0", "Date": format_datetime(theirs, usegmt=True)}), ask
    )
    assert link.clock_offset_s == 180


@pytest.mark.parametrize("date", ["yesterday", "", "Thu, 99 Mar 2026 07:00:00 GMT"])
def test_a_nonsense_date_changes_nothing(date: str) -> None:
    async def ask(link: HubLink) -> None:
        await link.begin_upload(DIGEST, 1)

    link = _run(lambda _: httpx.Response(200, headers={"Upload-Offset": "0", "Date": date}), ask)
    assert link.clock_offset_s == 0


def test_waits_grow_to_a_minute_and_never_end() -> None:
    backoff = Backoff(random.Random(1))
    waits = [backoff.next_s() for _ in range(200)]
    assert LEAST_S / 2 <= waits[0] <= LEAST_S
    assert all(MOST_S / 2 <= wait <= MOST_S for wait in waits[6:])
    backoff.reset()
    assert backoff.next_s() <= LEAST_S
