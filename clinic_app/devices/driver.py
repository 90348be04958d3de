"""What every family of devices is made of: a pure parser over bytes, a transport that carries them, a driver between.

A `Parser` turns bytes into items and into bytes to answer; it has no clock, no socket and no thread, so that its tests
are vectors of bytes. A `Transport` is one open connection: a serial port, a TCP connection, a Bluetooth characteristic.
A `Driver` talks over connections until they are gone; `StreamDriver` is the one for a parser and a transport, and a
family whose library brings its own talk (SDC, Bluetooth, sound) writes its own. `clinic_app.devices.link.DeviceLink`
runs a driver in a thread and begins again for ever; `clinic_app.devices.families.FAMILIES` lists what there is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Protocol, runtime_checkable

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.result import Result
from clinic_app.foundation.texts import Text

TICK_S: Final = 0.25
"""The longest that a read waits; a parser is asked again at least this often, with no bytes, so that it can be late."""
READ_BYTES: Final = 1 << 16


class EventKind(Enum):
    """What can be told of a device beside its data."""

    CONNECTED = "connected"
    LOST = "lost"
    NO_DATA = "no data"
    DATA_AGAIN = "data again"
    CLOCK_JUMP = "clock jump"
    ANOTHER_PATIENT = "another patient"
    GARBAGE = "garbage"
    LEADS_OFF = "leads off"
    BATTERY = "battery"


@dataclass(frozen=True)
class Event:
    """Something technical that a person may have to know; never a clinical alarm.

    Args:
        source: name of the device.
        kind: what it is.
        text: a sentence.
        at: by this computer's wall clock.
        monotonic_s: by its steady clock.
        stream_id: the stream it is about; empty where it is about the whole device.
    """

    source: str
    kind: EventKind
    text: Text
    at: datetime
    monotonic_s: float
    stream_id: str = ""


Item = Block | Numerics | Result | Event


class Sink(Protocol):
    """Takes what a device delivers, on the device's own thread; it must be quick and must not raise."""

    def __call__(self, item: Item) -> None:
        """Take one item."""
        ...


@dataclass(frozen=True)
class Arrival:
    """When bytes came.

    Args:
        at: by this computer's wall clock, aware, UTC.
        monotonic_s: by its steady clock.
    """

    at: datetime
    monotonic_s: float


@dataclass(frozen=True)
class Parsed:
    """What a parser made of bytes.

    Args:
        items: in the order in which they were measured.
        answer: bytes to send back; empty for none.
        refused: why something that came was not used; the connection goes on.
        is_over: the talk is at its end: the answer is sent and the connection closed, without an error.
    """

    items: tuple[Item, ...] = ()
    answer: bytes = b""
    refused: Text | None = None
    is_over: bool = False


class Parser(Protocol):
    """Makes items out of the bytes of one connection; pure: no clock, no socket, no thread. A connection, a parser."""

    def begin(self, at: Arrival) -> bytes:
        """Return what is said first on a fresh connection; empty for most."""
        ...

    def feed(self, data: bytes, at: Arrival) -> Parsed:
        """Take the next bytes; ``data`` is empty when nothing came for `TICK_S`, for whoever has to run out of time.

        Whatever a stranger sends is either used, or left out with `Parsed.refused`, or a DeviceError.

        Raises:
            DeviceError: nothing sensible can follow; the connection is closed and made anew.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A parser that goes on where that of the connection before stopped; one that counts samples should be one.

    The streams of a device that was gone for a moment go on then, with a gap of the right length, instead of beginning
    anew. Only asked for a device that has one connection at a time.
    """

    def remember(self, former: Parser) -> None:
        """Take over what ``former``, a parser of the same kind, knew of the streams; never half a message."""
        ...


@runtime_checkable
class Holding(Protocol):
    """A parser that may keep an item back until what follows has shown where it belongs."""

    def let_go(self, at: Arrival) -> Iterable[Item]:
        """Return what was kept back: the connection is at its end, and nothing follows."""
        ...


class Transport(Protocol):
    """One open connection."""

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """Return what came, empty when nothing came in time.

        Raises:
            DeviceError: the connection is gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            DeviceError: the connection is gone, or the peer takes nothing.
        """
        ...

    def close(self) -> None:
        """Close it; closing twice is nothing."""
        ...


class Line(Protocol):
    """What a driver tells while it runs; made by the `DeviceLink` that runs it. Safe from several threads."""

    @property
    def name(self) -> str:
        """The device's name: what its items have as ``source``."""
        ...

    def now(self) -> Arrival:
        """Return the present moment by both clocks."""
        ...

    def connected(self, *, quietly: bool = False) -> None:
        """Say that the device is there; ``quietly`` for a server that merely waits."""
        ...

    def disconnected(self) -> None:
        """Say that the last device has gone while the driver goes on waiting for another; only servers need it."""
        ...

    def heard(self, count: int) -> None:
        """Say that ``count`` bytes came."""
        ...

    def deliver(self, item: Item) -> None:
        """Hand an item on."""
        ...

    def refused(self, why: Text | None) -> None:
        """Say why something was not used; None says that all is well again."""
        ...


