"""The nurse's service: vital signs and allergies of one patient, saved at once, read newest first; and his orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from clinic_app.access import Session, Trail
from clinic_app.encounters.vitals import BLOOD_PRESSURE, VitalsForm, VitalSign, check_vitals, measured
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.foundation.typed_words import tidy
from clinic_app.records import (
    AllergyIntolerance,
    CodeableConcept,
    Coding,
    Observation,
    ObservationComponent,
    Quantity,
    Reference,
    Resource,
    ServiceRequest,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import ALLERGY_STATUS, OBSERVATION_CATEGORY

_VITAL = "vital-signs"
_VITAL_SIGNS = CodeableConcept(coding=(Coding(system=OBSERVATION_CATEGORY, code=_VITAL),))
_ACTIVE = CodeableConcept(coding=(Coding(system=ALLERGY_STATUS, code="active"),))
_LONGEST_ALLERGY = 120
_NEVER_SENT = frozenset({"draft", "entered-in-error"})
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Encounters:
    """Keeps what was found at the bedside.

    Args:
        store: the workstation's store.
        trail: makes the audit events.
        clock: tells when something was measured.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock

    def record_vitals(
        self,
        session: Session,
        patient_id: str,
        form: VitalsForm,
        device: str = "",
        measured_at: Mapping[str, datetime] | None = None,
    ) -> tuple[Observation, ...]:
        """Save what was measured; a blood pressure is one observation with two components.

        Args:
            session: who saves it.
            patient_id: whose it is.
            form: the values as typed.
            device: name of the monitor they were taken over from; empty when typed.
            measured_at: when, by the field of the form, where it was not just now; a moment that is still to come
                counts as now.

        Raises:
            InvalidInputError: the first of the form's errors.
        """
        self._trail.require(session, "create", "Observation", patient_id)
        for error in check_vitals(form):
            raise error
        common = _Common(session, patient_id, device, self._clock.now(), measured_at or {})
        values = measured(form)
        pressure = [pair for pair in values if pair[0].field in ("systolic", "diastolic")]
        records = [common.single(sign, value) for sign, value in values if (sign, value) not in pressure]
        if pressure:
            records.insert(0, common.pressure(pressure))
        saved = self._store.records.commit(records, audit=(self._trail.event(session, "create", *records),))
        return tuple(record for record in saved if isinstance(record, Observation))

    def vitals(self, session: Session, patient_id: str) -> tuple[Observation, ...]:
        """Return the patient's vital signs, the last measured first, in whatever order they came here."""
        return self._measured(session, patient_id, _VITAL)

    def laboratory(self, session: Session, patient_id: str) -> tuple[Observation, ...]:
        """Return the patient's laboratory results, the last measured first."""
        return self._measured(session, patient_id, "laboratory")

    def orders(self, session: Session, patient_id: str) -> tuple[ServiceRequest, ...]:
        """Return what was ordered for the patient, the last ordered first; what was never sent is left out."""
        self._trail.require(session, "read", "ServiceRequest", patient_id)
        found = self._store.records.find(ServiceRequest, subject=patient_id)
        sent = [each for each in found if each.status not in _NEVER_SENT]
        newest_first = tuple(sorted(sent, key=lambda each: each.authored_on or _LONG_AGO, reverse=True))
        self._note_looking(session, "ServiceRequest", patient_id, newest_first)
        return newest_first

    def record_allergy(self, session: Session, patient_id: str, text: str) -> AllergyIntolerance:
        """Save an allergy in plain words.

        Raises:
            InvalidInputError: no words, or too many.
        """
        self._trail.require(session, "create", "AllergyIntolerance", patient_id)
        words = tidy(text)
        if not words or len(words) > _LONGEST_ALLERGY:
            sentence = Text(
                "Write what the patient is allergic to, in at most {count} characters.", count=_LONGEST_ALLERGY
            )
            raise InvalidInputError(sentence, "allergy")
        allergy = AllergyIntolerance(
            id=new_id(),
            clinical_status=_ACTIVE,
            code=CodeableConcept(text=words),
            patient=Reference(reference=f"Patient/{patient_id}"),
            recorded_date=self._clock.now(),
            recorder=Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),
        )
        (saved,) = self._store.records.commit((allergy,), audit=(self._trail.event(session, "create", allergy),))
        assert isinstance(saved, AllergyIntolerance)
        return saved

    def allergies(self, session: Session, patient_id: str) -> tuple[AllergyIntolerance, ...]:
        """Return the patient's allergies, the newest first."""
        self._trail.require(session, "read", "AllergyIntolerance", patient_id)
        found = self._store.records.find(AllergyIntolerance, subject=patient_id)
        self._note_looking(session, "AllergyIntolerance", patient_id, found)
        return found

    def _measured(self, session: Session, patient_id: str, category: str) -> tuple[Observation, ...]:
        """Return what was measured of one kind; what was entered in error is no finding."""
        self._trail.require(session, "read", "Observation", patient_id)
        found = self._store.records.find(Observation, subject=patient_id)
        wanted = [
            each
            for each in found
            if each.status != "entered-in-error"
            and any(concept.code(OBSERVATION_CATEGORY) == category for concept in each.category)
        ]
        newest_first = tuple(sorted(wanted, key=lambda each: each.effective_date_time or _LONG_AGO, reverse=True))
        self._note_looking(session, "Observation", patient_id, newest_first)
        return newest_first

    def _note_looking(self, session: Session, type_name: str, patient_id: str, found: tuple[Resource, ...]) -> None:
        event = self._trail.looking(session, type_name, patient_id, *found)
        self._store.records.commit((), audit=(event,))


class _Common:
    """What all observations of one sitting share."""

    def __init__(
        self, session: Session, patient_id: str, device: str, now: datetime, measured_at: Mapping[str, datetime]
    ) -> None:
        self._subject = Reference(reference=f"Patient/{patient_id}")
        self._performer = Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)
        self._device = Reference(display=device) if device else None
        self._now = now
        self._measured_at = measured_at

    def single(self, sign: VitalSign, value: Quantity) -> Observation:
        """Return the observation of one sign."""
        return self._observation(sign.concept(), value, (), self._at(sign))

    def pressure(self, pairs: list[tuple[VitalSign, Quantity]]) -> Observation:
        """Return the observation of a blood pressure."""
        parts = tuple(ObservationComponent(code=sign.concept(), value_quantity=value) for sign, value in pairs)
        return self._observation(BLOOD_PRESSURE, None, parts, min(self._at(sign) for sign, _ in pairs))

    def _at(self, sign: VitalSign) -> datetime:
        return min(self._measured_at.get(sign.field, self._now), self._now)

    def _observation(
        self,
        code: CodeableConcept,
        value: Quantity | None,
        component: tuple[ObservationComponent, ...],
        measured_at: datetime,
    ) -> Observation:
        return Observation(
            id=new_id(),
            status="final",
            category=(_VITAL_SIGNS,),
            code=code,
            subject=self._subject,
            effective_date_time=measured_at,
            performer=(self._performer,),
            device=self._device,
            value_quantity=value,
            component=component,
        )
