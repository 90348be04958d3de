"""An open ear at the hub: news are taken in when they come, and a hub that cannot wait is asked at intervals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from clinic_app.records import Patient, encode
from clinic_app.storage import Store
from clinic_app.storage.backups.restoring import RESTORED_PULL
from clinic_app.storage.exchange.exchange import Change
from clinic_app.sync import hearing as hearing_module
from clinic_app.sync.hearing import WAIT_S, Hearing
from clinic_app.sync.link import HubLink
from clinic_app.sync.pull import CURSOR, Pull
from clinic_app.sync.wire import MEDIA_TYPE, encode_history
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "store") as made:
        yield made


class WaitingHub(httpx.AsyncBaseTransport):
    """Answers a request for the feed when it is told to."""

    def __init__(self) -> None:
        self.asked: list[httpx.URL] = []
        self.answers: asyncio.Queue[httpx.Response | Exception] = asyncio.Queue()
        self.timeouts: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        self.timeouts.append(request.extensions["timeout"]["read"])
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


def _page(names: list[str], cursor: str) -> httpx.Response:
    changes = [Change("Patient", name, encode(Patient(id=name)), NOON) for name in names]
    body = encode_history(changes, f"$changes?cursor={cursor}")
    return httpx.Response(200, stream=httpx.ByteStream(body), headers={"Content-Type": MEDIA_TYPE})


def _listen(store: Store, act: Callable[[Hearing, WaitingHub, asyncio.Event], Awaitable[None]]) -> None:
    async def talk() -> None:
        hub, heard = WaitingHub(), asyncio.Event()
        link = HubLink("http://hub.invalid", "t", FixedClock(), hub)
        hearing = Hearing(Pull(store, link), heard.set)
        try:
            async with asyncio.timeout(20):
                await act(hearing, hub, heard)
        finally:
            await hearing.close()
            await link.close()

    asyncio.run(talk())


async def _until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it is so."""
    while not condition():  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0)


def test_what_comes_while_listening_is_taken_in_and_told(store: Store) -> None:
    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        hearing.open()
        await _until(lambda: bool(hub.asked))
        assert hearing.is_open
        assert hub.asked[0].params["_wait"] == str(WAIT_S)
        assert hub.timeouts[0] > WAIT_S
        hub.answers.put_nowait(_page(["p1"], "one"))
        await heard.wait()
        await _until(lambda: not hearing.is_open)
        assert len(hub.asked) == 1

    _listen(store, act)
    assert store.records.get(Patient, "p1").id == "p1"
    assert store.cursor(CURSOR) == "one"


def test_news_that_another_request_brought_meanwhile_do_not_turn_the_cursor_back(store: Store) -> None:
    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        await _until(lambda: bool(hub.asked))
        store.records.receive([], cursor=(CURSOR, "two"))
        hub.answers.put_nowait(_page(["p1"], "one"))
        await heard.wait()

    _listen(store, act)
    assert store.cursor(CURSOR) == "two"


def test_a_hub_that_cannot_wait_is_left_alone(store: Store) -> None:
    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        hub.answers.put_nowait(_page([], "same"))
        await _until(lambda: not hearing.is_open)
        hearing.open()
        assert not hearing.is_open
        assert not heard.is_set()
        assert len(hub.asked) == 1

    _listen(store, act)


def test_an_hour_without_news_is_one_request_after_the_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing_module, "_AT_ONCE_S", -1.0)

    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        for _ in range(3):
            hub.answers.put_nowait(_page([], "same"))
        await _until(lambda: len(hub.asked) == 4)
        assert hearing.is_open
        assert not heard.is_set()

    _listen(store, act)


@pytest.mark.parametrize("answer", [httpx.ReadError("cut"), httpx.Response(503, html="down"), ZeroDivisionError()])
def test_a_hub_that_is_heard_no_more_is_asked_at_once(store: Store, answer: httpx.Response | Exception) -> None:
    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        if isinstance(answer, httpx.Response):
            answer.stream = httpx.ByteStream(b"")
        hub.answers.put_nowait(answer)
        await heard.wait()
        await _until(lambda: not hearing.is_open)

    _listen(store, act)


def test_after_a_restoration_there_is_no_waiting(store: Store) -> None:
    store.memory.put(RESTORED_PULL, b"1")

    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        await _until(lambda: not hearing.is_open)
        assert hub.asked == []
        assert not heard.is_set()

    _listen(store, act)


def test_closing_ends_the_waiting_at_once(store: Store) -> None:
    async def act(hearing: Hearing, hub: WaitingHub, heard: asyncio.Event) -> None:
        hearing.open()
        await _until(lambda: bool(hub.asked))
        await hearing.close()
        assert not hearing.is_open
        assert not heard.is_set()

    _listen(store, act)
