"""The table of a Task's moves, walked whole."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from clinic_app.records import TaskStatus
from clinic_app.referral.states import FINAL, MOVES, may_move, writer_of

STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)


@pytest.mark.parametrize(("old", "new"), list(MOVES))
def test_every_move_has_one_writer(old: TaskStatus | None, new: TaskStatus) -> None:
    writer = writer_of(old, new)
    other = "performer" if writer == "requester" else "requester"
    assert writer is not None
    assert may_move(old, new, writer)
    assert not may_move(old, new, other)  # type: ignore[arg-type]


@pytest.mark.parametrize("old", sorted(FINAL))
def test_nobody_leaves_a_final_state(old: TaskStatus) -> None:
    assert not any(may_move(old, new, "requester", "performer") for new in STATUSES)


def test_no_state_has_two_writers() -> None:
    for old in (None, *STATUSES):
        assert len({who for (start, _), who in MOVES.items() if start == old and old != "draft"}) <= 1


def test_what_is_not_in_the_table_is_nobodys_move() -> None:
    for old, new in product(STATUSES, STATUSES):
        if (old, new) not in MOVES and old != new:
            assert not may_move(old, new, "requester", "performer")


def test_every_state_can_be_reached_but_those_nobody_uses_yet() -> None:
    reached = {new for _, new in MOVES}
    assert set(STATUSES) - reached == {"ready"}


def test_a_completed_task_was_in_progress() -> None:
    assert {old for old, new in MOVES if new == "completed"} == {"in-progress", "on-hold"}


def test_the_same_state_may_be_written_again_by_its_writer_only() -> None:
    assert may_move("in-progress", "in-progress", "performer")
    assert not may_move("in-progress", "in-progress", "requester")
    assert not may_move("completed", "completed", "performer")
