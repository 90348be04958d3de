"""Records of LIS2-A2: delimiters that every message names itself, escapes, numbers, times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from astm import codec
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.astm.records import (
    LONGEST_FIELD,
    Delimiters,
    escaped,
    read_record,
    read_time,
    read_value,
    unescaped,
    written_time,
)

USUAL = Delimiters()
ALMATY = timezone(timedelta(hours=5))


def test_a_header_names_the_delimiters_of_its_message() -> None:
    assert Delimiters.of_header("H|\\^&|||AU") == USUAL
    assert Delimiters.of_header("H!~$%!!!AU") == Delimiters("!", "~", "$", "%")


@pytest.mark.parametrize("header", ["H", "H|", "H|||&", "H|\\^", "HABCD", "P|\\^&", "H|\\^ x", "H|\\^\x7f"])
def test_nonsense_names_no_delimiters(header: str) -> None:
    assert Delimiters.of_header(header) is None


def test_fields_repeats_and_components_are_numbered_from_one() -> None:
    record = read_record("R|1|^^^GLU^1|5.6|mmol/L|3.9 to 6.1|H\\A||F", USUAL)
    assert (record.kind, record.text(2), record.component(3, 4), record.text(4)) == ("R", "1", "GLU", "5.6")
    assert record.repeats(7) == ("H", "A")
    assert (record.text(99), record.component(3, 99), record.component(99, 1), record.repeats(99)) == ("", "", "", ())


def test_the_same_fields_are_read_by_another_implementation() -> None:
    line = "O|1|S1^7||^^^GLU\\^^^HB|R"
    theirs = codec.decode_record(line.encode(), "latin-1")
    ours = read_record(line, USUAL)
    assert (theirs[2][0], theirs[2][1]) == (ours.component(3, 1), ours.component(3, 2))
    assert theirs[4][0][3] == ours.component(5, 4)


@pytest.mark.parametrize(
    ("field", "name"),
    [("^^^GLU", "GLU"), ("^^^^GLU", "GLU"), ("GLU", "GLU"), ("^^^HGB^2", "HGB"), ("718-7^Hb", "718-7"), ("", "")],
)
def test_a_test_is_named_by_the_makers_code_first(field: str, name: str) -> None:
    assert read_record(f"R|1|{field}|5", USUAL).test_name(3) == name


def test_escape_sequences_stand_for_the_delimiters() -> None:
    assert unescaped("a&F&b&S&c&R&d&E&e&X41&", USUAL) == "a|b^c\\d&eA"
    assert unescaped("&H& &X4& & &&", USUAL) == "&H& &X4& & &&"


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40))
def test_what_was_escaped_is_read_back(text: str) -> None:
    assert unescaped(escaped(text, USUAL), USUAL) == text


def test_control_characters_do_not_come_through_an_escape() -> None:
    assert read_record("P|1|a&X0D&b\u202ec", USUAL).text(3) == "abc"


def test_a_field_has_a_longest_length() -> None:
    record = read_record("P|1|" + "x" * 9000 + "|" + "y\\" * 9000, USUAL)
    assert len(record.text(3)) == LONGEST_FIELD
    assert len(record.component(3, 1)) == LONGEST_FIELD
    assert len(record.repeats(4)) == 16


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5.6", Decimal("5.6")),
        ("5,6", Decimal("5.6")),
        ("-1", Decimal(-1)),
        (".5", Decimal("0.5")),
        ("+3.", Decimal(3)),
    ],
)
def test_a_plain_number_is_a_number(text: str, value: Decimal) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize("text", ["> 25", "positive", "1e5", "NaN", "5.6.7", "1" * 200, "٣", "", "+", "--"])
def test_everything_else_stays_as_it_was_said(text: str) -> None:
    assert read_value(text) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260305120000", datetime(2026, 3, 5, 7, tzinfo=UTC)),
        ("202603051200", datetime(2026, 3, 5, 7, tzinfo=UTC)),
        ("20260305", datetime(2026, 3, 4, 19, tzinfo=UTC)),
    ],
)
def test_an_analysers_clock_tells_local_time(text: str, moment: datetime) -> None:
    assert read_time(text, ALMATY) == moment


@pytest.mark.parametrize("text", ["", "2026", "20261305120000", "2026030512000x", "00000000000000", "٢٠٢٦٠٣٠٥"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_time(text, ALMATY) is None


def test_this_computers_zone_is_taken_where_none_is_named() -> None:
    moment = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
    assert read_time(written_time(moment)) == moment
