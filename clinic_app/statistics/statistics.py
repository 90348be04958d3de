"""The statistician's service: a report over a span, and the same as a table to take away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from clinic_app.access import Session, Trail, own_organization
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.spreadsheet import csv_lines
from clinic_app.foundation.texts import Language, Text
from clinic_app.statistics.report import (
    Quartiles,
    Report,
    Table,
    births_of_ages,
    months_table,
    patients_table,
    referral_tables,
    waits_of,
)
from clinic_app.statistics.spans import Span, checked_span
from clinic_app.storage import Side, Store

HIDDEN = Text("hidden")
HIDDEN_MEANS = Text(
    "Hidden: fewer than 5, or a group that has to be hidden so that one of fewer than 5 cannot be worked out."
)
ROUNDED_MEANS = Text("Counts are rounded to the nearest 5. A whole calendar year is told exactly.")
SIDE_WORDS: dict[Side, Text] = {"sent": Text("Referrals we sent"), "received": Text("Referrals we received")}


class Statistics:
    """Counts, for whoever may know how many and nobody's name.

    Args:
        store: whose records are counted.
        trail: says who may, and notes that it was asked.
        clock: says which months are over.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def report(self, session: Session, span_from: date, span_to: date) -> Report:
        """Count what happened in a span.

        Args:
            session: who asks.
            span_from: the first day of a month.
            span_to: the last day of a month that is over.

        Raises:
            NotAllowedError: this person gets no reports.
            InvalidInputError: such a span is not told (`clinic_app.statistics.spans`).
        """
        self._trail.require(session, "read", "MeasureReport")
        span = self._span(span_from, span_to)
        event = self._trail.happening(session, "search", query=_query(span))
        self._store.records.commit((), audit=(event,))
        return self._counted(span)

    def write_csv(self, session: Session, span_from: date, span_to: date, path: Path, language: Language) -> int:
        """Write a report as a table for a spreadsheet; return how many lines. The export is noted first.

        The file is in its place whole or not at all, and nothing in it is a formula.

        Args:
            session: who exports.
            span_from: as in `report`.
            span_to: as in `report`.
            path: of the file.
            language: of its words.

        Raises:
            NotAllowedError: this person gets no reports.
            InvalidInputError: such a span is not told.
            DiskFullError: no room.
            StorageError: the disk refused it.
        """
        self._trail.require(session, "read", "MeasureReport")
        span = self._span(span_from, span_to)
        event = self._trail.happening(session, "export", query=_query(span))
        self._store.records.commit((), audit=(event,))
        rows = list(csv_rows(self._counted(span), language))
        write_atomically(path, csv_lines(rows))
        return len(rows)

    def _span(self, first: date, last: date) -> Span:
        return checked_span(first, last, self._clock.now().astimezone().date())

    def _counted(self, span: Span) -> Report:
        counts, own = self._store.counts, own_organization(self._store)
        first, last = span.first.isoformat(), span.last.isoformat()
        found = counts.found(own.id, first, last)
        tables: list[Table] = [
            patients_table(counts.patients(own.id, first, last, births_of_ages(span.last)), span),
            months_table("new-patients", counts.new_patients(own.id, first, last), span),
            months_table("visits", found.visits, span, found.people),
            months_table("observations", found.observations, span, found.people),
            months_table("studies", found.studies, span, found.pictured),
        ]
        sides: tuple[Side, ...] = ("sent", "received")
        for side in sides:
            tables += referral_tables(side, counts.referrals(own.id, side, first, last), span)
        waits = (wait for side in sides for wait in waits_of(side, counts.answer_times(own.id, side, first, last)))
        return Report(
            span_from=span.first,
            span_to=span.last,
            made_at=self._clock.now(),
            is_rounded=not span.is_exact,
            facility=own.name or "",
            tables=tuple(tables),
            waits=tuple(waits),
        )


def csv_rows(report: Report, language: Language) -> Iterator[tuple[object, ...]]:
    """Yield a report as rows of cells: what it is, then a line for each group, then the times."""

    def say(text: Text | str) -> str:
        return text.render(language) if isinstance(text, Text) else text

    yield (say(Text("Report")), report.facility, report.span_from.isoformat(), report.span_to.isoformat())
    if report.is_rounded:
        yield (say(ROUNDED_MEANS),)
    yield (say(HIDDEN_MEANS),)
    yield (say(Text("Table")), say(Text("Group")), say(Text("Count")))
    for table in report.tables:
        for line in table.lines:
            yield (say(table.title), say(line.label), say(HIDDEN) if line.count is None else line.count)
        yield (say(table.title), say(Text("Total")), say(HIDDEN) if table.total is None else table.total)
    yield tuple(
        say(each)
        for each in (
            Text("Minutes to the answer"), Text("Urgency"), Text("Clock"), Text("A quarter within"),
            Text("Half within"), Text("Three quarters within"),
        )
    )  # fmt: skip
    for wait in report.waits:
        for clock, told in ((FROM_SENT, wait.from_sent), (FROM_HUB, wait.from_hub)):
            yield (say(SIDE_WORDS[wait.side]), say(wait.urgency), say(clock), *_cells(told, say(HIDDEN)))


FROM_SENT = Text("since it was sent, by the asking hospital's clock")
FROM_HUB = Text("since the hub had it, by the hub's clock")


def _cells(told: Quartiles | None, hidden: str) -> tuple[object, ...]:
    return (told.low_min, told.median_min, told.high_min) if told else (hidden,) * 3


def _query(span: Span) -> str:
    return f"MeasureReport?period={span.first.isoformat()}/{span.last.isoformat()}"
