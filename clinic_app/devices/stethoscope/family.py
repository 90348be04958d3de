"""Stethoscopes, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Driver, Family, Option, OptionValue
from clinic_app.foundation.texts import Text

MICROPHONE: Final = Option(
    "microphone",
    Text("Microphone"),
    "",
    kind="microphone",
    hint=Text("Empty takes the microphone this computer uses otherwise."),
)


def _make(name: str, options: Mapping[str, OptionValue]) -> Driver:
    from clinic_app.devices.stethoscope.driver import StethoscopeDriver

    return StethoscopeDriver(name, str(options[MICROPHONE.key]))


STETHOSCOPE: Final = Family(
    "stethoscope",
    Text("Digital stethoscope (sound input)"),
    ("own",),
    (MICROPHONE,),
    make_driver=_make,
    delivers=Text("heart and lung sounds"),
)
