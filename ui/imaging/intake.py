"""Taking images in: how far it is, what was found, whose it is said to be, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import Patient
from ui.imaging.shelf import Images
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging import Gathered, Gathering, ImportReport, PersonFiles

_TELL_EVERY_S: Final = 0.05
Bringer = Callable[[Callable[[int, int], None], Callable[[], bool]], "Callable[[Gathering], None]"]
"""Makes what brings the files, given how to tell how far it is and how to ask whether it is to stop."""


@dataclass(frozen=True)
class Choice:
    """What somebody decided about the files of one person.

    Args:
        patient: of ours, whose they are.
        files: those of one person.
        series: the UIDs of the series that are taken.
    """

    patient: Patient
    files: PersonFiles
    series: frozenset[str]


@dataclass(frozen=True)
class Intake:
    """One import.

    Args:
        patient: in hand when it began.
        gathered: what was found.
        report: what came of it, once it is over.
        others: names of patients other than him for whom something was filed.
    """

    patient: Patient
    gathered: Gathered | None = None
    report: ImportReport | None = None
    others: tuple[str, ...] = ()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody did not want to wait for the rest."""
        return self.gathered is not None and self.gathered.is_stopped

    @property
    def encoding(self) -> str:
        """The encoding proposed for texts whose files are wrong about their letters; empty where none is."""
        return self.gathered.encoding if self.gathered else ""


def of_paths(paths: Sequence[Path]) -> Bringer:
    """Return what brings everything in folders, files, archives and images of discs."""

    def make(progress: Callable[[int, int], None], is_cancelled: Callable[[], bool]) -> Callable[[Gathering], None]:
        from clinic_app.imaging import from_paths

        return from_paths(paths, progress, is_cancelled)

    return make


class Importer(QObject):
    """Takes one lot of files at a time in: gathers them, asks where anything is doubtful, files them.

    Args:
        images: the service.
        runner: the way into the background.
        session: who is signed in.

    Signals: ``began``; ``progressed(int, int)``: files done and files in all; ``asked(Intake)``: nothing is filed
    because somebody has to say whose they are; ``ended(Intake)``; ``failed(Text)``.
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
        """Whether something is being taken in."""
        return self._job is not None

    def begin(self, patient: Patient, bringer: Bringer) -> None:
        """Gather files, unless something is under way; they are filed at once where nobody need be asked."""
        images, session = self._images, self._session

        def work(job: Job) -> Intake:
            gathered = images.gather(session, patient.id, bringer(_seldom(job.report), job.is_cancelled))
            intake = Intake(patient, gathered)
            if not gathered.is_sure:
                return intake
            report = images.take_in(session, patient.id, gathered.instances, is_confirmed=False, encoding="")
            return replace(intake, report=_with_refused(report, gathered))

        self._run(work)

    def file(self, intake: Intake, choices: Sequence[Choice], *, encoding: str) -> None:
        """File what somebody chose of what was gathered, unless something is under way."""
        images, session, gathered = self._images, self._session, intake.gathered
        if gathered is None:
            return

        def work(job: Job) -> Intake:
            report: ImportReport | None = None
            for done, each in enumerate(choices, 1):
                chosen = gathered.chosen(each.files, each.series)
                one = images.take_in(session, each.patient.id, chosen, is_confirmed=True, encoding=encoding)
                report = one if report is None else _together(report, one)
                job.report(done, len(choices))
            assert report is not None
            others = (each.patient.full_name for each in choices if each.patient.id != intake.patient.id)
            return replace(intake, report=_with_refused(report, gathered), others=tuple(dict.fromkeys(others)))

        if choices:
            self._run(work)

    def _run(self, work: Callable[[Job], Intake]) -> None:
        if self._job is not None:
            return
        self._job = self._runner.run_long(
            work, owner=self, done=self._end, failed=self._fail, progressed=self.progressed.emit
        )
        self.destroyed.connect(self._job.cancel)  # whoever signs out does not leave work behind
        self.began.emit()

    def cancel(self) -> None:
        """Take no further file; what was read is kept."""
        if self._job is not None:
            self._job.cancel()

    def _end(self, intake: Intake) -> None:
        self._job = None
        (self.ended if intake.report is not None else self.asked).emit(intake)

    def _fail(self, error: ClinicError) -> None:
        self._job = None
        self.failed.emit(error.text)


def _with_refused(report: ImportReport, gathered: Gathered) -> ImportReport:
    """Return a report with the files that could not be gathered before those that could not be filed."""
    return replace(report, refused=(*gathered.refused, *report.refused))


def _together(one: ImportReport, other: ImportReport) -> ImportReport:
    return replace(
        one,
        studies=(*one.studies, *other.studies),
        imported=one.imported + other.imported,
        known=one.known + other.known,
        refused=(*one.refused, *other.refused),
        damaged=(*one.damaged, *other.damaged),
    )


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
