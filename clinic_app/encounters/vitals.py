"""The vital signs: one table of codes, units and plausible limits, and the form that is checked against it.

Plausible is wider than healthy: a value outside is a slip of the pen or of a device, not a sick patient.
Source of codes: LOINC; FHIR R4 vital signs profile; units UCUM.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final

from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.numbers import parse_number
from clinic_app.foundation.texts import Text
from clinic_app.records import CodeableConcept, Coding, Observation, Quantity
from clinic_app.terminology.systems import LOINC, UCUM


@dataclass(frozen=True)
class VitalSign:
    """One vital sign.

    Args:
        field: its field in `VitalsForm`.
        loinc: its LOINC code.
        words: its name for people.
        unit: its unit for people.
        ucum: its unit in UCUM.
        least: smallest plausible value.
        most: largest plausible value.
    """

    field: str
    loinc: str
    words: Text
    unit: Text
    ucum: str
    least: Decimal
    most: Decimal

    def concept(self) -> CodeableConcept:
        """Return the FHIR concept with its LOINC code."""
        english = self.words.render("en")
        return CodeableConcept(coding=(Coding(system=LOINC, code=self.loinc, display=english),), text=english)

    def quantity(self, typed: str) -> Quantity:
        """Return the typed value with its unit.

        Raises:
            InvalidInputError: no number, or no plausible one.
        """
        value = parse_number(typed, self.field)
        if not self.least <= value <= self.most:
            sentence = Text(
                "{sign}: {value} is not plausible ({least} to {most} {unit}).",
                sign=self.words,
                value=typed.strip(),
                least=self.least,
                most=self.most,
                unit=self.unit,
            )
            raise InvalidInputError(sentence, self.field)
        return Quantity(value=value, unit=self.unit.render("en"), system=UCUM, code=self.ucum)


def _sign(field: str, loinc: str, words: Text, unit: Text, ucum: str, least: str, most: str) -> VitalSign:
    return VitalSign(field, loinc, words, unit, ucum, Decimal(least), Decimal(most))


_PRESSURE: Final = Text("mmHg")
_PER_MINUTE: Final = Text("/min")

VITAL_SIGNS: Final[tuple[VitalSign, ...]] = (
    _sign("systolic", "8480-6", Text("Systolic pressure"), _PRESSURE, "mm[Hg]", "30", "300"),
    _sign("diastolic", "8462-4", Text("Diastolic pressure"), _PRESSURE, "mm[Hg]", "10", "200"),
    _sign("heart_rate", "8867-4", Text("Heart rate"), _PER_MINUTE, "/min", "10", "350"),
    _sign("spo2", "59408-5", Text("SpO₂"), Text("%"), "%", "20", "100"),
    _sign("temperature", "8310-5", Text("Temperature"), Text("°C"), "Cel", "20", "45"),
    _sign("respiratory_rate", "9279-1", Text("Respiratory rate"), _PER_MINUTE, "/min", "1", "120"),
    _sign("glucose", "15074-8", Text("Glucose"), Text("mmol/L"), "mmol/L", "0.3", "80"),
)
BLOOD_PRESSURE: Final = CodeableConcept(
    coding=(Coding(system=LOINC, code="85354-9", display="Blood pressure"),), text="Blood pressure"
)


@dataclass(frozen=True)
class VitalsForm:
    """Vital signs as typed or taken over from a monitor; an empty field was not measured."""

    systolic: str = ""
    diastolic: str = ""
    heart_rate: str = ""
    spo2: str = ""
    temperature: str = ""
    respiratory_rate: str = ""
    glucose: str = ""


def check_vitals(form: VitalsForm) -> tuple[InvalidInputError, ...]:
    """Return what is wrong with the form, each error tied to its field; nothing when it can be saved."""
    found: list[InvalidInputError] = []
    if not any(getattr(form, f.name).strip() for f in fields(form)):
        found.append(InvalidInputError(Text("Nothing was measured yet.")))
    for sign in VITAL_SIGNS:
        typed = getattr(form, sign.field)
        try:
            if typed.strip():
                sign.quantity(typed)
        except InvalidInputError as error:
            found.append(error)
    if not found:
        found.extend(_check_pressure(form))
    return tuple(found)


def measured(form: VitalsForm) -> tuple[tuple[VitalSign, Quantity], ...]:
    """Return what the checked form holds, in the table's order."""
    typed = ((sign, getattr(form, sign.field)) for sign in VITAL_SIGNS)
    return tuple((sign, sign.quantity(value)) for sign, value in typed if value.strip())


def vital_sign_of(observation: Observation) -> VitalSign | None:
    """Return the vital sign an observation measured, or None (also for a blood pressure, which has two)."""
    code = observation.code.code(LOINC)
    return next((sign for sign in VITAL_SIGNS if sign.loinc == code), None)


def _check_pressure(form: VitalsForm) -> list[InvalidInputError]:
    systolic, diastolic = form.systolic.strip(), form.diastolic.strip()
    if bool(systolic) != bool(diastolic):
        missing = "diastolic" if systolic else "systolic"
        return [InvalidInputError(Text("A blood pressure has two values."), missing)]
    if systolic and parse_number(systolic) <= parse_number(diastolic):
        return [InvalidInputError(Text("The systolic pressure must be above the diastolic."), "systolic")]
    return []
