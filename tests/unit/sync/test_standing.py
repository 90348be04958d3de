"""The life of a standing exchange: it begins once, rests, is woken, and ends at any moment with all of it closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

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
