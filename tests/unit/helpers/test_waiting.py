"""What has come is seen soon, what comes late is asked for less and less often, and what never comes ends the wait."""

from __future__ import annotations

import pytest

from tests.helpers import waiting
from tests.helpers.waiting import LONGEST_S, SHORTEST_S, wait_until


class Slept:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return sum(self.pauses)

    def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    made = Slept()
    monkeypatch.setattr(waiting, "time", made)
    return made


def test_what_is_true_already_is_not_waited_for(slept: Slept) -> None:
    assert wait_until(lambda: "here") == "here"
    assert slept.pauses == []


def test_the_pauses_grow_to_their_limit(slept: Slept) -> None:
    answers = iter([None] * 6 + ["here"])
    assert wait_until(lambda: next(answers)) == "here"
    assert slept.pauses[0] == SHORTEST_S
    assert slept.pauses == sorted(slept.pauses)
    assert slept.pauses[-1] == LONGEST_S


def test_what_never_comes_is_named_at_the_end(slept: Slept) -> None:
    with pytest.raises(AssertionError, match=r"the door did not become true within 2 s"):
        wait_until(lambda: False, seconds=2, what="the door")
    assert 2 < slept.monotonic() <= 2 + 2 * LONGEST_S
