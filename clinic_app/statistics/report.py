"""What a report says: tables of counts and times, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import quantiles
from typing import Final, Literal

from clinic_app.foundation.texts import Text
from clinic_app.statistics.protection import LEAST, protect
from clinic_app.statistics.spans import Span
from clinic_app.storage import AnswerTime, Side, TaskCounts
from clinic_app.terminology.specialties import SPECIALTIES, URGENCIES, URGENCY_WORDS

TableKey = Literal[
    "patients", "new-patients", "visits", "observations", "studies",
    "sent-urgency", "sent-specialty", "sent-state", "sent-month",
    "received-urgency", "received-specialty", "received-state", "received-month",
]  # fmt: skip
AGES: Final = (0, 5, 18, 40, 60, 75)
"""The first year of each group of age."""
SEXES: Final[Mapping[str, Text]] = {
    "female": Text("Women"),
    "male": Text("Men"),
    "": Text("Sex not stated"),
}
STATES: Final[Mapping[str, tuple[Text, frozenset[str]]]] = {
    "waiting": (Text("Waiting"), frozenset({"requested", "received", "ready"})),
    "open": (Text("Being answered"), frozenset({"accepted", "in-progress", "on-hold"})),
    "answered": (Text("Answered"), frozenset({"completed"})),
    "declined": (Text("Not answered, closed"), frozenset({"rejected", "cancelled", "failed"})),
}
"""States of a Task as a report groups them; together they are all that are counted."""
OTHER: Final = Text("Other or not stated")
_TITLES: Final[Mapping[TableKey, Text]] = {
    "patients": Text("Patients registered or examined, by sex and age"),
    "new-patients": Text("New patients by month"),
    "visits": Text("Visits by month"),
    "observations": Text("Measurements by month"),
    "studies": Text("Imaging studies by month"),
    "sent-urgency": Text("Referrals sent, by urgency"),
    "sent-specialty": Text("Referrals sent, by specialty"),
    "sent-state": Text("Referrals sent, by what became of them"),
    "sent-month": Text("Referrals sent, by month"),
    "received-urgency": Text("Referrals received, by urgency"),
    "received-specialty": Text("Referrals received, by specialty"),
    "received-state": Text("Referrals received, by what became of them"),
    "received-month": Text("Referrals received, by month"),
}


@dataclass(frozen=True)
class Line:
    """One group of a table; ``count`` is None where it is hidden."""

    label: Text | str
    count: int | None


@dataclass(frozen=True)
class Table:
    """Groups that together are the total; months have a ``str`` as label, ``YYYY-MM``.

    ``total`` is None where the whole table is hidden.
    """

    key: TableKey
    title: Text
    lines: tuple[Line, ...]
    total: int | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was counted."""
        return self.total == 0 and not self.has_hidden

    @property
    def has_hidden(self) -> bool:
        """Whether something in it is hidden."""
        return any(line.count is None for line in self.lines)


@dataclass(frozen=True)
class Quartiles:
    """Minutes within which a quarter, half and three quarters were answered, to the nearest five."""

    low_min: int
    median_min: int
    high_min: int


@dataclass(frozen=True)
class Wait:
    """How long referrals of one urgency waited for their answer; None where fewer than five were answered.

    Args:
        side: whether we asked or answered.
        urgency: which; all together where it is `ALL`.
        from_sent: by the asking hospital's clock: with the way to the hub.
        from_hub: since the hub had the question: without that way.
    """

    side: Side
    urgency: Text
    from_sent: Quartiles | None
    from_hub: Quartiles | None


