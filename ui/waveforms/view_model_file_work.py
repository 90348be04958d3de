"""Work on a file that takes its time: said in words, with progress and a cancel; never two at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.waveforms.formats import StoppedError, Watch
from ui.tasks import Job, TaskRunner

T = TypeVar("T")


class FileWorkModel(QObject):
    """What is under way, if anything is; whoever inherits it says what.

    Args:
        runner: the way into the background.

    Signals: ``changed``: see ``doing``; ``progressed(int, int)``; ``refused(Text)``; ``succeeded(Text)``.
    """

    changed = Signal()
    progressed = Signal(int, int)
    refused = Signal(object)
    succeeded = Signal(object)

    def __init__(self, runner: TaskRunner) -> None:
        super().__init__()
        self._runner = runner
        self._job: Job | None = None
        self.doing: Text | None = None

    def cancel(self) -> None:
        """Stop what is under way; nothing half-made remains."""
        if self._job is not None:
            self._job.cancel()

    def _begin(self, words: Text, work: Callable[[Watch], T], done: Callable[[T], None]) -> None:
        self.doing = words
        self._job = self._runner.run_long(
            lambda job: work(partial(_watched, job)),
            owner=self,
            done=lambda answer: self._end(done, answer),
            failed=self._fail,
            progressed=self.progressed.emit,
        )
        self.destroyed.connect(self._job.cancel)  # whoever signs out does not leave work behind
        self.changed.emit()

    def _end(self, done: Callable[[T], None], answer: T) -> None:
        self._job, self.doing = None, None
        done(answer)
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._job, self.doing = None, None
        if not isinstance(error, StoppedError):
            self.refused.emit(error.text)
        self.changed.emit()


def _watched(job: Job, done: int, of: int) -> None:
    """Tell a job how far it is, and stop where nobody wants it any more."""
    if job.is_cancelled():
        raise StoppedError
    job.report(done, of)
