"""One key for a name, however it is spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.folding import name_key, name_keys

SAME = [
    ("Қасым", "Касым", "Qasym", "Kasym", "Kassym", "ҚАСЫМ"),
    ("Жомарт", "Jomart", "Zhomart"),
    ("Әйгерім", "Айгерим", "Äigerım", "Aigerim", "Aygerim"),
    ("Ғалия", "Галия", "Ğaliia", "Ghaliya", "Galiya"),
    ("Ұлпан", "Улпан", "Ульпан", "Ūlpan", "Ulpan"),
    ("Үміт", "Умит", "Ümıt", "Umit"),
    ("Өмірбек", "Омирбек", "Ömırbek", "Omirbek"),
    ("Гаһарман", "Гахарман", "Gaharman", "Gakharman"),
    ("Щербаков", "Shcherbakov", "Щербаков".upper()),
    ("Алёна", "Алена", "Alyona", "Alena"),
    ("Юлия", "Yuliya", "Iuliia", "Yulia"),
    ("Дмитрий", "Dmitriy", "Dmitry", "Dmitrii"),
    ("Ержан", "Yerzhan", "Erjan", "Erzhan"),
    ("Шыңғыс", "Шынгыс", "Şyñğys", "Shyngys", "Shynghys"),
    ("Цой", "Tsoy", "Tsoi"),
]
LETTERS = "аәбвгғдежзийкқлмнңоөпрстуұүфхһшыі"
LATIN_2021 = "a|ä|b|v|g|ğ|d|e|j|z|i|i|k|q|l|m|n|ñ|o|ö|p|r|s|t|u|ū|ü|f|h|h|ş|y|ı"
PASSPORT = "a|a|b|v|g|gh|d|e|zh|z|i|y|k|k|l|m|n|n|o|o|p|r|s|t|u|u|u|f|kh|h|sh|y|i"


def spelt(word: str, alphabet: str) -> str:
    letters = dict(zip(LETTERS, alphabet.split("|"), strict=True))
    return "".join(letters[letter] for letter in word)


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings[0])
def test_every_spelling_of_a_name_has_one_key(spellings: tuple[str, ...]) -> None:
    assert len({name_key(spelling) for spelling in spellings}) == 1


def test_different_names_keep_different_keys() -> None:
    names = ["Қасымов", "Қасенов", "Иванов", "Иваненко", "Ахметова", "Ахмедова", "Мұрат", "Марат", "Серік", "Сірік"]
    assert len({name_key(name) for name in names}) == len(names)


@given(st.text(alphabet=LETTERS, max_size=12))
def test_both_latin_alphabets_lead_to_the_cyrillic_key(word: str) -> None:
    assert name_key(spelt(word, LATIN_2021)) == name_key(word) == name_key(spelt(word, PASSPORT))


@given(st.text(max_size=30))
def test_a_key_is_plain_ascii_and_its_own_key(word: str) -> None:
    key = name_key(word)
    assert key == "" or (key.isascii() and key.isalnum() and key == key.lower())
    assert name_key(key) == key


def test_words_are_parted_and_numbers_kept() -> None:
    assert name_keys("Қасым-Жомарт  850101300124") == ("kasim", "jomart", "850101300124")
    assert name_keys("O'Брайен; DROP") == ("obraen", "drop")
    assert name_keys(" .,! ") == ()
