"""Who lies at a monitor: where it is being recorded for somebody else than the patient in hand, a person has to say.

One bed holds one patient. So whoever says that the patient in hand lies there now also ends the recording that runs for
the other one; and until somebody says so nothing of this monitor is filed for the patient in hand. A file that is
played is nobody's bed: nothing of it is filed before somebody has said that he wants just that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.waveforms.replay_device import is_replay
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.records import Patient
    from ui.shell.patient_in_hand import PatientInHand
    from ui.waveforms.view_model_long import LongViewModel


class Register(Protocol):
    """Knows the patients."""

    def get(self, session: Session, patient_id: str) -> Patient:
        """Return one."""
        ...


@dataclass(frozen=True)
class Doubt:
    """What somebody has to answer.

    Args:
        source: the monitor.
        patient: who is in hand.
        other_id: for whom it is being recorded.
        since: since when.
        other: who that is, once it is known; it stays None where this person may not read it.
    """

    source: str
    patient: Patient
    other_id: str
    since: datetime
    other: Patient | None = None


@dataclass(frozen=True)
class Played:
    """A file that is played, and the patient for whom it would be filed.

    Args:
        source: the device that plays it.
        patient: who is in hand.
    """

    source: str
    patient: Patient


class BedOwner(QObject):
    """Asks before something of a monitor is filed for another patient than the one it is recorded for.

    Args:
        long: the recordings that run.
        register: knows the other patient's name.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.

    Signal ``changed``: see ``doubt``.
    """

    changed = Signal()

    def __init__(
        self, long: LongViewModel, register: Register, runner: TaskRunner, session: Session, hand: PatientInHand
    ) -> None:
        super().__init__()
        self._long, self._register, self._runner, self._session, self._hand = long, register, runner, session, hand
        self._wish: Callable[[], object] | None = None
        self._agreed: set[str] = set()
        """Files that are played and may be filed for the patient in hand."""
        self.doubt: Doubt | Played | None = None
        """What is asked now."""
        hand.changed.connect(self._forget)
        long.changed.connect(self._look_again)

    def may_file(self, source: str, wish: Callable[[], object]) -> bool:
        """Return whether what a monitor sends is the patient's in hand; else ask, and do the wish after a yes."""
        state, patient = self._long.running(source), self._hand.patient
        if patient is None:
            return True
        if state is None or not self._long.is_of_another(source):
            if not is_replay(source) or source in self._agreed:
                return True
            self._wish, self.doubt = wish, Played(source, patient)
            self.changed.emit()
            return False
        self._wish = wish
        asked = self.doubt if isinstance(self.doubt, Doubt) else None
        if asked is None or (asked.source, asked.other_id) != (source, state.patient_id):
            self.doubt = doubt = Doubt(source, patient, state.patient_id, state.started_at)
            self._runner.run(
                lambda: self._register.get(self._session, doubt.other_id),
                owner=self,
                done=lambda other: self._name(doubt, other),
                failed=lambda _error: None,
            )
        self.changed.emit()
        return False

    def confirm(self) -> None:
        """The patient in hand lies there: end what is recorded for the other one, then do what was wished."""
        doubt, wish = self.doubt, self._wish
        self.decline()
        if doubt is None or wish is None:
            return
        if isinstance(doubt, Doubt):
            self._long.stop(doubt.source, then=wish)
        else:
            self._agreed.add(doubt.source)
            wish()

    def decline(self) -> None:
        """Do nothing."""
        if self.doubt is not None:
            self.doubt = self._wish = None
            self.changed.emit()

    def _forget(self) -> None:
        """Another patient: what was said of the one before holds no more."""
        self._agreed.clear()
        self.decline()

    def _name(self, doubt: Doubt, other: Patient) -> None:
        if self.doubt is doubt:
            self.doubt = replace(doubt, other=other)
            self.changed.emit()

    def _look_again(self) -> None:
        """Ask no more where nothing is recorded for somebody else any longer."""
        if isinstance(self.doubt, Doubt) and not self._long.is_of_another(self.doubt.source):
            self.decline()