class Driver(Protocol):
    """Talks with one device."""

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Connect and talk until ``stopping`` is set (return within half a second then) or the device is gone.

        Raises:
            DeviceError: the device cannot be reached, or is gone; the link waits and calls again.
        """
        ...


class StreamDriver:
    """The driver of a parser over a transport.

    Args:
        open_transport: opens the connection; raises DeviceError.
        make_parser: makes a fresh parser for each connection.
    """

    def __init__(self, open_transport: Callable[[], Transport], make_parser: Callable[[], Parser]) -> None:
        self._open = open_transport
        self._make_parser = make_parser
        self._former: Parser | None = None

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Talk over one connection until it is gone."""
        transport = self._open()
        try:
            line.connected()
            parser = self._make_parser()
            if self._former is not None and isinstance(parser, Remembering):
                parser.remember(self._former)
            self._former = parser
            try:
                converse(transport, parser, line, stopping)
            finally:
                for item in parser.let_go(line.now()) if isinstance(parser, Holding) else ():
                    line.deliver(item)
        finally:
            transport.close()


def converse(transport: Transport, parser: Parser, line: Line, stopping: threading.Event) -> None:
    """Carry bytes between a transport and a parser until one of them ends it.

    Raises:
        DeviceError: the connection is gone, or nothing sensible can follow.
    """
    first = parser.begin(line.now())
    if first:
        transport.write(first)
    while not stopping.is_set():
        data = transport.read(READ_BYTES, TICK_S)
        if data:
            line.heard(len(data))
        parsed = parser.feed(data, line.now())
        for item in parsed.items:
            line.deliver(item)
        if parsed.refused or parsed.items:
            line.refused(parsed.refused)
        if parsed.answer:
            transport.write(parsed.answer)
        if parsed.is_over:
            return


OptionValue = str | int | bool


@dataclass(frozen=True)
class Option:
    """One thing that has to be known of a device; the device page makes a field of it.

    Args:
        key: its name in the settings file.
        label: what stands beside the field.
        default: tells the type; an empty text that is required has ``is_required``.
        choices: the only values allowed, if any.
        choice_words: what stands for each of them on a page; empty where the values speak for themselves.
        least: the smallest number.
        most: the largest number.
        kind: how a page asks for it: ``text``, ``number``, ``choice``, ``yes-no``, ``port`` (a serial port, listed by
            the page), ``file`` (an existing file), ``bluetooth`` (an address, found by a scan), ``microphone``.
        is_required: an empty text is refused.
        hint: a sentence for whoever does not know what to write; None for none.
    """

    key: str
    label: Text
    default: OptionValue
    choices: tuple[OptionValue, ...] = ()
    choice_words: tuple[Text, ...] = ()
    least: int = 0
    most: int = 65535
    kind: str = "text"
    is_required: bool = False
    hint: Text | None = None


@dataclass(frozen=True)
class DeviceConfig:
    """One device of this workstation, as the settings file keeps it.

    Args:
        name: its own name here; no two devices share one.
        family: code of the family: ``astm``.
        transport: code of the transport: ``serial``; one that the family speaks.
        options: by `Option.key`, of the family and of the transport; what is absent has its default.
        is_on: whether it is listened to.
    """

    name: str
    family: str
    transport: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    is_on: bool = True


@dataclass(frozen=True)
class TransportKind:
    """One way bytes can come.

    Args:
        code: ``tcp-client``, ``tcp-server``, ``serial`` …
        name: for people.
        options: what has to be known to open it.
        make_driver: makes the driver that opens it as the device's options say, a parser for each connection. It does
            not open anything by itself and does not raise. None for the talk that a family brings itself.
    """

    code: str
    name: Text
    options: tuple[Option, ...] = ()
    make_driver: Callable[[Mapping[str, OptionValue], Callable[[], Parser]], Driver] | None = None


@dataclass(frozen=True)
class Family:
    """One family of devices.

    Args:
        code: in the settings file: ``astm``.
        name: for people.
        transports: codes of the transports it speaks over, the usual one first.
        options: what has to be known beside the transport's own options.
        make_parser: makes the parser of one connection from the device's name and options, all present.
        make_driver: for a family that has a talk of its own: makes its driver from name and options. Exactly one of
            the two is given; such a family names one transport, which may be one without options of its own
            (``own``).
        delivers: what comes, in words: waves, numbers, results.
    """

    code: str
    name: Text
    transports: tuple[str, ...]
    options: tuple[Option, ...] = ()
    make_parser: Callable[[str, Mapping[str, OptionValue]], Parser] | None = None
    make_driver: Callable[[str, Mapping[str, OptionValue]], Driver] | None = None
    delivers: Text | None = None
