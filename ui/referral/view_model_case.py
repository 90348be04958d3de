"""One referral as the district's doctor reads it: how far it is, what was sent, and the signed answer.

An answer whose signature does not hold is never handed to a screen as an opinion: ``opinion`` stays None and
``is_refused`` says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Language
from ui.language import _, say
from ui.referral.evidence import EvidenceItem, evidence_items
from ui.referral.services import Station
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.consultation import Answer
    from clinic_app.referral import Case


class CaseViewModel(QObject):
    """The case in front of the doctor.

    Signals: ``changed`` after anything of it changed; ``closed`` after it was read and closed; ``summary_made`` with
    the bytes of the PDF and a name for its file; ``summary_saved`` with the path it was written to; ``busy_changed``;
    ``noticed`` with words and a tone.
    """

    changed = Signal()
    closed = Signal()
    summary_made = Signal(object, str)
    summary_saved = Signal(object)
    busy_changed = Signal(bool)
    noticed = Signal(str, str)

    def __init__(self, station: Station, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._station = station
        self._runner = runner
        self._session = session
        self.case: Case | None = None
        self.sent: tuple[EvidenceItem, ...] = ()
        self.is_busy = False
        self._answer: Answer | None = None
        self._is_read = False
        self._turn = 0

    @property
    def opinion(self) -> Answer | None:
        """The signed answer whose signature holds, or None."""
        return self._answer if self._answer and self._answer.is_signature_valid else None

    @property
    def is_refused(self) -> bool:
        """Whether an answer came whose signature does not hold."""
        return self._answer is not None and not self._answer.is_signature_valid

    @property
    def can_close(self) -> bool:
        """Whether there is an opinion that has not been closed yet."""
        return self.opinion is not None and self.case is not None and self.case.progress != "closed"

    def open(self, case: Case) -> None:
        """Take a case in front and read what belongs to it."""
        self.put_away()
        self.case = case
        self.changed.emit()
        self.refresh()

    def put_away(self) -> None:
        """Nobody looks at the case any more."""
        self.case, self.sent, self._answer, self._is_read = None, (), None, False

    def hear(self, case: Case) -> None:
        """A fresh reading of some case: if it is the open one and has gone on, read what belongs to it anew.

        Every reading is written down as an access, so a case is not read because of news that are not its own.
        """
        if self.case is None or self.case.task.id != case.task.id:
            return
        is_answer_due = case.progress == "answered" and self._answer is None
        if case != self.case or is_answer_due:
            self.refresh()

    def refresh(self) -> None:
        """Read the case and its answer anew; what was sent does not change any more."""
        case = self.case
        if case is None:
            return
        task_id, station, session = case.task.id, self._station, self._session
        sent = self.sent if self._is_read else None
        self._turn += 1
        turn = self._turn

        def work() -> tuple[Case, tuple[EvidenceItem, ...], Answer | None]:
            fresh = station.referrals.case(session, task_id)
            items = sent_with(station, session, fresh) if sent is None else sent
            return fresh, items, station.consultations.answer(session, task_id)

        def show(found: tuple[Case, tuple[EvidenceItem, ...], Answer | None]) -> None:
            if self.case and self.case.task.id == task_id and turn == self._turn:
                self.case, self.sent, self._answer = found
                self._is_read = True
                self.changed.emit()

        self._runner.run(work, owner=self, done=show, failed=self._warn)

    def read_and_close(self) -> None:
        """The doctor has read the opinion: close the referral."""
        case = self.case
        if case is None or not self.can_close or self.is_busy:
            return
        self._be_busy(True)
        self._runner.run(
            lambda: self._station.consultations.mark_read(self._session, case.task.id),
            owner=self,
            done=self._after_close,
            failed=self._fail,
        )

    def make_summary(self, language: Language) -> None:
        """Make the PDF in the patient's language, in the background."""
        case = self.case
        if case is None or self.opinion is None or self.is_busy:
            return
        station, session, task_id = self._station, self._session, case.task.id
        name = f"{case.number or task_id}-{language}.pdf"

        def work() -> bytes:
            return station.documents.open(session, station.consultations.make_summary(session, task_id, language))

        def show(pdf: bytes) -> None:
            self._be_busy(False)
            self.summary_made.emit(pdf, name)

        self._be_busy(True)
        self._runner.run(work, owner=self, done=show, failed=self._fail)

    def save_summary(self, path: Path, pdf: bytes) -> None:
        """Write the PDF where the person wants it."""
        self._runner.run(
            lambda: write_atomically(path, (pdf,)),
            owner=self,
            done=lambda _none: self.summary_saved.emit(path),
            failed=self._warn,
        )

    def _after_close(self, case: Case) -> None:
        self._be_busy(False)
        self._turn += 1  # what was read before the close is old now
        if self.case and self.case.task.id == case.task.id:
            self.case = case
            self.changed.emit()
        self.noticed.emit(_("The referral is closed."), "ok")
        self.closed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._be_busy(False)
        self._warn(error)

    def _warn(self, error: ClinicError) -> None:
        self.noticed.emit(say(error.text), "warn")

    def _be_busy(self, is_busy: bool) -> None:
        if self.is_busy != is_busy:
            self.is_busy = is_busy
            self.busy_changed.emit(is_busy)


def sent_with(station: Station, session: Session, case: Case) -> tuple[EvidenceItem, ...]:
    """Return what went with the question, from the patient's records of this facility."""
    if case.request is None or case.patient is None:
        return ()
    ids = {reference.id for reference in case.request.supporting_info}
    patient_id = case.patient.id
    return evidence_items(
        [each for each in station.recordings.of_patient(session, patient_id) if each.id in ids],
        [each for each in station.key_images.of_patient(session, patient_id) if each.id in ids],
        [each for each in station.imaging.studies(session, patient_id) if each.id in ids],
        [each for each in station.encounters.vitals(session, patient_id) if each.id in ids],
    )
