"""What stands around a driver in tests: a line that only notes, transports made of lists, a parser of lines of text."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from clinic_app.devices.block import Numerics, NumericValue
from clinic_app.devices.driver import Arrival, Item, Parsed
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOMENT = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)


def arrival(seconds: float = 0.0) -> Arrival:
    """Return the moment ``seconds`` after the beginning of a test, by both clocks."""
    return Arrival(MOMENT + timedelta(seconds=seconds), 1000.0 + seconds)


@dataclass
class NotingLine:
    """A `Line` that writes everything down."""

    name: str = "BED-1"
    items: list[Item] = field(default_factory=list)
    refusals: list[Text | None] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0

    def now(self) -> Arrival:
        return arrival(self.seconds)

    def connected(self, *, quietly: bool = False) -> None:
        self.told.append("waits" if quietly else "connected")

    def disconnected(self) -> None:
        self.told.append("disconnected")

    def heard(self, count: int) -> None:
        self.bytes += count

    def deliver(self, item: Item) -> None:
        self.items.append(item)

    def refused(self, why: Text | None) -> None:
        self.refusals.append(why)


@dataclass
class ListedTransport:
    """A `Transport` that gives what is in a list, and is gone at its end.

    Args:
        pieces: what comes, one piece at each read; empty for a read in which nothing came.
        stopping: set at the end of the list instead of being gone, where it is given.
    """

    pieces: Sequence[bytes]
    stopping: threading.Event | None = None
    written: list[bytes] = field(default_factory=list)
    is_closed: bool = False
    _place: int = 0

    def read(self, at_most: int, timeout_s: float) -> bytes:
        if self._place >= len(self.pieces):
            if self.stopping is None:
                raise DeviceError(Text("The device closed the connection."))
            self.stopping.set()
            return b""
        self._place += 1
        return self.pieces[self._place - 1][:at_most]

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True


class PulseParser:
    """A `Parser` of lines of text with a pulse rate; answers ``+``, refuses what is no number, breaks at ``!``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending = b""

    def begin(self, at: Arrival) -> bytes:
        return b"hello\n"

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        *lines, self._pending = (self._pending + data).split(b"\n")
        if b"!" in lines:
            raise DeviceError(Text("The device closed the connection."))
        if b"fault" in lines:
            raise ZeroDivisionError
        numbers = [line for line in lines if line.isdigit()]
        items = tuple(
            Numerics(self._name, {"MDC_PULS_RATE": NumericValue(Decimal(int(line)), "/min")}, at.at, at.monotonic_s)
            for line in numbers
        )
        is_refused = len(numbers) < len([line for line in lines if line != b"bye"])
        why = Text("The monitor sent a wave that cannot be right; it was left out.") if is_refused else None
        return Parsed(items, b"+" * len(items), why, is_over=b"bye" in lines)
