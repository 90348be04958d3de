"""The recovery code as it is printed, read out, mistyped and guessed."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.keys.recovery_code import new_code, printed, read_code

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRETS: Final = st.binary(min_size=16, max_size=16)
CYRILLIC_TWINS: Final = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")
RUSSIAN_KEYS: Final = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ")
CODE, SECRET = new_code()


@settings(max_examples=150, deadline=None)
@given(SECRETS)
def test_every_secret_comes_back_from_its_printed_code(secret: bytes) -> None:
    code = printed(secret)
    assert [len(group) for group in code.split("-")] == [4] * 8
    assert set(code) <= {*ALPHABET, "-"}
    assert read_code(code) == secret


@settings(max_examples=100, deadline=None)
@given(SECRETS, st.randoms(use_true_random=False), st.sampled_from(["", " ", "-", " - ", "\u00a0", "—", "\t", "\r\n"]))
def test_case_and_what_stands_between_the_groups_make_no_difference(
    secret: bytes,
    chance: st.randoms,
    between: str,  # type: ignore[valid-type]
) -> None:
    groups = printed(secret).split("-")
    typed = between.join("".join(chance.choice((sign, sign.lower())) for sign in group) for group in groups)  # type: ignore[attr-defined]
    assert read_code(f"  {typed}\n") == secret


@settings(max_examples=100, deadline=None)
@given(SECRETS)
def test_letters_read_for_digits_are_the_digits(secret: bytes) -> None:
    code = printed(secret)
    assert read_code(code.replace("0", "O").replace("1", "I")) == secret
    assert read_code(code.replace("0", "o").replace("1", "l")) == secret


@settings(max_examples=100, deadline=None)
@given(SECRETS)
def test_cyrillic_letters_that_look_the_same_are_the_same(secret: bytes) -> None:
    twins = printed(secret).translate(CYRILLIC_TWINS)
    assert read_code(twins) == secret
    assert read_code(twins.lower()) == secret


@settings(max_examples=100, deadline=None)
@given(SECRETS)
def test_a_code_typed_on_a_russian_keyboard_by_the_keys_is_the_code(secret: bytes) -> None:
    assert read_code(printed(secret).translate(RUSSIAN_KEYS).lower()) == secret


def test_kazakh_letters_that_look_latin_are_taken_for_them() -> None:
    secret = next(each for each in (secrets.token_bytes(16) for _ in range(1000)) if "H" in printed(each))
    assert read_code(printed(secret).replace("H", "Һ")) == secret


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 38), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_noticed(place: int, sign: str) -> None:
    changed = CODE[:place] + sign + CODE[place + 1 :]
    if CODE[place] in ("-", sign):
        return
    with pytest.raises(InvalidInputError) as caught:
        read_code(changed)
    assert caught.value.field == "code"


@pytest.mark.parametrize("place", range(31))
def test_two_signs_that_changed_places_are_noticed(place: int) -> None:
    signs = CODE.replace("-", "")
    changed = signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]
    if changed == signs:
        assert read_code(changed) == SECRET
        return
    with pytest.raises(InvalidInputError):
        read_code(changed)


@pytest.mark.parametrize("place", range(8))
def test_a_group_that_was_left_out_or_typed_twice_is_noticed(place: int) -> None:
    groups = CODE.split("-")
    for typed in (groups[:place] + groups[place + 1 :], [*groups[:place], groups[place], *groups[place:]]):
        with pytest.raises(InvalidInputError):
            read_code("-".join(typed))


def test_of_ten_thousand_guessed_codes_not_one_is_a_code() -> None:
    hits = 0
    for _ in range(10_000):
        guess = "".join(secrets.choice(ALPHABET) for _ in range(32))
        try:
            read_code(guess)
        except InvalidInputError:
            continue
        hits += 1
    assert hits == 0


@pytest.mark.parametrize(
    "typed", ["", " ", "-", "0", "0" * 31, "0" * 33, "U" * 32, "🫀" * 32, "٠" * 32, "\ud800" * 32, "0" * 1_000_000]
)
def test_what_is_no_code_is_a_sentence(typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_code(typed)
    assert caught.value.text.render("ru") != caught.value.text.render("en")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_or_a_sentence(typed: str) -> None:
    with suppress(InvalidInputError):
        secret = read_code(typed)
        assert read_code(printed(secret)) == secret


def test_two_codes_are_never_the_same() -> None:
    assert len({new_code()[0] for _ in range(500)}) == 500
