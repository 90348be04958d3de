"""A report without a database: made by the same rules from numbers a test gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from clinic_app.access import Session
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language
from clinic_app.statistics import Report, Span
from clinic_app.statistics.report import months_table, patients_table, referral_tables, waits_of
from clinic_app.statistics.spans import checked_span
from clinic_app.storage import AnswerTime, TaskCounts
from tests.helpers.clocks import NOON

PATIENTS: Mapping[tuple[str, int], int] = {
    ("female", 5): 31, ("female", 4): 64, ("female", 3): 187, ("female", 2): 214, ("female", 1): 122,
    ("female", 0): 48, ("male", 5): 36, ("male", 4): 71, ("male", 3): 119, ("male", 2): 158, ("male", 1): 3,
    ("male", 0): 22, ("", -1): 9,
}  # fmt: skip


class FakeStatistics:
    """Reports of any span; ``refusal`` is raised instead while it is set, ``is_bare`` counts nobody."""

    def __init__(self) -> None:
        self.asked: list[Span] = []
        self.written: list[tuple[Span, Path, Language]] = []
        self.refusal: ClinicError | None = None
        self.is_bare = False

    def report(self, session: Session, span_from: date, span_to: date) -> Report:
        session.require("read", "MeasureReport")
        span = checked_span(span_from, span_to, NOON.date())
        self.asked.append(span)
        if self.refusal is not None:
            raise self.refusal
        return made(span, is_bare=self.is_bare)

    def write_csv(self, session: Session, span_from: date, span_to: date, path: Path, language: Language) -> int:
        session.require("read", "MeasureReport")
        if self.refusal is not None:
            raise self.refusal
        self.written.append((Span(span_from, span_to), path, language))
        return 1


def made(span: Span, *, is_bare: bool = False) -> Report:
    """Return a report of a middling district hospital, or of one where nothing happened."""
    months = {} if is_bare else {month: 40 + 7 * (n % 5) - 3 * n for n, month in enumerate(span.months)}
    few = {} if is_bare else {month: (12, 3, 26, 8)[n % 4] for n, month in enumerate(span.months)}
    sent = (
        TaskCounts({}, {}, {}, {})
        if is_bare
        else TaskCounts(
            Counter(stat=14, urgent=61, routine=122),
            Counter(cardiology=88, pulmonology=31, neurology=42, surgery=34, radiology=2),
            Counter({"requested": 12, "in-progress": 9, "completed": 168, "rejected": 8}),
            few,
        )
    )
    times = [] if is_bare else [_time(n) for n in range(60)]
    return Report(
        span_from=span.first,
        span_to=span.last,
        made_at=NOON,
        is_rounded=not span.is_exact,
        facility="Ырғыз АА",
        tables=(
            patients_table({} if is_bare else PATIENTS, span),
            months_table("new-patients", months, span),
            months_table("visits", {month: 9 * count for month, count in months.items()}, span),
            months_table("observations", {month: 31 * count for month, count in months.items()}, span),
            months_table("studies", few, span),
            *referral_tables("sent", sent, span),
            *referral_tables("received", TaskCounts({}, {}, {}, {}), span),
        ),
        waits=(*waits_of("sent", times), *waits_of("received", [])),
    )


def _time(n: int) -> AnswerTime:
    urgency = ("routine", "urgent", "stat")[n % 3] if n % 12 else "routine"
    way = timedelta(minutes=11 * (n % 9))
    return AnswerTime(urgency, NOON, NOON + way, NOON + way + timedelta(minutes=40 + 37 * n))
