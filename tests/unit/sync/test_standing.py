"""The life of a standing exchange: it begins once, rests, is woken, and ends at any moment with all of it closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import anyio
import httpx
import pytest

from clinic_app.sync.standing import LOOK_S, Standing
from tests.helpers.waiting import wait_until


class Worker:
    """Does nothing but count what a standing exchange would do."""

    def __init__(self) -> None:
        self.rounds = self.closed = self.looks = 0
        self.threads: set[int] = set()
        self.wait_s = 3600.0
        self.has_news = False
        self.stuck: asyncio.Event | None = None
        self.standing = Standing("worker", self._live, self._look)

    async def _live(self) -> None:
        self.threads.add(threading.get_ident())
        try:
            while not self.standing.is_ending:
                self.rounds += 1
                if self.stuck is not None:
                    await self.stuck.wait()
                await self.standing.rest(self.wait_s)
        finally:
            with anyio.CancelScope(shield=True):
                await asyncio.sleep(0)
            self.closed += 1

    def _look(self) -> bool:
        self.looks += 1
        return self.has_news


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.standing.stop()


def test_it_begins_once_and_ends_with_all_of_it_closed(worker: Worker) -> None:
    worker.standing.start()
    worker.standing.start()
    wait_until(lambda: worker.rounds == 1, 10, "the first round")
    worker.standing.stop()
    worker.standing.stop()
    assert (worker.rounds, worker.closed, len(worker.threads)) == (1, 1, 1)


def test_it_begins_again_after_an_end(worker: Worker) -> None:
    for number in (1, 2):
        worker.standing.start()
        wait_until(lambda number=number: worker.rounds == number, 10, "a round")
        worker.standing.stop()
        assert worker.closed == number


def test_whoever_asks_ends_the_rest(worker: Worker) -> None:
    worker.standing.start()
    wait_until(lambda: worker.rounds == 1, 10, "the first round")
    worker.standing.ask()
    wait_until(lambda: worker.rounds == 2, 10, "the second round")


def test_to_ask_before_the_beginning_or_after_the_end_is_nothing(worker: Worker) -> None:
    worker.standing.ask()
    worker.standing.start()
    wait_until(lambda: worker.rounds == 1, 10, "the first round")
    worker.standing.stop()
    worker.standing.ask()
    assert worker.rounds == 1


def test_news_end_the_rest(worker: Worker) -> None:
    assert worker.wait_s > LOOK_S
    worker.has_news = True
    worker.standing.start()
    wait_until(lambda: worker.rounds >= 2, 10, "the second round")
    assert worker.looks >= 1


def test_a_short_rest_needs_no_news(worker: Worker) -> None:
    worker.wait_s = 0.001
    worker.standing.start()
    wait_until(lambda: worker.rounds >= 5, 10, "some rounds")


def test_what_hangs_is_broken_off(worker: Worker) -> None:
    worker.stuck = asyncio.Event()
    worker.standing.start()
    wait_until(lambda: worker.rounds == 1, 10, "the first round")
    worker.standing.stop()
    assert worker.closed == 1


def test_it_can_end_itself_and_does_not_rest_before() -> None:
    ended: list[Standing] = []

    async def live() -> None:
        while not ended[0].is_ending:
            ended[0].end()
            await ended[0].rest(3600.0)

    ended.append(Standing("once", live, lambda: False))
    ended[0].start()
    wait_until(lambda: "once" not in {each.name for each in threading.enumerate()}, 10, "its end")
    ended[0].stop()
    assert ended[0].is_ending


def test_what_is_broken_off_while_it_closes_several_connections_leaves_none_open() -> None:
    """The HTTP client closes what the hub has cut behind shields, one after the other, and forgets them first."""
    several = 3
    closed: list[bool] = []

    async def live() -> None:
        lines: list[asyncio.StreamWriter] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            while len(lines) < several:  # noqa: ASYNC110 - each request is to have a connection of its own
                await asyncio.sleep(0)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        hub = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = hub.sockets[0].getsockname()[1]
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(client.get("/")) for _ in range(several)]
            streams = [each.result().extensions["network_stream"] for each in asked]
            hub.close()
            for line in lines:
                line.transport.abort()
            while not all(each.get_extra_info("is_readable") for each in streams):  # noqa: ASYNC110 - the cut arrives
                await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(standing._cancel)
            await client.get("/")
        finally:
            with anyio.CancelScope(shield=True):
                await client.aclose()
                await asyncio.sleep(0)
            closed.extend(each.get_extra_info("socket").fileno() == -1 for each in streams)

    standing = Standing("test", live, lambda: False)
    standing.start()
    wait_until(lambda: closed, 10, "it has ended")
    standing.stop()
    assert closed == [True] * several
