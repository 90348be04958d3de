"""A bound in milliseconds judges the program, not the neighbours on the same machine."""

from __future__ import annotations

import pytest

from tests.helpers import pace
from tests.helpers.watchdog import BOUND_S, ROOT, Stall


def test_a_machine_at_half_its_pace_is_called_twice_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_seconds_of_work", lambda: 2 * pace.REFERENCE_S)

    assert pace.slowness() == pytest.approx(2.0)


def test_a_faster_machine_gets_no_smaller_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_seconds_of_work", lambda: pace.REFERENCE_S / 5)

    assert pace.slowness() == 1.0


def test_one_interruption_does_not_count_and_a_lucky_moment_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([9 * pace.REFERENCE_S, 1.5 * pace.REFERENCE_S, 7 * pace.REFERENCE_S, *(2 * [pace.REFERENCE_S])])
    monkeypatch.setattr(pace, "_seconds_of_work", lambda: next(tries))

    assert pace.slowness() == pytest.approx(1.5)


def test_work_is_measured_for_real() -> None:
    assert 0.1 < pace.slowness() < 100


@pytest.mark.parametrize(("cpu_s", "slowness", "is_ours"), [(0.06, 1.0, True), (0.06, 1.5, False), (0.2, 1.5, True)])
def test_computing_is_judged_by_the_pace_of_the_machine(cpu_s: float, slowness: float, is_ours: bool) -> None:
    stall = Stall(wall_s=cpu_s + 0.001, cpu_s=cpu_s, stack=(), slowness=slowness)

    assert (BOUND_S, stall.is_ours) == (0.050, is_ours)


WAITING = (str(ROOT / "ui" / "shell" / "work_page.py") + ":1 go",)


@pytest.mark.parametrize(
    ("starved_s", "process_cpu_s", "is_ours", "why"),
    [
        (0.0, 0.01, True, "it waited for something while the watching thread ran freely"),
        (0.15, 0.01, False, "nobody in the program was let run: the machine was busy"),
        (0.15, 0.19, True, "another thread of the program kept everybody from running"),
        (0.05, 0.01, True, "the machine was busy for a part of it only"),
    ],
)
def test_waiting_counts_unless_the_machine_let_nobody_run(
    starved_s: float, process_cpu_s: float, is_ours: bool, why: str
) -> None:
    stall = Stall(0.2, 0.01, WAITING, 1.0, starved_s, process_cpu_s)

    assert stall.is_ours is is_ours, why


@pytest.mark.parametrize(("starved_s", "is_ours"), [(0.0, True), (0.02, True), (0.06, False)])
def test_computing_is_allowed_more_where_the_machine_was_taken_away_in_between(starved_s: float, is_ours: bool) -> None:
    stall = Stall(0.12, 0.065, (), 1.0, starved_s, 0.065)

    assert stall.is_ours is is_ours
