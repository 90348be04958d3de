"""The recordings of the patient in hand: which there are, and the one that is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import DocumentReference
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms import Recording
    from ui.shell.patient_in_hand import PatientInHand


class RecordingShelf(Protocol):
    """Where recordings are kept."""

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's recordings, the newest first."""
        ...

    def load(self, session: Session, document: DocumentReference) -> Recording:
        """Return one."""
        ...


class RecordingsViewModel(QObject):
    """The shelf.

    Args:
        recordings: where recordings are kept.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.

    Signals: ``listed`` (see ``documents``), ``opened`` (see ``document`` and ``recording``), ``closed``: nothing is
    open now; ``refused(Text)``.
    """

    listed = Signal()
    opened = Signal()
    closed = Signal()
    refused = Signal(object)

    def __init__(self, recordings: RecordingShelf, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__()
        self._recordings = recordings
        self._runner = runner
        self._session = session
        self._hand = hand
        self.documents: tuple[DocumentReference, ...] = ()
        self.document: DocumentReference | None = None
        self.recording: Recording | None = None
        self._is_watched = False
        hand.changed.connect(self._follow_patient)
        self._patient_id = hand.patient.id if hand.patient else ""

    def watch(self, is_watched: bool) -> None:
        """List the recordings now and for every next patient while somebody looks; a list nobody sees is not read."""
        self._is_watched = is_watched
        if is_watched:
            self._refresh()

    def _refresh(self) -> None:
        patient_id, session = self._patient_id, self._session
        if not patient_id or not self._is_watched:
            return
        self._runner.run(
            lambda: self._recordings.of_patient(session, patient_id),
            owner=self,
            done=lambda found: self._list(patient_id, found),
            failed=self._refuse,
        )

    def open(self, document: DocumentReference | None) -> None:
        """Open a recording, if it is not open already."""
        if document is None or (self.document is not None and document.id == self.document.id):
            return
        self._close()
        self.document = document
        session = self._session
        self._runner.run(
            lambda: self._recordings.load(session, document),
            owner=self,
            done=lambda recording: self._show(document, recording),
            failed=lambda error: self._fail_open(document, error),
        )

    def _list(self, patient_id: str, found: tuple[DocumentReference, ...]) -> None:
        if patient_id == self._patient_id:
            self.documents = found
            self.listed.emit()

    def _show(self, document: DocumentReference, recording: Recording) -> None:
        if self.document is document:
            self.recording = recording
            self.opened.emit()

    def _close(self) -> None:
        self.document, self.recording = None, None
        self.closed.emit()

    def _follow_patient(self) -> None:
        """Another patient: nothing of the one before stays to be seen."""
        patient = self._hand.patient
        patient_id = patient.id if patient else ""
        if patient_id != self._patient_id:
            self._patient_id = patient_id
            self.documents = ()
            self._close()
            self.listed.emit()
            self._refresh()

    def _fail_open(self, document: DocumentReference, error: ClinicError) -> None:
        if self.document is document:
            self.document = None
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
