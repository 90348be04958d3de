"""What is wrong with a record, in the words of somebody who fills in forms: which field, and what it would have to be.

The codec says what it met in the words of a programmer. Here they become a sentence that has translations, the issue
type of FHIR, and the place in the record.

Source: FHIR R4, OperationOutcome (issue types, expression).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.sync.field_words import FIELD_WORDS

_UNREADABLE: Final = Text("This record cannot be read: {detail}", detail="").msgid
_PLACE: Final = re.compile(r"(.*?)(?: - at `\$([^`]{0,300})`)?", re.DOTALL)
_INDEX: Final = re.compile(r"\[(?:\d+|\.\.\.)\]")
_LONGEST_WORD: Final = 80
_LONGEST_SAID: Final = 200


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: FHIR's issue type, the sentence, and the element (``name[0].given``; empty for none)."""

    code: str
    words: Text
    element: str = ""


def fault_of(error: ClinicError, code: str) -> Fault:
    """Return what an error says; ``code`` is its issue type when there is no better one."""
    if error.text.msgid != _UNREADABLE:
        return Fault(code, error.text)
    match = _PLACE.fullmatch(str(error.text.values["detail"]))
    said, place = (match[1], match[2] or "") if match else ("", "")
    element = place.lstrip(".")
    for pattern, fault in _KNOWN:
        if found := pattern.match(said):
            known = fault(found, element)
            return known if known.element or known.code not in ("value", "code-invalid") else _no_json(found, "")
    return Fault(code, Text(_UNREADABLE, detail=said[:_LONGEST_SAID]), element)


def _missing(found: re.Match[str], element: str) -> Fault:
    inner = ".".join(part for part in (element, found[1]) if part)
    return Fault("required", Text("“{field}” ({element}) is missing.", **_named(inner)), inner)


def _no_such_word(found: re.Match[str], element: str) -> Fault:
    value = found[1][:_LONGEST_WORD]
    words = Text("“{value}” is none of the words that “{field}” ({element}) may have.", value=value, **_named(element))
    return Fault("code-invalid", words, element)


def _no_date(_found: re.Match[str], element: str) -> Fault:
    words = Text("“{field}” ({element}) is no date: write it as 1964-03-05.", **_named(element))
    return Fault("value", words, element)


def _no_moment(_found: re.Match[str], element: str) -> Fault:
    words = Text(
        "“{field}” ({element}) needs a date, a time and a time zone: 2026-11-22T09:30:00+05:00.", **_named(element)
    )
    return Fault("value", words, element)


def _no_number(_found: re.Match[str], element: str) -> Fault:
    return Fault("value", Text("“{field}” ({element}) is no number the hub can keep.", **_named(element)), element)


def _wrong_form(_found: re.Match[str], element: str) -> Fault:
    if not element:
        return _no_json(_found, element)
    return Fault("structure", Text("“{field}” ({element}) has not the form it must have.", **_named(element)), element)


def _no_json(_found: re.Match[str], _element: str) -> Fault:
    return Fault("structure", Text("What was sent is no record: it breaks off, or is not written as JSON."))


def _unknown_type(found: re.Match[str], _element: str) -> Fault:
    return Fault("not-supported", Text("The hub does not keep {type}.", type=found[1][:_LONGEST_WORD]))


def _too_deep(_found: re.Match[str], _element: str) -> Fault:
    return Fault("too-long", Text("The record has too many levels within one another."))


def _too_large(_found: re.Match[str], _element: str) -> Fault:
    return Fault("too-long", Text("The record is too large."))


_KNOWN: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Fault]], ...]] = (
    (re.compile(r"Object missing required field `([^`]*)`"), _missing),
    (re.compile(r"Invalid (?:enum )?value '?(.*?)'?$", re.DOTALL), _no_such_word),
    (re.compile(r"Expected `str` matching regex"), _no_date),
    (re.compile(r"Invalid RFC3339|Expected `datetime`"), _no_moment),
    (re.compile(r"Invalid decimal|a decimal |Number out of range|Integer value out of range"), _no_number),
    (re.compile(r"unknown resource type '(.*)'", re.DOTALL), _unknown_type),
    (re.compile(r"nested too deep|maximum recursion"), _too_deep),
    (re.compile(r"too large"), _too_large),
    (re.compile(r"JSON is malformed|Input data was truncated|Invalid UTF-8|'utf-8' codec"), _no_json),
    (re.compile(r"Expected `"), _wrong_form),
)
"""What the codec says, the more particular first."""


def _named(element: str) -> dict[str, object]:
    """Return an element as staff call it, and as the standard does."""
    top = _INDEX.sub("", element).partition(".")[0]
    return {"field": FIELD_WORDS.get(top, top), "element": element}
