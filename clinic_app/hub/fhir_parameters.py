"""What records can be searched for over the hub's FHIR API: one table, and how what is asked becomes terms.

The CapabilityStatement and the OpenAPI document are made from the same table.

Source: FHIR R4, Search (parameter types, prefixes, modifiers) and the search parameters of each resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, cast

from clinic_app.foundation.texts import Text
from clinic_app.hub.refusals import HttpRefusalError
from clinic_app.records.codec import TYPES
from clinic_app.storage.feed.terms import Comparison, Day, DayTerm, IdTerm, ReceivedTerm, Span, Term, ValueTerm
from clinic_app.sync.wire import PAGE_ENTRIES

Kind = Literal["token", "reference", "date"]
KEPT: Final = tuple(sorted(set(TYPES) - {"Bundle", "Composition"}))
"""The types a hub keeps as records of their own; the others are envelopes."""
DEFAULT_COUNT: Final = 50
MOST_VALUES: Final = 100
MOST_PARAMETERS: Final = 20
MOST_WIDE: Final = 20
"""So many dates, times and numbers without their system one search may have; each is compared with every record's."""


@dataclass(frozen=True)
class Parameter:
    """One search parameter: FHIR's name, the one in `clinic_app.storage.indexes`, its kind, the types that have it."""

    name: str
    index: str
    kind: Kind
    types: tuple[str, ...]


_PLANS: Final = ("CarePlan", "Communication", "DiagnosticReport", "Task")
_ABOUT_SOMEBODY: Final = (*_PLANS, "Encounter", "DocumentReference", "ImagingStudy", "Observation", "ServiceRequest")
_NUMBERED: Final = ("DiagnosticReport", "DocumentReference", "ImagingStudy", "Observation", "ServiceRequest", "Task")
_VISITS: Final = ("Appointment", "Encounter")
_SORTED: Final = ("Communication", "DiagnosticReport", "DocumentReference", "Observation", "ServiceRequest")

PARAMETERS: Final[tuple[Parameter, ...]] = (
    Parameter("_id", "", "token", KEPT),
    Parameter("_lastUpdated", "", "date", KEPT),
    Parameter("_tag", "tag", "token", KEPT),
    Parameter(
        "identifier", "identifier", "token", (*_NUMBERED, *_VISITS, "Device", "Organization", "Patient", "Practitioner")
    ),
    Parameter("birthdate", "birth_date", "date", ("Patient",)),
    Parameter("status", "status", "token", (*_ABOUT_SOMEBODY, "Appointment", "Device")),
    Parameter("patient", "subject", "reference", (*_ABOUT_SOMEBODY, "AllergyIntolerance", "Appointment")),
    Parameter("subject", "subject", "reference", _ABOUT_SOMEBODY),
    Parameter("based-on", "based_on", "reference", (*_PLANS, "Appointment")),
    Parameter("owner", "owner", "reference", ("Task",)),
    Parameter("requester", "requester", "reference", ("ServiceRequest", "Task")),
    Parameter("performer", "performer", "reference", ("DiagnosticReport", "Observation", "ServiceRequest")),
    Parameter("focus", "focus", "reference", ("Task",)),
    Parameter("target", "target", "reference", ("Provenance",)),
    Parameter("author", "author", "reference", ("DocumentReference",)),
    Parameter("sender", "author", "reference", ("Communication",)),
    Parameter("recorder", "author", "reference", ("AllergyIntolerance",)),
    Parameter("results-interpreter", "author", "reference", ("DiagnosticReport",)),
    Parameter("code", "code", "token", ("AllergyIntolerance", *_NUMBERED[:1], "Observation", "ServiceRequest", "Task")),
    Parameter("type", "code", "token", ("AuditEvent", "Device", "DocumentReference", "Encounter")),
    Parameter("category", "category", "token", _SORTED),
    Parameter("agent", "agent", "reference", ("AuditEvent", "Provenance")),
    Parameter("entity", "entity", "reference", ("AuditEvent",)),
)
"""Every search parameter the hub serves; ``_id`` and ``_lastUpdated`` are in no index, the feed itself knows them."""

