"""News come in flocks: read at most every few seconds, never missing the last, never while nobody looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, QTimer, Signal

from tests.helpers.signals import SteadyClock
from ui import news
from ui.news import LEAST_PAUSE_S, NewsReader


class Core(QObject):
    """Somebody with news."""

    told = Signal()


class Desk:
    """A reader of news whose clock and timer the test sets."""

    def __init__(self, clock: SteadyClock) -> None:
        self.clock = clock
        self.core = Core()
        self.reads = 0
        self.reader = NewsReader(self.core.told, self._read, self.core)
        self.reader.watch(True)
        self.timer = self.reader.findChild(QTimer)

    def _read(self) -> None:
        self.reads += 1

    def tell(self, times: int = 1) -> None:
        for _time in range(times):
            self.core.told.emit()

    def strike(self) -> None:
        """Let the pause be over."""
        assert self.timer.isActive()
        self.timer.stop()
        self.clock.now_s += LEAST_PAUSE_S
        self.timer.timeout.emit()


@pytest.fixture
def desk(qapp: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    clock = SteadyClock()
    monkeypatch.setattr(news.time, "monotonic", clock)
    made = Desk(clock)
    yield made
    made.reader.watch(False)


def test_the_first_news_are_read_at_once(desk: Desk) -> None:
    desk.tell()
    assert desk.reads == 1
    assert not desk.timer.isActive()


def test_a_flock_of_news_is_read_twice_the_first_and_the_last(desk: Desk) -> None:
    desk.tell(100)
    assert desk.reads == 1
    desk.strike()
    assert desk.reads == 2
    assert not desk.timer.isActive()


def test_later_news_do_not_put_off_the_reading_that_is_due(desk: Desk) -> None:
    desk.tell()
    desk.clock.now_s += 0.5
    desk.tell()
    due_ms = desk.timer.interval()
    desk.clock.now_s += 1.0
    desk.tell()
    assert due_ms == desk.timer.interval() == 1500


def test_news_after_the_pause_are_read_at_once_again(desk: Desk) -> None:
    desk.tell()
    desk.clock.now_s += LEAST_PAUSE_S
    desk.tell()
    assert desk.reads == 2


def test_news_nobody_looks_at_are_not_read_and_nothing_stays_due(desk: Desk) -> None:
    desk.tell(2)
    desk.reader.watch(False)
    assert not desk.timer.isActive()
    desk.clock.now_s += 60
    desk.tell()
    assert desk.reads == 1


def test_whoever_looks_again_hears_the_next_news(desk: Desk) -> None:
    desk.reader.watch(False)
    desk.tell()
    desk.reader.watch(True)
    desk.tell()
    assert desk.reads == 1
