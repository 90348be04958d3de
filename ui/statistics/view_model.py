"""The report of a span: asked in the background, a late answer to a former span dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.statistics import MOST_MONTHS, Span, last_twelve_months, month_begin, month_end
from ui import language
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.statistics import Report, Statistics

T = TypeVar("T")


@dataclass(frozen=True)
class StatisticsState:
    """What the screen shows.

    Args:
        span: the one that is wanted.
        report: of that span; None while it is being counted.
    """

    span: Span
    report: Report | None = None


class StatisticsViewModel(QObject):
    """Asks the statistics.

    Signals: ``changed`` (see ``state``), ``exported(path)``, ``failed(Text)``, ``busy_changed(Text or None)``.
    """

    changed = Signal()
    exported = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(object)

    def __init__(self, statistics: Statistics, runner: TaskRunner, session: Session, clock: Clock) -> None:
        super().__init__()
        self._statistics = statistics
        self._runner = runner
        self._session = session
        self._clock = clock
        self._asked = 0
        self._waiting = 0
        self.state = StatisticsState(last_twelve_months(self._today()))

    def months(self) -> tuple[date, ...]:
        """Return the first days of the months that can be asked for, the newest first."""
        last = last_twelve_months(self._today()).last
        return tuple(month_begin(last.year, last.month - back) for back in range(MOST_MONTHS))

    def years(self) -> tuple[int, ...]:
        """Return the whole years that can be asked for, the newest first."""
        months = self.months()
        return tuple(
            year
            for year in range(months[0].year, months[-1].year - 1, -1)
            if date(year, 12, 1) in months and date(year, 1, 1) in months
        )

    def look(self) -> None:
        """Count the wanted span anew."""
        self.choose(self.state.span)

    def choose(self, span: Span) -> None:
        """Want another span; one that ends before it begins is turned round."""
        if span.last < span.first:
            span = Span(span.last.replace(day=1), month_end(span.first))
        self._asked += 1
        asked = self._asked
        self.state = StatisticsState(span)
        self.changed.emit()

        def take(report: Report) -> None:
            if asked == self._asked:
                self.state = StatisticsState(span, report)
                self.changed.emit()

        self._run(Text("Counting…"), lambda: self._statistics.report(self._session, span.first, span.last), take)

    def export(self, path: Path) -> None:
        """Write the report of the wanted span to a file, in the language of the windows."""
        span, spoken = self.state.span, language.current()
        self._run(
            Text("Writing the table…"),
            lambda: self._statistics.write_csv(self._session, span.first, span.last, path, spoken),
            lambda _count: self.exported.emit(path),
        )

    def _run(self, words: Text, work: Callable[[], T], done: Callable[[T], object]) -> None:
        def settle() -> None:
            self._waiting -= 1
            if not self._waiting:
                self.busy_changed.emit(None)

        def answered(answer: T) -> None:
            settle()
            done(answer)

        def refused(error: ClinicError) -> None:
            settle()
            self.failed.emit(error.text)

        self._waiting += 1
        self.busy_changed.emit(words)
        self._runner.run(work, owner=self, done=answered, failed=refused)

    def _today(self) -> date:
        return self._clock.now().astimezone().date()
