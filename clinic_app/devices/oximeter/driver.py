"""Finds out how fast an oximeter talks: the newer dialect first, then the older one, until frames come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from clinic_app.devices.driver import READ_BYTES, TICK_S, Line, Parsed, Transport
from clinic_app.devices.oximeter.parser import OximeterParser
from clinic_app.devices.serial_port import SerialTransport
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

SPEEDS: Final = ((115200, "none"), (19200, "odd"))
"""Of firmware 4.6 and later, and of the firmware before."""
LISTEN_S: Final = 2.0
"""How long one speed is tried; sixty frames a second come at the right one."""
SILENT_S: Final = 5.0
OpenPort = Callable[[str, int, str], Transport]


def _open(port: str, baud: int, parity: str) -> Transport:
    return SerialTransport(port, baud, parity)


class OximeterDriver:
    """Talks with one oximeter.

    Args:
        name: the device's name here.
        port: the serial port.
        open_port: opens a port with a speed and a parity; raises DeviceError.
        listen_s: seconds one speed is tried.
    """

    def __init__(self, name: str, port: str, open_port: OpenPort = _open, *, listen_s: float = LISTEN_S) -> None:
        self._name = name
        self._port = port
        self._open_port = open_port
        self._listen_s = listen_s
        self._speed_at = 0
        self._former: OximeterParser | None = None

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Try the speeds, the one that worked last first, and talk at the first at which frames come.

        Raises:
            DeviceError: no frames at any speed, or the cable was pulled out.
        """
        for _ in SPEEDS:
            if stopping.is_set() or self._talk(*SPEEDS[self._speed_at], line, stopping):
                return
            self._speed_at = (self._speed_at + 1) % len(SPEEDS)
        raise DeviceError(Text("No oximeter is heard at this port: is it switched on, with a finger in it?"))

    def _talk(self, baud: int, parity: str, line: Line, stopping: threading.Event) -> bool:
        """Return whether frames came at this speed, once they stop coming or the program stops."""
        transport = self._open_port(self._port, baud, parity)
        try:
            return self._listen(transport, line, stopping)
        finally:
            transport.close()

    def _listen(self, transport: Transport, line: Line, stopping: threading.Event) -> bool:
        parser = OximeterParser(self._name)
        if self._former is not None:
            parser.remember(self._former)
        transport.write(parser.begin(line.now()))
        heard_s, is_there = time.monotonic(), False
        while not stopping.is_set():
            data = transport.read(READ_BYTES, TICK_S)
            line.heard(len(data))
            parsed = parser.feed(data, line.now())
            if parsed.items:
                if not is_there:
                    line.connected()
                heard_s, is_there, self._former = time.monotonic(), True, parser
            _hand_on(parsed, transport, line)
            if time.monotonic() - heard_s > (SILENT_S if is_there else self._listen_s):
                break
        return is_there or stopping.is_set()


def _hand_on(parsed: Parsed, transport: Transport, line: Line) -> None:
    for item in parsed.items:
        line.deliver(item)
    if parsed.items:
        line.refused(parsed.refused)
    if parsed.answer:
        transport.write(parsed.answer)
