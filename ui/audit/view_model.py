"""The audit trail as the auditor looks at it: a filter, pages, counts, the check of the chain, the export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.access import AuditFilter, AuditLine, AuditPerson
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import AuditLog, ChainVerdict, Session

PAGE = 200
_TELL_EVERY = 100
T = TypeVar("T")


class ExportStoppedError(ClinicError):
    """The person did not want the file any more."""


@dataclass(frozen=True)
class TrailState:
    """What the screen shows.

    Args:
        wanted: the filter in force.
        lines: the newest first.
        has_more: there may be older ones.
        counts: how many events fell into each hour (its beginning, UTC).
        people: whom the trail can be filtered by.
        verdict: of the last check of the chain; None before one was made.
    """

    wanted: AuditFilter = field(default_factory=AuditFilter)
    lines: tuple[AuditLine, ...] = ()
    has_more: bool = False
    counts: Mapping[datetime, int] = field(default_factory=dict)
    people: tuple[AuditPerson, ...] = ()
    verdict: ChainVerdict | None = None


class TrailViewModel(QObject):
    """Asks the audit log.

    Signals: ``changed`` (see ``state``), ``patients_found`` with (id, name) pairs, ``checked``: a verdict is there,
    ``exported(path, count)``, ``failed(Text)``, ``busy_changed(Text or None)``, ``progressed(done, total)``.
    """

    changed = Signal()
    patients_found = Signal(object)
    checked = Signal()
    exported = Signal(object, int)
    failed = Signal(object)
    busy_changed = Signal(object)
    progressed = Signal(int, int)

    def __init__(self, log: AuditLog, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._log = log
        self._runner = runner
        self._session = session
        self._asked = 0
        self._is_busy = False
        self._job: Job | None = None
        self.state = TrailState()

    def look(self) -> None:
        """Read the newest page of the filter in force anew, its counts, and who there is."""
        self.choose(self.state.wanted)

    def choose(self, wanted: AuditFilter) -> None:
        """Put another filter in force; a late answer to the former one is dropped."""
        self._asked += 1
        asked, log, session = self._asked, self._log, self._session

        def read() -> TrailState:
            counts = log.counts(session, wanted)  # first: the look itself is an event, and in no line of this page
            lines = log.find(session, wanted, limit=PAGE)
            return TrailState(wanted, lines, len(lines) == PAGE, counts, log.people(session), self.state.verdict)

        def take(state: TrailState) -> None:
            if asked == self._asked:
                self.state = state
                self.changed.emit()

        self._runner.run(read, owner=self, done=take, failed=self._fail)

    def older(self) -> None:
        """Read the next page and put it below the lines that are there."""
        state, asked = self.state, self._asked
        if not state.lines or not state.has_more:
            return
        before = state.lines[-1].seq

        def take(lines: tuple[AuditLine, ...]) -> None:
            if asked == self._asked and self.state.lines and self.state.lines[-1].seq == before:
                self.state = _with_page(self.state, lines)
                self.changed.emit()

        self._runner.run(
            lambda: self._log.find(self._session, state.wanted, limit=PAGE, before_seq=before),
            owner=self,
            done=take,
            failed=self._fail,
        )

    def find_patients(self, words: str) -> None:
        """Find patients the trail can be filtered by."""
        if words.strip():
            self._runner.run(
                lambda: self._log.patients(self._session, words.strip()),
                owner=self,
                done=self.patients_found.emit,
                failed=self._fail,
            )

    def check(self) -> None:
        """Go through the whole chain."""

        def take(verdict: ChainVerdict) -> None:
            state = self.state
            self.state = TrailState(state.wanted, state.lines, state.has_more, state.counts, state.people, verdict)
            self.checked.emit()

        self._run(Text("Checking every link of the chain…"), lambda _job: self._log.verify(self._session), take)

    def export(self, path: Path) -> None:
        """Write the events of the filter in force to a file."""
        wanted = self.state.wanted
        total = sum(self.state.counts.values())

        def write(job: Job) -> int:
            def tell(count: int) -> None:
                if job.is_cancelled():
                    raise ExportStoppedError(Text("The export was stopped; no file was left."))
                if count % _TELL_EVERY == 0:
                    job.report(count, total)

            return self._log.write_csv(self._session, wanted, path, tell)

        self._run(Text("Writing the table…"), write, lambda count: self.exported.emit(path, count))

    def stop(self) -> None:
        """Stop the export."""
        if self._job is not None:
            self._job.cancel()

    def _run(self, words: Text, work: Callable[[Job], T], done: Callable[[T], object]) -> None:
        """Do one long thing at a time."""
        if self._is_busy:
            return

        def settle(call: Callable[[], object]) -> None:
            self._is_busy, self._job = False, None
            self.busy_changed.emit(None)
            call()

        self._is_busy = True
        self.busy_changed.emit(words)
        self._job = self._runner.run_long(
            work,
            owner=self,
            done=lambda answer: settle(lambda: done(answer)),
            failed=lambda error: settle(lambda: self._fail(error)),
            progressed=self.progressed.emit,
        )

    def _fail(self, error: ClinicError) -> None:
        self.failed.emit(error.text)


def _with_page(state: TrailState, lines: tuple[AuditLine, ...]) -> TrailState:
    return TrailState(state.wanted, state.lines + lines, len(lines) == PAGE, state.counts, state.people, state.verdict)
