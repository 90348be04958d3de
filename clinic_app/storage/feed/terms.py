"""What a record can be asked for in a search of the feed, and the SQL condition of each question.

Times are compared letter by letter (ISO 8601 in UTC), whatever order a server gives the words of its language.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from clinic_app.storage.feed.tables import FEED_RECORD
from clinic_app.storage.indexes import index_value
from clinic_app.storage.tables import INDEX_ENTRY

Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge"]
_BY_LETTER: Final = {"postgresql": "C", "sqlite": "BINARY"}


@dataclass(frozen=True)
class IdTerm:
    """The record's id is one of these."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class ValueTerm:
    """One of the values under an index name is one of ``exact``, or begins or ends like one of the others."""

    name: str
    exact: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Day:
    """A year, a month or a day as FHIR writes it, and how a date has to lie to it."""

    comparison: Comparison
    date: str


@dataclass(frozen=True)
class DayTerm:
    """A date under an index name lies as one of ``days`` says."""

    name: str
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Span:
    """A stretch of time from ``start`` up to, not including, ``end``, and how a moment has to lie to it."""

    comparison: Comparison
    start: datetime
    end: datetime


@dataclass(frozen=True)
class ReceivedTerm:
    """The hub got the record's newest version as one of ``spans`` says."""

    spans: tuple[Span, ...]


Term = IdTerm | ValueTerm | DayTerm | ReceivedTerm


def condition(connection: Connection, type_name: str, term: Term) -> ColumnElement[bool]:
    """Return what ``term`` asks of a row of `FEED_RECORD` that holds a record of ``type_name``."""
    if isinstance(term, IdTerm):
        return FEED_RECORD.c.id.in_(term.ids)
    if isinstance(term, ReceivedTerm):
        received_at = in_time_order(FEED_RECORD.c.received_at, connection)
        return or_(*(_lies(received_at, span) for span in term.spans))
    value = INDEX_ENTRY.c.value
    if isinstance(term, DayTerm):
        date = in_time_order(value, connection)
        asked: list[ColumnElement[bool]] = [_is_dated(date, day) for day in term.days]
    else:
        asked = [value.in_(tuple(index_value(each) for each in term.exact))]
        asked += [value.startswith(each, autoescape=True) for each in term.beginnings]
        asked += [value.endswith(each, autoescape=True) for each in term.endings]
    found = select(INDEX_ENTRY.c.id).where(
        INDEX_ENTRY.c.type == type_name, INDEX_ENTRY.c.name == term.name, or_(*asked)
    )
    return FEED_RECORD.c.id.in_(found)


def in_time_order(column: Any, connection: Connection) -> ColumnElement[str]:  # noqa: ANN401 - a column of text
    """Return a column of ISO 8601 times or dates, to be compared letter by letter."""
    ordered: ColumnElement[str] = column.collate(_BY_LETTER[connection.dialect.name])
    return ordered


def _lies(moment: ColumnElement[str], span: Span) -> ColumnElement[bool]:
    start, end = span.start.isoformat(), span.end.isoformat()
    answers: dict[Comparison, ColumnElement[bool]] = {
        "eq": and_(moment >= start, moment < end),
        "ne": or_(moment < start, moment >= end),
        "lt": moment < start,
        "le": moment < end,
        "gt": moment >= end,
        "ge": moment >= start,
    }
    return answers[span.comparison]


def _is_dated(date: ColumnElement[str], day: Day) -> ColumnElement[bool]:
    """A date is itself a year, a month or a day, so that it may hold what is asked for, or lie within it.

    Source: FHIR R4, Search, 3.1.1.4.6 (date).
    """
    within = or_(date == day.date, date.startswith(f"{day.date}-", autoescape=True))
    wider = date.in_([day.date[:length] for length in (4, 7) if length < len(day.date)])
    answers: dict[Comparison, ColumnElement[bool]] = {
        "eq": within,
        "ne": ~within,
        "lt": date < day.date,
        "le": or_(date < day.date, within),
        "gt": or_(and_(date > day.date, ~within), wider),
        "ge": or_(date >= day.date, wider),
    }
    return answers[day.comparison]
