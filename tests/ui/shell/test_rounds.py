"""Python's collector goes round in the windows' own thread only, a stroke at a time."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from tests.helpers.waiting import wait_until
from ui.shell import rounds as module
from ui.shell.rounds import WHOLE_S, Rounds


class Steady:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def rounds(qapp: QApplication, steady: Steady) -> Iterator[Rounds]:
    owner = QObject()
    yield Rounds(owner, steady)
    assert gc.isenabled()


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which rounds were made: 0 the youngest, 2 everything."""
    made: list[int] = []
    monkeypatch.setattr(module.gc, "collect", lambda generation=2: made.append(generation))
    return made


@pytest.mark.parametrize(
    ("count", "made"),
    [((0, 0, 0), []), ((701, 0, 0), [0]), ((701, 11, 0), [1]), ((5, 11, 3), [1]), ((701, 11, 11), [1])],
)
def test_the_widest_round_that_is_due_is_made_and_everything_not_at_once(
    rounds: Rounds, walked: list[int], monkeypatch: pytest.MonkeyPatch, count: tuple[int, int, int], made: list[int]
) -> None:
    monkeypatch.setattr(module.gc, "get_count", lambda: count)
    monkeypatch.setattr(module.gc, "get_threshold", lambda: (700, 10, 10))
    rounds.look()
    assert walked == made


def test_everything_is_gone_through_now_and_then(
    rounds: Rounds, steady: Steady, walked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.gc, "get_count", lambda: (701, 11, 11))
    monkeypatch.setattr(module.gc, "get_threshold", lambda: (700, 10, 10))
    for now_s in (0.0, WHOLE_S - 1, WHOLE_S, WHOLE_S + 1, 2 * WHOLE_S):
        steady.now_s = now_s
        rounds.look()
    assert walked == [1, 1, 2, 1, 2]


def test_no_other_thread_goes_round(rounds: Rounds) -> None:
    seen: list[threading.Thread] = []

    def work() -> None:
        worker = threading.Thread(target=lambda: [Ring() for _each in range(20_000)])
        worker.start()
        worker.join()
        assert seen == []
        rounds.look()

    def note(_phase: str, _info: dict[str, int]) -> None:
        seen.append(threading.current_thread())

    gc.callbacks.append(note)
    try:
        rounds.through(work)
    finally:
        gc.callbacks.remove(note)
    assert set(seen) == {threading.main_thread()}


def test_a_ring_that_nobody_holds_goes_by_itself(rounds: Rounds) -> None:
    def live() -> list[list[int]]:
        gone = weakref.ref(Ring())
        others: list[list[int]] = [[] for _each in range(3 * gc.get_threshold()[0])]
        wait_until(lambda: gone() is None, what="the ring to be found")
        return others

    assert rounds.through(live)


def test_whatever_happens_python_looks_for_itself_afterwards(rounds: Rounds) -> None:
    def fail() -> None:
        assert not gc.isenabled()
        assert rounds._timer.isActive()
        raise ValueError("while it lasted")

    with pytest.raises(ValueError, match="while it lasted"):
        rounds.through(fail)

    assert gc.isenabled()
    assert not rounds._timer.isActive()