@dataclass(frozen=True)
class Report:
    """One report.

    Args:
        span_from: its first day.
        span_to: its last day.
        made_at: when it was counted.
        is_rounded: whether its counts are rounded to the nearest five.
        facility: whose it is.
        tables: the counts.
        waits: the times.
    """

    span_from: date
    span_to: date
    made_at: datetime
    is_rounded: bool
    facility: str
    tables: tuple[Table, ...]
    waits: tuple[Wait, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to count."""
        return all(table.is_empty for table in self.tables)

    def table(self, key: TableKey) -> Table:
        """Return one of its tables."""
        return next(table for table in self.tables if table.key == key)


ALL: Final = Text("All urgencies")


def births_of_ages(last: date) -> tuple[str, ...]:
    """Return the latest days of birth of the groups of age on a day, the oldest group first."""
    return tuple(f"{last.year - years:04}-{last.month:02}-{last.day:02}" for years in reversed(AGES[1:]))


def patients_table(counted: Mapping[tuple[str, int], int], span: Span) -> Table:
    """Return the table of patients by sex and age, the youngest first.

    Args:
        counted: by sex and place in `births_of_ages`.
        span: of the report.
    """
    groups: list[tuple[Text | str, int]] = []
    for sex, words in SEXES.items():
        for place in (*reversed(range(len(AGES))), -1):
            told = [c for (s, age), c in counted.items() if age == place and (s if s in SEXES else "") == sex]
            groups.append((Text("{sex}, {age}", sex=words, age=_age_words(place)), sum(told)))
    return _table("patients", groups, span)


def months_table(
    key: TableKey, counted: Mapping[str, int], span: Span, people: Mapping[str, int] | None = None
) -> Table:
    """Return a table of the months of a span; ``people`` says of how many people, where one may count twice."""
    of_people = None if people is None else [people.get(month, 0) for month in span.months]
    return _table(key, [(month, counted.get(month, 0)) for month in span.months], span, of_people)


def referral_tables(side: Side, counted: TaskCounts, span: Span) -> tuple[Table, ...]:
    """Return the tables of the referrals one way."""
    asked = {"asap": "urgent"}
    urgencies: dict[str, int] = {}
    for code, count in counted.urgencies.items():
        urgencies[asked.get(code, code)] = urgencies.get(asked.get(code, code), 0) + count
    states = {name: sum(counted.states.get(each, 0) for each in members) for name, (_, members) in STATES.items()}
    keys: tuple[TableKey, ...] = (
        ("sent-urgency", "sent-specialty", "sent-state", "sent-month")
        if side == "sent"
        else ("received-urgency", "received-specialty", "received-state", "received-month")
    )
    return (
        _table(keys[0], _known(urgencies, {each: URGENCY_WORDS[each] for each in URGENCIES}), span),
        _table(keys[1], _known(counted.specialties, {each.code: each.words for each in SPECIALTIES}), span),
        _table(keys[2], [(words, states[name]) for name, (words, _) in STATES.items()], span),
        months_table(keys[3], counted.months, span),
    )


def waits_of(side: Side, times: Sequence[AnswerTime]) -> tuple[Wait, ...]:
    """Return how long the referrals one way waited: all, then each urgency."""
    by_urgency = {"asap": "urgent"}
    made = [_wait(side, ALL, times)]
    for code in URGENCIES:
        of_code = [each for each in times if by_urgency.get(each.urgency, each.urgency) == code]
        made.append(_wait(side, URGENCY_WORDS[code], of_code))
    return tuple(made)


def _wait(side: Side, urgency: Text, times: Sequence[AnswerTime]) -> Wait:
    return Wait(
        side,
        urgency,
        _quartiles(each.answered_at - each.sent_at for each in times),
        _quartiles(each.answered_at - each.hub_at for each in times if each.hub_at is not None),
    )


def _quartiles(waited: Iterable[timedelta]) -> Quartiles | None:
    """Return the quartiles; a clock that was wrong says less than nothing and counts as nothing."""
    minutes = [max(0.0, each / timedelta(minutes=1)) for each in waited]
    if len(minutes) < LEAST:
        return None
    low, median, high = (LEAST * round(each / LEAST) for each in quantiles(minutes, n=4, method="inclusive"))
    return Quartiles(low, median, high)


def _known(counted: Mapping[str, int], words: Mapping[str, Text]) -> list[tuple[Text | str, int]]:
    """Return the groups of a list of codes; whatever is not on it is one group at the end."""
    groups: list[tuple[Text | str, int]] = [(each, counted.get(code, 0)) for code, each in words.items()]
    return [*groups, (OTHER, sum(count for code, count in counted.items() if code not in words))]


def _table(
    key: TableKey, groups: Sequence[tuple[Text | str, int]], span: Span, people: Sequence[int] | None = None
) -> Table:
    told = protect([count for _, count in groups], is_rounded=not span.is_exact, people=people)
    lines = (Line(label, count) for (label, _), count in zip(groups, told.counts, strict=True))
    return Table(key, _TITLES[key], tuple(lines), told.total)


def _age_words(place: int) -> Text | str:
    if place < 0:
        return Text("age not known")
    group = len(AGES) - 1 - place
    if group == len(AGES) - 1:
        return f"{AGES[group]}+"
    return f"{AGES[group]}–{AGES[group + 1] - 1}"
