"""The recordings of the patient in hand: which there are, and the one that is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import DocumentReference
from clinic_app.waveforms import Band, filtered
from clinic_app.waveforms.filters import RAW
from clinic_app.waveforms.store import is_long_recording
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms import Recording
    from clinic_app.waveforms.store import LongListed
    from ui.shell.patient_in_hand import PatientInHand


class RecordingShelf(Protocol):
    """Where recordings are kept."""

    def of_patient(self, session: Session, patient_id: str) -> tuple[DocumentReference, ...]:
        """Return a patient's recordings, the newest first."""
        ...

    def load(self, session: Session, document: DocumentReference) -> Recording:
        """Return one."""
        ...


class LongList(Protocol):
    """Where recordings of hours are listed."""

    def listed(self, session: Session, patient_id: str) -> tuple[LongListed, ...]:
        """Return a patient's recordings of hours."""
        ...


class RecordingsViewModel(QObject):
    """The shelf.

    Args:
        recordings: where recordings are kept.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.
        long: where recordings of hours are listed; None lists none.

    Signals: ``listed`` (see ``documents`` and, of those of hours, ``hours``), ``opened`` (see ``document`` and
    ``recording``), ``closed``: nothing is open now; ``filtered``: the open recording is seen through another filter;
    ``long_chosen(DocumentReference)``: it is one of hours, which is read elsewhere; ``refused(Text)``.
    """

    listed = Signal()
    opened = Signal()
    closed = Signal()
    filtered = Signal()
    long_chosen = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        recordings: RecordingShelf,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
        long: LongList | None = None,
    ) -> None:
        super().__init__()
        self._long = long
        self._recordings = recordings
        self._runner = runner
        self._session = session
        self._hand = hand
        self.documents: tuple[DocumentReference, ...] = ()
        self.hours: Mapping[str, LongListed] = {}
        self.document: DocumentReference | None = None
        self.recording: Recording | None = None
        self._raw: Recording | None = None
        self._band = RAW
        self._is_watched = False
        hand.changed.connect(self._follow_patient)
        self._patient_id = hand.patient.id if hand.patient else ""

    @property
    def bands(self) -> tuple[str, Band]:
        """What the device let through before it was stored, and what is let through on the screen."""
        return (self._raw.band if self._raw is not None else RAW.name), self._band

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
            lambda: self._found(session, patient_id),
            owner=self,
            done=lambda found: self._list(patient_id, found),
            failed=self._refuse,
        )

    def _found(
        self, session: Session, patient_id: str
    ) -> tuple[tuple[DocumentReference, ...], Mapping[str, LongListed]]:
        """Return the recordings of seconds and of hours, the newest first; for the background."""
        found = self._recordings.of_patient(session, patient_id)
        hours = {each.document.id: each for each in self._long.listed(session, patient_id)} if self._long else {}
        documents = (*found, *(each.document for each in hours.values()))
        return tuple(sorted(documents, key=lambda each: str(each.date), reverse=True)) if hours else found, hours

    def open(self, document: DocumentReference | None) -> None:
        """Open a recording, if it is not open already."""
        if document is None or (self.document is not None and document.id == self.document.id):
            return
        self._close(document)
        if is_long_recording(document):
            self.long_chosen.emit(document)
            return
        session = self._session
        self._runner.run(
            lambda: self._recordings.load(session, document),
            owner=self,
            done=lambda recording: self._take(document, recording),
            failed=lambda error: self._fail_open(document, error),
        )

    def see_through(self, band: Band) -> None:
        """Look at recordings through a filter from now on; what is stored stays as it is."""
        if band != self._band:
            self._band = band
            self._filter()

    def _list(self, patient_id: str, found: tuple[tuple[DocumentReference, ...], Mapping[str, LongListed]]) -> None:
        if patient_id == self._patient_id:
            self.documents, self.hours = found
            self.listed.emit()

    def _take(self, document: DocumentReference, raw: Recording) -> None:
        if self.document is document:
            self._raw = raw
            self._filter()

    def _filter(self) -> None:
        """Show the open recording through the filter that was chosen last."""
        document, raw, band = self.document, self._raw, self._band
        if document is None or raw is None:
            return
        if band == RAW:
            self._show(document, raw, band)
        else:
            self._runner.run(
                lambda: filtered(raw, band), owner=self, done=lambda seen: self._show(document, seen, band)
            )

    def _show(self, document: DocumentReference, seen: Recording, band: Band) -> None:
        if self.document is document and band == self._band:
            is_open, self.recording = self.recording is not None, seen
            (self.filtered if is_open else self.opened).emit()

    def _close(self, coming: DocumentReference | None = None) -> None:
        """Show nothing of the recording that was open; ``coming`` is the one that is being opened."""
        self.document, self.recording, self._raw = coming, None, None
        self.closed.emit()

    def _follow_patient(self) -> None:
        """Another patient: nothing of the one before stays to be seen."""
        patient = self._hand.patient
        patient_id = patient.id if patient else ""
        if patient_id != self._patient_id:
            self._patient_id = patient_id
            self.documents, self.hours = (), {}
            self._close()
            self.listed.emit()
            self._refresh()

    def _fail_open(self, document: DocumentReference, error: ClinicError) -> None:
        if self.document is document:
            self._close()
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
