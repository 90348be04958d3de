"""The numbers of messages: who counts is believed, and nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.message_numbers import MessageNumbers, Numbered


def heard(*ids: str) -> Numbered:
    numbers = MessageNumbers()
    for each in ids[:-1]:
        numbers.heard(each)
    return numbers.heard(ids[-1])


@pytest.mark.parametrize(("last", "missing"), [("105", 0), ("106", 1), ("110", 5)])
def test_a_device_that_counts_says_how_many_are_missing(last: str, missing: int) -> None:
    assert heard("100", "101", "102", "103", "104", last) == Numbered(missing)


def test_letters_before_the_number_are_no_hindrance_and_new_ones_are_a_new_count() -> None:
    assert heard("A-1", "A-2", "A-3", "A-4", "A-7") == Numbered(2)
    assert heard("A-1", "A-2", "A-3", "A-4", "B-7") == Numbered(None)


@pytest.mark.parametrize(
    "ids",
    [
        ("7", "7", "7", "7", "7"),
        ("", "", "", ""),
        ("20260305120001", "20260305120002", "20260305120101", "20260305120230", "20260305120231"),
        ("f3", "a9", "b1", "c7", "d2"),
        ("1", "2", "3"),
        ("5", "6", "7", "8", "1"),
        ("5", "6", "7", "8", "99999999"),
    ],
)
def test_what_does_not_count_is_no_witness(ids: tuple[str, ...]) -> None:
    assert heard(*ids).missing is None


def test_a_message_that_is_sent_again_is_known_where_numbers_differ() -> None:
    assert heard("1", "2", "3", "4", "5", "5") == Numbered(0, is_again=True)
    assert heard("x", "y", "x").is_again
    assert not heard("same", "same", "same").is_again


def test_the_count_goes_on_after_one_that_was_sent_again() -> None:
    assert heard("1", "2", "3", "4", "5", "5", "6") == Numbered(0)
    assert heard("1", "2", "3", "4", "5", "4", "7") == Numbered(1)


def test_the_sequence_number_goes_before_the_control_id() -> None:
    numbers = MessageNumbers()
    for place in range(5):
        numbers.heard("always the same", str(place))
    assert numbers.heard("always the same", "7") == Numbered(2)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=8)), max_size=30))
@settings(max_examples=25)
def test_no_text_breaks_it(ids: list[tuple[str, str]]) -> None:
    numbers = MessageNumbers()
    for control_id, sequence in ids:
        missing = numbers.heard(control_id, sequence).missing
        assert missing is None or missing >= 0
