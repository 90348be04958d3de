"""What the monitor screen knows and does: which monitor, how it is, its numbers, recording, taking over.

It looks at the live traces a few times a second; the samples themselves go straight from their ring to the sweep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.encounters import VitalsForm, check_vitals
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import DocumentReference, Observation, Patient
from ui import language
from ui.tasks import TaskRunner
from ui.waveforms.monitor_values import NOW_S, MonitorValue, filled_form, monitor_values

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.devices import SourceState
    from clinic_app.waveforms import EventMark, LiveNumber, LiveStream, Recording
    from ui.shell.patient_in_hand import PatientInHand

LOOK_MS: Final = 200
RECORD_S: Final = 10.0
SILENT_S: Final = 3.0
"""A connected monitor whose newest sample is older is called silent."""
_GIVE_UP_S: Final = 5.0

MonitorKind = Literal["off", "waiting", "live", "silent", "gone"]


class Traces(Protocol):
    """The live traces."""

    def sources(self) -> tuple[str, ...]:
        """Return the devices that sent traces."""
        ...

    def streams(self, source: str | None = None) -> tuple[LiveStream, ...]:
        """Return a device's streams."""
        ...

    def numbers(self, source: str | None = None) -> dict[str, LiveNumber]:
        """Return a device's latest numbers."""
        ...

    def take(self, seconds: float, source: str | None = None) -> Recording:
        """Return the newest seconds."""
        ...


class Listener(Protocol):
    """Where monitors call."""

    @property
    def port(self) -> int:
        """The TCP port; 0 while nobody listens."""
        ...

    def sources(self) -> tuple[SourceState, ...]:
        """Return every device seen."""
        ...


class RecordingKeeper(Protocol):
    """Keeps recordings."""

    def save(self, session: Session, patient_id: str, recording: Recording) -> DocumentReference:
        """Save one."""
        ...


class VitalsKeeper(Protocol):
    """Keeps vital signs."""

    def record_vitals(
        self,
        session: Session,
        patient_id: str,
        form: VitalsForm,
        device: str = "",
        measured_at: Mapping[str, datetime] | None = None,
    ) -> tuple[Observation, ...]:
        """Save what was measured."""
        ...


@dataclass(frozen=True)
class MonitorState:
    """How the chosen monitor is.

    Args:
        kind: ``off``: nobody listens; ``waiting``: none ever called; ``live``; ``silent``: connected without samples;
            ``gone``: its connection is closed.
        name: of the monitor.
        last_seen_at: when its last message came.
        error: what it sent that could not be used, or None.
    """

    kind: MonitorKind
    name: str = ""
    last_seen_at: datetime | None = None
    error: Text | None = None


@dataclass
class _Recording:
    patient: Patient
    source: str
    begins: dict[str, int]


