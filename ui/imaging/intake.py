"""Taking a folder in: how far it is, what came of it, and the question whose images these are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import Patient
from ui.imaging.shelf import Images
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging import ImportReport

_TELL_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Intake:
    """One import.

    Args:
        patient: whose images they are to be.
        folder: where they lie.
        report: what came of it, once it is over.
        is_stopped: somebody did not want to wait for the rest.
    """

    patient: Patient
    folder: Path
    report: ImportReport | None = None
    is_stopped: bool = False

    @property
    def encoding(self) -> str:
        """The encoding proposed for texts whose files are wrong about their letters; empty where none is."""
        proposals = self.report.proposals if self.report else ()
        counts = Counter(each.encoding for each in proposals)
        return counts.most_common(1)[0][0] if counts else ""


class Importer(QObject):
    """Takes one folder at a time in.

    Args:
        images: the service.
        runner: the way into the background.
        session: who is signed in.

    Signals: ``began``; ``progressed(int, int)``: files done and files in all; ``asked(Intake)``: nothing is filed
    because the names in the files differ from the patient's; ``ended(Intake)``; ``failed(Text)``.
    """

    began = Signal()
    progressed = Signal(int, int)
    asked = Signal(object)
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, images: Images, runner: TaskRunner, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._images = images
        self._runner = runner
        self._session = session
        self._job: Job | None = None
        program = QCoreApplication.instance()
        if program is not None:
            program.aboutToQuit.connect(self.cancel)

    @property
    def is_running(self) -> bool:
        """Whether a folder is being taken in."""
        return self._job is not None

    def begin(self, patient: Patient, folder: Path, *, names_confirmed: bool = False, encoding: str = "") -> None:
        """Take a folder in, unless another one is under way."""
        if self._job is not None:
            return
        intake, session = Intake(patient, folder), self._session

        def work(job: Job) -> ImportReport:
            return self._images.import_folder(
                session,
                patient.id,
                folder,
                progress=_seldom(job.report),
                is_cancelled=job.is_cancelled,
                names_confirmed=names_confirmed,
                encoding=encoding,
            )

        self._job = self._runner.run_long(
            work,
            owner=self,
            done=partial(self._end, intake),
            failed=self._fail,
            progressed=self.progressed.emit,
        )
        self.destroyed.connect(self._job.cancel)  # whoever signs out does not leave work behind
        self.began.emit()

    def cancel(self) -> None:
        """Take no further file; what was read is kept."""
        if self._job is not None:
            self._job.cancel()

    def _end(self, intake: Intake, report: ImportReport) -> None:
        is_stopped = self._job is not None and self._job.is_cancelled()
        self._job = None
        ended = Intake(intake.patient, intake.folder, report, is_stopped)
        (self.ended if report.is_filed else self.asked).emit(ended)

    def _fail(self, error: ClinicError) -> None:
        self._job = None
        self.failed.emit(error.text)


def _seldom(tell: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Return a report that passes on at most twenty messages a second, and always the last."""
    told_at_s = 0.0

    def report(done: int, total: int) -> None:
        nonlocal told_at_s
        now_s = time.monotonic()
        if done == total or now_s - told_at_s >= _TELL_EVERY_S:
            told_at_s = now_s
            tell(done, total)

    return report
