"""Whatever is typed, the database is asked for words and nothing else, on either engine."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_app.foundation.folding import name_keys
from clinic_app.storage.patient_search import match_expression

WORD = {"sqlite": r'"[a-z0-9]{1,100}"\*', "postgresql": r"'[a-z0-9]{1,100}':\*"}
BETWEEN = {"sqlite": (" AND ", " OR "), "postgresql": (" & ", " | ")}
TYPED = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="\"'*():^-+{}|&!<>\\ aNEAROTи0\x00%_", max_size=60),
    st.lists(st.sampled_from(["AND", "OR", "NOT", "NEAR", '"', "'", "иван", "keys:", "*", "!", "<->", "850101"])).map(
        " ".join
    ),
)


def _grammar(dialect: str) -> re.Pattern[str]:
    every, either = map(re.escape, BETWEEN[dialect])
    group = rf"\({WORD[dialect]}(?:{every}{WORD[dialect]})*\)"
    return re.compile(rf"(?:{group}(?:{either}{group})*)?")


@pytest.mark.parametrize("dialect", WORD)
@given(typed=TYPED)
def test_an_expression_is_quoted_words_and_our_own_signs(dialect: str, typed: str) -> None:
    assert _grammar(dialect).fullmatch(match_expression(typed, dialect))


@pytest.mark.parametrize("dialect", WORD)
@given(typed=TYPED)
def test_every_word_typed_is_asked_for_up_to_twelve(dialect: str, typed: str) -> None:
    expression = match_expression(typed, dialect)
    for key in name_keys(typed)[:12]:
        assert key[:100] in expression
    assert expression.count("*") <= 13


@pytest.mark.parametrize("dialect", WORD)
@pytest.mark.parametrize("typed", ["", "   ", "...", "***", '"""', "-+()", "\x00"])
def test_where_there_is_no_word_nothing_is_asked(dialect: str, typed: str) -> None:
    assert match_expression(typed, dialect) == ""


@pytest.mark.parametrize("dialect", WORD)
def test_a_word_of_a_megabyte_is_cut(dialect: str) -> None:
    assert len(match_expression("ab" * 500_000, dialect)) < 120
