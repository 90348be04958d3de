"""Patient monitors that call: a TCP server for HL7 v2 over MLLP, a thread for each connection.

The peer is untrusted: the number of connections, the size of a message and the time it may take are bounded, and what
cannot be read is answered with AE and never stops the others.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from clinic_app.devices.block import Block, Numerics
from clinic_app.devices.driver import Event
from clinic_app.devices.hl7.message import acknowledgement, parse
from clinic_app.devices.hl7.mllp import Deframer, frame
from clinic_app.devices.hl7.monitor_talk import MonitorTalk
from clinic_app.devices.hl7.sources import Sources, SourceState
from clinic_app.devices.tcp import notice_when_gone
from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

MOST_CONNECTIONS: Final = 16
SILENCE_S: Final = 60.0
"""A connection that says nothing for so long is closed; the monitor connects again."""
MESSAGE_S: Final = 10.0
"""A message that takes longer from its first byte to its last closes the connection."""
MOST_BYTES_PER_S: Final = 4 << 20
"""What is read from one peer in a second; twelve leads at 1000 Hz are 60 kB. A faster one has to wait."""
_RECEIVE_BYTES: Final = 1 << 16
_HELD_S: Final = 1.0
"""How often a talk is looked at that keeps a wave back."""
_log = logging.getLogger(__name__)


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
        self._sources = Sources()
        self._stopping = threading.Event()
        self._subscribers: tuple[tuple[tuple[type, ...], Callable[[Any], None]], ...] = ()
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 while it does not."""
        return int(self._server.getsockname()[1]) if self._server else 0

    def subscribe(self, subscriber: Callable[[Any], None], *kinds: type) -> None:
        """Have what comes handed over, on the connection's own thread.

        Args:
            subscriber: takes it.
            kinds: what of it; by default every block and every set of numbers, and no events.
        """
        with self._lock:
            self._subscribers = (*self._subscribers, (kinds or (Block, Numerics), subscriber))

    def sources(self) -> tuple[SourceState, ...]:
        """Return every device seen since the start, connected ones first."""
        return self._sources.all()

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
        self._stopping.clear()
        self._thread = threading.Thread(target=self._accept, name="monitor-listener")
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait until the threads have ended."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        self._stopping.set()
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
                address = (str(host), int(port))
            except TimeoutError:
                continue
            except OSError as error:
                _log.warning("a monitor could not be let in: %s", error)
                self._stopping.wait(0.2)
                continue
            notice_when_gone(connection)
            with self._lock:
                is_full = len(self._connections) >= MOST_CONNECTIONS
            if is_full:
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection, address), name="monitor")
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        """Talk to one monitor until it goes. The named border of this thread."""
        talk = MonitorTalk(address, self._sources)
        try:
            try:
                self._converse(connection, talk)
            finally:
                self._hand_on(talk.settle(is_over=True))
        except (OSError, DeviceError) as error:
            if talk.is_current:
                self._note(talk, error=error.text if isinstance(error, DeviceError) else None)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("the connection with a monitor met a fault")
            self._note(talk, error=Text("The program made a mistake with this monitor; it is in the log."))
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(connection, None)
            talk.leave()

    def _converse(self, connection: socket.socket, talk: MonitorTalk) -> None:
        deframer = Deframer()
        pace = _Pace(self._stopping)
        begun_s = time.monotonic()
        while self._server is not None:
            waiting_s = self._message_s if deframer.is_inside else self._silence_s
            left_s = begun_s + waiting_s - time.monotonic()
            if left_s <= 0 and not deframer.is_inside:
                return
            if left_s <= 0:
                raise DeviceError(Text("The monitor stopped in the middle; the connection was closed."))
            connection.settimeout(min(left_s, _HELD_S) if talk.is_holding else left_s)
            try:
                data = connection.recv(_RECEIVE_BYTES)
            except TimeoutError:
                self._hand_on(talk.settle())
                continue
            if not data:
                return
            was_inside = deframer.is_inside
            messages = deframer.feed(data)
            pace.took(len(data))
            if messages or (deframer.is_inside and not was_inside):
                begun_s = time.monotonic()
            connection.settimeout(self._message_s)
            for message in messages:
                connection.sendall(frame(self._take(message, talk)))
            if messages and talk.is_holding:  # whoever else speaks here does not let one bed's wave wait for ever
                self._hand_on(talk.settle())

    def _take(self, raw: bytes, talk: MonitorTalk) -> bytes:
        """Return the answer to one message, after everybody has what is in it."""
        message = parse(raw)
        talk.name_yourself(message)
        error: Text | None = None
        try:
            self._hand_on(talk.items(message, self._clock.now()))
        except DeviceError as refusal:
            error = refusal.text
        self._note(talk, error=error)
        return acknowledgement(message, "AE" if error else "AA", self._clock.now())

    def _hand_on(self, items: Iterable[Block | Numerics | Event]) -> None:
        for item in items:
            for kinds, subscriber in self._subscribers:
                if isinstance(item, kinds):
                    subscriber(item)

    def _note(self, talk: MonitorTalk, error: Text | None) -> None:
        self._sources.note(talk.name, self._clock.now(), error)


class _Pace:
    """Makes a peer wait that sends more than `MOST_BYTES_PER_S`, so that it cannot keep the program busy.

    Args:
        stopping: ends the wait.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._second_begun_s = time.monotonic()
        self._taken_bytes = 0

    def took(self, count: int) -> None:
        """Note bytes that came; return when the next may be read."""
        self._taken_bytes += count
        passed_s = time.monotonic() - self._second_begun_s
        if passed_s < 1.0 and self._taken_bytes > MOST_BYTES_PER_S:
            self._stopping.wait(1.0 - passed_s)
            passed_s = 1.0
        if passed_s >= 1.0:
            self._second_begun_s, self._taken_bytes = time.monotonic(), 0
