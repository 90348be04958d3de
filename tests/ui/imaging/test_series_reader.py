"""The reader of one series: the newest wish first, neighbours in advance, a damaged picture by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from clinic_app.foundation.errors import UnreadableFileError
from clinic_app.foundation.texts import Text
from clinic_app.imaging import Frame
from tests.helpers.frames import made_frame
from tests.helpers.waiting import wait_until
from ui.imaging import reader as reader_module
from ui.imaging.reader import AT_ONCE, RESTING, SeriesReader, neighbours
from ui.tasks import TaskRunner


class FakeStack:
    """A series of grey pictures, some of them damaged, that remembers what was decoded."""

    def __init__(self, count: int, damaged: frozenset[int] = frozenset()) -> None:
        self.count = count
        self.damaged = damaged
        self.decoded: list[int] = []
        self.kept: set[int] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.slow: dict[int, threading.Event] = {}
        self.begun: list[int] = []

    def __len__(self) -> int:
        return self.count

    def has(self, place: int) -> bool:
        return place in self.kept

    def frame(self, place: int) -> Frame:
        self.begun.append(place + 1)
        self.gate.wait(10)
        if place + 1 in self.slow:
            assert self.slow[place + 1].wait(10)
        self.decoded.append(place + 1)
        if place + 1 in self.damaged:
            raise UnreadableFileError(Text("The file is damaged or cut short."))
        self.kept.add(place)
        stored = np.full((32, 32), place, np.int16)
        stored[0, 0] = -1
        return made_frame(stored)


class Table:
    """A reader over a fake stack and what it said."""

    def __init__(self, stack: FakeStack, at_once: int) -> None:
        self.stack = stack
        self.runner = TaskRunner(2)
        self.owner = QObject()
        self.reader = SeriesReader(cast("Any", stack), self.runner, self.owner, at_once)
        self.seen: list[int] = []
        self.refused: list[tuple[int, str]] = []
        self.reader.decoded.connect(lambda number, _picture: self.seen.append(number))
        self.reader.refused.connect(lambda number, words: self.refused.append((number, words.render("en"))))

    def settle(self) -> None:
        wait_until(lambda: self.runner.is_idle, what="the background to be idle")
        QApplication.processEvents()


@pytest.fixture
def tables(qapp: QApplication) -> Iterator[list[Table]]:
    made: list[Table] = []
    yield made
    for table in made:
        table.runner.close()
        delete(table.owner)  # else the reader, going later, drags its own parent along and ends the process


def laid(tables: list[Table], stack: FakeStack, at_once: int = 1) -> Table:
    """Return a reader; by default of one picture after the other, so that their order can be told."""
    tables.append(Table(stack, at_once))
    return tables[-1]


def test_the_first_is_shown_and_the_rest_is_decoded_in_advance_nearest_first(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(6))
    table.reader.want(3)
    table.settle()
    assert table.seen == [3]
    assert table.stack.decoded == [3, 4, 2, 5, 1, 6]


def test_what_was_passed_is_not_decoded_for_nobody(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(100))
    table.stack.gate.clear()
    for number in range(1, 51):
        table.reader.want(number)
    table.stack.gate.set()
    wait_until(lambda: 50 in table.seen, what="the newest wish")
    assert table.seen == [1, 50]
    table.settle()


def test_a_damaged_picture_is_said_once_and_stops_nothing(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(4, damaged=frozenset({2})))
    table.reader.want(1)
    table.settle()
    assert table.refused == []
    table.reader.want(2)
    table.settle()
    assert table.refused == [(2, "The file is damaged or cut short.")]
    table.reader.want(3)
    table.settle()
    assert table.seen == [1, 3]


def test_no_more_is_decoded_in_advance_than_memory_allows(tables: list[Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "AHEAD_BYTES", 3 * 32 * 32 * 2)
    table = laid(tables, FakeStack(50))
    table.reader.want(10)
    table.settle()
    assert table.stack.decoded == [10, 11, 9]
    table.reader.want(40)
    table.settle()
    assert table.seen == [10, 40]
    assert table.stack.decoded == [10, 11, 9, 40, 41, 42]  # as much again around the new place, where he goes


def test_what_memory_lost_is_decoded_again_once_for_each_move(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(4))
    table.stack.has = lambda _place: False  # type: ignore[method-assign]
    table.reader.want(1)
    table.settle()
    assert table.stack.decoded == [1, 2, 3, 4]
    table.reader.want(2)
    table.settle()
    assert table.stack.decoded == [1, 2, 3, 4, 2, 3, 4, 1]


def test_pictures_are_decoded_in_the_direction_somebody_turns(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(20))
    table.stack.gate.clear()
    table.reader.want(10)
    table.reader.want(9)
    table.stack.gate.set()
    table.settle()
    assert table.stack.decoded[:8] == [10, 9, 8, 7, 6, 5, 4, 3]
    assert sorted(table.stack.decoded) == list(range(1, 21))
    assert table.reader.had == frozenset(range(1, 21))


@pytest.mark.parametrize(
    ("direction", "order"),
    [(0, [5, 3, 6, 2, 7, 1]), (1, [5, 6, 7, 3, 2, 1]), (-1, [3, 2, 1, 5, 6, 7])],
)
def test_neighbours_come_as_they_will_probably_be_asked_for(direction: int, order: list[int]) -> None:
    assert list(neighbours(4, direction, 7)) == order


def test_every_neighbour_comes_once_wherever_somebody_is() -> None:
    for number in range(1, 10):
        for direction in (-1, 0, 1):
            found = list(neighbours(number, direction, 9))
            assert sorted([*found, number]) == list(range(1, 10))


def test_a_closed_series_says_nothing_any_more(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(5))
    table.stack.gate.clear()
    table.reader.want(1)
    table.reader.close()
    table.stack.gate.set()
    table.settle()
    assert table.seen == []
    assert table.stack.decoded == [1]


def test_where_somebody_rests_two_neighbours_are_under_way_at_once(tables: list[Table]) -> None:
    stack = FakeStack(6)
    stack.slow = {each: threading.Event() for each in (4, 1, 6)}
    table = laid(tables, stack, AT_ONCE)
    table.reader.want(3)
    wait_until(lambda: stack.begun == [3, 4], what="the first neighbour")
    QApplication.processEvents()
    assert stack.begun == [3, 4], "one at a time while he may turn on"
    stack.slow[4].set()
    wait_until(lambda: sorted(stack.begun[-2:]) == [1, 6], what="two at once")
    assert stack.begun[:5] == [3, 4, 2, 5, *stack.begun[4:5]]
    for each in (1, 6):
        stack.slow[each].set()
    table.settle()
    assert sorted(stack.decoded) == [1, 2, 3, 4, 5, 6]
    assert table.seen == [3]


def test_whoever_turns_on_has_the_second_way_closed_again(tables: list[Table]) -> None:
    stack = FakeStack(20)
    table = laid(tables, stack, AT_ONCE)
    table.reader.want(5)
    wait_until(lambda: table.reader._since_wish >= RESTING, what="somebody who rests")
    table.reader.want(12)
    assert table.reader._since_wish == 0
    table.settle()
    assert table.seen == [5, 12]


def test_a_wish_does_not_wait_for_the_one_before_it_which_is_not_seen_after_it(tables: list[Table]) -> None:
    stack = FakeStack(3)
    table = laid(tables, stack, AT_ONCE)
    stack.kept = {0, 1, 2}
    table.reader.want(1)
    table.settle()
    stack.slow = {2: threading.Event()}
    table.reader.want(2)
    table.reader.want(3)
    wait_until(lambda: table.seen == [1, 3], what="the later wish")
    stack.slow[2].set()
    table.settle()
    assert table.seen == [1, 3]
    assert table.reader.had == {1, 2, 3}


def test_whoever_turns_back_sees_what_was_under_way_all_the_time(tables: list[Table]) -> None:
    stack = FakeStack(3)
    table = laid(tables, stack, AT_ONCE)
    stack.kept = {0, 1, 2}
    table.reader.want(1)
    table.settle()
    stack.slow = {2: threading.Event()}
    for number in (2, 3, 2):
        table.reader.want(number)
    wait_until(lambda: table.seen == [1, 3], what="the later wish")
    stack.slow[2].set()
    wait_until(lambda: table.seen == [1, 3, 2], what="the picture he turned back to")


def test_a_wish_for_a_neighbour_under_way_is_fulfilled_when_it_is_there(tables: list[Table]) -> None:
    stack = FakeStack(4)
    stack.slow = {2: threading.Event()}
    table = laid(tables, stack, AT_ONCE)
    table.reader.want(1)
    wait_until(lambda: 2 in stack.begun, what="the neighbour")
    table.reader.want(2)
    stack.slow[2].set()
    wait_until(lambda: table.seen == [1, 2], what="the wish")
    table.settle()
    assert sorted(set(stack.decoded)) == [1, 2, 3, 4]


def test_damaged_neighbours_stop_neither_way(tables: list[Table]) -> None:
    table = laid(tables, FakeStack(9, damaged=frozenset({2, 3, 5})), AT_ONCE)
    table.reader.want(1)
    table.settle()
    assert table.reader.damaged == {2, 3, 5}
    assert table.reader.had == frozenset(range(1, 10))
    assert table.refused == []


def test_no_more_is_decoded_in_advance_by_two_ways_than_by_one(
    tables: list[Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "AHEAD_BYTES", 3 * 32 * 32 * 2)
    table = laid(tables, FakeStack(50), AT_ONCE)
    table.reader.want(10)
    table.settle()
    assert sorted(table.stack.decoded) == [9, 10, 11]
