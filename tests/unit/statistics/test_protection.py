"""Small groups are hidden, and nobody can work them out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.statistics.protection import LEAST, Protected, protect, rounded

COUNTS = st.lists(st.integers(0, 30) | st.integers(0, 6), min_size=1, max_size=12)


def _exactly(*counts: int) -> Protected:
    return protect(counts, is_rounded=False)


def test_large_groups_are_told_with_their_total() -> None:
    assert _exactly(5, 12, 0) == Protected((5, 12, 0), 17)


@pytest.mark.parametrize("small", [1, 2, 3, 4])
def test_a_small_group_is_hidden_with_a_second_one(small: int) -> None:
    assert _exactly(small, 40, 9).counts == (None, 40, None)
    assert _exactly(small, 40, 9).total == small + 49


def test_five_is_told() -> None:
    assert _exactly(5, 5).counts == (5, 5)


def test_nobody_is_told_as_nobody() -> None:
    assert _exactly(0, 0, 0) == Protected((0, 0, 0), 0)
    assert _exactly(0, 7) == Protected((0, 7), 7)


@pytest.mark.parametrize("counts", [(1, 1, 3), (4, 1), (1, 1, 1, 1, 1), (2, 2, 2)])
def test_a_total_that_leaves_no_room_is_hidden_with_its_groups(counts: tuple[int, ...]) -> None:
    assert _exactly(*counts) == Protected((None,) * len(counts), None)


@pytest.mark.parametrize("counts", [(1,), (4,), (1, 1), (2, 0, 2), (0, 0, 3)])
def test_a_small_total_hides_everything(counts: tuple[int, ...]) -> None:
    assert _exactly(*counts) == Protected((None,) * len(counts), None)


def test_two_small_ones_that_would_tell_each_other_hide_a_third() -> None:
    assert _exactly(1, 1, 20, 30).counts == (None, None, None, 30)


def test_small_ones_alone_hide_the_empty_ones_too() -> None:
    assert _exactly(1, 1, 1, 1, 1, 0).counts == (None,) * 6


def test_hidden_groups_with_room_leave_the_empty_ones() -> None:
    assert _exactly(3, 4, 0, 12).counts == (None, None, 0, 12)


def test_a_single_group_is_its_total() -> None:
    assert _exactly(8) == Protected((8,), 8)


def test_many_visits_of_few_people_are_hidden() -> None:
    told = protect((30, 40, 50), is_rounded=False, people=(2, 20, 20))
    assert told == Protected((None, None, 50), 120)


def test_a_table_of_few_people_is_hidden_whole() -> None:
    assert protect((30, 0), is_rounded=False, people=(3, 0)) == Protected((None, None), None)


@pytest.mark.parametrize(
    ("count", "told"), [(0, 0), (1, 0), (2, 0), (3, 5), (5, 5), (7, 5), (8, 10), (12, 10), (13, 15), (1000, 1000)]
)
def test_rounding_goes_to_the_nearest_five(count: int, told: int) -> None:
    assert rounded(count) == told


def test_rounded_tables_hide_by_the_true_counts() -> None:
    assert protect((3, 23, 9, 41), is_rounded=True) == Protected((None, 25, None, 40), 75)


@given(COUNTS, st.booleans())
def test_no_small_group_is_ever_told(counts: list[int], is_rounded: bool) -> None:
    told = protect(counts, is_rounded=is_rounded)
    for count, shown in zip(counts, told.counts, strict=True):
        assert shown is None or count == 0 or count >= LEAST
    assert told.total is None or sum(counts) == 0 or sum(counts) >= LEAST


@given(COUNTS)
def test_the_total_minus_the_others_leaves_every_hidden_one_open(counts: list[int]) -> None:
    told = protect(counts, is_rounded=False)
    if told.total is None:
        return
    hidden = [place for place, shown in enumerate(told.counts) if shown is None]
    left = told.total - sum(shown for shown in told.counts if shown is not None)
    assert len(hidden) != 1
    if hidden:
        least = 0 if any(counts[place] == 0 for place in hidden) else 1
        assert left - least * (len(hidden) - 1) >= LEAST, "one of them could not be five or more"
        assert left >= LEAST


@given(st.lists(st.integers(0, 9), min_size=2, max_size=4))
def test_whoever_tries_every_answer_finds_several_for_every_hidden_one(counts: list[int]) -> None:
    told = protect(counts, is_rounded=False)
    if told.total is None:
        return
    hidden = [place for place, shown in enumerate(told.counts) if shown is None]
    left = told.total - sum(shown for shown in told.counts if shown is not None)
    answers = [each for each in product(range(left + 1), repeat=len(hidden)) if sum(each) == left]
    for place in range(len(hidden)):
        assert len({each[place] for each in answers}) > 1


@given(COUNTS)
def test_what_is_told_exactly_is_true(counts: list[int]) -> None:
    told = protect(counts, is_rounded=False)
    assert all(shown in (None, count) for count, shown in zip(counts, told.counts, strict=True))
    assert told.total in (None, sum(counts))


@given(st.integers(0, 500), st.integers(1, 4))
def test_a_difference_of_rounded_spans_tells_no_single_number(count: int, few: int) -> None:
    """One more month brings one to four: what is seen is nothing or five, and both can mean any of them."""
    assert rounded(count + few) - rounded(count) in (0, 5)
