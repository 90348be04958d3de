"""Whose turn it is: an emergency overtakes a study half way, and a spent budget holds back its own lane only."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.ids import new_id
from clinic_app.records import Patient
from clinic_app.storage import Lane, Store
from clinic_app.storage.exchange.exchange import Written
from clinic_app.sync import contents
from clinic_app.sync.budget import SPENT, Budget
from clinic_app.sync.contents import Downloads, Uploads, WrongContentError
from clinic_app.sync.link import HubLink
from clinic_app.sync.pace import AROUND_BYTES, Pace
from clinic_app.sync.push import Push
from clinic_app.sync.turns import LANES, PRESSING, Turns
from clinic_app.sync.wire import MEDIA_TYPE, decode_transaction, encode_transaction_response
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


class WholeHub:
    """Takes records and contents, gives contents, and notes in which order it was asked."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.held: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.gives: dict[str, bytes] = {}
        self.on_request: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.on_request()
        sha256 = request.url.path.removeprefix("/blob/")
        if request.url.path == "/":
            return self._take(request)
        if request.method == "GET":
            self.log.append(f"down {self._name(sha256)}")
            start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
            data = self.gives[sha256][start:]
            kind = {"Content-Type": "application/octet-stream"}
            return httpx.Response(206, stream=httpx.ByteStream(data), headers=kind)
        if request.method == "POST":
            self.sizes[sha256] = int(request.headers["upload-length"])
            self.held.setdefault(sha256, 0)
        else:
            self.log.append(f"piece {self._name(sha256)}")
            self.held[sha256] += len(request.content)
        is_whole = self.held[sha256] == self.sizes[sha256]
        told = {"Upload-Offset": str(self.held[sha256]), "Upload-Complete": "?1" if is_whole else "?0"}
        return httpx.Response(200, stream=httpx.ByteStream(b""), headers=told)

    def _take(self, request: httpx.Request) -> httpx.Response:
        writes = decode_transaction(request.content)
        self.log.append(f"records {len(writes)}")
        written = [Written(each.type_name, each.id, "v", NOON) for each in writes]
        body = encode_transaction_response(written)
        return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE})

    def _name(self, sha256: str) -> str:
        return sha256[:4]


