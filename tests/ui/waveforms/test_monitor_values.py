"""Which numbers of a monitor may become vital signs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

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


@pytest.mark.parametrize(
    ("field", "code", "unit"),
    [
        ("heart_rate", "MDC_ECG_HEART_RATE", "/min"),
        ("respiratory_rate", "MDC_TTHOR_RESP_RATE", "/min"),
        ("spo2", "MDC_PULS_OXIM_SAT_O2", "%"),
    ],
)
def test_a_zero_is_shown_as_the_monitor_says_it_and_never_taken_over(field: str, code: str, unit: str) -> None:
    found = monitor_values({code: _Number(Decimal("0.0"), unit)})[field]
    assert (found.is_zero, found.is_possible, found.is_shown, found.is_fresh) == (True, False, True, False)
    assert filled_form({field: found}, "en") == VitalsForm()
    old = monitor_values({code: _Number(Decimal(0), unit, 61)})[field]
    assert not old.is_shown


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


@pytest.mark.parametrize(
    ("field", "code", "unit", "value"),
    [
        ("spo2", "MDC_PULS_OXIM_SAT_O2", "%", "-5"),
        ("spo2", "MDC_PULS_OXIM_SAT_O2", "%", "130"),
        ("heart_rate", "MDC_ECG_HEART_RATE", "/min", "-1"),
        ("heart_rate", "MDC_ECG_HEART_RATE", "/min", "900"),
        ("temperature", "MDC_TEMP", "Cel", "0"),
        ("temperature", "MDC_TEMP", "Cel", "200"),
    ],
)
def test_what_nobody_can_have_is_neither_shown_nor_taken_over(field: str, code: str, unit: str, value: str) -> None:
    found = monitor_values({code: _Number(Decimal(value), unit)})[field]
    assert (found.is_possible, found.is_shown, found.is_fresh, found.is_now) == (False, False, False, False)
    assert found.value == Decimal(value), "it is kept as it came"
    assert filled_form({field: found}, "en") == VitalsForm()


def test_a_pulse_rate_stands_in_for_a_heart_rate_that_cannot_be() -> None:
    values = monitor_values(
        {
            "MDC_ECG_HEART_RATE": _Number(Decimal(900), "/min"),
            "MDC_PULS_OXIM_PULS_RATE": _Number(Decimal(64), "bpm"),
        }
    )
    assert values["heart_rate"].value == 64
    assert values["heart_rate"].is_fresh


def test_a_number_ages_from_now_over_grey_to_none() -> None:
    def seen(age_s: float, code: str = "MDC_ECG_HEART_RATE", unit: str = "/min") -> tuple[bool, bool, bool]:
        (value,) = monitor_values({code: _Number(Decimal(37), unit, age_s)}).values()
        return value.is_now, value.is_fresh, value.is_shown

    assert seen(4) == (True, True, True)
    assert seen(8) == (False, True, True)
    assert seen(20) == (False, False, True)
    assert seen(61) == (False, False, False)
    assert seen(600, "MDC_TEMP", "Cel") == (True, True, True), "a thermometer's last value counts for a while"
    assert seen(1800, "MDC_TEMP", "Cel") == (False, False, True)
    assert seen(7200, "MDC_TEMP", "Cel") == (False, False, False)
