"""Time stamps become sample indexes; gaps stay gaps and clocks that leap begin anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

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


def test_a_device_whose_crystal_is_a_thousandth_off_has_no_gap_in_an_hour() -> None:
    clock = StreamClock(Fraction(500))
    first = clock.stream_id
    places = [clock.place(at(i * 0.25 * 1.001), 125) for i in range(4 * 3600)]
    assert places == [i * 125 for i in range(4 * 3600)]
    assert clock.stream_id == first


def test_a_gap_after_an_hour_of_drift_is_still_as_long_as_it_was() -> None:
    clock = StreamClock(Fraction(500))
    count = 4 * 3600
    for i in range(count):
        clock.place(at(i * 0.25 * 1.001), 125)
    place = clock.place(at(count * 0.25 * 1.001 + 3.0), 125)
    assert abs(place - (count * 125 + 1500)) <= 5


def test_stamps_of_whole_seconds_make_no_gaps_and_no_overlaps() -> None:
    clock = StreamClock(Fraction(500))
    places = [clock.place(at(i * 0.25 // 1), 125, 1.0) for i in range(400)]
    assert places == [i * 125 for i in range(400)]


def test_a_clock_set_back_by_seconds_writes_over_nothing() -> None:
    clock = StreamClock(Fraction(500))
    for i in range(40):
        clock.place(at(i * 0.25), 125)
    first = clock.stream_id
    assert clock.place(at(7.87), 125) == 0
    assert clock.stream_id != first


def test_a_late_block_fills_its_gap() -> None:
    clock = StreamClock(Fraction(500))
    clock.place(at(0), 125)
    clock.place(at(0.5), 125)
    first = clock.stream_id
    assert clock.place(at(0.25), 125) == 125
    assert clock.stream_id == first


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(1, 1000), st.sampled_from([0.0, 0.1, 1.0])), max_size=40))
def test_no_stamps_break_it(stamps: list[tuple[float, int, float]]) -> None:
    clock = StreamClock(Fraction(125, 2))
    for seconds, length, resolution_s in stamps:
        assert clock.place(at(seconds), length, resolution_s) >= 0
