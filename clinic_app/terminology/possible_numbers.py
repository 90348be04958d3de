"""What the numbers of monitors can be in a living person; what lies outside comes from a probe, a cable or a plug.

The ranges are as wide as people have been: they tell a broken measurement from a patient, never a sick patient from a
healthy one (that is what the limits of a bed are for). A number outside is kept as it came, shown as none, and never
written down as a vital sign. They are the ranges the form of vital signs takes, so that the two never disagree.

A zero is told apart from all others: a monitor says it where it measures nothing, and where a heart stands still or
nobody breathes. Which of the two it is only a look at the patient tells, so it is shown as the monitor says it.

Sources: IEC 60601-2-27 and IEC 60601-2-49 (heart and breathing rates that monitors measure, 0 being no measurement of a
rate); Chhabra et al. 2012, Indian Pacing Electrophysiol J (the fastest conducted rates in people, above 300/min);
ISO 80601-2-61 (SpO2 is a part of the whole: never above 100 %; no oximeter is calibrated below 50 %);
IEC 80601-2-30 (cuff pressures up to 300 mmHg); ISO 80601-2-56 (body temperatures; 45 degrees is the end of the scale).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic_app.foundation.texts import Text


@dataclass(frozen=True)
class PossibleNumber:
    """What one kind of number can be.

    Args:
        words: its name for people.
        codes: identifiers of IEEE 11073-10101 under which monitors send it.
        units: names its unit may have; in another unit nothing is known of it.
        least: the smallest that can be.
        most: the largest that can be.
    """

    words: Text
    codes: frozenset[str]
    units: frozenset[str]
    least: Decimal
    most: Decimal

    def holds(self, value: Decimal) -> bool:
        """Return whether a value can be right."""
        return value.is_finite() and self.least <= value <= self.most


def _row(words: Text, codes: str, units: str, least: str, most: str) -> PossibleNumber:
    return PossibleNumber(words, frozenset(codes.split()), frozenset(units.split(" ")), Decimal(least), Decimal(most))


_RATES: Final = " /min 1/min {beat}/min {beats}/min {breath}/min bpm rpm"
_MILLIMETRES: Final = "mm[Hg] mmHg"
_DEGREES: Final = ("Cel", "°C", "degC")
POSSIBLE_NUMBERS: Final = (
    _row(
        Text("Heart rate"),
        "MDC_ECG_HEART_RATE MDC_ECG_CARD_BEAT_RATE MDC_PULS_OXIM_PULS_RATE MDC_PULS_RATE_NON_INV DALA_ECG_HEART_RATE",
        _RATES, "10", "350",
    ),
    _row(Text("SpO₂"), "MDC_PULS_OXIM_SAT_O2", " %", "20", "100"),
    _row(
        Text("Systolic pressure"), "MDC_PRESS_BLD_NONINV_SYS MDC_PRESS_CUFF_SYS MDC_PRESS_BLD_ART_SYS",
        _MILLIMETRES, "30", "300",
    ),
    _row(
        Text("Diastolic pressure"), "MDC_PRESS_BLD_NONINV_DIA MDC_PRESS_CUFF_DIA MDC_PRESS_BLD_ART_DIA",
        _MILLIMETRES, "10", "200",
    ),
    _row(
        Text("Respiratory rate"), "MDC_TTHOR_RESP_RATE MDC_RESP_RATE MDC_CO2_RESP_RATE", _RATES, "1", "120",
    ),
    _row(
        Text("Temperature"), "MDC_TEMP_BODY MDC_TEMP MDC_TEMP_SKIN", " ".join(_DEGREES), "20", "45",
    ),
)  # fmt: skip
_BY_CODE: Final = {code: row for row in POSSIBLE_NUMBERS for code in row.codes}


def possible_number(code: str, unit: str) -> PossibleNumber | None:
    """Return what is known of a number that is sent under a code in a unit, or None where nothing is."""
    row = _BY_CODE.get(code)
    return row if row is not None and unit in row.units else None


def is_zero(code: str, value: Decimal, unit: str) -> bool:
    """Return whether a monitor says 0 where no living person has it: nothing is measured, or it stands still."""
    row = possible_number(code, unit)
    return row is not None and value == 0 and not row.holds(value) and unit not in _DEGREES


def is_possible(code: str, value: Decimal, unit: str) -> bool:
    """Return whether a number can be right; of one that is not in the table only that it is a number."""
    row = possible_number(code, unit)
    return row.holds(value) if row is not None else value.is_finite()