def _content(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _queue_up(store: Store, lane: Lane, size: int, seed: int = 1) -> str:
    sha256 = store.blobs.put(_content(size, seed))
    store.transfers.queue(sha256, "up", lane, size)
    return sha256[:4]


def _queue_down(store: Store, hub: WholeHub, lane: Lane, size: int, seed: int = 2) -> str:
    data = _content(size, seed)
    sha256 = hashlib.sha256(data).hexdigest()
    hub.gives[sha256] = data
    store.transfers.queue(sha256, "down", lane, size)
    return sha256[:4]


def _keep(store: Store, lane: Lane = "records", count: int = 1) -> None:
    store.records.commit([Patient(id=new_id()) for _ in range(count)], lane=lane)


class Station:
    """What takes turns on one link."""

    def __init__(self, store: Store, hub: WholeHub, limits: dict[Lane, int] | None = None) -> None:
        self.store = store
        self.hub = hub
        self.pace = Pace()
        self.clock = FixedClock()
        self.budget = Budget(limits or {}, self.pace, store.memory, self.clock)
        self.betweens = 0

    def run(self, lanes: tuple[Lane, ...] = LANES) -> None:
        """Take turns until nothing waits."""

        async def between() -> None:
            self.betweens += 1

        async def talk() -> None:
            link = HubLink("http://hub.invalid", "t", self.clock, httpx.MockTransport(self.hub), self.pace)
            push = Push(self.store, link, lambda _: None)
            turns = Turns(push, Uploads(self.store, link), Downloads(self.store, link), self.budget)
            try:
                push.begin()
                self.push = push
                await turns.run(lanes, between)
            finally:
                await link.close()

        asyncio.run(talk())


def test_everything_goes_lane_by_lane_and_records_before_contents(store: Store) -> None:
    hub = WholeHub()
    study, picture = _queue_up(store, "bulk", 100, 1), _queue_up(store, "images", 100, 2)
    package, wanted = _queue_up(store, "emergency", 100, 3), _queue_down(store, hub, "referral", 100, 4)
    _keep(store, "audit")
    _keep(store, "records", 2)
    _keep(store, "emergency", 3)
    Station(store, hub).run()
    assert hub.log == [
        "records 3",
        f"piece {package}",
        f"down {wanted}",
        "records 2",
        f"piece {picture}",
        f"piece {study}",
        "records 1",
    ]
    assert store.outbox.count() == 0
    assert store.transfers.unfinished() == ()


def test_an_emergency_written_while_a_study_goes_up_is_sent_after_the_piece_under_way(store: Store) -> None:
    hub = WholeHub()
    study = _queue_up(store, "bulk", 5 << 20)
    station = Station(store, hub)

    def cry() -> None:
        if len(hub.log) == 2 and f"piece {study}" == hub.log[-1]:
            hub.on_request = lambda: None
            hub.package = _queue_up(store, "emergency", 1000, 9)  # type: ignore[attr-defined]

    hub.on_request = cry
    station.run()
    package = hub.package  # type: ignore[attr-defined]
    assert hub.log[:4] == [f"piece {study}"] * 3 + [f"piece {package}"]
    assert set(hub.log[4:]) == {f"piece {study}"}
    assert station.betweens >= len(hub.log)


def test_a_long_download_gives_way_and_goes_on_where_it_stood(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "TURN_S", -1.0)
    hub = WholeHub()
    name = _queue_down(store, hub, "bulk", 3000)

    class Dripping(httpx.AsyncByteStream):
        def __init__(self, data: bytes) -> None:
            self._data = data

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for start in range(0, len(self._data), 1000):
                yield self._data[start : start + 1000]

    def answer(request: httpx.Request) -> httpx.Response:
        response = hub(request)
        if request.method == "GET":
            response.stream = Dripping(b"".join(response.stream))  # type: ignore[arg-type]
        return response

    station = Station(store, hub)
    station.hub = answer  # type: ignore[assignment]
    _keep(store, "audit")
    station.run()
    assert hub.log == [f"down {name}"] * 3 + ["records 1"]
    assert store.transfers.unfinished() == ()


def test_a_wrong_content_does_not_hold_up_the_others_and_is_told_at_the_end(store: Store) -> None:
    hub = WholeHub()
    _queue_down(store, hub, "emergency", 100, 4)
    (wrong,) = hub.gives
    hub.gives[wrong] = bytes(100)
    good = _queue_down(store, hub, "bulk", 100, 5)
    with pytest.raises(WrongContentError):
        Station(store, hub).run()
    assert hub.log[-1] == f"down {good}"
    assert [each.sha256 for each in store.transfers.unfinished()] == [wrong]


def test_only_what_presses_goes_before_the_hub_is_asked_for_news(store: Store) -> None:
    hub = WholeHub()
    for lane in LANES:
        _keep(store, lane)
    Station(store, hub).run(PRESSING)
    assert hub.log == ["records 1"] * 3
    assert {row.lane for row in store.outbox.pending()} == {"images", "bulk", "audit"}


def test_a_lane_that_has_spent_its_bytes_waits_till_tomorrow_and_no_other(store: Store) -> None:
    hub = WholeHub()
    study = _queue_up(store, "bulk", 1 << 20)
    station = Station(store, hub, {"bulk": 100_000})
    _keep(store, "audit")
    station.run()
    assert hub.log[-1] == "records 1"
    pieces = hub.log.count(f"piece {study}")
    assert 0 < pieces < 5
    assert not station.budget.has_left("bulk")
    assert 100_000 <= station.budget.spent()["bulk"] < 400_000
    station.run()
    assert hub.log.count(f"piece {study}") == pieces
    for _ in range(10):
        station.clock.advance(days=1)
        station.run()
    assert store.transfers.unfinished() == ()


def test_an_emergency_has_no_budget(store: Store) -> None:
    hub = WholeHub()
    _queue_up(store, "emergency", 300_000)
    station = Station(store, hub, {"emergency": 1})
    station.run()
    assert store.transfers.unfinished() == ()
    assert station.budget.limits == {}


def test_what_was_spent_outlives_a_restart_and_not_the_day(store: Store) -> None:
    station = Station(store, WholeHub(), {"bulk": 1000, "images": 5000})
    with station.budget.spending("bulk"):
        station.pace.carried(1200)
    again = Budget({"bulk": 1000, "images": 5000}, Pace(), store.memory, station.clock)
    assert (again.has_left("bulk"), again.has_left("images")) == (False, True)
    assert again.spent() == {"bulk": 1200, "images": 0}
    station.clock.advance(days=1)
    assert again.spent() == {"bulk": 0, "images": 0}


def test_a_broken_link_is_paid_for_too(store: Store) -> None:
    station = Station(store, WholeHub(), {"bulk": 1000})

    def spend() -> None:
        with station.budget.spending("bulk"):
            station.pace.note(400, 1.0)
            raise contents.nonsense()

    with pytest.raises(LinkError):
        spend()
    assert station.budget.spent() == {"bulk": 400 + AROUND_BYTES}


@pytest.mark.parametrize("kept", [b"", b"x", b"[]", b'{"day":"never"}', b"\xff"])
def test_a_note_of_the_budget_that_cannot_be_read_begins_the_day_anew(store: Store, kept: bytes) -> None:
    store.memory.put(SPENT, kept)
    assert Station(store, WholeHub(), {"bulk": 10}).budget.spent() == {"bulk": 0}
