"""Sending a study to an archive: which there are, how far it is, what it took, whether it says that it keeps them.

Archives that speak DICOM and those that speak DICOMweb stand in one list; the latter are asked for no commitment, as
their answer says already what they have stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.commitment import Asked
from clinic_app.imaging.network.sending import Sent
from clinic_app.records import ImagingStudy
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging import Imaging
    from clinic_app.imaging.archives import ImageArchives
    from clinic_app.imaging.network.sending import ImageSending
    from ui.shell.patient_in_hand import PatientInHand

LOOK_MS: Final = 3000


class SendingViewModel(QObject):
    """The studies of the patient in hand on their way to an archive.

    Signals: ``changed`` (see ``studies``, ``archives``), ``asked_changed`` (see ``asked``), ``began(total)``,
    ``progressed(done, total)``, ``ended(Sent)``, ``refused(Text)``.
    """

    changed = Signal()
    asked_changed = Signal()
    began = Signal(int)
    progressed = Signal(int, int)
    ended = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        sending: ImageSending,
        web: ImageArchives,
        imaging: Imaging,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
    ) -> None:
        super().__init__()
        self._sending = sending
        self._web = web
        self._imaging = imaging
        self._runner = runner
        self._session = session
        self.hand = hand
        self.studies: tuple[ImagingStudy, ...] = ()
        self.archives: tuple[str, ...] = ()
        self.asked: tuple[Asked, ...] = ()
        self._study: ImagingStudy | None = None
        self._job: Job | None = None
        self._is_watched = False
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look_asked)
        hand.changed.connect(self._follow)

    @property
    def may_send(self) -> bool:
        """Whether this person may send images out of the house."""
        return self._session.can("export", "ImagingStudy")

    @property
    def is_sending(self) -> bool:
        """Whether something is on its way."""
        return self._job is not None

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks."""
        self._is_watched = is_watched
        if is_watched:
            self._timer.start()
            self.look()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Read the studies of the patient in hand."""
        servers = (each.name for each in self._web.lines() if each.can_send)
        self.archives = tuple(dict.fromkeys((*self._sending.archives(), *servers)))
        patient = self.hand.patient
        if patient is None or not self.may_send:
            self.studies = ()
            self.changed.emit()
            return
        imaging, session = self._imaging, self._session

        def done(studies: tuple[ImagingStudy, ...]) -> None:
            if self.hand.patient is not None and self.hand.patient.id == patient.id:
                self.studies = studies
                self.changed.emit()

        self._runner.run(lambda: imaging.studies(session, patient.id), owner=self, done=done, failed=self._refuse)

    def choose(self, study: ImagingStudy | None) -> None:
        """Look at what archives said of a study."""
        self._study, self.asked = study, ()
        self.asked_changed.emit()
        if study is not None:
            self._ask(study)

    def send(self, study: ImagingStudy, archive: str) -> None:
        """Send a study; one at a time."""
        if self.is_sending:
            return
        is_peer = archive in self._sending.archives()
        self._job = self._runner.run_long(
            lambda job: (self._send if is_peer else self._send_to_web)(study, archive, job),
            owner=self,
            done=self._end,
            failed=self._break_off,
            progressed=self.progressed.emit,
        )
        self.began.emit(study.number_of_instances or 0)

    def stop(self) -> None:
        """Stop after the image that is on its way."""
        if self._job is not None:
            self._job.cancel()

    def _send(self, study: ImagingStudy, archive: str, job: Job) -> Sent:
        progress, is_stopped = job.report, job.is_cancelled
        return self._sending.send(self._session, study, archive, progress=progress, is_stopped=is_stopped)

    def _send_to_web(self, study: ImagingStudy, archive: str, job: Job) -> Sent:
        total = study.number_of_instances or 0
        taken, refused = self._web.send(
            self._session,
            study,
            archive,
            progress=lambda done, _total: job.report(done, max(done, total)),
            is_stopped=job.is_cancelled,
        )
        reason = Text("The archive “{name}” has not stored them.", name=archive)
        is_stopped = job.is_cancelled() and taken + refused < total
        return Sent(taken, tuple(("", reason) for _each in range(refused)), is_stopped)

    def _end(self, sent: Sent) -> None:
        self._job = None
        self.ended.emit(sent)
        if self._study is not None:
            self._ask(self._study)

    def _break_off(self, error: ClinicError) -> None:
        self._job = None
        self.ended.emit(Sent())
        self._refuse(error)

    def _look_asked(self) -> None:
        """An archive that has not answered yet may do so at any moment."""
        if self._study is not None and any(each.state == "asked" for each in self.asked):
            self._ask(self._study)

    def _ask(self, study: ImagingStudy) -> None:
        sending, session = self._sending, self._session

        def done(asked: tuple[Asked, ...]) -> None:
            if self._study is not None and self._study.id == study.id:
                self.asked = asked
                self.asked_changed.emit()

        self._runner.run(lambda: sending.asked(session, study), owner=self, done=done, failed=self._refuse)

    def _follow(self) -> None:
        if self._is_watched:
            self.look()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
