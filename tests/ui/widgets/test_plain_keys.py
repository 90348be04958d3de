"""Keys by their place, whatever letters are switched on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from ui.widgets.plain_keys import plain_key

Key = Qt.Key


def pressed(text: str, key: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> QKeyEvent:
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text)


@pytest.mark.parametrize(
    ("letter", "key"),
    [
        ("д", Key.Key_L),
        ("Ц", Key.Key_W),
        ("о", Key.Key_J),
        ("б", Key.Key_Comma),
        ("ю", Key.Key_Period),
        ("х", Key.Key_BracketLeft),
        ("ә", Key.Key_2),
        ("қ", Key.Key_0),
    ],
)
def test_a_key_is_known_by_its_place_with_russian_and_kazakh_letters(letter: str, key: Qt.Key) -> None:
    assert plain_key(pressed(letter, ord(letter.upper()))) == key


def test_latin_letters_figures_and_named_keys_are_what_they_are() -> None:
    assert plain_key(pressed("l", Key.Key_L)) == Key.Key_L
    assert plain_key(pressed("", Key.Key_F1)) == Key.Key_F1
    assert plain_key(pressed(" ", Key.Key_Space)) == Key.Key_Space
    assert plain_key(pressed("3", Key.Key_3)) == Key.Key_3


def test_a_letter_with_ctrl_writes_nothing_and_is_known_all_the_same() -> None:
    assert plain_key(pressed("\x0b", ord("Л"), Qt.KeyboardModifier.ControlModifier)) == Key.Key_K


def test_letters_of_other_alphabets_stay_as_they_are() -> None:
    assert int(plain_key(pressed("ä", Key.Key_Adiaeresis))) == int(Key.Key_Adiaeresis)
