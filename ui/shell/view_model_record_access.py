"""Whose record is open to whom: breaking the glass for an hour, ending it, closing a record to most of the staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from ui.one_wish import OneWish
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import BreakGlass, Emergency, Session
    from clinic_app.registration import Registration

T = TypeVar("T")
_TICK_MS = 10_000
_MINUTE = timedelta(minutes=1)


class AccessServices(Protocol):
    """What is asked of the workstation here."""

    @property
    def break_glass(self) -> BreakGlass:
        """Opens closed records."""
        ...

    @property
    def registration(self) -> Registration:
        """Reads and restricts patients."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


class RecordAccessViewModel(QObject):
    """The access of one person to the patient in hand.

    Signals: ``changed`` (see ``until_at``), ``opened``: the closed record is in hand now, ``ended``: the emergency is
    over and the patient was put away, ``restricted(bool)``, ``refused(field, Text)``, ``failed(Text)``,
    ``busy_changed(bool)``.
    """

    changed = Signal()
    opened = Signal()
    ended = Signal()
    restricted = Signal(bool)
    refused = Signal(str, object)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, services: AccessServices, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__()
        self._services = services
        self._runner = runner
        self._session = session
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self.hand = hand
        self.until_at: datetime | None = None
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self.look_at_clock)
        hand.changed.connect(self.look)

    @property
    def may_open(self) -> bool:
        """Whether this role opens closed records in an emergency (the service has the last word)."""
        return self._session.can("override", "Patient")

    @property
    def may_restrict(self) -> bool:
        """Whether this role closes records (the service has the last word)."""
        return self._session.can("restrict", "Patient")

    @property
    def minutes_left(self) -> int:
        """Minutes until the emergency ends by itself, the begun one counted."""
        if self.until_at is None:
            return 0
        return max(0, -(-(self.until_at - self._services.clock.now()) // _MINUTE))

    def look(self) -> None:
        """Find out whether the patient in hand is open in an emergency."""
        self._become(None)
        patient = self.hand.patient
        if patient is None or not self.may_open:
            return

        def take(found: tuple[Emergency, ...]) -> None:
            if self.hand.patient is not None and self.hand.patient.id == patient.id:
                self._become(next((each.until_at for each in found if each.patient_id == patient.id), None))

        self._runner.run(
            lambda: self._services.break_glass.active(self._session),
            owner=self,
            done=take,
            failed=lambda error: self.failed.emit(error.text),
        )

    def open(self, reason: str, words: str) -> None:
        """Open the closed record that was asked for."""
        closed = self.hand.closed
        if closed is None:
            return
        for field, value, sentence in (
            ("reason", reason, Text("Choose why the record has to be opened.")),
            ("words", words.strip(), Text("Say in a few words what has happened.")),
        ):
            if not value:
                self.refused.emit(field, sentence)
                return

        def work() -> Patient:
            self._services.break_glass.open(self._session, closed.id, reason, words)  # type: ignore[arg-type]
            return self._services.registration.get(self._session, closed.id)

        def take(patient: Patient) -> None:
            if self.hand.closed is not None and self.hand.closed.id == patient.id:
                self.hand.take(patient)
                self.opened.emit()

        self._ask(work, take)

    def end(self) -> None:
        """End the emergency now; the patient is put away."""
        patient = self.hand.patient
        if patient is not None and self.until_at is not None:
            self._ask(
                lambda: self._services.break_glass.end(self._session, patient.id),
                lambda _none: self._close(patient),
            )

    def look_at_clock(self) -> None:
        """Tell how much time is left; put the patient away when there is none."""
        if self.until_at is not None and self.hand.patient is not None and self.minutes_left == 0:
            self._close(self.hand.patient)
        else:
            self.changed.emit()

    def restrict(self, *, is_restricted: bool) -> None:
        """Close the record of the patient in hand to all who do not treat him, or open it again."""
        patient = self.hand.patient
        if patient is None:
            return

        def take(saved: Patient) -> None:
            if self.hand.patient is not None and self.hand.patient.id == saved.id:
                self.hand.take(saved)
            self.restricted.emit(is_restricted)

        self._ask(lambda: self._services.registration.restrict(self._session, patient, is_restricted), take)

    def _close(self, patient: Patient) -> None:
        self._become(None)
        if self.hand.patient is not None and self.hand.patient.id == patient.id:
            self.hand.take(None)
        self.ended.emit()

    def _become(self, until_at: datetime | None) -> None:
        self.until_at = until_at
        if until_at is None:
            self._tick.stop()
        else:
            self._tick.start()
        self.changed.emit()

    def _ask(self, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self._wish.ask(True, work, done, self._fail)

    def _fail(self, error: ClinicError) -> None:
        if isinstance(error, InvalidInputError):
            self.refused.emit(error.field, error.text)
        else:
            self.failed.emit(error.text)
