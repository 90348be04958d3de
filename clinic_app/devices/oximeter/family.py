"""Finger oximeters, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.driver import Driver, Family, OptionValue
from clinic_app.devices.serial_cable import PORT
from clinic_app.foundation.texts import Text


def _make(name: str, options: Mapping[str, OptionValue]) -> Driver:
    from clinic_app.devices.oximeter.driver import OximeterDriver

    return OximeterDriver(name, str(options[PORT.key]))


CMS50: Final = Family(
    "cms50",
    Text("Finger oximeter (Contec CMS50)"),
    ("own",),
    (PORT,),
    make_driver=_make,
    delivers=Text("pulse curve, oxygen saturation, pulse rate"),
)
