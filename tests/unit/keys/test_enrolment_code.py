"""The code that is told over a telephone, as it is shown, heard and typed."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.keys.enrolment_code import new_code, printed, read_code

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


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_refused(typed: str) -> None:
    with suppress(InvalidInputError):
        assert set(read_code(typed)) <= set(ALPHABET)
