"""ECG amplifiers on a cable, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Family, OptionValue, Parser
from clinic_app.foundation.texts import Text


def _make(name: str, options: Mapping[str, OptionValue]) -> Parser:
    from clinic_app.devices.serial_ecg.parser import SerialEcgParser

    return SerialEcgParser(name, options)


SERIAL_ECG: Final = Family(
    "serial-ecg",
    Text("ECG amplifier on a cable (open frame)"),
    ("serial", "tcp-client"),
    make_parser=_make,
    delivers=Text("ECG leads"),
)
