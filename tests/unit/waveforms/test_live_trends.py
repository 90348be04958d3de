"""The numbers of a day, one a second."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from clinic_app.devices import Numerics, NumericValue
from clinic_app.waveforms import live_trends
from clinic_app.waveforms.live_trends import KEPT_S, LiveTrends
from tests.helpers.signals import SteadyClock

NOON = datetime(2026, 3, 5, 7, tzinfo=UTC)
RATE = "MDC_ECG_HEART_RATE"


def told(at_s: float, value: str, source: str = "bed 1", code: str = RATE) -> Numerics:
    return Numerics(source, {code: NumericValue(Decimal(value), "/min")}, NOON, at_s)


@pytest.fixture
def steady() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def trends(steady: SteadyClock) -> LiveTrends:
    return LiveTrends(steady)


def test_every_second_has_its_place_and_now_is_the_last(trends: LiveTrends, steady: SteadyClock) -> None:
    for second in range(10):
        steady.now_s = 1000.0 + second
        trends.take_in(told(steady.now_s, str(60 + second)))
    trend = trends.trend("bed 1", RATE, 10)
    assert trend.values.tolist() == [60.0 + second for second in range(10)]
    assert trend.times_s.tolist() == list(range(-9, 1))
    assert trend.unit == "/min"


def test_a_second_without_a_number_is_a_gap(trends: LiveTrends, steady: SteadyClock) -> None:
    trends.take_in(told(1000.0, "60"))
    trends.take_in(told(1003.0, "70"))
    steady.now_s = 1004.5
    values = trends.trend("bed 1", RATE, 5).values
    assert np.isnan(values).tolist() == [False, True, True, False, True]


def test_of_several_in_one_second_the_last_stays(trends: LiveTrends, steady: SteadyClock) -> None:
    for tenth, value in enumerate(("60", "61", "62")):
        trends.take_in(told(1000.0 + tenth / 10, value))
    steady.now_s = 1000.9
    assert trends.trend("bed 1", RATE, 1).values.tolist() == [62.0]


def test_beds_and_numbers_are_kept_apart(trends: LiveTrends, steady: SteadyClock) -> None:
    trends.take_in(told(1000.0, "60"))
    trends.take_in(told(1000.0, "97", code="MDC_PULS_OXIM_SAT_O2"))
    trends.take_in(told(1000.0, "140", "bed 2"))
    steady.now_s = 1000.0
    assert trends.codes("bed 1") == (RATE, "MDC_PULS_OXIM_SAT_O2")
    assert trends.trend("bed 2", RATE, 1).values.tolist() == [140.0]


def test_what_nobody_told_is_a_gap_of_the_length_asked_for(trends: LiveTrends) -> None:
    trend = trends.trend("nobody", RATE, 60)
    assert len(trend.values) == len(trend.times_s) == 60
    assert np.isnan(trend.values).all()
    assert len(trends.trend("nobody", RATE, 0).values) == 0


def test_a_day_is_kept_and_no_more(trends: LiveTrends, steady: SteadyClock) -> None:
    for hour in range(50):
        trends.take_in(told(hour * 3600.0, str(60 + hour)))
    steady.now_s = 49 * 3600.0
    values = trends.trend("bed 1", RATE, 10 * KEPT_S).values
    assert len(values) == KEPT_S
    assert np.isfinite(values).sum() == 24
    assert len(trends._curves["bed 1", RATE]._pieces) <= 26


def test_strangers_with_many_numbers_do_not_fill_the_memory(
    trends: LiveTrends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_trends, "MOST_CURVES", 4)
    for number in range(20):
        trends.take_in(told(1000.0 + number, "1", f"bed {number}"))
    assert len(trends._curves) == 4
    assert trends.codes("bed 19") == (RATE,)
