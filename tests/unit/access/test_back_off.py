"""How long a guesser waits: the whole table, second by second."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic_app.access.passwords import after_failure, seconds_to_wait
from clinic_app.storage import Attempts
from tests.helpers.clocks import NOON

WAITS = [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (50, 60), (10**6, 60)]


@pytest.mark.parametrize(("failures", "seconds"), WAITS)
def test_each_wrong_password_doubles_the_wait_up_to_a_minute(failures: int, seconds: int) -> None:
    after = after_failure(Attempts(failures, None), NOON)
    assert after == Attempts(failures + 1, NOON + timedelta(seconds=seconds))
    assert seconds_to_wait(after, NOON) == seconds


@pytest.mark.parametrize(
    ("left_ms", "seconds"),
    [(60_000, 60), (59_001, 60), (59_000, 59), (1, 1), (0, 0), (-1, 0), (-(10**9), 0), (60_001, 0), (10**9, 0)],
)
def test_a_part_of_a_second_is_waited_as_a_whole_one(left_ms: int, seconds: int) -> None:
    assert seconds_to_wait(Attempts(3, NOON + timedelta(milliseconds=left_ms)), NOON) == seconds


def test_who_never_failed_does_not_wait() -> None:
    assert seconds_to_wait(Attempts(0, None), NOON) == 0
