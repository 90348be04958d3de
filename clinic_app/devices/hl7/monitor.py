"""Patient monitors over HL7 v2 and MLLP as a family: those that call, and those that wait to be called."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Arrival, Event, Item, Line, Parsed, Parser
from clinic_app.devices.hl7.beds import MOST_BEDS, Beds
from clinic_app.devices.hl7.message import Message, acknowledgement, parse
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.hl7.monitor_listener import MonitorListener
from clinic_app.devices.hl7.monitor_talk import another_patient
from clinic_app.devices.wave_streams import WaveStreams
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

_WAIT_S: Final = 0.25
_LONGEST_GREETING: Final = 2000
_MOVED_S: Final = 10.0
"""A bed that was silent for so long may have been left for another one."""


class Hl7MonitorParser:
    r"""One monitor that was called: its ORU^R01 become blocks and numbers, and each is acknowledged.

    Args:
        name: the device's name here, whatever the monitor calls itself.
        greeting: an HL7 message to send first, segments set apart by ``\r`` as two letters; empty for none. Some
            monitors send nothing before they are asked (QRY^R02).
    """

    def __init__(self, name: str, greeting: str = "") -> None:
        self._name = name
        self._greeting = greeting
        self._deframer = Deframer()
        self.waves: dict[str, WaveStreams] = {}
        """The streams of each bed and patient, over the monitor's connections."""
        self.beds = Beds(is_one_bed=True)
        self.first: str | None = None
        """Who has the device's own name: the bed and patient heard first."""
        self.last: str | None = None
        """Who was heard last."""
        self.bed = ""
        """The bed it stands at, where it says so (PV1-3)."""
        self.bed_heard_s = 0.0
        """When that bed was heard last, by the steady clock."""

    def remember(self, former: Parser) -> None:
        """Go on with the streams of the connection before: the monitor's own stamps tell how long it was gone."""
        if isinstance(former, Hl7MonitorParser):
            self.waves, self.beds, self.first, self.last = former.waves, former.beds, former.first, former.last
            self.bed, self.bed_heard_s = former.bed, former.bed_heard_s

    def begin(self, at: Arrival) -> bytes:  # noqa: ARG002 - a monitor is greeted alike at any time
        """Return the greeting."""
        if not self._greeting:
            return b""
        segments = self._greeting[:_LONGEST_GREETING].replace("\\r", "\r").rstrip("\r")
        return frame(f"{segments}\r".encode())

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes.

        Raises:
            DeviceError: no HL7 at all, or a message without an end.
        """
        items: list[Item] = []
        answer = bytearray()
        refused: Text | None = None
        for raw in self._deframer.feed(data):
            message = parse(raw)
            if message.kind.startswith(("ACK", "ORR", "QCK", "DSR")):  # what the monitor says to our greeting
                continue
            why: Text | None = None
            try:
                is_moved = self._check_bed(message, at)
                items.extend(self._items(message, at, is_moved=is_moved))
            except DeviceError as error:
                why = refused = error.text
            answer += frame(acknowledgement(message, "AE" if why else "AA", at.at))
        items.extend(self._settle(at.monotonic_s))
        return Parsed(tuple(items), bytes(answer), refused)

    def let_go(self, at: Arrival) -> Iterable[Item]:  # noqa: ARG002 - at the end nothing is waited for
        """Return the waves that waited for the ones behind them."""
        return self._settle(None)

    def _settle(self, now_s: float | None) -> Iterator[Item]:
        for waves in self.waves.values():
            yield from waves.settle(now_s)

    def _items(self, message: Message, at: Arrival, *, is_moved: bool) -> Iterator[Item]:
        """Yield what is in a message, under the name of whom it is about."""
        lying = self.beds.lying(message, at.monotonic_s)
        if self.first is None:
            self.first = lying.name
        name = self._name_of(lying.name)
        gone = lying.former
        if gone is None and self.last is not None and is_moved:
            gone = self.last
        self.last = lying.name
        if gone is not None:
            yield another_patient(name, self._name_of(gone), at)
        waves = self.waves.pop(lying.name, None) or WaveStreams()
        self.waves[lying.name] = waves  # the newest last
        while len(self.waves) > MOST_BEDS:
            del self.waves[next(iter(self.waves))]
        yield from waves.items(name, message, at)

    def _name_of(self, lying: str) -> str:
        return self._name if lying == self.first else f"{self._name} {lying}".strip()

    def _check_bed(self, message: Message, at: Arrival) -> bool:
        """Refuse what another bed sends: only one is wanted. Return whether the monitor stands at another one now.

        Raises:
            DeviceError: the bed that is listened to was heard just now.
        """
        bed = message.bed
        is_moved = bool(bed and self.bed and bed != self.bed)
        if is_moved and at.monotonic_s - self.bed_heard_s < _MOVED_S:
            raise DeviceError(Text("This is the bed {bed}; only {first} is listened to.", bed=bed, first=self.bed))
        if bed:
            self.bed, self.bed_heard_s = bed, at.monotonic_s
        return is_moved


class MonitorServer:
    """The driver of monitors that call: each under the name it gives itself.

    Args:
        host: network address to listen on.
        port: TCP port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._wanted_port = port
        self.port = 0
        """The port it listens on; 0 while it does not."""

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Let monitors in until ``stopping`` is set.

        Raises:
            DeviceError: the address or port cannot be had.
        """
        listener = MonitorListener(self._host, self._wanted_port)
        listener.subscribe(line.deliver, Block, Numerics, Event)
        listener.start()
        self.port = listener.port
        try:
            line.connected(quietly=True)
            connected = 0
            while not stopping.wait(_WAIT_S):
                connected, before = sum(source.is_connected for source in listener.sources()), connected
                if connected > before:
                    line.connected()
                elif before and not connected:
                    line.disconnected()
                line.now()
        finally:
            self.port = 0
            listener.stop()
