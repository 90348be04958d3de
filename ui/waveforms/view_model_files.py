"""Recordings in foreign files: one is read, a person says whose it is, one is written; never two at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Signal

from clinic_app.foundation.texts import Language, Text
from clinic_app.records import DocumentReference
from clinic_app.waveforms.formats import Watch
from ui.tasks import TaskRunner
from ui.waveforms.view_model_file_work import FileWorkModel

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.documents import FoundRecording
    from ui.shell.patient_in_hand import PatientInHand


class FileService(Protocol):
    """What brings recordings in and takes them out."""

    def look(self, session: Session, patient_id: str, path: Path, watch: Watch) -> FoundRecording:
        """Read a file; nothing is filed."""
        ...

    def take(self, session: Session, patient_id: str, found: FoundRecording) -> DocumentReference:
        """File what was read."""
        ...

    def export(
        self,
        session: Session,
        document: DocumentReference,
        path: Path,
        code: str,
        language: Language,
        *,
        is_anonymous: bool = False,
        watch: Watch,
    ) -> tuple[Path, ...]:
        """Write a recording for others."""
        ...


class FilesModel(FileWorkModel):
    """What is under way between the record and files.

    Args:
        files: the service.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.

    Signals beside those of `FileWorkModel`: ``taken``: a recording was filed; ``changed`` is also of ``question``.
    """

    taken = Signal()

    def __init__(self, files: FileService, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__(runner)
        self._files = files
        self._session = session
        self._hand = hand
        self._patient_id = hand.patient.id if hand.patient else ""
        self.question: FoundRecording | None = None
        hand.changed.connect(self._follow_patient)

    @property
    def can_import(self) -> bool:
        """Whether this person may bring a recording in now."""
        return bool(self._patient_id) and self._job is None and self._session.can("create", "DocumentReference")

    @property
    def can_export(self) -> bool:
        """Whether this person may take a recording out now."""
        return self._job is None and self._session.can("read", "DocumentReference")

    def look(self, path: Path) -> None:
        """Read a file for the patient in hand, and ask whose it is."""
        if not self.can_import:
            return
        patient_id, session = self._patient_id, self._session
        self.question = None
        self._begin(
            Text("The file is being read…"),
            lambda watch: self._files.look(session, patient_id, path, watch),
            partial(self._ask, patient_id),
        )

    def confirm(self) -> None:
        """Somebody has said that the recording is the patient's in hand."""
        found, self.question = self.question, None
        if found is None or found.patient.id != self._patient_id or not self.can_import:
            self.changed.emit()
            return
        session = self._session
        self._begin(
            Text("The recording is being filed…"),
            lambda _watch: self._files.take(session, found.patient.id, found),
            self._end_taking,
        )

    def decline(self) -> None:
        """It is not his, or nobody knows: nothing is filed."""
        self.question = None
        self.changed.emit()

    def export(
        self, document: DocumentReference, path: Path, code: str, language: Language, *, is_anonymous: bool
    ) -> None:
        """Write a recording into a file."""
        if not self.can_export:
            return
        session = self._session
        self._begin(
            Text("The file is being written…"),
            lambda watch: self._files.export(
                session, document, path, code, language, is_anonymous=is_anonymous, watch=watch
            ),
            self._end_export,
        )

    def _ask(self, patient_id: str, found: FoundRecording) -> None:
        if patient_id == self._patient_id:
            self.question = found

    def _end_taking(self, _document: DocumentReference) -> None:
        self.succeeded.emit(Text("The recording lies in the patient's record."))
        self.taken.emit()

    def _end_export(self, paths: tuple[Path, ...]) -> None:
        self.succeeded.emit(Text("Written: {path}", path=paths[0]))

    def _follow_patient(self) -> None:
        """Another patient: what was read for the one before is his no more than anybody's."""
        patient = self._hand.patient
        patient_id = patient.id if patient else ""
        if patient_id != self._patient_id:
            self._patient_id = patient_id
            self.question = None
            self.changed.emit()
