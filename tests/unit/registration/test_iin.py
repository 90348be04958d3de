"""The IIN: both passes of its check digit, its blind spot, and hints that never refuse."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.registration.iin import check_digit, check_iin, grouped, iin_hint

ELEVEN = st.from_regex(r"\A[0-9]{11}\Z")


@pytest.mark.parametrize("number", ["850101300124", "061211600012", "340903366230"])
def test_numbers_of_the_first_and_the_second_pass_are_right(number: str) -> None:
    assert check_iin(number) == number


def test_spaces_and_hyphens_do_not_matter() -> None:
    assert check_iin(" 850101 300 124 ") == check_iin("850101-300-124") == "850101300124"


def test_a_number_that_is_never_issued_is_refused_whatever_its_last_digit() -> None:
    assert check_digit("95120732942") is None
    for last in range(10):
        with pytest.raises(InvalidInputError):
            check_iin(f"95120732942{last}")


@pytest.mark.parametrize("typed", ["", "85010130012", "8501013001245", "٨٥٠١٠١٣٠٠١٢٤", "85010130012a"])
def test_what_is_not_twelve_digits_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_iin(typed)
    assert caught.value.field == "iin"


@given(ELEVEN)
def test_every_wrong_last_digit_is_caught(first: str) -> None:
    right = check_digit(first)
    for last in range(10):
        if last == right:
            assert check_iin(f"{first}{last}")
        else:
            with pytest.raises(InvalidInputError):
                check_iin(f"{first}{last}")


def test_the_eleventh_digit_is_blind_so_a_right_number_proves_little() -> None:
    base = "850101300124"
    unseen = [d for d in "0123456789" if _is_right(base[:10] + d + base[11])]
    assert len(unseen) > 5


def test_the_old_form_suggests_birth_and_sex() -> None:
    hint = iin_hint("850101300124")
    assert hint.birth_date == date(1985, 1, 1)
    assert hint.gender == "male"


@pytest.mark.parametrize("number", ["851301300120", "850101000127", "850101900120"])
def test_a_number_that_says_nothing_gives_no_hint(number: str) -> None:
    assert iin_hint(number).birth_date is None


def test_eyes_compare_groups() -> None:
    assert grouped("850101300124") == "850101 300 124"


def _is_right(number: str) -> bool:
    try:
        check_iin(number)
    except InvalidInputError:
        return False
    return True
