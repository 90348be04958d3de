"""Bluetooth devices, as the table of families lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic_app.devices.bluetooth.port import BluetoothPort
from clinic_app.devices.driver import Driver, Family, Option, OptionValue
from clinic_app.foundation.texts import Text


def make_port() -> BluetoothPort:
    """Return this computer's radio; its library is imported now."""
    from clinic_app.devices.bluetooth.bleak_port import BleakPort

    return BleakPort()


def _make(name: str, options: Mapping[str, OptionValue]) -> Driver:  # noqa: ARG001 - the link knows the name
    from clinic_app.devices.bluetooth.driver import BluetoothDriver

    return BluetoothDriver(str(options["address"]), make_port, sets_clock=bool(options["sets_clock"]))


BLUETOOTH: Final = Family(
    "bluetooth",
    Text("Bluetooth: pulse, oxygen, glucose, blood pressure, temperature, weight"),
    ("own",),
    (
        Option("address", Text("Bluetooth address"), "", kind="bluetooth", is_required=True),
        Option("sets_clock", Text("Set the device's clock"), default=True, kind="yes-no"),
    ),
    make_driver=_make,
    delivers=Text("Numbers and results"),
)
