"""Under which conditions a write may go through: If-Match, If-None-Match, If-None-Exist, and the record a search names.

A condition that is not understood is refused, never left out: a write without the condition its writer set is another
write than he wanted.

Source: FHIR R4, RESTful API (managing resource contention, conditional create, update and patch).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from clinic_app.foundation.texts import Text
from clinic_app.hub.fhir_parameters import MOST_PARAMETERS, read_query
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.storage.feed.terms import IdTerm, Term, ValueTerm

_ETAG: Final = re.compile(r'(?:W/)?"([!#-\[\]-~]{1,80})"', re.ASCII)
_ABOUT_THE_ANSWER: Final = ("_count", "_summary", "cursor")
_LONGEST_SEARCH: Final = 4000


@dataclass(frozen=True)
class Preconditions:
    """What has to hold for a write.

    Args:
        version: the version the record has to be at; None for whatever it is at.
        is_new: whether there must be no record yet.
        search: terms of which at most one record may meet all; empty for none.
    """

    version: str | None = None
    is_new: bool = False
    search: tuple[Term, ...] = ()


def read_preconditions(type_name: str, method: str, asked: Mapping[str, str]) -> Preconditions:
    """Return the preconditions of one write.

    Args:
        type_name: what is written.
        method: POST, PUT or PATCH.
        asked: header names in small letters and their values; a Bundle's entry has the same under other names.

    Raises:
        HttpRefusalError: 400, a condition that cannot be read, or that this method does not know.
    """
    known = {"POST": ("if-none-exist",), "PUT": ("if-match", "if-none-match"), "PATCH": ("if-match",)}[method]
    for name in ("if-match", "if-none-match", "if-none-exist", "if-modified-since", "if-unmodified-since"):
        if name in asked and name not in known:
            raise _refused(Text("The hub cannot follow the condition {name} here.", name=name))
    if "if-match" in asked and "if-none-match" in asked:
        raise _refused(Text("If-Match and If-None-Match contradict one another."))
    search = read_search(type_name, asked["if-none-exist"]) if "if-none-exist" in asked else ()
    version = read_version(asked["if-match"]) if "if-match" in asked else None
    if "if-none-match" in asked and asked["if-none-match"].strip() != "*":
        raise _refused(Text("If-None-Match of a write can only be *."))
    return Preconditions(version, "if-none-match" in asked, search)


def read_version(header: str) -> str:
    """Return the one version that If-Match names.

    Raises:
        HttpRefusalError: 400, it names none, or any, or several.
    """
    match = _ETAG.fullmatch(header.strip())
    if match is None:
        raise _refused(Text('If-Match has to name the one version that was edited: W/"version".'))
    return match[1]


def read_search(type_name: str, typed: str) -> tuple[Term, ...]:
    """Return the terms of a condition as it stands in If-None-Exist or behind the question mark of an address.

    The same number of two systems is two people, and a write waits for what it searches: so a condition is narrower
    than a search.

    Raises:
        HttpRefusalError: 400, it asks for nothing, or for what the hub cannot search.
    """
    if len(typed) > _LONGEST_SEARCH:
        raise _refused(Text("A search has at most {most} words.", most=MOST_PARAMETERS))
    try:
        asked = parse_qsl(typed.removeprefix("?"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise _refused(Text("A search has at most {most} words.", most=MOST_PARAMETERS)) from error
    strange = next((name for name, _ in asked if name in _ABOUT_THE_ANSWER), None)
    if strange is not None:
        raise _refused(Text("“{name}” cannot be part of a condition.", name=strange))
    terms = read_query(type_name, asked, is_strict=True).terms
    if not terms:
        raise _refused(Text("The condition asks for nothing: name at least one search word."))
    if any(isinstance(term, ValueTerm) and (term.beginnings or term.endings) for term in terms):
        raise _refused(Text("A condition names a number with its system: system|number."))
    if not any(isinstance(term, IdTerm | ValueTerm) for term in terms):
        raise _refused(Text("A condition needs more than a time: an id, a number, a code or a reference."))
    return terms


def _refused(words: Text) -> HttpRefusalError:
    return HttpRefusalError(400, "invalid", words)
