"""A result as the inbox keeps it, the sheet of those that came together, and the observation it becomes.

Numbers are kept as they were written: 5.60 stays 5.60.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import msgspec

from clinic_app.access import Session
from clinic_app.encounters.vitals import BLOOD_PRESSURE, VITAL_SIGNS, VitalSign
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    Annotation,
    CodeableConcept,
    Coding,
    Identifier,
    Observation,
    ObservationComponent,
    Patient,
    Quantity,
    Reference,
    reference_to,
)
from clinic_app.terminology.laboratory import words_of
from clinic_app.terminology.systems import DEVICE_RESULT, DEVICE_TEST, LOINC, OBSERVATION_CATEGORY, UCUM

TOGETHER: Final = timedelta(minutes=30)
"""Results with the same names on them that come within so long of each other are one sheet."""
_PRESSURES: Final = ("systolic", "diastolic")


class ReceivedResult(msgspec.Struct, frozen=True, kw_only=True):
    """One value a device sent, with everything it said of whose it is.

    Args:
        fingerprint: the same for a result that is sent again; it is also the result's id here.
        device: its name here.
        code: a LOINC code where ``system`` says so, else the device's own word.
        value: as it was written.
        is_number: whether the value is a plain number.
        received_at: when it came.
        system: of the code; empty for the device's own.
        label: the device's own name of what was measured.
        unit: in UCUM where it is known.
        taken_at: when it was measured, by the device's clock.
        sample_id: the number on the tube.
        order_id: the number of the order.
        patient_id: an identifier of the patient.
        patient_text: what else the device said of him.
        flags: the device's remarks.
        reference_range: as the device wrote it.
        comment: free words.
        is_control: a control material; never a patient's.
    """

    fingerprint: str
    device: str
    code: str
    value: str
    is_number: bool
    received_at: datetime
    system: str = ""
    label: str = ""
    unit: str = ""
    taken_at: datetime | None = None
    sample_id: str = ""
    order_id: str = ""
    patient_id: str = ""
    patient_text: str = ""
    flags: tuple[str, ...] = ()
    reference_range: str = ""
    comment: str = ""
    is_control: bool = False

    @property
    def name(self) -> Text | str:
        """What was measured, for people: its name in their language, else the device's own word."""
        sign = _sign_of(self)
        if sign is not None:
            return sign.words
        return (words_of(self.code) if self.system == LOINC else None) or self.label or self.code

    @property
    def at(self) -> datetime:
        """When it was measured, or when it came where the device tells no time."""
        return self.taken_at or self.received_at

    @property
    def marks(self) -> tuple[str, ...]:
        """Everything the device said of whose it is, by which results of one sheet are alike."""
        return (self.device, self.sample_id, self.order_id, self.patient_id, self.patient_text)


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """A result that is out of the inbox.

    Args:
        result: it.
        how: filed onto a patient, or put aside.
        at: when.
        by: id of whoever did it.
        by_name: his name.
        patient_id: whose it became; empty for one that was put aside.
        patient_name: his name, as it was then.
        observation_id: of the record it became.
    """

    result: ReceivedResult
    how: Literal["filed", "aside"]
    at: datetime
    by: str
    by_name: str
    patient_id: str = ""
    patient_name: str = ""
    observation_id: str = ""


