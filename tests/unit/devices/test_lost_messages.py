"""Whole messages that are lost where stamps are coarse: never joined in silence, never seen where nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.lost_messages import StampedWave
from clinic_app.devices.stream_clock import Place, StreamClock
from tests.helpers.coarse_monitor import NOON, CoarseMonitor, misplaced

MONITORS = st.builds(
    CoarseMonitor,
    rate_hz=st.sampled_from([Fraction(250), Fraction(125, 2), Fraction(500)]),
    message_s=st.sampled_from([0.25, 0.5, 1.0, 2.0]),
    is_rounded=st.booleans(),
    phase_s=st.floats(0, 0.98),
    drift=st.floats(-2e-4, 2e-4),
    jitter_s=st.sampled_from([0.002, 0.02]),
    seed=st.integers(0, 1000),
)


def taken(clock: StreamClock, *sent: tuple[float, float, float]) -> list[Place]:
    """Return the places of waves of 250 samples: the stamp, when it came, the messages that are missing before it."""
    places: list[Place] = []
    for stamp_s, arrived_s, skipped in sent:
        told = None if skipped < 0 else int(skipped)
        places += clock.take(StampedWave(NOON + timedelta(seconds=stamp_s), 250, 1.0, arrived_s, told))
    return places


def a_minute(count: int = 30) -> list[tuple[float, float, float]]:
    return [(second, second + 1.01, -1) for second in range(count)]


@given(MONITORS)
@settings(max_examples=15, deadline=None)
def test_a_clean_quarter_of_an_hour_with_jitter_drift_and_stalls_has_no_gap(monitor: CoarseMonitor) -> None:
    assert misplaced(replace(monitor, stall_every_s=60.0), 900) == []


@given(MONITORS)
@settings(max_examples=20, deadline=None)
def test_lost_messages_of_a_device_that_counts_are_gaps_of_their_length(monitor: CoarseMonitor) -> None:
    assert misplaced(replace(monitor, loss=0.03, stall_every_s=60.0, is_numbered=True), 120) == []


@pytest.mark.parametrize("rate_hz", [Fraction(250), Fraction(125, 2), Fraction(500)])
@pytest.mark.parametrize("seed", [307, 308, 313, 314])
def test_four_messages_a_second_with_whole_seconds_are_told_apart_by_their_numbers(
    rate_hz: Fraction, seed: int
) -> None:
    monitor = CoarseMonitor(rate_hz=rate_hz, message_s=0.25, is_rounded=seed % 2 > 0, jitter_s=0.002, seed=seed)
    assert misplaced(replace(monitor, loss=0.03, stall_every_s=60.0, is_numbered=True), 120) == []


@pytest.mark.parametrize("message_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(6))
def test_lost_messages_of_a_device_that_does_not_count_are_gaps_of_their_length(message_s: float, seed: int) -> None:
    monitor = CoarseMonitor(
        message_s=message_s, phase_s=0.15 * seed + 0.02, is_rounded=seed % 2 > 0, drift=3e-5 * (seed - 3), seed=seed
    )
    assert misplaced(replace(monitor, loss=0.05, longest_loss=5), 240) == []


@pytest.mark.parametrize("resolution_s", [0.1, 1.0])
def test_stamps_that_are_unsteady_before_they_are_cut_make_no_gap_in_an_hour(resolution_s: float) -> None:
    monitor = CoarseMonitor(resolution_s=resolution_s, phase_s=0.0, stamp_jitter_s=0.02, stall_every_s=120.0)
    assert misplaced(monitor, 3600) == []


def test_a_minute_without_a_second_has_a_gap_of_a_second() -> None:
    clock = StreamClock(Fraction(250))
    sent = [each for each in a_minute(60) if each[0] != 30]
    places = taken(clock, *sent) + clock.settle(None)
    assert [place.index for place in places] == [int(second) * 250 for second, _, _ in sent]
    assert places[-1].index + 250 == 15_000


def test_what_comes_late_and_has_its_backlog_behind_it_is_no_loss_even_where_the_stamp_steps_over_an_edge() -> None:
    clock = StreamClock(Fraction(250))
    taken(clock, *a_minute())
    (*stalled,) = taken(clock, (31, 33.1, -1), (32, 33.11, -1), (33, 33.12, -1))
    assert [place.index for place in stalled] == [7500, 7750, 8000]


def test_a_wave_in_doubt_waits_and_is_told_by_the_ones_behind_it() -> None:
    clock = StreamClock(Fraction(250))
    taken(clock, *a_minute())
    assert taken(clock, (31, 32.02, -1)) == []
    assert clock.is_waiting
    places = taken(clock, (32, 33.02, -1), (33, 34.02, -1))
    assert [place.index for place in places] == [7750, 8000, 8250]
    assert not clock.is_waiting


def test_a_wave_in_doubt_after_which_nothing_comes_is_not_kept_for_ever() -> None:
    clock = StreamClock(Fraction(250))
    taken(clock, *a_minute())
    taken(clock, (31, 32.02, -1))
    assert clock.settle(35.0) == []
    assert [place.index for place in clock.settle(43.0)] == [7750]


def test_a_number_that_is_missing_is_a_witness_where_the_arrival_is_none() -> None:
    clock = StreamClock(Fraction(250))
    fast = [(second, second / 1000, 0) for second in range(20)]
    places = taken(clock, *fast, (21, 0.02, 1), (22, 0.021, 0))
    assert [place.index for place in places[-2:]] == [5250, 5500]


def test_a_step_over_an_edge_of_a_device_that_counts_is_no_loss_in_a_backlog() -> None:
    clock = StreamClock(Fraction(250))
    fast = [(second, second / 1000, 0) for second in range(20)]
    assert [place.index for place in taken(clock, *fast, (21, 0.02, 0))][-1] == 5000


def test_a_missing_message_that_had_no_wave_leaves_no_gap() -> None:
    clock = StreamClock(Fraction(250))
    taken(clock, *a_minute())
    assert [place.index for place in taken(clock, (30, 31.01, 1), (31, 32.01, 0))] == [7500, 7750]


def test_a_clock_that_is_set_while_the_waves_come_on_time_begins_a_new_stream() -> None:
    for leap_s in (3600.0, -3600.0, 7.0):
        clock = StreamClock(Fraction(250))
        taken(clock, *a_minute())
        before = clock.stream_id
        (place,) = taken(clock, (30 + leap_s, 31.01, -1))
        assert (place.index, place.is_new) == (0, True)
        assert place.stream_id != before


def test_a_message_that_is_sent_again_keeps_its_place() -> None:
    clock = StreamClock(Fraction(250))
    waves = [StampedWave(NOON + timedelta(seconds=n), 250, 1.0, n + 1.0, 0, mark=n) for n in range(5)]
    for wave in waves:
        clock.take(wave)
    (again,) = clock.take(replace(waves[3], arrived_s=5.1, is_again=True))
    (onward,) = clock.take(StampedWave(NOON + timedelta(seconds=5), 250, 1.0, 6.0, 0, mark=9))
    assert (again.index, onward.index) == (750, 1250)


def test_a_silence_of_half_a_minute_is_as_long_as_it_was_and_one_of_an_hour_begins_anew() -> None:
    clock = StreamClock(Fraction(250))
    taken(clock, *a_minute())
    places = taken(clock, *((second, second + 1.01, -1) for second in (60, 61, 62, 63)))
    assert [place.index for place in places][:3] == [15_000, 15_250, 15_500]
    before = clock.stream_id
    taken(clock, *((second, second + 1.01, -1) for second in (4000, 4001, 4002, 4003)))
    assert clock.stream_id != before


@given(
    st.lists(
        st.tuples(st.floats(-1e5, 1e5), st.integers(1, 1000), st.floats(0, 1e4), st.sampled_from([None, 0, 1, 4000])),
        max_size=40,
    )
)
@settings(max_examples=25, deadline=None)
def test_no_stamps_no_arrivals_and_no_numbers_break_it(sent: list[tuple[float, int, float, int | None]]) -> None:
    clock = StreamClock(Fraction(250))
    places = []
    for stamp_s, length, arrived_s, skipped in sent:
        stamp = NOON + timedelta(seconds=stamp_s)
        places += clock.take(StampedWave(stamp, length, 1.0, arrived_s, skipped))
    places += clock.settle(None)
    assert len(places) == len(sent)
    assert all(place.index >= 0 for place in places)
