"""Patient monitors that call: a TCP server for HL7 v2 over MLLP, a thread for each connection.

The peer is untrusted: the number of connections, the size of a message and the time it may take are bounded, and what
cannot be read is answered with AE and never stops the others.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.hl7 import Message, acknowledgement, parse
from clinic_app.devices.mllp import Deframer, frame
from clinic_app.devices.stream_clock import StreamClock
from clinic_app.devices.waves import read_numerics, read_waves
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOST_CONNECTIONS: Final = 16
SILENCE_S: Final = 60.0
"""A connection that says nothing for so long is closed; the monitor connects again."""
MESSAGE_S: Final = 10.0
"""A message that takes longer from its first byte to its last closes the connection."""
_RECEIVE_BYTES: Final = 1 << 16
_log = logging.getLogger(__name__)

Subscriber = Callable[[Block | Numerics], None]


@dataclass(frozen=True)
class SourceState:
    """One device as the screen lists it.

    Args:
        name: what it calls itself, or its address before it said so.
        is_connected: whether its connection is open.
        last_seen_at: when its last message came.
        last_error: why something was refused, or None.
    """

    name: str
    is_connected: bool
    last_seen_at: datetime | None = None
    last_error: Text | None = None


class MonitorListener:
    """Waits for patient monitors.

    Args:
        host: network address to listen on.
        port: TCP port; 0 takes a free one.
        clock: the wall clock.
        silence_s: seconds of silence after which a connection is closed.
        message_s: seconds one message may take.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: Clock | None = None,
        *,
        silence_s: float = SILENCE_S,
        message_s: float = MESSAGE_S,
    ) -> None:
        self._host = host
        self._wanted_port = port
        self._clock = clock or SystemClock()
        self._silence_s = silence_s
        self._message_s = message_s
        self._server: socket.socket | None = None
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._sources: dict[str, SourceState] = {}
        self._subscribers: tuple[Subscriber, ...] = ()
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 while it does not."""
        return int(self._server.getsockname()[1]) if self._server else 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have every block and every set of numbers handed over, on the connection's own thread."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)

    def sources(self) -> tuple[SourceState, ...]:
        """Return every device seen since the start, connected ones first."""
        with self._lock:
            return tuple(sorted(self._sources.values(), key=lambda each: (not each.is_connected, each.name)))

    def start(self) -> None:
        """Begin to listen.

        Raises:
            DeviceError: the address or port cannot be had.
        """
        try:
            self._server = socket.create_server((self._host, self._wanted_port))
        except OSError as error:
            address = f"{self._host}:{self._wanted_port}"
            raise DeviceError(Text("Monitors cannot be reached at {address}: it is taken.", address=address)) from error
        self._server.settimeout(0.2)
        self._thread = threading.Thread(target=self._accept, name="monitor-listener")
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait until the threads have ended."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        self._thread.join()
        server.close()
        with self._lock:
            open_ones = list(self._connections.items())
        for connection, thread in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept(self) -> None:
        while (server := self._server) is not None:
            try:
                connection, (host, port, *_) = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._lock:
                is_full = len(self._connections) >= MOST_CONNECTIONS
            if is_full:
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection, f"{host}:{port}"), name="monitor")
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket, address: str) -> None:
        """Talk to one monitor until it goes. The named border of this thread."""
        talk = _Talk(address)
        try:
            self._converse(connection, talk)
        except (OSError, DeviceError) as error:
            self._note(talk, error=error.text if isinstance(error, DeviceError) else None)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the connection with a monitor met a fault")
            self._note(talk, error=Text("The program made a mistake with this monitor; it is in the log."))
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(connection, None)
                if talk.name in self._sources:
                    self._sources[talk.name] = replace(self._sources[talk.name], is_connected=False)

    def _converse(self, connection: socket.socket, talk: _Talk) -> None:
        deframer = Deframer()
        begun_s = time.monotonic()
        while self._server is not None:
            waiting_s = self._message_s if deframer.is_inside else self._silence_s
            left_s = begun_s + waiting_s - time.monotonic()
            if left_s <= 0:
                raise DeviceError(Text("The monitor stopped in the middle; the connection was closed."))
            connection.settimeout(left_s)
            try:
                data = connection.recv(_RECEIVE_BYTES)
            except TimeoutError:
                continue
            if not data:
                return
            was_inside = deframer.is_inside
            messages = deframer.feed(data)
            if messages or not was_inside:
                begun_s = time.monotonic()
            for message in messages:
                connection.sendall(frame(self._take(message, talk)))

    def _take(self, raw: bytes, talk: _Talk) -> bytes:
        """Return the answer to one message, after everybody has what is in it."""
        message = parse(raw)
        talk.name = message.sender or talk.name
        error: Text | None = None
        try:
            for item in talk.items(message, self._clock.now()):
                for subscriber in self._subscribers:
                    subscriber(item)
        except DeviceError as refusal:
            error = refusal.text
        self._note(talk, error=error)
        return acknowledgement(message, "AE" if error else "AA", self._clock.now())

    def _note(self, talk: _Talk, error: Text | None) -> None:
        with self._lock:
            self._sources[talk.name] = SourceState(talk.name, True, self._clock.now(), error)


class _Talk:
    """What is known of one connection: the device's name and the clocks of its streams."""

    def __init__(self, address: str) -> None:
        self.name = address
        self._clocks: dict[tuple[str, Fraction], StreamClock] = {}

    def items(self, message: Message, now: datetime) -> list[Block | Numerics]:
        """Return what is in a message."""
        if message.kind != "ORU^R01":
            raise DeviceError(
                Text("The monitor sent a message of the kind {kind}, which is not used.", kind=message.kind)
            )
        steady_s = time.monotonic()
        found: list[Block | Numerics] = []
        for wave in read_waves(message):
            stream = self._clocks.setdefault((wave.channels[0].code, wave.rate_hz), StreamClock(wave.rate_hz))
            index = stream.place(wave.start_at, wave.samples.shape[1])
            found.append(
                Block(self.name, stream.stream_id, wave.channels, index, wave.rate_hz, wave.samples, now, steady_s)
            )
        numerics = read_numerics(message)
        if numerics:
            found.append(Numerics(self.name, numerics, now, steady_s))
        return found
