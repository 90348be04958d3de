"""Samples without numbers: counted while the line is whole, placed by the clock after a hole."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from clinic_app.devices.arrival_count import LONGEST_GAP_S, UNSEEN_S, ArrivalCount

RATE = Fraction(60)


def fed(count: ArrivalCount, seconds: float, begin_s: float = 100.0, late_s: float = 0.0, rate: float = 60.0) -> int:
    """Feed fifteen samples at a time for so long; return the index after the last."""
    index = 0
    for place in range(1, round(seconds * rate / 15) + 1):
        index = count.place(15, begin_s + place * 15 / rate + late_s) + 15
    return index


def test_a_whole_line_is_counted_without_a_gap() -> None:
    assert fed(ArrivalCount(RATE), 300.0) == 300 * 60


@pytest.mark.parametrize("rate", [59.4, 60.6])
def test_a_device_that_is_a_part_in_a_hundred_off_makes_no_gap(rate: float) -> None:
    assert fed(ArrivalCount(RATE), 600.0, rate=rate) == round(600 * rate / 15) * 15


def test_late_arrivals_make_no_gap() -> None:
    count, chance = ArrivalCount(RATE), random.Random(1)
    for place in range(1, 1000):
        late_s = chance.random() * 0.8
        assert count.place(15, 100.0 + place * 0.25 + late_s) == (place - 1) * 15


def test_after_a_hole_the_clock_says_how_much_is_missing() -> None:
    count = ArrivalCount(RATE)
    after = fed(count, 10.0)
    assert count.place(15, 110.0 + 2.0, is_after_hole=True) == after + 105


def test_a_hole_is_a_gap_however_short() -> None:
    count = ArrivalCount(RATE)
    after = fed(count, 10.0)
    assert count.place(15, 110.25, is_after_hole=True) == after + 1


def test_a_hole_before_the_first_sample_is_none() -> None:
    assert ArrivalCount(RATE).place(15, 100.0, is_after_hole=True) == 0


def test_samples_lost_without_a_trace_show_in_the_clock() -> None:
    count = ArrivalCount(RATE)
    after = fed(count, 10.0)
    assert count.place(15, 110.25 + UNSEEN_S * 0.9) == after
    assert count.place(15, 110.25 + 5.0) == after + 300


def test_a_silence_of_many_minutes_begins_a_new_stream() -> None:
    count = ArrivalCount(RATE)
    fed(count, 10.0)
    before = count.stream_id
    assert count.place(15, 110.0 + LONGEST_GAP_S + 5.0) == 0
    assert count.stream_id != before


@pytest.mark.parametrize("seed", range(5))
def test_no_sample_ever_lies_on_another(seed: int) -> None:
    count, chance, last, at_s = ArrivalCount(RATE), random.Random(seed), 0, 100.0
    for _ in range(500):
        length = chance.randrange(1, 30)
        at_s += chance.random()
        index = count.place(length, at_s, is_after_hole=chance.random() < 0.1)
        assert index >= last
        last = index + length
