"""A recording of hours as it is read: page by page, with the numbers over its whole length and its marks.

Reading opens files, one job at a time; whoever goes quickly through the pages gets the one he stopped at.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import DocumentReference
from clinic_app.waveforms import OWN_HEART_RATE, Band, EventMark, Recording, filtered
from clinic_app.waveforms.filters import RAW
from ui.tasks import Job, TaskRunner
from ui.waveforms.monitor_values import MONITOR_SIGNS

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms import LongRecording

PAGE_S: Final = 30.0
_STRETCH: Final = timedelta(minutes=5)
_SHOWN_EVERY: Final = 6
"""Stretches between two looks at the numbers while they are read."""
CODES: Final = {
    sign.field: (*sign.codes, *((OWN_HEART_RATE,) if sign.field == "heart_rate" else ())) for sign in MONITOR_SIGNS
}


class LongShelf(Protocol):
    """Where recordings of hours are kept."""

    def open(self, session: Session, recording_id: str) -> LongRecording:
        """Return one for reading."""
        ...


@dataclass(frozen=True, eq=False)
class NumberLine:
    """One number over the recording, as far as it was read."""

    times_s: NDArray[np.float64]
    values: NDArray[np.float32]
    unit: str


@dataclass(frozen=True)
class LongOverview:
    """What is known of the whole.

    Args:
        begins_at: the first sample.
        seconds: its length, gaps included.
        marks: what was marked.
        gaps_s: stretches without anything, as seconds from the beginning.
        samples: received, all channels together.
    """

    begins_at: datetime
    seconds: float
    marks: tuple[EventMark, ...] = ()
    gaps_s: tuple[tuple[float, float], ...] = ()
    samples: int = 0


@dataclass
class _Wanted:
    begin_s: float
    band: Band = field(default=RAW)


class LongReadingModel(QObject):
    """The recording that is read.

    Args:
        shelf: where recordings of hours are kept.
        runner: the way into the background.
        session: who is signed in.

    Signals: ``opened`` (see ``overview``), ``page_read`` (see ``page`` and ``begin_s``), ``numbers_read`` (see
    ``numbers``), ``closed``, ``refused(Text)``.
    """

    opened = Signal()
    page_read = Signal()
    numbers_read = Signal()
    closed = Signal()
    refused = Signal(object)

    def __init__(self, shelf: LongShelf, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._shelf, self.runner, self._session = shelf, runner, session
        self._document_id = ""
        self._long: LongRecording | None = None
        self._wanted: _Wanted | None = None
        self._is_reading = False
        self._band = RAW
        self._job: Job | None = None
        self._one_at_a_time = threading.Lock()
        self.overview: LongOverview | None = None
        self.page: Recording | None = None
        self.begin_s = self._target_s = 0.0
        self.numbers: Mapping[str, NumberLine] = {}

    @property
    def document_id(self) -> str:
        """Of the recording that is read; empty where none is."""
        return self._document_id

    def open(self, document: DocumentReference) -> None:
        """Open a recording at its beginning."""
        self.close()
        self._document_id = document.id
        session, number = self._session, document.id

        def work() -> tuple[LongRecording, LongOverview]:
            opened = self._shelf.open(session, number)
            return opened, _overview(opened)

        self.runner.run(work, owner=self, done=lambda found: self._begin(number, *found), failed=self._refuse)

    def close(self) -> None:
        """Read no further; nothing of it stays."""
        if self._job is not None:
            self._job.cancel()
        self._document_id, self._long, self._wanted, self._job = "", None, None, None
        self.overview, self.page, self.begin_s, self._target_s, self.numbers = None, None, 0.0, 0.0, {}
        self.closed.emit()

    def go(self, seconds: float) -> None:
        """Show the page that begins so long after the beginning."""
        overview = self.overview
        if overview is not None:
            self._target_s = begin_s = min(max(0.0, seconds), max(0.0, overview.seconds - PAGE_S / 2))
            self._wanted = _Wanted(begin_s, self._band)
            self._read()

    def turn(self, pages: float) -> None:
        """Go so many pages on or back, from the page that is wanted."""
        self.go(self._target_s + pages * PAGE_S)

    def see_through(self, band: Band) -> None:
        """Look through another filter from now on."""
        if band != self._band:
            self._band = band
            self.go(self._target_s)

    def _begin(self, number: str, long: LongRecording, overview: LongOverview) -> None:
        if number != self._document_id:
            return
        self._long, self.overview = long, overview
        self.opened.emit()
        self.go(0.0)
        parts = max(1, -(-round(overview.seconds) // round(_STRETCH.total_seconds())))
        self._job = self.runner.run_long(
            lambda job: self._read_numbers(job, number, long, parts), owner=self, done=lambda _none: None
        )

    def _read(self) -> None:
        """Read the page that is wanted, unless one is being read: then it is read afterwards."""
        wanted, long, overview = self._wanted, self._long, self.overview
        if wanted is None or long is None or overview is None or self._is_reading:
            return
        self._wanted, self._is_reading = None, True
        number = self._document_id
        begins_at = overview.begins_at + timedelta(seconds=wanted.begin_s)

        def work() -> Recording:
            with self._one_at_a_time:
                page = long.read(begins_at, begins_at + timedelta(seconds=PAGE_S))
            return filtered(page, wanted.band)

        self.runner.run(work, owner=self, done=lambda page: self._take(number, wanted, page), failed=self._fail_reading)

    def _take(self, number: str, wanted: _Wanted, page: Recording) -> None:
        self._is_reading = False
        if number == self._document_id:
            self.begin_s, self.page = wanted.begin_s, page
            self.page_read.emit()
        self._read()

    def _read_numbers(self, job: Job, number: str, long: LongRecording, parts: int) -> None:
        """In the background: read the numbers, some minutes at a time, and show what there is; pages go before."""
        found: dict[str, list[NumberLine]] = {}
        for part in range(parts):
            if job.is_cancelled():
                return
            first = long.begins_at + part * _STRETCH
            with self._one_at_a_time:
                for name, codes in CODES.items():
                    trends = (long.numbers(code, first, first + _STRETCH) for code in codes)
                    trend = next((each for each in trends if len(each.values)), None)
                    if trend is not None:
                        found.setdefault(name, []).append(NumberLine(trend.times_s, trend.values, trend.unit))
            if part % _SHOWN_EVERY == 0 or part == parts - 1:
                told = {name: _joined(lines) for name, lines in found.items()}
                self.runner.post(self, partial(self._take_numbers, number, told))

    def _take_numbers(self, number: str, told: Mapping[str, NumberLine]) -> None:
        if number == self._document_id:
            self.numbers = told
            self.numbers_read.emit()

    def _fail_reading(self, error: ClinicError) -> None:
        self._is_reading = False
        self._refuse(error)
        self._read()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)


def _overview(long: LongRecording) -> LongOverview:
    covered = long.covered()
    gaps = [
        ((before.ends_at - long.begins_at).total_seconds(), (after.begins_at - long.begins_at).total_seconds())
        for before, after in pairwise(covered)
    ]
    samples = sum(line.samples for line in long.lines)
    return LongOverview(long.begins_at, long.duration_s, long.marks, tuple(gaps), samples)


def _joined(lines: list[NumberLine]) -> NumberLine:
    times = np.concatenate([line.times_s for line in lines])
    return NumberLine(times, np.concatenate([line.values for line in lines]), lines[-1].unit)
