"""The spans a report may have, so that no two reports tell by their difference what neither tells.

A span is whole calendar months, all of them over: what is asked tomorrow is what is asked today. Whole calendar years
never overlap, so theirs are the true figures. Any other span lies inside or across others, and the difference of two
would be one month of one small group; so its figures are rounded to the nearest five.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

MOST_MONTHS: Final = 60
_FIRST_YEAR: Final = 1900
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Whole months, from the first day of the first to the last day of the last."""

    first: date
    last: date

    @property
    def months(self) -> tuple[str, ...]:
        """Its months, ``YYYY-MM``."""
        return tuple(_months(self.first, self.last))

    @property
    def is_exact(self) -> bool:
        """Whether it is one calendar year, whose figures are told as they are."""
        return (self.first, self.last) == (date(self.first.year, 1, 1), date(self.first.year, 12, 31))


def checked_span(first: date, last: date, today: date) -> Span:
    """Return a span of a report.

    Args:
        first: the first day of a month.
        last: the last day of the same or a later month.
        today: by the calendar on the wall.

    Raises:
        InvalidInputError: it is no whole months, not over, or too long.
    """
    if first.day != 1 or (last + _DAY).day != 1 or last < first or first.year < _FIRST_YEAR:
        raise InvalidInputError(Text("A report is about whole months, from the first to the last."), "span")
    if last >= today:
        raise InvalidInputError(Text("A report is about months that are over."), "span")
    if len(list(_months(first, last))) > MOST_MONTHS:
        raise InvalidInputError(Text("A report is about {most} months at most.", most=MOST_MONTHS), "span")
    return Span(first, last)


def last_twelve_months(today: date) -> Span:
    """Return the twelve months before the one that is running."""
    last = today.replace(day=1) - _DAY
    return Span(month_begin(last.year, last.month - 11), last)


def month_begin(year: int, month: int) -> date:
    """Return the first day of a month; months below 1 or above 12 are those of other years."""
    years, place = divmod(month - 1, 12)
    return date(year + years, place + 1, 1)


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return month_begin(day.year, day.month + 1) - _DAY


def _months(first: date, last: date) -> Iterator[str]:
    day = first
    while day <= last:
        yield f"{day:%Y-%m}"
        day = month_begin(day.year, day.month + 1)
