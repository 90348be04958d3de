"""Dates and numbers as people write them in three languages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.dates import age_years, document_date, document_moment, form_date, parse_form_date
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import parse_number, show_number


@pytest.mark.parametrize("typed", ["05.03.1964", "5.3.1964", " 5/3/1964 ", "05-03-1964", "5 3 1964"])
def test_a_day_is_read_however_it_is_divided(typed: str) -> None:
    assert parse_form_date(typed) == date(1964, 3, 5)


@pytest.mark.parametrize("typed", ["", "31.02.2020", "1964", "5.3.64", "٥.٣.1964", "05.13.1964", "5.3.19640"])
def test_what_is_no_day_is_refused_for_its_field(typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_form_date(typed, "birth_date")
    assert caught.value.field == "birth_date"


def test_forms_show_four_digit_years() -> None:
    assert form_date(date(1964, 3, 5)) == "05.03.1964"


def test_documents_write_the_month_as_a_word() -> None:
    day = date(2026, 3, 5)
    assert document_date(day, "kk") == "5 наурыз 2026"
    assert document_date(day, "ru") == "5 марта 2026"
    assert document_date(day, "en") == "5 March 2026"


def test_a_document_states_the_offset_of_its_clock() -> None:
    assert document_moment(datetime(2026, 3, 5, 9, 5, tzinfo=UTC), "en").endswith(":00)")


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)))
def test_every_day_survives_the_form(day: date) -> None:
    assert parse_form_date(form_date(day)) == day


def test_age_counts_completed_years() -> None:
    assert age_years(date(1964, 3, 5), date(2026, 3, 4)) == 61
    assert age_years(date(1964, 3, 5), date(2026, 3, 5)) == 62
    assert age_years(date(2024, 2, 29), date(2025, 2, 28)) == 0


@pytest.mark.parametrize("typed", ["36,6", "36.6", " 36.6 ", "+36,6"])
def test_comma_and_point_are_the_same(typed: str) -> None:
    assert parse_number(typed) == Decimal("36.6")


def test_a_true_minus_is_a_minus() -> None:
    assert parse_number("\u22121,5") == Decimal("-1.5")


@pytest.mark.parametrize("typed", ["", "abc", "1,2,3", "1e9", "NaN", "∞", "٣", "0x1", "1_0", "1 2"])
def test_what_is_no_number_is_refused_never_zero(typed: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_number(typed)


def test_the_decimal_sign_follows_the_language() -> None:
    assert show_number(Decimal("36.60"), "kk") == "36,60"
    assert show_number(Decimal("36.60"), "en") == "36.60"
    assert show_number(2.5, "ru") == "2,5"
