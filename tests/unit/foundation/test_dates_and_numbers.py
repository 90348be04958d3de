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
from clinic_app.foundation.texts import LANGUAGES, Language
from tests.helpers.refusals import outcome


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


LANGUAGE = st.sampled_from(LANGUAGES)


@given(number=st.decimals(-(10**11), 10**11, places=6), language=LANGUAGE)
def test_a_number_that_is_shown_can_be_typed_again(number: Decimal, language: Language) -> None:
    assert parse_number(show_number(number, language)) == number


@given(st.text(st.characters(), max_size=20))
def test_whatever_is_typed_for_a_number_is_one_or_a_sentence(typed: str) -> None:
    number, error = outcome(lambda: parse_number(typed, "glucose"))
    assert (number is None) == isinstance(error, InvalidInputError)
    assert number is None or number.is_finite()


@given(st.text(st.characters(), max_size=20) | st.from_regex(r"\A\d{1,2}[./ -]\d{1,2}[./ -]\d{4}\Z"))
def test_whatever_is_typed_for_a_day_is_one_or_a_sentence(typed: str) -> None:
    day, error = outcome(lambda: parse_form_date(typed, "birth_date"))
    assert (day is None) == isinstance(error, InvalidInputError)
    assert day is None or day.isoformat()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_months_share_a_word(language: Language) -> None:
    assert len({document_date(date(2026, month, 1), language) for month in range(1, 13)}) == 12


@pytest.mark.parametrize("day", ["29.02.2024", "31.12.9999", "01.01.0001"])
def test_the_ends_of_the_calendar_are_days(day: str) -> None:
    assert parse_form_date(day).year in (2024, 9999, 1)


@pytest.mark.parametrize("day", ["29.02.2026", "29.02.1900", "00.01.2026", "01.00.2026", "32.01.2026", "01.01.0000"])
def test_days_no_calendar_has_are_refused(day: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_form_date(day)
