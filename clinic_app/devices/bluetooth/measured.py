"""What the characteristics of the health profiles say, as numbers and results. Pure functions over bytes.

Source: the profiles' specifications at bluetooth.com (HRP 1.0, PLXP 1.0.1, GLP 1.0.1, BLP 1.1.1, HTP 1.0, WSP 1.0.1)
and the GATT Specification Supplement for the layouts. LOINC names what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from clinic_app.devices.block import Numerics, NumericValue
from clinic_app.devices.bluetooth.fields import Fields
from clinic_app.devices.driver import Arrival, Event, EventKind, Item
from clinic_app.devices.result import LOINC, Result
from clinic_app.foundation.texts import Text

_KPA: Final = Decimal("7.50061683")
"""Millimetres of mercury in a kilopascal."""
_POUND: Final = Decimal("0.45359237")
_PLX_REMARKS: Final = {
    2: "irregular signal",
    3: "inadequate signal",
    4: "poor signal",
    5: "low perfusion",
    6: "erratic signal",
    7: "no pulse",
    8: "questionable pulse",
}
_PLX_OFF: Final = (11, 13, 15)
"""Sensor not at the user, displaced, disconnected."""
_BP_REMARKS: Final = {0: "body moved", 1: "cuff too loose", 2: "irregular pulse", 5: "improper position"}
_GLUCOSE_REMARKS: Final = {
    0: "battery low",
    1: "sensor fault",
    2: "too little blood",
    3: "strip error",
    4: "wrong strip",
    5: "above range",
    6: "below range",
    7: "strip too hot",
    8: "strip too cold",
    9: "interrupted",
    10: "device fault",
    11: "time fault",
}
_CONTROL: Final = 10
_CAPILLARY: Final = (1, 2)


@dataclass(frozen=True)
class Setting:
    """What a reader has to know beside the bytes.

    Args:
        name: the device's name here.
        at: when the bytes came.
        zone: of the device's wall clock.
    """

    name: str
    at: Arrival
    zone: tzinfo

    def numerics(self, **values: tuple[Decimal | int | None, str]) -> tuple[Item, ...]:
        """Return numbers by reference identifier, those that are there."""
        found = {
            code: NumericValue(Decimal(value), unit) for code, (value, unit) in values.items() if value is not None
        }
        return (Numerics(self.name, found, self.at.at, self.at.monotonic_s),) if found else ()

    def leads_off(self) -> tuple[Item, ...]:
        """Return that the sensor lies nowhere."""
        text = Text("{name}: the sensor is not on the patient.", name=self.name)
        return (Event(self.name, EventKind.LEADS_OFF, text, self.at.at, self.at.monotonic_s),)

    def result(self, code: str, label: str, value: Decimal, unit: str) -> Result:
        """Return one result."""
        return Result(self.name, code, value, self.at.at, unit, LOINC, label)

    def moment(self, told: datetime | None) -> datetime | None:
        """Return a device's wall clock as a moment."""
        return told.replace(tzinfo=self.zone) if told else None


