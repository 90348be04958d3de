"""Which spans a report may have."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.statistics.spans import MOST_MONTHS, Span, checked_span, last_twelve_months, month_begin, month_end

TODAY = date(2026, 11, 22)
DAYS = st.dates(date(1950, 1, 1), date(2090, 1, 1))


def test_a_month_that_is_over_is_a_span() -> None:
    span = checked_span(date(2026, 10, 1), date(2026, 10, 31), TODAY)
    assert span.months == ("2026-10",)
    assert not span.is_exact


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 10, 2), date(2026, 10, 31)),
        (date(2026, 10, 1), date(2026, 10, 30)),
        (date(2026, 10, 1), date(2026, 10, 1)),
        (date(2026, 10, 1), date(2026, 9, 30)),
        (date(2026, 10, 8), date(2026, 10, 14)),
        (date(1, 1, 1), date(1, 1, 31)),
    ],
)
def test_days_weeks_and_broken_months_are_refused(first: date, last: date) -> None:
    with pytest.raises(InvalidInputError, match="whole months"):
        checked_span(first, last, TODAY)


@pytest.mark.parametrize("today", [date(2026, 10, 31), date(2026, 10, 15), date(2026, 9, 1)])
def test_a_month_that_runs_is_refused(today: date) -> None:
    with pytest.raises(InvalidInputError, match="over"):
        checked_span(date(2026, 10, 1), date(2026, 10, 31), today)


def test_a_month_is_over_the_day_after_its_last() -> None:
    assert checked_span(date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1)).months == ("2026-10",)


def test_five_years_are_the_most() -> None:
    assert len(checked_span(date(2021, 11, 1), date(2026, 10, 31), TODAY).months) == MOST_MONTHS
    with pytest.raises(InvalidInputError, match="60 months"):
        checked_span(date(2021, 10, 1), date(2026, 10, 31), TODAY)


@pytest.mark.parametrize(
    ("first", "last", "is_exact"),
    [
        (date(2025, 1, 1), date(2025, 12, 31), True),
        (date(2024, 1, 1), date(2025, 12, 31), False),
        (date(2025, 1, 1), date(2025, 11, 30), False),
        (date(2024, 12, 1), date(2025, 11, 30), False),
    ],
)
def test_only_a_whole_calendar_year_is_told_exactly(first: date, last: date, is_exact: bool) -> None:
    assert checked_span(first, last, TODAY).is_exact is is_exact


def test_no_two_exact_spans_overlap() -> None:
    spans = [
        Span(month_begin(2024, begin), month_end(month_begin(2024, begin + length)))
        for begin in range(1, 25)
        for length in range(30)
    ]
    exact = [span for span in spans if span.is_exact]
    assert exact
    for one in exact:
        assert all(one == other or not set(one.months) & set(other.months) for other in exact)


def test_the_last_twelve_months_end_before_the_running_one() -> None:
    assert last_twelve_months(TODAY) == Span(date(2025, 11, 1), date(2026, 10, 31))
    assert last_twelve_months(date(2026, 1, 1)) == Span(date(2025, 1, 1), date(2025, 12, 31))


@given(DAYS)
def test_the_last_twelve_months_are_always_allowed(today: date) -> None:
    span = last_twelve_months(today)
    assert checked_span(span.first, span.last, today) == span
    assert len(span.months) == 12


@given(st.integers(1950, 2080), st.integers(-30, 40))
def test_months_below_and_above_a_year_are_those_of_other_years(year: int, month: int) -> None:
    begin = month_begin(year, month)
    assert (begin.year - year) * 12 + begin.month == month
    assert begin.day == 1


@given(DAYS)
def test_the_end_of_a_month_is_followed_by_the_first(day: date) -> None:
    assert month_begin(day.year, day.month) <= day <= month_end(day)
    assert month_end(day).month == day.month
