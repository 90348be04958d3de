"""One patient's chart: allergies, vital signs, and how many recordings and studies there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.encounters import VITAL_SIGNS, VitalsForm, check_vitals
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Language
from clinic_app.records import AllergyIntolerance, CodeableConcept, Observation, Quantity
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
        values: field of the vital signs' table to value, as written in the language of the windows.
        who: who measured it.
        device: the monitor it was taken over from, or empty.
    """

    at: datetime | None
    values: dict[str, str]
    who: str = ""
    device: str = ""

    @property
    def pressure(self) -> str:
        """``120/80``, or empty."""
        parts = (self.values.get("systolic", ""), self.values.get("diastolic", ""))
        return "/".join(parts) if all(parts) else "".join(parts)


@dataclass(frozen=True)
class Chart:
    """Everything the screen shows of one patient."""

    allergies: tuple[AllergyIntolerance, ...] = ()
    sittings: tuple[Sitting, ...] = ()
    recordings: int = 0
    studies: int = 0


class ChartViewModel(QObject):
    """The chart of the patient in hand.

    Signals: ``changed`` (see ``chart``), ``vitals_saved``, ``allergy_saved``, ``errors_found(dict)``,
    ``refused(sentence)``.
    """

    changed = Signal()
    vitals_saved = Signal()
    allergy_saved = Signal()
    errors_found = Signal(object)
    refused = Signal(str)

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
        hand.changed.connect(self.look)

    @property
    def patient_id(self) -> str:
        """Id of the patient in hand, or an empty string."""
        return self.hand.patient.id if self.hand.patient else ""

    def look(self) -> None:
        """Read the chart of the patient in hand."""
        self.chart = Chart()
        self.changed.emit()
        patient_id, session, language = self.patient_id, self._session, current()
        if not patient_id:
            return

        def work() -> Chart:
            return Chart(
                self._encounters.allergies(session, patient_id),
                sittings_of(self._encounters.vitals(session, patient_id), language),
                len(self._recordings.of_patient(session, patient_id)),
                len(self._imaging.studies(session, patient_id)),
            )

        def take(chart: Chart) -> None:
            if patient_id == self.patient_id:
                self.chart = chart
                self.changed.emit()

        self._runner.run(work, owner=self, done=take, failed=self._fail)

    def record_vitals(self, form: VitalsForm) -> None:
        """Save what was measured."""
        errors = {error.field: say(error.text) for error in reversed(check_vitals(form))}
        self.errors_found.emit(errors)
        patient_id = self.patient_id
        if errors or not patient_id:
            return
        self._runner.run(
            lambda: self._encounters.record_vitals(self._session, patient_id, form),
            owner=self,
            done=lambda _saved: self._after_save(self.vitals_saved.emit),
            failed=self._fail,
        )

    def record_allergy(self, words: str) -> None:
        """Save an allergy."""
        patient_id = self.patient_id
        self._runner.run(
            lambda: self._encounters.record_allergy(self._session, patient_id, words),
            owner=self,
            done=lambda _saved: self._after_save(self.allergy_saved.emit),
            failed=self._fail,
        )

    def _after_save(self, tell: Callable[[], None]) -> None:
        tell()
        self.look()

    def _fail(self, error: ClinicError) -> None:
        self.refused.emit(say(error.text))


def sittings_of(observations: tuple[Observation, ...], language: Language) -> tuple[Sitting, ...]:
    """Return observations gathered by the moment they were made at, the newest first."""
    sittings: dict[datetime | None, Sitting] = {}
    for each in observations:
        old = sittings.get(each.effective_date_time) or Sitting(
            each.effective_date_time,
            {},
            next((who.display or "" for who in each.performer), ""),
            (each.device.display or "") if each.device else "",
        )
        sittings[each.effective_date_time] = replace(old, values=old.values | _values(each, language))
    return tuple(sittings.values())


def _values(observation: Observation, language: Language) -> dict[str, str]:
    pairs: list[tuple[CodeableConcept, Quantity | None]] = [(observation.code, observation.value_quantity)]
    pairs += [(part.code, part.value_quantity) for part in observation.component]
    found = {}
    for code, quantity in pairs:
        sign = next((sign for sign in VITAL_SIGNS if sign.loinc == code.code(LOINC)), None)
        if sign is not None and quantity is not None and quantity.value is not None:
            found[sign.field] = show_number(quantity.value, language)
    return found