def heart_rate(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Heart Rate Measurement (0x2A37); a belt that feels no skin says so."""
    fields = Fields(data)
    flags = fields.number(1)
    rate = fields.number(2 if flags & 1 else 1)
    if flags & 0b110 == 0b100:
        return setting.leads_off()
    return setting.numerics(MDC_ECG_HEART_RATE=(rate or None, "/min"))


def oximeter_now(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read PLX Continuous Measurement (0x2A5F): the normal pair of oxygen and pulse."""
    fields = Fields(data)
    flags = fields.number(1)
    oxygen, pulse = fields.sfloat(), fields.sfloat()
    fields.take(4 * bool(flags & 1) + 4 * bool(flags & 2) + 2 * bool(flags & 4))
    status = fields.number(3) if flags & 8 else 0
    if _is_any(status, _PLX_OFF):
        return setting.leads_off()
    return setting.numerics(MDC_PULS_OXIM_SAT_O2=(oxygen, "%"), MDC_PULS_OXIM_PULS_RATE=(pulse, "/min"))


def oximeter_once(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read PLX Spot-Check Measurement (0x2A5E)."""
    fields = Fields(data)
    flags = fields.number(1)
    oxygen, pulse = fields.sfloat(), fields.sfloat()
    told = fields.moment() if flags & 1 else None
    fields.take(2 * bool(flags & 2))
    status = fields.number(3) if flags & 4 else 0
    if _is_any(status, _PLX_OFF):
        return setting.leads_off()
    made = (
        ("59408-5", "SpO2", oxygen, "%"),
        ("8889-8", "Pulse", pulse, "/min"),
    )
    is_unset = bool(flags & 16)
    return _results(setting, made, None if is_unset else told, _remarks(status, _PLX_REMARKS))


def blood_pressure(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Blood Pressure Measurement (0x2A35), in millimetres of mercury whatever the device shows."""
    fields = Fields(data)
    flags = fields.number(1)
    factor = _KPA if flags & 1 else Decimal(1)
    high, low, mean = (_scaled(fields.sfloat(), factor) for _ in range(3))
    told = fields.moment() if flags & 2 else None
    pulse = fields.sfloat() if flags & 4 else None
    user = _user(fields.number(1)) if flags & 8 else ""
    status = fields.number(2) if flags & 16 else 0
    made = (
        ("8480-6", "SYS", high, "mm[Hg]"),
        ("8462-4", "DIA", low, "mm[Hg]"),
        ("8478-0", "MAP", mean, "mm[Hg]"),
        ("8867-4", "Pulse", pulse, "/min"),
    )
    return _results(setting, made, told, _remarks(status, _BP_REMARKS), user)


def cuff_now(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Intermediate Cuff Pressure (0x2A36): the cuff while it is pumped up."""
    fields = Fields(data)
    factor = _KPA if fields.number(1) & 1 else Decimal(1)
    return setting.numerics(MDC_PRESS_CUFF=(_scaled(fields.sfloat(), factor), "mm[Hg]"))


def temperature(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Temperature Measurement (0x2A1C), in degrees Celsius whatever the device shows."""
    fields = Fields(data)
    flags = fields.number(1)
    value = _celsius(fields.float32(), is_fahrenheit=bool(flags & 1))
    told = fields.moment() if flags & 2 else None
    return _results(setting, (("8310-5", "Temperature", value, "Cel"),), told)


def temperature_now(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Intermediate Temperature (0x2A1E): the thermometer while it warms up."""
    fields = Fields(data)
    flags = fields.number(1)
    value = _celsius(fields.float32(), is_fahrenheit=bool(flags & 1))
    return setting.numerics(MDC_TEMP_BODY=(value, "Cel"))


def weight(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Weight Measurement (0x2A9D), in kilograms whatever the scale shows."""
    fields = Fields(data)
    flags = fields.number(1)
    raw = fields.number(2)
    kilograms = raw * _POUND / 100 if flags & 1 else raw * Decimal("0.005")
    told = fields.moment() if flags & 2 else None
    user = _user(fields.number(1)) if flags & 4 else ""
    value = None if raw == 0xFFFF else kilograms.quantize(Decimal("0.01"))
    return _results(setting, (("29463-7", "Weight", value, "kg"),), told, (), user)


def glucose(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Glucose Measurement (0x2A18); a control solution is marked as one, and never a patient's value."""
    fields = Fields(data)
    flags = fields.number(1)
    fields.number(2)
    told = fields.moment()
    minutes = fields.number(2, is_signed=True) if flags & 1 else 0
    value, kind = (fields.sfloat(), fields.number(1) & 0xF) if flags & 2 else (None, 0)
    status = fields.number(2) if flags & 8 else 0
    is_molar = bool(flags & 4)
    code = ("14743-9" if is_molar else "41653-7") if kind in _CAPILLARY else ("15074-8" if is_molar else "2339-0")
    value = _scaled(value, Decimal(1000 if is_molar else 100_000))
    made = ((code, "Glucose", value, "mmol/L" if is_molar else "mg/dL"),)
    taken = told + timedelta(minutes=minutes) if told and _is_near(told) else told
    items = _results(setting, made, taken, _remarks(status, _GLUCOSE_REMARKS))
    return tuple(replace(item, is_control=kind == _CONTROL) for item in items if isinstance(item, Result))


def glucose_number(data: bytes) -> int:
    """Return the sequence number of a glucose measurement, by which older ones are not asked for again."""
    fields = Fields(data)
    fields.number(1)
    return fields.number(2)


def battery(data: bytes, setting: Setting) -> tuple[Item, ...]:
    """Read Battery Level (0x2A19): told when it is nearly empty."""
    percent = Fields(data).number(1)
    if percent > 15:
        return ()
    text = Text("{name}: the battery is at {percent} %.", name=setting.name, percent=percent)
    return (Event(setting.name, EventKind.BATTERY, text, setting.at.at, setting.at.monotonic_s),)


Reader = Callable[[bytes, Setting], tuple[Item, ...]]
GLUCOSE: Final = 0x2A18
BATTERY: Final = 0x2A19
READERS: Final[Mapping[int, Reader]] = {
    0x2A37: heart_rate,
    0x2A5F: oximeter_now,
    0x2A5E: oximeter_once,
    0x2A35: blood_pressure,
    0x2A36: cuff_now,
    0x2A1C: temperature,
    0x2A1E: temperature_now,
    0x2A9D: weight,
    GLUCOSE: glucose,
    BATTERY: battery,
}
"""By the characteristic's 16-bit number."""
SERVICES: Final[Mapping[int, Text]] = {
    0x180D: Text("Heart rate"),
    0x1822: Text("Pulse oximeter"),
    0x1808: Text("Glucose meter"),
    0x1810: Text("Blood pressure"),
    0x1809: Text("Thermometer"),
    0x181D: Text("Weight scale"),
}
"""Services a device of this family announces, by their 16-bit number."""


def _results(
    setting: Setting,
    made: tuple[tuple[str, str, Decimal | None, str], ...],
    told: datetime | None,
    remarks: tuple[str, ...] = (),
    user: str = "",
) -> tuple[Item, ...]:
    taken_at = setting.moment(told)
    return tuple(
        replace(setting.result(code, label, value, unit), taken_at=taken_at, flags=remarks, patient_text=user)
        for code, label, value, unit in made
        if value is not None
    )


def _scaled(value: Decimal | None, factor: Decimal) -> Decimal | None:
    """Return a value in its usual unit, to a tenth."""
    if value is None or not -(10**6) < value * factor < 10**6:
        return None
    return value if factor == 1 else (value * factor).quantize(Decimal("0.1"))


def _celsius(value: Decimal | None, *, is_fahrenheit: bool) -> Decimal | None:
    if value is None or abs(value) > 1000:
        return None
    return ((value - 32) / Decimal("1.8")).quantize(Decimal("0.01")) if is_fahrenheit else value


def _user(number: int) -> str:
    """Return whom the device means; 255 is nobody."""
    return "" if number == 0xFF else f"user {number}"


def _remarks(status: int, words: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(word for bit, word in words.items() if status >> bit & 1)


def _is_any(status: int, bits: tuple[int, ...]) -> bool:
    return any(status >> bit & 1 for bit in bits)


def _is_near(told: datetime) -> bool:
    """Return whether minutes can be added to a moment without leaving the calendar."""
    return 1900 <= told.year <= 2900
