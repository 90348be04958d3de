"""How vital signs are told on a screen: one line for a sitting, one row for a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from clinic_app.encounters import VITAL_SIGNS
from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Text
from clinic_app.records import CodeableConcept, Observation, Quantity
from clinic_app.terminology.systems import LOINC
from ui.language import current, say


@dataclass(frozen=True)
class VitalValue:
    """One measured value.

    Args:
        code: LOINC code, or an empty string for a foreign one.
        words: its name.
        value: the number as the language writes it.
        unit: its unit.
        measured_at: when.
    """

    code: str
    words: str
    value: str
    unit: str
    measured_at: datetime | None


def vital_values(observations: Sequence[Observation]) -> tuple[VitalValue, ...]:
    """Return every value, a blood pressure as its two, in the order of the observations."""
    return tuple(value for each in observations for value in _values_of(each))


def sittings(observations: Sequence[Observation]) -> tuple[tuple[Observation, ...], ...]:
    """Return the observations that were measured together, the newest sitting first."""
    ordered = sorted(observations, key=_moment, reverse=True)
    return tuple(tuple(group) for _at, group in groupby(ordered, key=_moment))


def sitting_line(observations: Sequence[Observation]) -> str:
    """Return a sitting on one line: ``150/90 mmHg · 88 /min · 96 %``."""
    values = vital_values(observations)
    systolic = next((each for each in values if each.code == "8480-6"), None)
    diastolic = next((each for each in values if each.code == "8462-4"), None)
    parts: list[str] = []
    if systolic and diastolic:
        parts.append(f"{systolic.value}/{diastolic.value} {systolic.unit}")
        values = tuple(each for each in values if each not in (systolic, diastolic))
    return " · ".join([*parts, *(f"{each.value} {each.unit}" for each in values)])


def _values_of(observation: Observation) -> tuple[VitalValue, ...]:
    at = observation.effective_date_time
    parts = [(part.code, part.value_quantity) for part in observation.component]
    parts = parts or [(observation.code, observation.value_quantity)]
    return tuple(_value(code, quantity, at) for code, quantity in parts if quantity)


def _value(concept: CodeableConcept, quantity: Quantity, at: datetime | None) -> VitalValue:
    code = concept.code(LOINC) or ""
    sign = next((each for each in VITAL_SIGNS if each.loinc == code), None)
    words: str | Text = sign.words if sign else concept.text or code
    unit: str | Text = sign.unit if sign and quantity.code == sign.ucum else quantity.unit or ""
    number = show_number(quantity.value, current()) if quantity.value is not None else "—"
    return VitalValue(code, _said(words), number, _said(unit), at)


def _said(words: str | Text) -> str:
    return say(words) if isinstance(words, Text) else words


def _moment(observation: Observation) -> float:
    at = observation.effective_date_time
    return at.timestamp() if at else 0.0
