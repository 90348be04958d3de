"""Waves with gaps, clocks at the ends of the calendar, rates that are fractions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.block import ChannelInfo
from clinic_app.devices.hl7.message import parse, parse_timestamp, timestamp
from clinic_app.devices.hl7.waves import Wave, build_oru, read_waves
from clinic_app.devices.stream_clock import StreamClock

NOON = datetime(2026, 3, 5, 7, tzinfo=UTC)
LEAD = (ChannelInfo("MDC_ECG_LEAD_II", "II", "uV"),)


def _over_the_wire(samples: list[float], rate_hz: Fraction, resolution: float = 1.0) -> Wave:
    wave = Wave(NOON, rate_hz, LEAD, np.array([samples], dtype=np.float32))
    (read,) = read_waves(parse(build_oru("M", "1", NOON, [(wave, resolution)])))
    return read


@settings(max_examples=60)
@given(st.lists(st.one_of(st.integers(-20_000, 20_000), st.none()), min_size=2, max_size=60))
def test_a_gap_goes_over_the_wire_as_a_gap(raw: list[int | None]) -> None:
    samples = [np.nan if value is None else value * 2.5 for value in raw]
    np.testing.assert_array_equal(_over_the_wire(samples, Fraction(125, 2), 2.5).samples[0], np.float32(samples))


def test_a_wave_of_nothing_but_gaps_stays_one() -> None:
    assert np.isnan(_over_the_wire([np.nan] * 10, Fraction(250)).samples).all()


@pytest.mark.parametrize("rate_hz", [Fraction(125, 2), Fraction(24989, 100), Fraction(1, 10), Fraction(10_000)])
def test_a_rate_is_exact_on_the_other_side(rate_hz: Fraction) -> None:
    assert _over_the_wire([1, 2], rate_hz).rate_hz == rate_hz


@pytest.mark.parametrize(
    "text",
    ["99991231235959", "99991231235959.9999+0000", "00010101000000", "99991231235959+1200", "00010101000000-1200"],
)
def test_a_clock_at_the_end_of_the_calendar_breaks_no_arithmetic(text: str) -> None:
    clock = StreamClock(Fraction(500))
    moment = parse_timestamp(text)
    assert clock.place(moment, 500) == 0
    assert clock.place(moment, 500) >= 0
    assert clock.begin_at is not None
    assert clock.begin_at + timedelta(days=300) > clock.begin_at
    assert clock.begin_at - timedelta(days=300) < clock.begin_at


FIRST, LAST = datetime(1900, 1, 2), datetime(2999, 12, 30)  # noqa: DTZ001 - hypothesis adds the zone


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_a_moment_comes_back_to_a_tenth_of_a_millisecond(moment: datetime) -> None:
    assert abs(parse_timestamp(timestamp(moment)) - moment) < timedelta(microseconds=100)


@pytest.mark.parametrize("rate_hz", [Fraction(125, 2), Fraction(24989, 100), Fraction(500)])
def test_ten_minutes_of_quarter_seconds_have_no_gap_and_no_overlap(rate_hz: Fraction) -> None:
    clock = StreamClock(rate_hz)
    expected = 0
    for block in range(2400):
        begin, end = round(block * rate_hz / 4), round((block + 1) * rate_hz / 4)
        assert clock.place(NOON + timedelta(seconds=block / 4), end - begin, 0.0001) == expected
        expected += end - begin


@given(st.integers(1, 400))
def test_a_cable_pulled_for_a_while_leaves_a_gap_as_long_as_it_was_out(seconds: int) -> None:
    clock = StreamClock(Fraction(250))
    clock.place(NOON, 250)
    assert clock.place(NOON + timedelta(seconds=1 + seconds), 250) == 250 * (1 + seconds)
