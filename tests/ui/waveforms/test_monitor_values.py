"""Which numbers of a monitor may become vital signs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clinic_app.encounters import VitalsForm
from ui.waveforms.monitor_values import filled_form, monitor_values


@dataclass(frozen=True)
class _Number:
    value: Decimal
    unit: str
    age_s: float = 1.0


def _values(**numbers: _Number) -> VitalsForm:
    return filled_form(monitor_values(numbers), "kk")


def test_fresh_numbers_are_written_as_somebody_would_type_them() -> None:
    form = _values(
        MDC_ECG_HEART_RATE=_Number(Decimal("61.4"), "/min"),
        MDC_PULS_OXIM_SAT_O2=_Number(Decimal(96), "%"),
        MDC_PRESS_CUFF_SYS=_Number(Decimal(148), "mmHg", 300),
        MDC_PRESS_CUFF_DIA=_Number(Decimal(92), "mmHg", 300),
        MDC_TEMP=_Number(Decimal("36.66"), "Cel", 60),
        MDC_RESP_RATE=_Number(Decimal(16), "/min"),
    )
    assert form == VitalsForm("148", "92", "61", "96", "36,7", "16")


def test_an_old_heart_rate_is_not_taken_over_but_shown() -> None:
    values = monitor_values({"MDC_ECG_HEART_RATE": _Number(Decimal(61), "/min", 40)})
    assert not values["heart_rate"].is_fresh
    assert filled_form(values, "en") == VitalsForm()


def test_a_pulse_rate_stands_in_for_a_heart_rate_that_is_old() -> None:
    values = monitor_values(
        {
            "MDC_ECG_HEART_RATE": _Number(Decimal(61), "/min", 40),
            "MDC_PULS_OXIM_PULS_RATE": _Number(Decimal(64), "bpm", 1),
        }
    )
    assert values["heart_rate"].value == 64


def test_fahrenheit_never_becomes_celsius() -> None:
    assert _values(MDC_TEMP=_Number(Decimal("98.6"), "[degF]")) == VitalsForm()


def test_half_a_blood_pressure_is_none() -> None:
    form = _values(
        MDC_PRESS_CUFF_SYS=_Number(Decimal(148), "mmHg", 10), MDC_PRESS_CUFF_DIA=_Number(Decimal(92), "mmHg", 2000)
    )
    assert (form.systolic, form.diastolic) == ("", "")
