"""Serial ports: USB adapters and built-in ones, by the name the system gives them (``COM3``, ``/dev/ttyUSB0``)."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import serial
from serial.tools import list_ports

from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

WRITE_S: Final = 5.0
_PARITIES: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_ERRORS: Final[tuple[type[Exception], ...]] = (
    serial.SerialException,
    OSError,
    ValueError,
    TypeError,  # of a port that was closed meanwhile: pyserial trips over None
    getattr(sys.modules.get("termios"), "error", serial.SerialException),
)
"""What pyserial and the systems under it raise; ``termios.error`` is no OSError."""


@dataclass(frozen=True)
class SerialPlace:
    """One port of this computer.

    Args:
        name: what opens it.
        words: what the system says is plugged in there.
    """

    name: str
    words: str


def serial_places() -> tuple[SerialPlace, ...]:
    """Return the serial ports this computer has now."""
    found = (SerialPlace(each.device, each.description or each.device) for each in list_ports.comports())
    return tuple(sorted(found, key=lambda each: each.name))


class SerialTransport:
    """An open serial port.

    Args:
        port: what the system calls it.
        baud: bits a second.
        parity: ``none``, ``even`` or ``odd``.
        data_bits: 7 or 8.
        stop_bits: 1 or 2.

    Raises:
        DeviceError: there is no such port, or somebody else has it.
    """

    def __init__(self, port: str, baud: int, parity: str = "none", data_bits: int = 8, stop_bits: int = 1) -> None:
        try:
            self._port = serial.Serial(
                port, baud, data_bits, _PARITIES[parity], stop_bits, timeout=0.0, write_timeout=WRITE_S, exclusive=True
            )
        except _ERRORS as error:
            raise DeviceError(
                Text("The port {port} cannot be opened: it is not there or in use.", port=port)
            ) from error

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """Return what came, empty when nothing came in time.

        Raises:
            DeviceError: the cable was pulled out.
        """
        try:
            if self._port.timeout != timeout_s:  # to set it sets up the whole port anew
                self._port.timeout = timeout_s
            first = bytes(self._port.read(1))
            waiting = min(self._port.in_waiting, at_most - 1) if first else 0
            return first + bytes(self._port.read(waiting)) if waiting else first
        except _ERRORS as error:
            raise _gone() from error

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            DeviceError: the cable was pulled out, or the device takes nothing.
        """
        try:
            self._port.write(data)
        except _ERRORS as error:
            raise _gone() from error

    def close(self) -> None:
        """Close it; what was not sent yet is lost."""
        with suppress(*_ERRORS):
            self._port.close()


def _gone() -> DeviceError:
    return DeviceError(Text("The cable was pulled out, or the device was switched off."))
