"""Recordings of hours that a cut left without an end: a person says of each whether it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.waveforms.store import Interrupted
    from ui.shell.patient_in_hand import PatientInHand


class InterruptedService(Protocol):
    """Knows what was interrupted, goes on with it, ends it."""

    def interrupted(self, session: Session) -> tuple[Interrupted, ...]:
        """Return the recordings without an end that do not run."""
        ...

    def go_on(self, session: Session, recording_id: str, patient_id: str) -> object:
        """Go on with one for the patient who lies there now."""
        ...

    def stop(self, session: Session, recording_id: str) -> object:
        """End one."""
        ...


class InterruptedModel(QObject):
    """What somebody has to decide; those of the patient in hand come first.

    Args:
        service: knows what was interrupted; None knows nothing.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient; only his recording can go on.
        is_his_only: whether those of other patients are left out.

    Signals: ``changed``: see ``found``; ``settled``: one goes on or was ended; ``refused(Text)``; ``succeeded(Text)``.
    """

    changed = Signal()
    settled = Signal()
    refused = Signal(object)
    succeeded = Signal(object)

    def __init__(
        self,
        service: InterruptedService | None,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
        *,
        is_his_only: bool = False,
    ) -> None:
        super().__init__()
        self._service, self._runner, self._session, self._hand = service, runner, session, hand
        self._is_his_only = is_his_only
        self._found: tuple[Interrupted, ...] = ()
        self.is_busy = False
        hand.changed.connect(self.changed)

    @property
    def found(self) -> tuple[Interrupted, ...]:
        """What waits for a word, the patient's in hand first."""
        shown = (each for each in self._found if self.is_his(each) or not self._is_his_only)
        return tuple(sorted(shown, key=lambda each: (not self.is_his(each), each.started_at)))

    def is_his(self, interrupted: Interrupted) -> bool:
        """Return whether a recording is the patient's in hand: only then it can go on."""
        patient = self._hand.patient
        return patient is not None and patient.id == interrupted.patient_id

    def look(self) -> None:
        """Look for them, where this person may record."""
        service, session = self._service, self._session
        if service is None or not session.can("create", "DocumentReference"):
            return
        self._runner.run(lambda: service.interrupted(session), owner=self, done=self._take, failed=self._refuse)

    def go_on(self, interrupted: Interrupted) -> None:
        """Go on in the same recording; the time between is a gap."""
        service, patient = self._service, self._hand.patient
        if service is None or patient is None or not self.is_his(interrupted):
            return
        session, number = self._session, patient.id
        said = Text("{source} is recorded on; the time between is a gap.", source=interrupted.source)
        self._run(lambda: service.go_on(session, interrupted.id, number), said)

    def end(self, interrupted: Interrupted) -> None:
        """End it where it was cut; what was received stays."""
        service, session = self._service, self._session
        if service is None:
            return
        said = Text("The recording of {patient} is ended; all of it is kept.", patient=interrupted.patient_name)
        self._run(lambda: service.stop(session, interrupted.id), said)

    def _run(self, work: Callable[[], object], said: Text) -> None:
        if self.is_busy:
            return
        self.is_busy = True
        self.changed.emit()

        def done(_answer: object) -> None:
            self.is_busy = False
            self.succeeded.emit(said)
            self.settled.emit()
            self.look()

        def failed(error: ClinicError) -> None:
            self.is_busy = False
            self._refuse(error)
            self.look()

        self._runner.run(work, owner=self, done=done, failed=failed)

    def _take(self, found: tuple[Interrupted, ...]) -> None:
        self._found = found
        self.changed.emit()

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
        self.changed.emit()
