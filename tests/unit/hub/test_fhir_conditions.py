"""A condition is followed or refused: a write never goes through under another condition than its writer's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.foundation.errors import ClinicError
from clinic_app.hub.fhir_conditions import Preconditions, read_preconditions, read_search, read_version
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.storage.feed.terms import IdTerm, ValueTerm


def test_each_method_has_its_conditions() -> None:
    assert read_preconditions("Patient", "PUT", {}) == Preconditions()
    assert read_preconditions("Patient", "PUT", {"if-match": 'W/"a"'}) == Preconditions(version="a")
    assert read_preconditions("Patient", "PUT", {"if-none-match": " * "}) == Preconditions(is_new=True)
    assert read_preconditions("Patient", "PATCH", {"if-match": '"a"'}) == Preconditions(version="a")
    created = read_preconditions("Patient", "POST", {"if-none-exist": "identifier=s|1"})
    assert created.search == (ValueTerm("identifier", exact=("s|1",)),)


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("POST", {"if-match": 'W/"a"'}),
        ("POST", {"if-none-match": "*"}),
        ("POST", {"if-unmodified-since": "Sun, 22 Nov 2026 09:00:00 GMT"}),
        ("PUT", {"if-none-exist": "identifier=s|1"}),
        ("PUT", {"if-unmodified-since": "Sun, 22 Nov 2026 09:00:00 GMT"}),
        ("PUT", {"if-modified-since": "Sun, 22 Nov 2026 09:00:00 GMT"}),
        ("PUT", {"if-match": 'W/"a"', "if-none-match": "*"}),
        ("PUT", {"if-none-match": 'W/"a"'}),
        ("PUT", {"if-none-match": ""}),
        ("PATCH", {"if-none-match": "*"}),
        ("PATCH", {"if-none-exist": "identifier=s|1"}),
    ],
)
def test_a_condition_under_the_wrong_method_is_refused_and_not_left_out(method: str, asked: dict[str, str]) -> None:
    with pytest.raises(HttpRefusalError) as caught:
        read_preconditions("Patient", method, asked)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "header",
    ["", "*", "a", "W/a", 'W/"a", W/"b"', 'W/"', 'W/""', '"a\\"', 'w/"a"', 'W/"é"', 'W/"' + "a" * 81 + '"', '""a""'],
)
def test_a_garbled_version_is_never_taken_for_none(header: str) -> None:
    with pytest.raises(HttpRefusalError):
        read_version(header)


@pytest.mark.parametrize(
    "search",
    [
        "",
        "?",
        "&&&",
        "_format=json",
        "_count=1&identifier=s|1",
        "_summary=count&identifier=s|1",
        "cursor=x&identifier=s|1",
        "name=Serikbay",
        "identifier=s|1&name=Serikbay",
        "identifier:exact=1",
        "identifier=",
        "identifier",
        "identifier=1",
        "identifier=s|",
        "identifier=s|1,2",
        "_lastUpdated=gt2020-01-01",
        "birthdate=1964-03-05",
        "birthdate=yesterday",
        "identifier=" + "s|1," * 101,
        "&".join(f"identifier=s|{each}" for each in range(21)),
        "identifier=s|" + "1" * 5000,
    ],
)
def test_a_search_that_would_find_more_than_was_meant_is_refused(search: str) -> None:
    with pytest.raises(HttpRefusalError) as caught:
        read_search("Patient", search)
    assert caught.value.status == 400


def test_more_words_make_a_condition_narrower() -> None:
    assert len(read_search("Patient", "identifier=s|1&birthdate=1964-03-05&_lastUpdated=gt2020")) == 3


def test_a_search_may_begin_with_a_question_mark_and_is_decoded() -> None:
    assert read_search("Patient", "?_id=a%2Cb") == (IdTerm(("a", "b")),)
    assert read_search("Patient", "identifier=urn%3Ax%7C%D0%90") == (ValueTerm("identifier", exact=("urn:x|А",)),)


@settings(max_examples=100, deadline=None)
@given(
    method=st.sampled_from(["POST", "PUT", "PATCH"]),
    asked=st.dictionaries(
        st.sampled_from(["if-match", "if-none-match", "if-none-exist"]), st.text(max_size=30), max_size=3
    ),
)
def test_whatever_stands_in_a_header_is_understood_or_refused(method: str, asked: dict[str, str]) -> None:
    try:
        found = read_preconditions("Patient", method, asked)
    except ClinicError:
        return
    assert len(asked) == (found.version is not None) + found.is_new + bool(found.search)