@dataclass(frozen=True)
class Sheet:
    """Results that came together, of one device and with the same names on them.

    Args:
        results: in the order in which they came, at least one.
    """

    results: tuple[ReceivedResult, ...]

    @property
    def first(self) -> ReceivedResult:
        """The result that came first."""
        return self.results[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """The results' ids."""
        return tuple(each.fingerprint for each in self.results)

    @property
    def is_control(self) -> bool:
        """Whether it is control material."""
        return any(each.is_control for each in self.results)


def sheets_of(results: Iterable[ReceivedResult]) -> tuple[Sheet, ...]:
    """Return the results as sheets, the newest sheet first.

    Without any name on them only what was measured at the same moment is one sheet: two nameless patients who sat at
    the same device after each other must not become one.
    """
    sheets: list[list[ReceivedResult]] = []
    open_ones: dict[tuple[str, ...], list[ReceivedResult]] = {}
    for result in sorted(results, key=lambda each: (each.received_at, each.fingerprint)):
        named = any(result.marks[1:])
        key = result.marks if named else (*result.marks, result.at.isoformat())
        sheet = open_ones.get(key)
        if sheet is None or result.received_at - sheet[-1].received_at > TOGETHER:
            sheet = open_ones[key] = []
            sheets.append(sheet)
        sheet.append(result)
    return tuple(Sheet(tuple(sheet)) for sheet in reversed(sheets))


def observations(results: Sequence[ReceivedResult], patient: Patient, session: Session) -> tuple[Observation, ...]:
    """Return the observations results become; the two values of a blood pressure become one.

    Raises:
        InvalidInputError: a vital sign that no living person has.
    """
    made = _Making(patient, session)
    pressures: dict[datetime, list[ReceivedResult]] = {}
    singles: list[ReceivedResult] = []
    for result in results:
        sign = _sign_of(result)
        if sign is not None and sign.field in _PRESSURES:
            pressures.setdefault(result.at, []).append(result)
        else:
            singles.append(result)
    whole = [pair for pair in pressures.values() if {_field(each) for each in pair} == set(_PRESSURES)]
    whole = [pair for pair in whole if len(pair) == 2]
    singles += [each for pair in pressures.values() if pair not in whole for each in pair]
    return (*(made.pressure(pair) for pair in whole), *(made.single(result) for result in singles))


class _Making:
    """What all observations of one filing share."""

    def __init__(self, patient: Patient, session: Session) -> None:
        self._subject = reference_to(patient)
        self._performer = Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)

    def single(self, result: ReceivedResult) -> Observation:
        """Return the observation of one result."""
        sign = _sign_of(result)
        return self._observation(
            (result,),
            sign.concept() if sign else _concept(result),
            "vital-signs" if sign else "laboratory",
            quantity=_quantity(result, sign) if result.is_number else None,
        )

    def pressure(self, pair: Sequence[ReceivedResult]) -> Observation:
        """Return the one observation of a blood pressure."""
        ordered = sorted(pair, key=lambda each: _PRESSURES.index(_field(each)))
        parts = []
        for result in ordered:
            sign = _sign_of(result)
            assert sign is not None
            parts.append(ObservationComponent(code=sign.concept(), value_quantity=_quantity(result, sign)))
        return self._observation(ordered, BLOOD_PRESSURE, "vital-signs", parts=tuple(parts))

    def _observation(
        self,
        results: Sequence[ReceivedResult],
        code: CodeableConcept,
        category: str,
        *,
        quantity: Quantity | None = None,
        parts: tuple[ObservationComponent, ...] = (),
    ) -> Observation:
        first = results[0]
        words = first.value if quantity is None and not parts else None
        return Observation(
            id=new_id(),
            identifier=tuple(Identifier(system=DEVICE_RESULT, value=each.fingerprint) for each in results),
            status="final",
            category=(CodeableConcept(coding=(Coding(system=OBSERVATION_CATEGORY, code=category),)),),
            code=code,
            subject=self._subject,
            effective_date_time=first.at,
            issued=first.received_at,
            performer=(self._performer,),
            device=Reference(display=first.device),
            value_quantity=quantity,
            value_string=words,
            note=tuple(Annotation(text=text) for each in results if (text := _remarks(each))),
            component=parts,
        )


def _field(result: ReceivedResult) -> str:
    sign = _sign_of(result)
    return sign.field if sign else ""


def _sign_of(result: ReceivedResult) -> VitalSign | None:
    """Return the vital sign a result measured; only a number in the very unit is one."""
    if result.system != LOINC or not result.is_number:
        return None
    return next((sign for sign in VITAL_SIGNS if (sign.loinc, sign.ucum) == (result.code, result.unit)), None)


def _concept(result: ReceivedResult) -> CodeableConcept:
    name = result.name
    text = name.render("en") if isinstance(name, Text) else name
    system = LOINC if result.system == LOINC else DEVICE_TEST
    return CodeableConcept(coding=(Coding(system=system, code=result.code, display=text),), text=text)


def _quantity(result: ReceivedResult, sign: VitalSign | None) -> Quantity:
    value = Decimal(result.value)
    if sign is not None and not sign.least <= value <= sign.most:
        sentence = Text(
            "{sign}: {value} is not plausible ({least} to {most} {unit}).",
            sign=sign.words,
            value=result.value,
            least=sign.least,
            most=sign.most,
            unit=sign.unit,
        )
        raise InvalidInputError(sentence, sign.field)
    return Quantity(value=value, unit=result.unit or None, system=UCUM if result.unit else None)


def _remarks(result: ReceivedResult) -> str:
    parts = (" ".join(result.flags), f"[{result.reference_range}]" if result.reference_range else "", result.comment)
    return " ".join(filter(None, parts))
