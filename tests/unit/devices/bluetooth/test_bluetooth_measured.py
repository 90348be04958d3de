"""What the characteristics of the health profiles say, byte for byte; what is cut off or without a value is nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic_app.devices.block import Numerics
from clinic_app.devices.bluetooth.fields import Fields
from clinic_app.devices.bluetooth.measured import READERS, Setting, glucose_number
from clinic_app.devices.driver import Event, EventKind, Item
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.errors import DeviceError
from tests.helpers.device_lines import arrival

ZONE = timezone(timedelta(hours=5))
MOMENT = "ea 07 03 05 0c 1e 0f"
TAKEN_AT = datetime(2026, 3, 5, 12, 30, 15, tzinfo=ZONE)


def read(characteristic: int, hexadecimal: str) -> tuple[Item, ...]:
    return READERS[characteristic](bytes.fromhex(hexadecimal), Setting("B", arrival(), ZONE))


def numbers(characteristic: int, hexadecimal: str) -> dict[str, str]:
    (item,) = read(characteristic, hexadecimal)
    assert isinstance(item, Numerics)
    return {code: f"{number.value} {number.unit}" for code, number in item.values.items()}


def results(characteristic: int, hexadecimal: str) -> list[Result]:
    items = read(characteristic, hexadecimal)
    assert all(isinstance(item, Result) for item in items)
    return [item for item in items if isinstance(item, Result)]


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("72 00", "114"),
        ("6c f1", "36.4"),
        ("f4 ff", "-1.2"),
        ("05 10", "5E+1"),
        ("ff 07", None),
        ("00 08", None),
        ("fe 07", None),
        ("02 08", None),
        ("01 08", None),
        ("ff f7", "204.7"),
    ],
)
def test_a_short_float_is_the_decimal_that_was_meant(hexadecimal: str, value: str | None) -> None:
    found = Fields(bytes.fromhex(hexadecimal)).sfloat()
    assert (str(found) if found is not None else None) == value


@pytest.mark.parametrize(
    ("hexadecimal", "value"),
    [
        ("6c 01 00 ff", "36.4"),
        ("d0 ff ff 00", "-48"),
        ("0a 0e 00 fe", "35.94"),
        ("ff ff 7f 00", None),
        ("00 00 80 00", None),
        ("02 00 80 00", None),
        ("01 00 00 7f", None),
    ],
)
def test_a_float_is_the_decimal_that_was_meant(hexadecimal: str, value: str | None) -> None:
    found = Fields(bytes.fromhex(hexadecimal)).float32()
    assert (str(found) if found is not None else None) == value


@pytest.mark.parametrize(
    ("hexadecimal", "rate"),
    [("00 48", "72"), ("16 48 12 03", "72"), ("01 2c 01", "300"), ("10 3c 00 04 00 04", "60")],
)
def test_a_belt_tells_the_heart_rate(hexadecimal: str, rate: str) -> None:
    assert numbers(0x2A37, hexadecimal) == {"MDC_ECG_HEART_RATE": f"{rate} /min"}


def test_a_belt_that_feels_no_skin_tells_no_rate() -> None:
    (event,) = read(0x2A37, "04 48")
    assert isinstance(event, Event)
    assert event.kind is EventKind.LEADS_OFF
    assert read(0x2A37, "00 00") == ()


def test_an_oximeter_tells_oxygen_and_pulse_while_it_is_worn() -> None:
    assert numbers(0x2A5F, "00 61 00 48 00") == {
        "MDC_PULS_OXIM_SAT_O2": "97 %",
        "MDC_PULS_OXIM_PULS_RATE": "72 /min",
    }
    assert numbers(0x2A5F, "03 61 00 48 00 60 00 47 00 62 00 49 00")["MDC_PULS_OXIM_SAT_O2"] == "97 %"
    assert numbers(0x2A5F, "00 ff 07 48 00") == {"MDC_PULS_OXIM_PULS_RATE": "72 /min"}
    (event,) = read(0x2A5F, "0c 61 00 48 00 00 00 00 08 00")
    assert isinstance(event, Event)


def test_a_spot_check_is_two_results_with_their_time_and_remarks() -> None:
    oxygen, pulse = results(0x2A5E, f"05 61 00 48 00 {MOMENT} 30 00 00")
    assert (oxygen.code, oxygen.value, oxygen.unit, oxygen.system) == ("59408-5", Decimal(97), "%", LOINC)
    assert (pulse.label, pulse.value) == ("Pulse", Decimal(72))
    assert oxygen.taken_at == TAKEN_AT
    assert oxygen.flags == ("poor signal", "low perfusion")
    assert results(0x2A5E, f"11 61 00 48 00 {MOMENT}")[0].taken_at is None, "its clock was never set"


def test_a_blood_pressure_is_in_millimetres_whatever_the_device_shows() -> None:
    made = results(0x2A35, f"1e 94 00 5c 00 6f 00 {MOMENT} 48 00 02 05 00")
    assert [(each.label, str(each.value)) for each in made] == [
        ("SYS", "148"),
        ("DIA", "92"),
        ("MAP", "111"),
        ("Pulse", "72"),
    ]
    assert {each.patient_text for each in made} == {"user 2"}
    assert made[0].flags == ("body moved", "irregular pulse")
    assert made[0].taken_at == TAKEN_AT
    (systolic, diastolic) = results(0x2A35, "01 c5 f0 7b f0 ff 07")
    assert (str(systolic.value), str(diastolic.value)) == ("147.8", "92.3")
    assert systolic.unit == "mm[Hg]"


def test_a_cuff_that_is_pumped_up_is_a_number_and_no_result() -> None:
    assert numbers(0x2A36, "00 a0 00 ff 07 ff 07") == {"MDC_PRESS_CUFF": "160 mm[Hg]"}


def test_a_temperature_is_in_celsius_whatever_the_device_shows() -> None:
    (celsius,) = results(0x2A1C, f"06 6c 01 00 ff {MOMENT} 02")
    assert (celsius.code, str(celsius.value), celsius.unit, celsius.taken_at) == ("8310-5", "36.4", "Cel", TAKEN_AT)
    (fahrenheit,) = results(0x2A1C, "01 da 03 00 ff")
    assert str(fahrenheit.value) == "37.00"
    assert numbers(0x2A1E, "00 6c 01 00 ff") == {"MDC_TEMP_BODY": "36.4 Cel"}
    assert results(0x2A1C, "00 ff ff 7f 00") == []


def test_a_weight_is_in_kilograms_whatever_the_scale_shows() -> None:
    (metric,) = results(0x2A9D, f"06 5c 36 {MOMENT} 01")
    assert (metric.code, str(metric.value), metric.unit, metric.patient_text) == ("29463-7", "69.58", "kg", "user 1")
    (imperial,) = results(0x2A9D, "01 3c 3c")
    assert str(imperial.value) == "69.94"
    assert results(0x2A9D, "00 ff ff") == [], "the scale could not weigh"
    assert results(0x2A9D, f"06 5c 36 {MOMENT} ff")[0].patient_text == ""


def test_a_glucose_value_has_the_unit_and_the_code_of_its_kind() -> None:
    (molar,) = results(0x2A18, f"07 05 00 {MOMENT} 3c 00 38 c0 11")
    assert (molar.code, str(molar.value), molar.unit) == ("14743-9", "5.6", "mmol/L")
    assert molar.taken_at == TAKEN_AT + timedelta(hours=1), "the offset is the way from base time to what people saw"
    (mass,) = results(0x2A18, f"02 06 00 {MOMENT} 65 b0 13")
    assert (mass.code, str(mass.value), mass.unit) == ("2339-0", "101.0", "mg/dL")
    assert glucose_number(bytes.fromhex(f"02 06 00 {MOMENT} 65 b0 13")) == 6


def test_a_control_solution_is_never_a_patients_value() -> None:
    (control,) = results(0x2A18, f"0a 07 00 {MOMENT} 65 b0 1a 01 00")
    assert control.is_control
    assert control.flags == ("battery low",)
    assert results(0x2A18, f"00 08 00 {MOMENT}") == []


def test_a_date_that_is_none_leaves_the_value() -> None:
    (result,) = results(0x2A1C, "02 6c 01 00 ff 00 00 00 00 00 00 00")
    assert result.taken_at is None


def test_a_battery_speaks_up_when_it_is_nearly_empty() -> None:
    assert read(0x2A19, "50") == ()
    (event,) = read(0x2A19, "0a")
    assert isinstance(event, Event)
    assert "10" in event.text.render("kk")


@pytest.mark.parametrize("characteristic", sorted(READERS))
def test_what_is_cut_off_is_refused(characteristic: int) -> None:
    with pytest.raises(DeviceError):
        read(characteristic, "")


@settings(max_examples=25)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=24))
def test_no_bytes_break_a_reader(characteristic: int, data: bytes) -> None:
    try:
        items = READERS[characteristic](data, Setting("B", arrival(), UTC))
    except DeviceError:
        return
    assert all(item.source == "B" for item in items if not isinstance(item, Result))
