"""One patient's chart: allergies, vital signs, and how many recordings and studies there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.encounters import VITAL_SIGNS, VitalsForm, check_vitals
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.numbers import show_number
from clinic_app.records import AllergyIntolerance, CodeableConcept, Observation, Quantity, ServiceRequest
from clinic_app.terminology.systems import LOINC
from ui.language import current, say
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.encounters import Encounters
    from ui.shell.patient_in_hand import PatientInHand


class Recordings(Protocol):
    """Knows the recorded signals."""

    def of_patient(self, session: Session, patient_id: str) -> Sequence[object]:
        """Return the recordings of a patient."""
        ...


class Studies(Protocol):
    """Knows the imaging studies."""

    def studies(self, session: Session, patient_id: str) -> Sequence[object]:
        """Return the studies of a patient."""
        ...


@dataclass(frozen=True)
class Sitting:
    """What was measured at one moment.

    Args:
        at: when.
        values: field of the vital signs' table to value; a screen writes it in its language.
        who: who measured it.
        device: the monitor it was taken over from, or empty.
    """

    at: datetime | None
    values: dict[str, Decimal]
    who: str = ""
    device: str = ""

    def shown(self, field: str) -> str:
        """Return one value with the decimal sign of the windows' language, or empty."""
        value = self.values.get(field)
        return "" if value is None else show_number(value, current())

    @property
    def pressure(self) -> str:
        """``120/80``, or empty."""
        parts = (self.shown("systolic"), self.shown("diastolic"))
        return "/".join(parts) if all(parts) else "".join(parts)


@dataclass(frozen=True)
class Chart:
    """Everything the screen shows of one patient.

    Args:
        state: nothing may be called empty before it is ``read``.
        allergies: what he must not get.
        sittings: what was measured, the newest first.
        recordings: how many there are.
        studies: how many there are.
        orders: what was ordered, for those who see no more of him than that and what was measured.
        laboratory: results somebody has filed for him, the newest first.
    """

    state: Literal["reading", "read", "unread"] = "reading"
    allergies: tuple[AllergyIntolerance, ...] = ()
    sittings: tuple[Sitting, ...] = ()
    recordings: int = 0
    studies: int = 0
    orders: tuple[ServiceRequest, ...] = ()
    laboratory: tuple[Observation, ...] = ()


class ChartViewModel(QObject):
    """The chart of the patient in hand.

    Signals: ``changed`` (see ``chart``), ``patient_changed``, ``vitals_saved(patient id)``,
    ``allergy_saved(patient id)``, ``errors_found(dict field -> Text)``, ``refused(sentence)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    patient_changed = Signal()
    vitals_saved = Signal(str)
    allergy_saved = Signal(str)
    errors_found = Signal(object)
    refused = Signal(str)
    busy_changed = Signal(bool)

    def __init__(
        self,
        encounters: Encounters,
        recordings: Recordings,
        imaging: Studies,
        runner: TaskRunner,
        session: Session,
        hand: PatientInHand,
    ) -> None:
        super().__init__()
        self._encounters = encounters
        self._recordings = recordings
        self._imaging = imaging
        self._runner = runner
        self._session = session
        self.hand = hand
        self.chart = Chart()
        self._shown_id = ""
        self._asked = 0
        self._is_busy = False
        hand.changed.connect(self.look)

    @property
    def patient_id(self) -> str:
        """Id of the patient in hand, or an empty string."""
        return self.hand.patient.id if self.hand.patient else ""

    @property
    def shows_orders(self) -> bool:
        """Whether the chart is one of orders and measurements: the laboratory reads nothing else."""
        return self._session.can("read", "ServiceRequest") and not self._session.can("read", "AllergyIntolerance")

    def look(self) -> None:
        """Read the chart of the patient in hand; what is shown of him stays until the answer comes."""
        patient_id, session = self.patient_id, self._session
        self._asked += 1
        asked = self._asked
        if patient_id != self._shown_id:
            self._shown_id, self.chart = patient_id, Chart()
            self.patient_changed.emit()
            self.changed.emit()
        if not patient_id:
            return

        def work() -> Chart:
            sittings = sittings_of(self._encounters.vitals(session, patient_id))
            laboratory = self._encounters.laboratory(session, patient_id)
            if self.shows_orders:
                orders = self._encounters.orders(session, patient_id)
                return Chart("read", sittings=sittings, orders=orders, laboratory=laboratory)
            return Chart(
                "read",
                self._encounters.allergies(session, patient_id),
                sittings,
                len(self._recordings.of_patient(session, patient_id)),
                len(self._imaging.studies(session, patient_id)),
                laboratory=laboratory,
            )

        def take(chart: Chart) -> None:
            if asked == self._asked:
                self.chart = chart
                self.changed.emit()

        def fail(error: ClinicError) -> None:
            if asked == self._asked:
                self.chart = Chart("unread")
                self.changed.emit()
            self.refused.emit(say(error.text))

        self._runner.run(work, owner=self, done=take, failed=fail)

    def record_vitals(self, form: VitalsForm) -> None:
        """Save what was measured; a second wish to save the same is not heard."""
        if self._is_busy:
            return
        errors = {error.field: error.text for error in reversed(check_vitals(form))}
        self.errors_found.emit(errors)
        patient_id = self.patient_id
        if not errors and patient_id:
            work = partial(self._encounters.record_vitals, self._session, patient_id, form)
            self._save(work, partial(self.vitals_saved.emit, patient_id))

    def record_allergy(self, words: str) -> None:
        """Save an allergy."""
        patient_id = self.patient_id
        if patient_id and not self._is_busy:
            work = partial(self._encounters.record_allergy, self._session, patient_id, words)
            self._save(work, partial(self.allergy_saved.emit, patient_id))

    def _save(self, work: Callable[[], object], tell: Callable[[], None]) -> None:
        def done(_saved: object) -> None:
            self._set_busy(False)
            tell()
            self.look()

        def fail(error: ClinicError) -> None:
            self._set_busy(False)
            self.refused.emit(say(error.text))

        self._set_busy(True)
        self._runner.run(work, owner=self, done=done, failed=fail)

    def _set_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self.busy_changed.emit(is_busy)


def sittings_of(observations: tuple[Observation, ...]) -> tuple[Sitting, ...]:
    """Return observations gathered by the moment they were made at, the newest first."""
    sittings: dict[datetime | None, Sitting] = {}
    for each in observations:
        old = sittings.get(each.effective_date_time) or Sitting(
            each.effective_date_time,
            {},
            next((who.display or "" for who in each.performer), ""),
            (each.device.display or "") if each.device else "",
        )
        sittings[each.effective_date_time] = replace(old, values=old.values | _values(each))
    return tuple(sittings.values())


def _values(observation: Observation) -> dict[str, Decimal]:
    pairs: list[tuple[CodeableConcept, Quantity | None]] = [(observation.code, observation.value_quantity)]
    pairs += [(part.code, part.value_quantity) for part in observation.component]
    found: dict[str, Decimal] = {}
    for code, quantity in pairs:
        sign = next((sign for sign in VITAL_SIGNS if sign.loinc == code.code(LOINC)), None)
        if sign is not None and quantity is not None and quantity.value is not None:
            found[sign.field] = quantity.value
    return found
