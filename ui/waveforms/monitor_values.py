"""The monitor's own numbers: which vital sign each is, in which unit, and how old it may be to be taken over.

A number in an unexpected unit is not taken over: 98.6 °F must never become 98.6 °C. One that no living person has is
none; a 0 is shown as the monitor says it, and never taken over. What is a few seconds old says so, and after a while it
is gone. Source of the identifiers and unit names: IEEE 11073-10101; UCUM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol

from clinic_app.encounters import VITAL_SIGNS, VitalsForm, VitalSign
from clinic_app.foundation.numbers import show_number
from clinic_app.foundation.texts import Language
from clinic_app.terminology.possible_numbers import is_possible, is_zero


class Number(Protocol):
    """A number with its unit and its age."""

    @property
    def value(self) -> Decimal:
        """The number."""
        ...

    @property
    def unit(self) -> str:
        """Its unit as the monitor names it."""
        ...

    @property
    def age_s(self) -> float:
        """Seconds since it came."""
        ...


_PER_MINUTE: Final = frozenset({"", "/min", "1/min", "{beat}/min", "{beats}/min", "{breath}/min", "bpm", "rpm"})
_PRESSURE: Final = frozenset({"mm[Hg]", "mmHg"})
_PERCENT: Final = frozenset({"", "%"})
_CELSIUS: Final = frozenset({"Cel", "°C", "degC"})
_CONTINUOUS_S: Final = 15.0
_SPOT_S: Final = 15 * 60.0
"""A cuff or a thermometer measures now and then; its last value still counts for a quarter of an hour."""

NOW_S: Final = 5.0
"""What is older is shown with its age."""
_GONE_AFTER: Final = 4
"""Times that a number may be taken over; after that it is not even shown."""
_MOST_DIGITS: Final = 6
"""Digits before the comma; no vital sign has more, and a device may send anything."""


@dataclass(frozen=True)
class MonitorSign:
    """How a vital sign comes from a monitor.

    Args:
        field: its field in `VitalsForm`.
        codes: identifiers, the best first.
        units: names its unit may have.
        fresh_s: seconds after which it is too old to be taken over.
        decimals: places after the comma that are kept.
    """

    field: str
    codes: tuple[str, ...]
    units: frozenset[str]
    fresh_s: float
    decimals: int = 0

    @property
    def sign(self) -> VitalSign:
        """The vital sign with its words and its unit."""
        return next(sign for sign in VITAL_SIGNS if sign.field == self.field)

    @property
    def is_spot(self) -> bool:
        """Whether it is measured now and then, as by a cuff."""
        return self.fresh_s >= _SPOT_S


MONITOR_SIGNS: Final = (
    MonitorSign("heart_rate", ("MDC_ECG_HEART_RATE", "MDC_ECG_CARD_BEAT_RATE", "MDC_PULS_OXIM_PULS_RATE"),
                _PER_MINUTE, _CONTINUOUS_S),
    MonitorSign("spo2", ("MDC_PULS_OXIM_SAT_O2",), _PERCENT, _CONTINUOUS_S),
    MonitorSign("systolic", ("MDC_PRESS_BLD_NONINV_SYS", "MDC_PRESS_CUFF_SYS"), _PRESSURE, _SPOT_S),
    MonitorSign("diastolic", ("MDC_PRESS_BLD_NONINV_DIA", "MDC_PRESS_CUFF_DIA"), _PRESSURE, _SPOT_S),
    MonitorSign("respiratory_rate", ("MDC_TTHOR_RESP_RATE", "MDC_RESP_RATE", "MDC_CO2_RESP_RATE"), _PER_MINUTE,
                _CONTINUOUS_S),
    MonitorSign("temperature", ("MDC_TEMP_BODY", "MDC_TEMP", "MDC_TEMP_SKIN"), _CELSIUS, _SPOT_S, 1),
)  # fmt: skip


@dataclass(frozen=True)
class MonitorValue:
    """One number as the screen shows it.

    Args:
        sign: which vital sign.
        value: rounded as the sign is written.
        age_s: seconds since it came.
        code: identifier under which it came.
        is_possible: whether a living person can have it.
        is_zero: whether the monitor says 0 of what no living person has at 0.
    """

    sign: MonitorSign
    value: Decimal
    age_s: float
    code: str = ""
    is_possible: bool = True
    is_zero: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether it may be taken over."""
        return self.is_possible and self.age_s <= self.sign.fresh_s

    @property
    def is_now(self) -> bool:
        """Whether it is as good as now: a curve's number of these seconds, a cuff's as long as it counts."""
        return self.is_fresh and (self.age_s <= NOW_S or self.sign.is_spot)

    @property
    def is_gone(self) -> bool:
        """Whether it is so old that nothing more is said of it."""
        return self.age_s >= _GONE_AFTER * self.sign.fresh_s

    @property
    def is_shown(self) -> bool:
        """Whether it is still shown as a number, with its age."""
        return (self.is_possible or self.is_zero) and not self.is_gone


def monitor_values(numbers: Mapping[str, Number]) -> dict[str, MonitorValue]:
    """Return the usable numbers by the field of `VitalsForm`."""
    found: dict[str, MonitorValue] = {}
    for sign in MONITOR_SIGNS:
        known = [(code, numbers[code]) for code in sign.codes if code in numbers]
        usable = [(code, each) for code, each in known if each.unit in sign.units and _can_be_written(each.value)]
        fresh = [(code, each) for code, each in usable if each.age_s <= sign.fresh_s]
        right = [(code, each) for code, each in fresh if is_possible(code, each.value, each.unit)]
        for code, chosen in (right or fresh or usable)[:1]:
            rounded = chosen.value.quantize(Decimal(1).scaleb(-sign.decimals))
            can_be = is_possible(code, chosen.value, chosen.unit)
            says_zero = is_zero(code, chosen.value, chosen.unit)
            found[sign.field] = MonitorValue(sign, rounded, chosen.age_s, code, can_be, says_zero)
    return found


def _can_be_written(value: Decimal) -> bool:
    return value.is_finite() and value.adjusted() < _MOST_DIGITS


def filled_form(values: Mapping[str, MonitorValue], language: Language) -> VitalsForm:
    """Return the fresh numbers as somebody would type them; half a blood pressure is none."""
    fresh = {field: show_number(each.value, language) for field, each in values.items() if each.is_fresh}
    if "systolic" not in fresh or "diastolic" not in fresh:
        fresh = {field: typed for field, typed in fresh.items() if field not in ("systolic", "diastolic")}
    return VitalsForm(**fresh)
