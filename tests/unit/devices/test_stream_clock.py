"""Time stamps become sample indexes; gaps stay gaps and clocks that leap begin anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from clinic_app.devices.stream_clock import StreamClock

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_blocks_in_a_row_stand_in_a_row_despite_rounded_stamps() -> None:
    clock = StreamClock(Fraction(500))
    places = [clock.place(at(i * 0.25 + (0.003 if i % 2 else -0.002) * bool(i)), 125) for i in range(20)]
    assert places == [i * 125 for i in range(20)]


def test_a_lost_block_leaves_its_place_empty() -> None:
    clock = StreamClock(Fraction(500))
    assert clock.place(at(0), 125) == 0
    assert clock.place(at(0.5), 125) == 250


def test_a_late_duplicate_keeps_its_old_place() -> None:
    clock = StreamClock(Fraction(500))
    clock.place(at(0), 125)
    clock.place(at(0.25), 125)
    assert clock.place(at(0), 125) == 0
    assert clock.place(at(0.5), 125) == 250


def test_a_rate_of_62_and_a_half_does_not_drift() -> None:
    clock = StreamClock(Fraction(125, 2))
    places = [clock.place(at(i * 2.0), 125) for i in range(300)]
    assert places[-1] == 299 * 125


def test_a_clock_that_leaps_or_goes_back_begins_a_new_stream() -> None:
    clock = StreamClock(Fraction(500))
    clock.place(at(10), 125)
    first = clock.stream_id
    assert clock.place(at(100_000), 125) == 0
    second = clock.stream_id
    assert clock.place(at(0), 125) == 0
    assert len({first, second, clock.stream_id}) == 3
