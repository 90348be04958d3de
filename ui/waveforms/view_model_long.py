"""Recording for hours beside the live traces, and the words somebody puts beside a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.waveforms import EventMark
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms.store import RecorderState
    from ui.shell.patient_in_hand import PatientInHand

MOST_MARKS: Final = 500
KEPT_S: Final = 600.0
"""Marks older than what is looked back on are in the recording, or nowhere."""


class LongRecorder(Protocol):
    """Records for hours."""

    def start(self, session: Session, patient_id: str, source: str, band: str = ...) -> object:
        """Begin."""
        ...

    def stop(self, session: Session, recording_id: str) -> object:
        """End."""
        ...

    def running(self) -> tuple[RecorderState, ...]:
        """Return what is recorded now."""
        ...

    def mark(self, session: Session, recording_id: str, at: datetime, text: str) -> EventMark:
        """Put a word beside a moment."""
        ...


@dataclass(frozen=True)
class SourceMark:
    """A mark on a monitor's signal that is still to be seen."""

    source: str
    mark: EventMark


class LongViewModel(QObject):
    """The recording that runs for the monitor in front, and the marks.

    Args:
        recorder: records; None where nothing can be recorded for hours.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.
        clock: tells the moment of a mark.

    Signals: ``changed``; ``refused(Text)``.
    """

    changed = Signal()
    refused = Signal(object)

    def __init__(
        self, recorder: LongRecorder | None, runner: TaskRunner, session: Session, hand: PatientInHand, clock: Clock
    ) -> None:
        super().__init__()
        self._recorder, self._runner, self._session, self._hand, self._clock = recorder, runner, session, hand, clock
        self._marks: tuple[SourceMark, ...] = ()
        self._is_busy = False
        hand.changed.connect(self._forget)

    def running(self, source: str) -> RecorderState | None:
        """Return how it stands with the recording of a monitor, or None where none runs."""
        states = self._recorder.running() if self._recorder is not None else ()
        return next((state for state in states if state.source == source), None)

    def is_of_another(self, source: str) -> bool:
        """Return whether a monitor is recorded for somebody else than the patient in hand."""
        running, patient = self.running(source), self._hand.patient
        return running is not None and patient is not None and running.patient_id != patient.id

    def can_start(self, source: str) -> bool:
        """Return whether a recording may begin now."""
        is_allowed = self._recorder is not None and self._session.can("create", "DocumentReference")
        return is_allowed and bool(source) and self._hand.patient is not None and not self._is_busy

    def now(self) -> datetime:
        """Return this moment."""
        return self._clock.now()

    def start(self, source: str, band: str) -> None:
        """Record a monitor for the patient in hand until somebody ends it."""
        patient, recorder = self._hand.patient, self._recorder
        if patient is not None and recorder is not None and self.can_start(source):
            self._run(lambda: recorder.start(self._session, patient.id, source, band))

    def stop(self, source: str, then: Callable[[], object] | None = None) -> None:
        """End the recording of a monitor; ``then`` is done when it has ended."""
        state, recorder = self.running(source), self._recorder
        if state is not None and recorder is not None and not self._is_busy:
            self._run(lambda: recorder.stop(self._session, state.recording_id), then=then)

    def marks(self, source: str) -> tuple[EventMark, ...]:
        """Return the marks of a monitor's last minutes, the oldest first."""
        oldest = self.now() - timedelta(seconds=KEPT_S)
        return tuple(each.mark for each in self._marks if each.source == source and each.mark.at >= oldest)

    def mark(self, source: str, at: datetime, words: str) -> None:
        """Put words beside a moment of a monitor's signal; they go into the recording that runs, if one does."""
        words = " ".join(words.split())
        if not words:
            return
        mark = SourceMark(source, EventMark(at, words, self._session.name))
        self._marks = tuple(sorted((*self._marks[-(MOST_MARKS - 1) :], mark), key=lambda each: each.mark.at))
        state, recorder = self.running(source), self._recorder
        if state is not None and recorder is not None:
            self._run(lambda: recorder.mark(self._session, state.recording_id, at, words), is_exclusive=False)
        self.changed.emit()

    def _run(self, work: object, *, is_exclusive: bool = True, then: Callable[[], object] | None = None) -> None:
        self._is_busy = self._is_busy or is_exclusive

        def after(_answer: object = None) -> None:
            self._is_busy = False
            self.changed.emit()

        def fail(error: ClinicError) -> None:
            after()
            self.refused.emit(error.text)

        def succeed(_answer: object = None) -> None:
            after()
            if then is not None:
                then()

        self._runner.run(work, owner=self, done=succeed, failed=fail)  # type: ignore[arg-type]
        self.changed.emit()

    def _forget(self) -> None:
        """Another patient: his marks are not those of the one before."""
        self._marks = ()
        self.changed.emit()
