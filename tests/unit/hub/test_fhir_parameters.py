"""The table of search parameters against the records and the indexes it speaks of."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.hub.fhir_parameters import (
    KEPT,
    NOT_ASKED_FOR,
    PARAMETERS,
    parameters_of,
    read_count,
    read_moment,
    read_query,
)
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.records.codec import TYPES
from clinic_app.storage.feed.terms import IdTerm, ReceivedTerm, ValueTerm
from clinic_app.storage.indexes import NAMES

FIELDS = {
    "subject": {"subject", "patient", "for_", "participant"},
    "focus": {"focus", "about"},
    "author": {"author", "sender", "recorder", "results_interpreter"},
    "code": {"code", "type"},
    "tag": {"meta"},
}
"""The elements behind an index name, where they are called otherwise than the name."""


def test_every_index_can_be_asked_for_or_is_left_out_on_purpose() -> None:
    asked = {each.index for each in PARAMETERS if each.index}
    assert asked | NOT_ASKED_FOR == NAMES
    assert not asked & NOT_ASKED_FOR


@pytest.mark.parametrize("parameter", [each for each in PARAMETERS if each.index], ids=lambda each: each.name)
def test_every_type_has_the_element_its_parameter_looks_at(parameter: Any) -> None:
    for name in parameter.types:
        fields = {field.name for field in msgspec.structs.fields(TYPES[name])}
        assert fields & FIELDS.get(parameter.index, {parameter.index}), (parameter.name, name)


def test_no_type_has_a_parameter_twice() -> None:
    for name in KEPT:
        offered = [each.name for each in PARAMETERS if name in each.types]
        assert len(offered) == len(set(offered)) == len(parameters_of(name))


def test_types_without_a_table_line_know_what_all_know() -> None:
    assert set(parameters_of("Practitioner")) == {"_id", "_lastUpdated", "_tag", "identifier"}
    assert parameters_of("Bundle") == {}


def test_a_comma_behind_a_backslash_belongs_to_the_value() -> None:
    query = read_query("Observation", [("code", r"a\,b,c\\,d\|e,|f")], is_strict=True)
    assert query.terms == (ValueTerm("code", exact=("a,b", "c\\", "d|e", "|f")),)


def test_what_counts_is_repeated_and_the_cursor_is_not() -> None:
    asked = [("_id", "x"), ("cursor", "abc"), ("colour", "red"), ("_format", "json"), ("_format", "xml")]
    query = read_query("Patient", asked, is_strict=False)
    assert query.terms == (IdTerm(("x",)),)
    assert query.cursor == "abc"
    assert query.understood == (("_id", "x"), ("_format", "json"))
    assert [each.render("en") for each in query.left_out] == [
        "The hub does not know the search word “colour”; it was left out.",
        "The hub does not know the search word “_format”; it was left out.",
    ]


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("2026", "2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"),
        ("2026-02", "2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00"),
        ("2026-12", "2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2026-11-22T09:30", "2026-11-22T09:30:00+00:00", "2026-11-22T09:31:00+00:00"),
        ("2026-11-22T14:30:07+05:00", "2026-11-22T09:30:07+00:00", "2026-11-22T09:30:08+00:00"),
        ("2026-11-22T09:30:07.5Z", "2026-11-22T09:30:07.500000+00:00", "2026-11-22T09:30:07.600000+00:00"),
        ("2026-11-22T09:30:07.123456Z", "2026-11-22T09:30:07.123456+00:00", "2026-11-22T09:30:07.123457+00:00"),
    ],
)
def test_a_moment_is_as_long_as_it_was_written_exactly(typed: str, start: str, end: str) -> None:
    (term,) = read_query("Task", [("_lastUpdated", typed)], is_strict=True).terms
    assert isinstance(term, ReceivedTerm)
    (span,) = term.spans
    assert (span.start.isoformat(), span.end.isoformat()) == (start, end)
    assert read_moment(typed) == span.start


def test_a_page_is_never_larger_than_one_page() -> None:
    assert (read_count(None), read_count("7"), read_count("9" * 5000)) == (50, 7, 200)


@settings(max_examples=200, deadline=None)
@given(
    type_name=st.sampled_from(KEPT),
    asked=st.lists(
        st.tuples(st.sampled_from([each.name for each in PARAMETERS] + ["_count", "x:y"]), st.text(max_size=30)),
        max_size=5,
    ),
)
def test_whatever_is_asked_is_understood_or_refused(type_name: str, asked: list[tuple[str, str]]) -> None:
    with suppress(HttpRefusalError):
        query = read_query(type_name, asked, is_strict=False)
        assert len(query.understood) + len(query.left_out) == len(asked)
