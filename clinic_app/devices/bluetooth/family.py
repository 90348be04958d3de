"""Bluetooth devices, as the table of families lists them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from clinic_app.devices.bluetooth.port import BluetoothPort, Seen
from clinic_app.devices.driver import Driver, Family, Option, OptionValue
from clinic_app.foundation.texts import Text


def make_port() -> BluetoothPort:
    """Return this computer's radio; its library is imported now."""
    from clinic_app.devices.bluetooth.bleak_port import BleakPort

    return BleakPort()


def nearby(seconds: float, stopping: threading.Event) -> tuple[Seen, ...]:
    """Return the devices of the health profiles that are heard, the loudest first. Blocks; for a background thread.

    Raises:
        DeviceError: this computer has no Bluetooth, or it is off.
    """
    port = make_port()
    try:
        return port.look(seconds, stopping)
    finally:
        port.close()


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