NOT_ASKED_FOR: Final = frozenset({"name_key", "content"})
"""Index names without a search parameter of FHIR's: a whole name as one key, and digests of content."""

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_REFERENCE = re.compile(r"(?:([A-Z][A-Za-z]{2,40})/)?([A-Za-z0-9.-]{1,64})", re.ASCII)
_COMPARED = re.compile(r"(eq|ne|lt|le|gt|ge|sa|eb)?(\d{4}(?:-.*)?)", re.ASCII | re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_BY_PREFIX: Final[Mapping[str, Comparison]] = {"sa": "gt", "eb": "lt", "": "eq"}


@dataclass(frozen=True)
class Query:
    """A search as it was understood.

    Args:
        terms: what a record has to meet.
        count: at most so many records on a page.
        is_count_only: only their number is wanted.
        cursor: where the page begins; empty for the first.
        understood: the parameters that count, as they were written.
        left_out: what was not understood.
    """

    terms: tuple[Term, ...]
    count: int
    is_count_only: bool
    cursor: str
    understood: tuple[tuple[str, str], ...]
    left_out: tuple[Text, ...]


def parameters_of(type_name: str) -> dict[str, Parameter]:
    """Return the search parameters of one type by their names."""
    return {each.name: each for each in PARAMETERS if type_name in each.types}


def read_query(type_name: str, asked: Sequence[tuple[str, str]], *, is_strict: bool) -> Query:
    """Return what a search asks for.

    Args:
        type_name: what is searched.
        asked: names and values as they stand in the address, decoded.
        is_strict: whether what is not known is refused instead of left out.

    Raises:
        HttpRefusalError: 400, a value or a modifier that cannot be, or too much at once.
    """
    if len(asked) > MOST_PARAMETERS:
        raise bad_search(Text("A search has at most {most} words.", most=MOST_PARAMETERS))
    known = parameters_of(type_name)
    terms: list[Term] = []
    understood: list[tuple[str, str]] = []
    left_out: list[Text] = []
    results: dict[str, str] = {}
    for name, value in asked:
        word, _, modifier = name.partition(":")
        if word in known and modifier:
            raise bad_search(Text("“{name}” cannot be asked with “:{modifier}” here.", name=word, modifier=modifier))
        if word in known:
            terms.append(_term(known[word], value))
        elif _is_about_the_answer(name, value):
            results[name] = value
        else:
            left_out.append(Text("The hub does not know the search word “{name}”; it was left out.", name=name[:80]))
            continue
        if name != "cursor":
            understood.append((name, value))
    if left_out and is_strict:
        raise HttpRefusalError(400, "not-supported", left_out[0])
    if sum(_wide(term) for term in terms) > MOST_WIDE:
        raise bad_search(Text("A search has at most {most} words.", most=MOST_WIDE))
    count = read_count(results.get("_count"))
    is_count_only = results.get("_summary") == "count" or count == 0
    return Query(tuple(terms), count, is_count_only, results.get("cursor", ""), tuple(understood), tuple(left_out))


def read_count(typed: str | None) -> int:
    """Return how many records a page may have; more than a page can hold is what a page can hold.

    Raises:
        HttpRefusalError: 400, no number.
    """
    if typed is None:
        return DEFAULT_COUNT
    if not (typed.isascii() and typed.isdigit()):
        raise bad_search(Text("“{value}” is no number.", value=typed[:80]))
    return min(int(typed[:9]), PAGE_ENTRIES)


def read_moment(typed: str) -> datetime:
    """Return the first moment of an instant or a date as FHIR writes them; without a zone it is UTC.

    Raises:
        HttpRefusalError: 400, there is no such moment.
    """
    return _stretch(typed)[0]


def bad_search(words: Text) -> HttpRefusalError:
    """Return the refusal of a search that cannot be."""
    return HttpRefusalError(400, "invalid", words)


def _wide(term: Term) -> int:
    """Return how many values of a term no index finds."""
    if isinstance(term, ValueTerm):
        return len(term.beginnings) + len(term.endings)
    return len(term.days) if isinstance(term, DayTerm) else len(term.spans) if isinstance(term, ReceivedTerm) else 0


def _is_about_the_answer(name: str, value: str) -> bool:
    allowed = {"_summary": ("count", "false"), "_format": ("json", "application/json", "application/fhir+json")}
    return name in ("_count", "cursor") or value in allowed.get(name, ())


def _term(parameter: Parameter, value: str) -> Term:
    values = _split(value)
    if not values or len(values) > MOST_VALUES:
        raise bad_search(Text("“{name}” needs 1 to {most} values.", name=parameter.name, most=MOST_VALUES))
    if parameter.name == "_id":
        return IdTerm(tuple(values))
    if parameter.name == "_lastUpdated":
        return ReceivedTerm(tuple(_span(each) for each in values))
    if parameter.kind == "date":
        return DayTerm(parameter.index, tuple(_day(each) for each in values))
    if parameter.kind == "reference":
        return ValueTerm(parameter.index, exact=tuple(_referred(parameter, values)))
    return _tokens(parameter, values)


def _split(value: str) -> list[str]:
    """Return the values between commas; a comma behind a backslash is part of a value."""
    parts = re.split(r"(?<!\\)((?:\\\\)*),", value)
    whole = ["".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return [re.sub(r"\\([\\,|$])", r"\1", each) for each in whole if each]


def _tokens(parameter: Parameter, values: Iterable[str]) -> ValueTerm:
    exact: list[str] = []
    beginnings: list[str] = []
    endings: list[str] = []
    for value in values:
        system, bar, code = value.rpartition("|")
        if bar and not code:
            beginnings.append(f"{system}|")
        elif parameter.index == "identifier" and not bar:
            endings.append(f"|{value}")
        else:
            exact.append(value)
    return ValueTerm(parameter.index, tuple(exact), tuple(beginnings), tuple(endings))


def _referred(parameter: Parameter, values: Iterable[str]) -> Iterable[str]:
    """Yield the ids that are meant; the indexes know ids alone, which are never given twice."""
    for value in values:
        match = _REFERENCE.fullmatch(value)
        if match is None:
            raise bad_search(Text("“{value}” names no record: write its type and id.", value=value[:80]))
        if parameter.name != "patient" or match[1] in (None, "Patient"):
            yield match[2]


def _day(value: str) -> Day:
    comparison, date = _compared(value)
    if not _DATE.fullmatch(date):
        raise _no_date(value)
    _stretch(date)
    return Day(comparison, date)


def _span(value: str) -> Span:
    comparison, moment = _compared(value)
    return Span(comparison, *_stretch(moment))


def _compared(value: str) -> tuple[Comparison, str]:
    match = _COMPARED.fullmatch(value)
    if match is None:
        raise _no_date(value)
    prefix = match[1] or ""
    return _BY_PREFIX.get(prefix) or cast(Comparison, prefix), match[2]


def _stretch(typed: str) -> tuple[datetime, datetime]:
    """Return the half-open stretch of time that a date or an instant means."""
    try:
        match = _DATE.fullmatch(typed)
        if match is None:
            return _instant(typed)
        year, month, day = (int(each or 1) for each in match.groups())
        start = datetime(year, month, day, tzinfo=UTC)
        if match[3]:
            return start, start + timedelta(days=1)
        following = start.replace(day=28) + timedelta(days=4)
        return start, following.replace(day=1) if match[2] else start.replace(year=year + 1)
    except (ValueError, OverflowError) as error:
        raise _no_date(typed) from error


def _instant(typed: str) -> tuple[datetime, datetime]:
    """Return a minute, a second or a millionth of one."""
    match = _MOMENT.fullmatch(typed)
    if match is None:
        raise _no_date(typed)
    moment = datetime.fromisoformat(typed)
    start = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    length = timedelta(microseconds=10 ** (7 - len(match[2]))) if match[2] else timedelta(seconds=1 if match[1] else 60)
    return start, start + length


def _no_date(typed: str) -> HttpRefusalError:
    return bad_search(Text("“{value}” is no date: write it as 2026-11-22.", value=typed[:80]))