class MonitorViewModel(QObject):
    """The live monitor beside the patient in hand.

    Args:
        traces: the live traces.
        recordings: keeps what is recorded.
        encounters: keeps the vital signs.
        listener: where monitors call; None where monitors are turned off.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient.

    Signals: ``changed`` (state, numbers), ``streams_changed``, ``recording_changed``, ``recorded(DocumentReference)``,
    ``vitals_saved(count)``, ``errors_found(dict field -> Text)``, ``refused(Text)``, ``patient_changed``.
    """

    changed = Signal()
    streams_changed = Signal()
    recording_changed = Signal()
    recorded = Signal(object)
    vitals_saved = Signal(int)
    errors_found = Signal(object)
    refused = Signal(object)
    patient_changed = Signal()

    def __init__(
        self,
        traces: Traces,
        recordings: RecordingKeeper,
        encounters: VitalsKeeper,
        listener: Listener | None,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._traces = traces
        self._recordings = recordings
        self._encounters = encounters
        self._listener = listener
        self._runner = runner
        self._session = session
        self._hand = hand
        self._source = ""
        self._stream_ids: tuple[str, ...] = ()
        self._recording: _Recording | None = None
        self._taken_from = ""
        self._taken_at: dict[str, datetime] = {}
        self._saving_for: set[str] = set()
        self.marks_of: Callable[[str], tuple[EventMark, ...]] = lambda _source: ()
        self.may_file: Callable[[str, Callable[[], object]], bool] = lambda _source, _wish: True
        """Whether a monitor may be filed for the patient in hand; else somebody is asked, and the wish done later."""
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._is_watched = False
        hand.changed.connect(self._follow_patient)

    @property
    def patient(self) -> Patient | None:
        """The patient in hand."""
        return self._hand.patient

    @property
    def source(self) -> str:
        """The monitor that is shown; it never changes by itself while it stands."""
        return self._source

    @property
    def port(self) -> int:
        """The TCP port monitors call; 0 while none can."""
        return self._listener.port if self._listener is not None else 0

    @property
    def can_record(self) -> bool:
        """Whether a recording may begin now."""
        is_allowed = self._session.can("create", "DocumentReference")
        return is_allowed and self.patient is not None and self._recording is None and self.state().kind == "live"

    @property
    def can_save_vitals(self) -> bool:
        """Whether there is a patient to save vital signs for."""
        return self.patient is not None and self._session.can("create", "Observation")

    def watch(self, is_watched: bool) -> None:
        """Look regularly while the screen is to be seen, and as long as a recording runs."""
        self._is_watched = is_watched
        if is_watched:
            self.look()
        self._pace()

    def sources(self) -> tuple[str, ...]:
        """Return every monitor that called, in a steady order."""
        told = [state.name for state in self._listener.sources()] if self._listener is not None else []
        return tuple(sorted({*told, *self._traces.sources()}, key=_as_people_count))

    def choose(self, source: str) -> None:
        """Show another monitor."""
        if source != self._source:
            self._source = source
            self.cancel_recording()
            self.look()

    def streams(self) -> Sequence[LiveStream]:
        """Return the streams of the chosen monitor, the one with most channels first."""
        return self.streams_of(self._source)

    def streams_of(self, source: str) -> Sequence[LiveStream]:
        """Return the streams of a monitor, the one with most channels first."""
        return self._traces.streams(source) if source else ()

    def values(self) -> Mapping[str, MonitorValue]:
        """Return the chosen monitor's numbers by the field of the vitals form."""
        return self.values_of(self._source)

    def values_of(self, source: str) -> Mapping[str, MonitorValue]:
        """Return a monitor's numbers by the field of the vitals form."""
        return monitor_values(self._traces.numbers(source)) if source else {}

    def state(self) -> MonitorState:
        """Return how the chosen monitor is."""
        if self.port == 0 and not self._source:
            return MonitorState("off")
        if not self._source:
            return MonitorState("waiting")
        told = self._listener.sources() if self._listener is not None else ()
        mine = next((each for each in told if each.name == self._source), None)
        is_fresh = any(stream.age_s() <= SILENT_S for stream in self.streams())
        if mine is None:
            return MonitorState("live" if is_fresh else "silent", self._source)
        kind: MonitorKind = "gone" if not mine.is_connected else "live" if is_fresh else "silent"
        return MonitorState(kind, mine.name, mine.last_seen_at, mine.last_error)

    def now(self) -> datetime:
        """Return this moment."""
        return self._clock.now()

    def look(self) -> None:
        """Look at the traces now; tell what is new."""
        if not self._source:
            self._source = next(iter(self._traces.sources() or self.sources()), "")
        ids = (self._source, *(stream.stream_id for stream in self.streams()))
        if ids != self._stream_ids:
            self._stream_ids = ids
            self.streams_changed.emit()
        self._go_on_recording()
        self.changed.emit()

    @property
    def progress(self) -> float | None:
        """Part of the recording that is there, 0 to 1; None while none runs."""
        running = self._recording
        if running is None:
            return None
        parts = [
            (stream.end_index() - running.begins[stream.stream_id]) / stream.rate_hz() / RECORD_S
            for stream in self.streams()
            if stream.stream_id in running.begins
        ]
        return max(0.0, min(1.0, *parts)) if parts else 0.0

    def record(self) -> None:
        """Begin to record ten seconds from now, for the patient in hand."""
        patient = self.patient
        if patient is None or not self.can_record or not self.may_file(self._source, self.record):
            return
        fresh = [stream for stream in self.streams() if stream.age_s() <= SILENT_S]
        begins = {stream.stream_id: stream.end_index() for stream in fresh}
        self._recording = _Recording(patient, self._source, begins)
        self._pace()
        self.recording_changed.emit()

    def cancel_recording(self) -> None:
        """Stop; nothing is kept."""
        if self._recording is not None:
            self._recording = None
            self._pace()
            self.recording_changed.emit()

    def take_over(self) -> VitalsForm:
        """Return the monitor's fresh numbers, written as they would be typed; `taken_at` tells which are not of now."""
        values = self.values()
        form = filled_form(values, language.current())
        self._taken_from = self._source if form != VitalsForm() else ""
        now = self._clock.now()
        self._taken_at = {
            field: now - timedelta(seconds=each.age_s)
            for field, each in values.items()
            if getattr(form, field) and each.age_s > NOW_S
        }
        return form

    @property
    def taken_at(self) -> Mapping[str, datetime]:
        """When the values in the form were measured that were taken over and are not of the moment they were taken."""
        return self._taken_at

    def save_vitals(self, form: VitalsForm) -> None:
        """Save the vital signs for the patient in hand, each with the time at which it was measured."""
        patient = self.patient
        if patient is None or patient.id in self._saving_for:
            return
        if self._taken_from and not self.may_file(self._taken_from, lambda: self.save_vitals(form)):
            return
        errors = check_vitals(form)
        self.errors_found.emit({error.field: error.text for error in errors})
        if errors:
            return
        session, device, times = self._session, self._taken_from, dict(self._taken_at)
        self._saving_for.add(patient.id)
        self._runner.run(
            lambda: self._encounters.record_vitals(session, patient.id, form, device, times),
            owner=self,
            done=lambda saved: self._after_vitals(patient.id, saved),
            failed=lambda error: self._fail_vitals(patient.id, error),
        )

    def typed(self, field: str = "") -> None:
        """Somebody changed a value by hand: it is no longer the monitor's, and it is of now."""
        self._taken_from = ""
        self._taken_at.pop(field, None)

    def _after_vitals(self, patient_id: str, saved: tuple[Observation, ...]) -> None:
        self._saving_for.discard(patient_id)
        if self._is_in_hand(patient_id):
            self._taken_from, self._taken_at = "", {}
            self.vitals_saved.emit(len(saved))

    def _fail_vitals(self, patient_id: str, error: ClinicError) -> None:
        self._saving_for.discard(patient_id)
        if isinstance(error, InvalidInputError) and error.field and self._is_in_hand(patient_id):
            self.errors_found.emit({error.field: error.text})
        self._refuse(error)

    def _is_in_hand(self, patient_id: str) -> bool:
        return self.patient is not None and self.patient.id == patient_id

    def _go_on_recording(self) -> None:
        running = self._recording
        if running is None:
            return
        mine = [stream for stream in self.streams() if stream.stream_id in running.begins]
        if len(mine) < len(running.begins) or max(stream.age_s() for stream in mine) > _GIVE_UP_S:
            self.cancel_recording()
            self.refused.emit(Text("The signal stopped; nothing was recorded. Check the monitor and record again."))
            return
        self.recording_changed.emit()
        if (self.progress or 0.0) >= 1.0:
            self._finish(running)

    def _finish(self, running: _Recording) -> None:
        self._recording = None
        self._pace()
        try:
            taken = self._traces.take(RECORD_S, running.source)
        except ClinicError as error:
            self.recording_changed.emit()
            self._refuse(error)
            return
        session, taken = self._session, self._marked(taken, running.source)
        self._runner.run(
            lambda: self._recordings.save(session, running.patient.id, taken),
            owner=self,
            done=self._after_save,
            failed=self._refuse,
        )
        self.recording_changed.emit()

    def _marked(self, taken: Recording, source: str) -> Recording:
        """Return a recording with the marks that fall into it."""
        known = self.marks_of(source)
        if not known:
            return taken
        ends_at = taken.started_at + timedelta(seconds=taken.duration_s)
        marks = tuple(mark for mark in known if taken.started_at <= mark.at <= ends_at)
        return replace(taken, marks=marks) if marks else taken

    def _after_save(self, document: DocumentReference) -> None:
        self.recorded.emit(document)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)

    def _follow_patient(self) -> None:
        running = self._recording
        if running is not None and (self.patient is None or self.patient.id != running.patient.id):
            self.cancel_recording()
            self.refused.emit(Text("Another patient was opened; the recording was stopped and nothing was kept."))
        self._taken_from, self._taken_at = "", {}
        self.patient_changed.emit()

    def _pace(self) -> None:
        if self._is_watched or self._recording is not None:
            self._timer.start()
        else:
            self._timer.stop()


def _as_people_count(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts bed 4 before bed 10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name))
