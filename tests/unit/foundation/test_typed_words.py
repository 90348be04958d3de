"""Words are kept composed, visible and storable, whatever was pasted."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.folding import name_keys
from clinic_app.foundation.typed_words import tidy

ANYTHING = st.text(st.characters(), max_size=60)
"""Also halves of surrogate pairs, which a clipboard can hold."""


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("Аи\u0306гүл", "Айгүл"),
        ("Е\u0308жиков", "Ёжиков"),
        ("Әли\u00a0бек", "Әли бек"),
        ("  Қасым \t Жомарт\r\n", "Қасым Жомарт"),
        ("Нұр\u200bлан", "Нұрлан"),
        ("\ufeffНұрлан", "Нұрлан"),
        ("\u202eналрұН", "налрұН"),
        ("Нұр\u00adлан", "Нұрлан"),
        ("a\x00b\x07", "ab"),
        ("\ud800Нұрлан\udc00", "Нұрлан"),
        ("\u2028\u2029\x85\x1c", ""),
        (" \u200b ", ""),
    ],
)
def test_what_a_clipboard_adds_is_taken_away(pasted: str, kept: str) -> None:
    assert tidy(pasted) == kept


@pytest.mark.parametrize("words", ["Әбдірахман Ғ. Һүсейн", "O‘zbek ó", "10 мг × 2 ↑ ≥ 5 °C", "عليّ", "李", "🫀"])
def test_what_a_person_can_see_stays(words: str) -> None:
    assert tidy(words) == words


@given(ANYTHING)
def test_tidy_words_are_composed_single_spaced_and_can_be_stored(typed: str) -> None:
    kept = tidy(typed)
    assert tidy(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert "  " not in kept
    assert kept == kept.strip()
    assert msgspec.json.decode(msgspec.json.encode(kept)) == kept


@given(st.text("абвгғдеёжзийкқлмнңоөпрстуұүфхһцчшыіьюя -", max_size=40))
def test_a_name_in_parts_is_found_like_the_name_in_one_piece(name: str) -> None:
    parts = unicodedata.normalize("NFD", name)
    assert tidy(parts) == tidy(name)
    assert name_keys(parts) == name_keys(name)
