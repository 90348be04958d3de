"""A stream's clock: drift is followed, delay is not, a gap keeps its true length, a counter that rolls over goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.block import Block
from clinic_app.devices.clock_fit import LONGEST_GAP_S, ClockFit, CountedPlace, SteadyPlace, fit_of
from clinic_app.devices.replay import load_ecg, r_peaks
from clinic_app.waveforms.trace_buffer import TraceBuffer
from tests.helpers.device_lines import arrival

RATE = Fraction(500)


def late(random: Random) -> float:
    """Return a delay as a busy computer makes it: mostly little, now and then a lot, never less than nothing."""
    return random.expovariate(1 / 0.004) + (0.3 if random.random() < 0.03 else 0.0)


@pytest.mark.parametrize("part", [0.0, 200e-6, -2000e-6])
def test_the_rate_is_measured_through_delays_of_any_size(part: float) -> None:
    random, fit, true_hz = Random(1), ClockFit(RATE), 500 * (1 + part)
    for block in range(1, 1200):
        fit.add(block * 50, 100 + block * 50 / true_hz + late(random))
    assert fit.rate_hz == pytest.approx(true_hz, rel=1e-4)
    assert fit.monotonic_at(40_000) == pytest.approx(100 + 40_000 / true_hz, abs=0.01)
    assert fit.index_at(fit.monotonic_at(1234)) == pytest.approx(1234)


def test_before_there_is_enough_the_announced_rate_holds() -> None:
    fit = ClockFit(Fraction(125, 2))
    assert not fit.is_begun
    fit.add(10, 5.0)
    assert fit.rate_hz == 62.5
    assert fit.monotonic_at(10) == 5.0


def test_a_clock_beside_all_reason_is_taken_for_delay() -> None:
    fit = ClockFit(RATE)
    for block in range(1, 200):
        fit.add(block * 50, block * 0.2)
    assert 490 <= fit.rate_hz <= 510


@pytest.mark.parametrize("kind", ["counted", "uncounted"])
def test_the_qrs_after_a_gap_stands_at_its_true_time(shared_data: Path, kind: str) -> None:
    """A real ECG, a drifting device, a busy computer; 3.4 s are lost: every later R peak keeps its time."""
    ecg = load_ecg(shared_data / "waveforms" / "dicom" / "waveform_ecg.dcm")
    random, per_block, true_hz = Random(7), 100, 1000 * (1 + 150e-6)
    whole = ecg.cut(0, 60_000)[1]
    lost = range(203, 237)
    counted, steady = CountedPlace(ecg.rate_hz, 8, Fraction(per_block)), SteadyPlace(ecg.rate_hz)
    ring = TraceBuffer(1, ecg.rate_hz, 60)
    for number in range(600):
        if number in lost:
            continue
        came_s = (number + 1) * per_block / true_hz + late(random)
        samples = whole[np.newaxis, number * per_block : (number + 1) * per_block]
        first = counted.place(number, per_block, came_s) if kind == "counted" else steady.place(per_block, came_s)
        ring.write(first, samples)
    kept = ring.read(0, 60_000)[0]
    after = slice(24_000, 56_000)
    true_peaks, kept_peaks = r_peaks(whole[after], 1000.0), r_peaks(np.nan_to_num(kept[after]), 1000.0)
    assert len(kept_peaks) == len(true_peaks) > 20
    allowed = 0 if kind == "counted" else 60  # an uncounted gap is only known by arrival, a few hundredths of a second
    assert np.abs(kept_peaks - true_peaks).max() <= allowed
    assert np.isnan(kept[21_000:23_000]).all(), "what was lost is a gap, never a flat heart"
    if kind == "counted":
        np.testing.assert_array_equal(kept[23_700:], whole[23_700:])


def test_an_uncounted_stream_that_only_stutters_has_no_gap() -> None:
    random, place = Random(3), SteadyPlace(RATE)
    for number in range(2000):
        came_s = (number + 1) * 0.04 + min(late(random), 0.35)
        assert place.place(20, came_s) == number * 20
    assert place.fit.rate_hz == pytest.approx(500, rel=1e-3)


def test_a_long_silence_begins_a_new_stream() -> None:
    steady, counted = SteadyPlace(RATE), CountedPlace(RATE, 8, Fraction(50))
    first = (steady.stream_id, counted.stream_id)
    for place in (0, 1):
        came_s = place * (LONGEST_GAP_S + 10)
        assert steady.place(50, came_s) == 0
        assert counted.place(place, 50, came_s) == 0
    assert steady.stream_id != first[0]
    assert counted.stream_id != first[1]
    assert counted.restarts == 1


def test_a_32_bit_tick_that_rolls_over_goes_on() -> None:
    """Ticks of 125 us at 62.5 Hz: 128 ticks a sample; the counter turns in the middle of the minute."""
    place = CountedPlace(Fraction(125, 2), 32, Fraction(125, 2) / 8000)
    stream, ticks = place.stream_id, (1 << 32) - 128 * 1000
    for number in range(300):
        counter = (ticks + number * 128 * 25) % (1 << 32)
        assert place.place(counter, 25, number * 0.4) == number * 25
    assert place.stream_id == stream
    assert place.restarts == 0


def test_ticks_that_round_the_start_of_a_block_leave_no_holes() -> None:
    place = CountedPlace(Fraction(25_000, 100), 32, Fraction(250, 1000))
    starts = [place.place(round(number * 10 * 4) + (number % 3 - 1), 10, number * 0.04) for number in range(1, 50)]
    assert starts == [number * 10 for number in range(49)]


def test_an_eight_bit_counter_tells_a_gap_longer_than_its_round() -> None:
    """256 blocks of 0.1 s are 25.6 s; the cable was out for 60 s."""
    place = CountedPlace(RATE, 8, Fraction(50))
    for number in range(100):
        place.place(number, 50, number * 0.1)
    assert place.place(700, 50, 70.0) == 700 * 50
    assert place.restarts == 0


def test_a_block_that_comes_twice_or_late_keeps_its_place() -> None:
    place = CountedPlace(RATE, 16, Fraction(50))
    for number in (0, 1, 2, 4):
        place.place(number, 50, number * 0.1)
    assert place.place(4, 50, 0.45) == 200
    assert place.place(3, 50, 0.46) == 150, "it fills its gap"
    assert place.place(5, 50, 0.5) == 250
    assert place.restarts == 0


@pytest.mark.parametrize("bits", [16, 32])
def test_a_device_that_was_switched_off_and_on_begins_a_new_stream(bits: int) -> None:
    place = CountedPlace(RATE, bits)
    for number in range(40, 400):
        place.place(number * 50, 50, number * 0.1)
    stream = place.stream_id
    assert place.place(0, 50, 41.0) == 0
    assert place.place(50, 50, 41.1) == 50
    assert place.stream_id != stream
    assert place.restarts == 1


def test_blocks_that_waited_in_the_net_and_come_at_once_are_no_jump() -> None:
    place = CountedPlace(RATE, 16, Fraction(50))
    for number in range(100):
        came_s = max(number * 0.1, 9.0) if number > 40 else number * 0.1
        assert place.place(number, 50, came_s) == number * 50
    assert place.restarts == 0


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 255), st.floats(0, 3)), max_size=40))
def test_whatever_a_counter_says_no_block_lies_before_the_start(calls: list[tuple[int, float]]) -> None:
    place, now_s = CountedPlace(RATE, 8, Fraction(25)), 0.0
    for counter, passed_s in calls:
        now_s += passed_s
        index = place.place(counter, 25, now_s)
        assert 0 <= index <= place.next_index
        assert place.next_index <= index + 25 + 10 * RATE, "a late block lies at most ten seconds back"


def test_the_clock_of_blocks_that_were_kept_can_be_asked_afterwards() -> None:
    assert fit_of(()) is None
    blocks = [_block(number * 50, (number + 1) * 0.1) for number in range(100)]
    fit = fit_of(blocks)
    assert fit is not None
    assert fit.monotonic_at(1000) == pytest.approx(arrival(2.0).monotonic_s, abs=1e-3)


def _block(first: int, seconds: float) -> Block:
    now = arrival(seconds)
    return Block("A", "s", (), first, RATE, np.zeros((0, 50), np.float32), now.at, now.monotonic_s)
