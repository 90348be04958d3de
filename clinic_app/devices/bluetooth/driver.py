"""The driver of one Bluetooth device: waits until it is heard, takes what it measured, and waits again.

A cuff or a thermometer wakes up for a few seconds after a measurement and goes again: that is its way and no error.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from clinic_app.devices.bluetooth.measured import GLUCOSE, READERS, Setting, glucose_number
from clinic_app.devices.bluetooth.port import BluetoothPort, Peer
from clinic_app.devices.driver import Arrival, Event, EventKind, Item, Line
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

RECORD_ACCESS: Final = 0x2A52
CURRENT_TIME: Final = 0x2A2B
_ALL_RECORDS: Final = b"\x01\x01"
_WAIT_S: Final = 0.25
_MOST_WAITING: Final = 4096


class BluetoothDriver:
    """Listens to one device for ever.

    Args:
        address: of the device.
        make_port: makes the radio, on the driver's thread.
        zone: of the device's wall clock; by default of this computer.
        sets_clock: whether the device's clock is set to this computer's, where it lets itself be set.
    """

    def __init__(
        self,
        address: str,
        make_port: Callable[[], BluetoothPort],
        zone: tzinfo | None = None,
        *,
        sets_clock: bool = True,
    ) -> None:
        self._address = address
        self._make_port = make_port
        self._zone = zone
        self._sets_clock = sets_clock
        self._next_glucose: int | None = None
        self._told: set[EventKind] = set()

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Wait for the device and take what it says until it goes; again until ``stopping`` is set.

        Raises:
            DeviceError: there is no radio, or the device refuses.
        """
        port = self._make_port()
        line.connected(quietly=True)
        try:
            while not stopping.is_set():
                self._meet(port, line, stopping)
        finally:
            port.close()

    def _meet(self, port: BluetoothPort, line: Line, stopping: threading.Event) -> None:
        values: queue.Queue[tuple[int, bytes, Arrival]] = queue.Queue(_MOST_WAITING)
        gone = threading.Event()

        def on_value(characteristic: int, data: bytes) -> None:
            if not values.full():
                values.put_nowait((characteristic, data, line.now()))

        peer = port.connect(self._address, stopping, on_value, gone.set)
        if peer is None:
            return
        self._told.clear()
        try:
            line.connected()
            self._ask(peer, line)
            self._listen(values, gone, line, stopping)
        finally:
            peer.close()
        if not stopping.is_set():
            line.disconnected()

    def _ask(self, peer: Peer, line: Line) -> None:
        """Have the device send what it can, set its clock, and ask for what it kept."""
        known = [each for each in READERS if each in peer.characteristics]
        if not known:
            raise DeviceError(Text("This Bluetooth device measures nothing that is known here."))
        for characteristic in known:
            peer.listen(characteristic)
        if self._sets_clock and CURRENT_TIME in peer.characteristics:
            try:
                peer.write(CURRENT_TIME, _current_time(line.now().at.astimezone(self._zone)))
            except DeviceError as error:  # it measures all the same
                line.refused(error.text)
        if GLUCOSE in known and RECORD_ACCESS in peer.characteristics:
            peer.listen(RECORD_ACCESS)
            peer.write(RECORD_ACCESS, self._kept())

    def _kept(self) -> bytes:
        """Return the request for what the meter kept: all of it, later only what is new."""
        if self._next_glucose is None:
            return _ALL_RECORDS
        return b"\x01\x03\x01" + (self._next_glucose & 0xFFFF).to_bytes(2, "little")

    def _listen(
        self,
        values: queue.Queue[tuple[int, bytes, Arrival]],
        gone: threading.Event,
        line: Line,
        stopping: threading.Event,
    ) -> None:
        while not stopping.is_set():
            try:
                characteristic, data, at = values.get(timeout=_WAIT_S)
            except queue.Empty:
                line.now()
                if gone.is_set():
                    return
                continue
            line.heard(len(data))
            self._take(characteristic, data, at, line)

    def _take(self, characteristic: int, data: bytes, at: Arrival, line: Line) -> None:
        reader = READERS.get(characteristic)
        if reader is None:
            return
        zone = self._zone or _zone_of(at.at)
        try:
            for item in reader(data, Setting(line.name, at, zone)):
                if not self._is_known(item):
                    line.deliver(item)
            if characteristic == GLUCOSE:
                self._next_glucose = glucose_number(data) + 1
        except DeviceError as error:
            line.refused(error.text)
        else:
            line.refused(None)

    def _is_known(self, item: Item) -> bool:
        """Return whether an event was told already: a sensor that lies nowhere says so every second."""
        if isinstance(item, Event):
            is_known = item.kind in self._told
            self._told.add(item.kind)
            return is_known
        self._told.discard(EventKind.LEADS_OFF)
        return False


def _zone_of(at: datetime) -> tzinfo:
    """Return this computer's zone at a moment."""
    zone = at.astimezone().tzinfo
    assert zone is not None
    return zone


def _current_time(now: datetime) -> bytes:
    """Return a value of Current Time (0x2A2B): local time, day of the week, fractions, why it was set (by a person)."""
    clock = now.year.to_bytes(2, "little") + bytes((now.month, now.day, now.hour, now.minute, now.second))
    return clock + bytes((now.isoweekday(), now.microsecond * 256 // 1_000_000, 1))
