"""The code that is told over a telephone and the one for a roll-out, as they are shown, heard and typed."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.keys.enrolment_code import LONG_SIGNS, is_long, new_code, new_long_code, printed, read_code

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODES: Final = st.text(ALPHABET, min_size=8, max_size=8)
RUSSIAN_KEYS: Final = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ")


def test_codes_are_of_eight_signs_and_none_comes_twice() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(set(code) <= set(ALPHABET) and len(code) == 8 for code in codes)


@given(CODES)
def test_what_is_shown_is_read_again(code: str) -> None:
    assert printed(code) == f"{code[:4]}-{code[4:]}"
    for typed in (printed(code), code.lower(), f" {code[:2]} {code[2:]}\n", printed(code).replace("-", " — ")):
        assert read_code(typed) == code


@given(CODES)
def test_letters_read_for_digits_are_the_digits(code: str) -> None:
    assert read_code(code.replace("0", "o").replace("1", "l")) == code
    assert read_code(code.replace("1", "I")) == code


def test_cyrillic_letters_are_those_they_look_like() -> None:
    assert read_code("АВЕК-МНРС") == "ABEKMHPC"
    assert read_code("асхт 0123") == "ACXT0123"


@given(st.text("ZWGRVDJFQS", min_size=8, max_size=8))
def test_who_forgot_to_change_the_keyboard_is_understood(code: str) -> None:
    assert read_code(code.translate(RUSSIAN_KEYS)) in (code, read_code(code.translate(RUSSIAN_KEYS)))
    assert read_code("ПКПК-ПКПК") == "GRGRGRGR"


@pytest.mark.parametrize(
    "typed", ["", "ABCD", "ABCD-EFG", "ABCD-EFGHJ", "ABCD-EFGU", "ABCD-EFG!", "🙂" * 8, "A" * 10_000]
)
def test_what_is_no_code_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(InvalidInputError, match="eight letters") as refused:
        read_code(typed)
    assert refused.value.field == "code"


def test_long_codes_are_of_28_signs_and_none_comes_twice() -> None:
    codes = {new_long_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(set(code) <= set(ALPHABET) and len(code) == LONG_SIGNS for code in codes)
    assert len({code[:4] for code in codes}) > 450, "the first signs are as random as the others"
    assert all(is_long(code) for code in codes)
    assert not is_long(new_code())


def test_a_long_code_is_read_as_it_may_have_been_typed() -> None:
    for code in (new_long_code() for _ in range(25)):
        assert printed(code).count("-") == 6
        groups = printed(code).lower().replace("-", " ")
        looks_like = code.translate(str.maketrans("ABEKMHPCTXY", "АВЕКМНРСТХУ"))
        for typed in (printed(code), groups, f" {code}\n", code.replace("0", "O").replace("1", "l"), looks_like):
            assert read_code(typed) == code
        assert read_code(code.translate(RUSSIAN_KEYS)) == code, "its checksum tells which way it was meant"


def answer_to(typed: str) -> str:
    """Return the code that is read, or the sentence with which it is refused."""
    try:
        return read_code(typed)
    except InvalidInputError as refused:
        return str(refused)


def test_a_slip_in_a_long_code_is_seen_before_anybody_is_asked() -> None:
    said = []
    for code in (new_long_code() for _ in range(20)):
        for place in range(0, LONG_SIGNS, 3):
            sign = ALPHABET[(ALPHABET.index(code[place]) + 7) % len(ALPHABET)]
            said.append(answer_to(code[:place] + sign + code[place + 1 :]))
    assert said.count("A letter or a digit of this long code is wrong.") >= 195, "of 200; one in 4096 is not seen"


@pytest.mark.parametrize("signs", [7, 9, 16, 27, 29, 56])
def test_a_code_that_was_cut_off_is_none(signs: int) -> None:
    with pytest.raises(InvalidInputError, match="or 28"):
        read_code((new_long_code() * 2)[:signs])


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_refused(typed: str) -> None:
    with suppress(InvalidInputError):
        assert set(read_code(typed)) <= set(ALPHABET)
