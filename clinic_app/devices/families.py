"""The table of all families of devices and of all ways bytes come; the device page and the settings are built from it.

A family adds itself with one line here. Its own room stays unopened until a device of it is configured: what makes its
parser is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from clinic_app.devices.astm.family import ASTM
from clinic_app.devices.bluetooth.family import BLUETOOTH
from clinic_app.devices.driver import DeviceConfig, Driver, Family, Option, OptionValue, TransportKind
from clinic_app.devices.hl7.family import HL7_ANALYSER, HL7_MONITOR_CALLED, HL7_MONITOR_CALLS
from clinic_app.devices.lsl.family import LSL
from clinic_app.devices.oximeter.family import CMS50
from clinic_app.devices.poct.family import POCT
from clinic_app.devices.sdc.family import SDC
from clinic_app.devices.serial_cable import SERIAL
from clinic_app.devices.serial_ecg.family import SERIAL_ECG
from clinic_app.devices.stethoscope.family import STETHOSCOPE
from clinic_app.devices.tcp import TCP_CLIENT, TCP_SERVER
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.texts import Text

OWN: Final = "own"
"""The transport of a family that brings its own talk."""
LONGEST_NAME: Final = 48


TRANSPORTS: Final[Mapping[str, TransportKind]] = {
    kind.code: kind
    for kind in (
        TCP_CLIENT,
        TCP_SERVER,
        SERIAL,
        TransportKind(OWN, Text("Its own")),
    )
}
_families: Final[dict[str, Family]] = {
    family.code: family
    for family in (
        HL7_MONITOR_CALLS,
        HL7_MONITOR_CALLED,
        SDC,
        BLUETOOTH,
        ASTM,
        HL7_ANALYSER,
        CMS50,
        SERIAL_ECG,
        POCT,
        STETHOSCOPE,
        LSL,
    )
}
FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(_families)


def add_family(family: Family) -> None:
    """Put a family on the list that a room above brings; done when the program is wired, once or again."""
    _families[family.code] = family


def options_of(family: Family, transport: str) -> tuple[Option, ...]:
    """Return everything that has to be known of a device: of its transport, then of its family."""
    return (*TRANSPORTS[transport].options, *family.options)


def checked(config: DeviceConfig) -> DeviceConfig:
    """Return ``config`` with all its options, if a device can be like that.

    Raises:
        InvalidInputError: no such family or transport, or an option that is unknown, missing or out of range; its
            ``field`` is the option's key.
    """
    name = config.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(Text("A device needs a name of at most {count} letters.", count=LONGEST_NAME), "name")
    family = FAMILIES.get(config.family)
    if family is None or config.transport not in family.transports:
        raise InvalidInputError(Text("There is no device of the kind “{kind}”.", kind=config.family), "family")
    options = options_of(family, config.transport)
    for key in config.options.keys() - {option.key for option in options}:
        raise InvalidInputError(Text("A device has no setting “{key}”.", key=key), key)
    values = {option.key: _checked(option, config.options.get(option.key, option.default)) for option in options}
    return DeviceConfig(name, config.family, config.transport, values, config.is_on)


def driver_of(config: DeviceConfig) -> Driver:
    """Return the driver of a device whose configuration was checked; nothing is opened yet."""
    family = FAMILIES[config.family]
    if family.make_driver is not None:
        return family.make_driver(config.name, config.options)
    make_driver = TRANSPORTS[config.transport].make_driver
    assert family.make_parser is not None
    assert make_driver is not None
    return make_driver(config.options, partial(family.make_parser, config.name, config.options))


def _checked(option: Option, value: OptionValue) -> OptionValue:
    is_fit = type(value) is type(option.default) and (not option.choices or value in option.choices)
    if is_fit and isinstance(value, int) and not isinstance(value, bool) and not option.choices:
        is_fit = option.least <= value <= option.most
    if is_fit and isinstance(value, str):
        value = value.strip()
        is_fit = bool(value) or not option.is_required
    if not is_fit:
        raise InvalidInputError(Text("“{label}” cannot be “{value}”.", label=option.label, value=value), option.key)
    return value
