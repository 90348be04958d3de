"""What a living person cannot have is no vital sign; what is merely dangerous stays a number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic_app.encounters import VITAL_SIGNS
from clinic_app.terminology.possible_numbers import POSSIBLE_NUMBERS, is_possible, is_zero, possible_number
from clinic_app.waveforms import OWN_HEART_RATE
from clinic_app.waveforms.limits import DEFAULTS
from ui.waveforms.monitor_values import MONITOR_SIGNS


@pytest.mark.parametrize(
    ("code", "unit", "value"),
    [
        ("MDC_PULS_OXIM_SAT_O2", "%", "-5"),
        ("MDC_PULS_OXIM_SAT_O2", "%", "130"),
        ("MDC_PULS_OXIM_SAT_O2", "", "100.1"),
        ("MDC_ECG_HEART_RATE", "/min", "0"),
        ("MDC_ECG_HEART_RATE", "bpm", "900"),
        ("MDC_PULS_OXIM_PULS_RATE", "/min", "511"),
        ("MDC_TEMP", "Cel", "200"),
        ("MDC_TEMP_BODY", "Cel", "0"),
        ("MDC_PRESS_CUFF_SYS", "mmHg", "-1"),
        ("MDC_PRESS_CUFF_DIA", "mm[Hg]", "999"),
        ("MDC_RESP_RATE", "/min", "0"),
        ("MDC_RESP_RATE", "rpm", "NaN"),
        ("MDC_TEMP", "Cel", "1E+400000"),
        (OWN_HEART_RATE, "/min", "5"),
    ],
)
def test_what_cannot_be_is_known(code: str, unit: str, value: str) -> None:
    assert not is_possible(code, Decimal(value), unit)


@pytest.mark.parametrize(
    ("code", "unit", "value"),
    [
        ("MDC_PULS_OXIM_SAT_O2", "%", "51"),
        ("MDC_ECG_HEART_RATE", "/min", "18"),
        ("MDC_ECG_HEART_RATE", "/min", "330"),
        ("MDC_TEMP", "Cel", "25.4"),
        ("MDC_TEMP", "Cel", "42.8"),
        ("MDC_PRESS_CUFF_SYS", "mmHg", "280"),
        ("MDC_PRESS_CUFF_DIA", "mmHg", "15"),
        ("MDC_RESP_RATE", "/min", "90"),
    ],
)
def test_what_is_only_dangerous_is_a_number(code: str, unit: str, value: str) -> None:
    assert is_possible(code, Decimal(value), unit)


def test_in_another_unit_or_under_another_code_nothing_is_known() -> None:
    assert possible_number("MDC_TEMP", "[degF]") is None
    assert is_possible("MDC_TEMP", Decimal("98.6"), "[degF]")
    assert is_possible("MDC_BLD_PERF_INDEX", Decimal(-3), "%")
    assert not is_possible("MDC_BLD_PERF_INDEX", Decimal("Infinity"), "%")


def test_the_form_of_vital_signs_takes_exactly_what_is_possible() -> None:
    form = {sign.words.render("en"): (sign.least, sign.most) for sign in VITAL_SIGNS}
    for row in POSSIBLE_NUMBERS:
        assert (row.least, row.most) == form[row.words.render("en")]


def test_whatever_a_monitor_may_fill_into_the_form_or_has_limits_is_in_the_table() -> None:
    for sign in MONITOR_SIGNS:
        for code in sign.codes:
            assert all(possible_number(code, unit) is not None for unit in sign.units)
    known = {code for row in POSSIBLE_NUMBERS for code in row.codes}
    assert {code for code in DEFAULTS if not code.endswith("MEAN")} <= known
    assert sum(len(row.codes) for row in POSSIBLE_NUMBERS) == len(known), "a code has one row"


@pytest.mark.parametrize(
    ("code", "unit", "value", "expected"),
    [
        ("MDC_ECG_HEART_RATE", "/min", "0", True),
        ("MDC_ECG_HEART_RATE", "/min", "-0.00", True),
        ("MDC_PRESS_BLD_ART_SYS", "mm[Hg]", "0", True),
        ("MDC_ECG_HEART_RATE", "/min", "1", False),
        ("MDC_ECG_HEART_RATE", "mV", "0", False),
        ("MDC_TEMP", "Cel", "0", False),
        ("MDC_BLD_PERF_INDEX", "%", "0", False),
    ],
)
def test_a_zero_is_told_apart_where_it_may_be_the_patient(code: str, unit: str, value: str, expected: bool) -> None:
    assert is_zero(code, Decimal(value), unit) is expected
