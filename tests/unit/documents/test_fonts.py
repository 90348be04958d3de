"""No character is dropped in silence."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from clinic_app.documents.fonts import BOLD, FOLDER, REGULAR, SEMI_BOLD, printable
from clinic_app.documents.qr import QrCode, qr_content
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import LANGUAGES

LETTERS = (
    "АӘБВГҒДЕЁЖЗИЙКҚЛМНҢОӨПРСТУҰҮФХҺЦЧШЩЪЫІЬЭЮЯаәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
    "ABCXYZabcxyz0123456789 «»“”„—–−-…№§%‰°±×÷≤≥≈≠√∆∞↑↓→←µαβγ²³₂½€₸$•·/\\()[]{}<>&@#*+=|~^_'\"!?;:,."
)


@pytest.mark.parametrize("char", sorted(set(LETTERS)))
def test_what_a_clinic_writes_can_be_printed(char: str) -> None:
    assert printable(char) == char


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("a\u2011b", "a-b"),
        ("a\u00adb", "ab"),
        ("a\tb", "a b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u0438\u0306", "й"),
        ("x\u200b\ufeffy", "xy"),
        ("♀/♂", "F/M"),
    ],
)
def test_what_has_a_plain_equal_is_replaced(typed: str, printed: str) -> None:
    assert printable(typed) == printed


@pytest.mark.parametrize("char", ["漢", "\U0001f600", "ا", "\x00", "\x1b", "\u202e", "\ud800"])
def test_what_has_no_equal_is_refused_by_name_in_every_language(char: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        printable(f"доза {char} мг")
    for language in LANGUAGES:
        assert f"U+{ord(char):04X}" in caught.value.text.render(language)


@pytest.mark.parametrize(("name", "weight"), [(REGULAR, 400), (SEMI_BOLD, 600), (BOLD, 700)])
def test_the_fonts_are_static_and_may_be_embedded(name: str, weight: int) -> None:
    font = TTFont(FOLDER / f"{name}.ttf")
    assert "fvar" not in font
    assert font["OS/2"].usWeightClass == weight
    assert font["OS/2"].fsType == 0


def test_the_licence_lies_beside_the_fonts() -> None:
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "OFL.txt").read_text(encoding="utf-8").upper()


def test_the_code_names_case_report_and_digest() -> None:
    assert qr_content("YRG-1", "r1", "ab" * 32) == "DALA:YRG-1:r1:" + "ab" * 8


def test_two_contents_make_two_codes_with_the_three_corners() -> None:
    one, other = QrCode("DALA:1", 72), QrCode("DALA:2", 72)
    assert one.modules != other.modules
    side = len(one.modules)
    for row, column in ((0, 0), (0, side - 7), (side - 7, 0)):
        assert all(one.modules[row][column : column + 7])
        assert not any(one.modules[row + 1][column + 1 : column + 6])
