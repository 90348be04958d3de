"""TCP in both directions: devices that this workstation calls, and devices that call it.

Peers are untrusted: the number of connections, what is read in a second, and how long a write may hang are bounded.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from clinic_app.devices.driver import (
    Driver,
    Line,
    Option,
    OptionValue,
    Parser,
    StreamDriver,
    TransportKind,
    converse,
)
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text

CONNECT_S: Final = 5.0
WRITE_S: Final = 10.0
SILENCE_S: Final = 300.0
"""A caller that says nothing for so long is closed: its place may be needed."""
MOST_CALLERS: Final = 16
MOST_BYTES_PER_S: Final = 4 << 20
"""What is read from one peer in a second; a faster one has to wait."""
_log = logging.getLogger(__name__)


class TcpTransport:
    """An open TCP connection.

    Args:
        connection: the socket; it is this transport's from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._begun_s = time.monotonic()
        self._taken_bytes = 0

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """Return what came, empty when nothing came in time.

        Raises:
            DeviceError: the peer closed the connection, or it broke.
        """
        self._keep_pace(timeout_s)
        try:
            self._connection.settimeout(timeout_s)
            data = self._connection.recv(at_most)
        except TimeoutError:
            return b""
        except OSError as error:
            raise _gone() from error
        if not data:
            raise _gone()
        self._taken_bytes += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            DeviceError: the connection broke, or the peer takes nothing.
        """
        try:
            self._connection.settimeout(WRITE_S)
            self._connection.sendall(data)
        except OSError as error:
            raise _gone() from error

    def close(self) -> None:
        """Close it."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _keep_pace(self, timeout_s: float) -> None:
        passed_s = time.monotonic() - self._begun_s
        if passed_s < 1.0 and self._taken_bytes > MOST_BYTES_PER_S:
            time.sleep(min(1.0 - passed_s, timeout_s))
        elif passed_s >= 1.0:
            self._begun_s, self._taken_bytes = time.monotonic(), 0


def call(host: str, port: int) -> TcpTransport:
    """Return an open connection with a device that waits to be called.

    Raises:
        DeviceError: nobody answers there.
    """
    try:
        connection = socket.create_connection((host, port), timeout=CONNECT_S)
    except (OSError, ValueError, OverflowError) as error:  # a host's name may be no name at all
        raise DeviceError(Text("No device answers at {address}.", address=f"{host}:{port}")) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return TcpTransport(connection)


def notice_when_gone(connection: socket.socket) -> None:
    """Have the system ask a silent peer whether it is still there: a pulled cable ends a connection within ten seconds.

    A peer that is merely silent answers by itself, and stays connected.
    """
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3)):
            option = getattr(socket, name, None)  # not every system has each of them
            if option is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


class TcpServer:
    """The driver of devices that call: a thread and a parser of its own for each connection.

    All of them deliver under the one name of this device; a family whose devices name themselves does that in its
    parser.

    Args:
        host: network address to listen on.
        port: TCP port; 0 takes a free one.
        make_parser: makes a fresh parser for each connection.
        silence_s: seconds of silence after which a connection is closed.
    """

    def __init__(
        self, host: str, port: int, make_parser: Callable[[], Parser], *, silence_s: float = SILENCE_S
    ) -> None:
        self._address = (host, port)
        self._make_parser = make_parser
        self._silence_s = silence_s
        self._callers: dict[threading.Thread, TcpTransport] = {}
        self._lock = threading.Lock()
        self.port = 0
        """The port it listens on; 0 while it does not."""

    def run(self, line: Line, stopping: threading.Event) -> None:
        """Let devices in until ``stopping`` is set.

        Raises:
            DeviceError: the address or port cannot be had.
        """
        try:
            server = socket.create_server(self._address)
        except (OSError, OverflowError) as error:
            address = f"{self._address[0]}:{self._address[1]}"
            raise DeviceError(Text("Devices cannot be reached at {address}: it is taken.", address=address)) from error
        with server:
            server.settimeout(0.2)
            self.port = int(server.getsockname()[1])
            line.connected(quietly=True)
            try:
                while not stopping.is_set():
                    self._let_in(server, line, stopping)
            finally:
                self.port = 0
                self._send_away()

    def _let_in(self, server: socket.socket, line: Line, stopping: threading.Event) -> None:
        try:
            connection, _ = server.accept()
        except TimeoutError:
            return
        except OSError as error:
            _log.warning("a device could not be let in: %s", error)
            stopping.wait(0.2)
            return
        transport = TcpTransport(connection)
        with self._lock:
            if len(self._callers) >= MOST_CALLERS:
                transport.close()
                return
            thread = threading.Thread(
                target=self._serve, args=(transport, line, stopping), name=f"device {line.name}, a caller"
            )
            self._callers[thread] = transport
        thread.start()

    def _serve(self, transport: TcpTransport, line: Line, stopping: threading.Event) -> None:
        """Talk to one device until it goes. The named border of this thread."""
        try:
            line.connected()
            converse(_Patient(transport, self._silence_s), self._make_parser(), line, stopping)
        except DeviceError as error:
            if error.text != _gone().text:
                line.refused(error.text)
        except Exception:  # noqa: BLE001 - the border of this thread
            _log.exception("a caller of the device %s met a fault", line.name)
            line.refused(Text("The program made a mistake with this device; it is in the log."))
        finally:
            transport.close()
            with self._lock:
                self._callers.pop(threading.current_thread(), None)
                is_last = not self._callers
            if is_last and not stopping.is_set():
                line.disconnected()

    def _send_away(self) -> None:
        with self._lock:
            callers = list(self._callers.items())
        for thread, transport in callers:
            transport.close()
            thread.join()


class _Patient:
    """A transport that is gone after too long a silence."""

    def __init__(self, transport: TcpTransport, silence_s: float) -> None:
        self._transport = transport
        self._silence_s = silence_s
        self._heard_s = time.monotonic()

    def read(self, at_most: int, timeout_s: float) -> bytes:
        data = self._transport.read(at_most, timeout_s)
        if data:
            self._heard_s = time.monotonic()
        elif time.monotonic() - self._heard_s > self._silence_s:
            raise _gone()
        return data

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()


def _gone() -> DeviceError:
    return DeviceError(Text("The device closed the connection."))


def _client(options: Mapping[str, OptionValue], make_parser: Callable[[], Parser]) -> Driver:
    host, port = str(options["host"]), int(options["port"])
    return StreamDriver(lambda: call(host, port), make_parser)


def _server(options: Mapping[str, OptionValue], make_parser: Callable[[], Parser]) -> Driver:
    return TcpServer(str(options["host"]), int(options["port"]), make_parser)


TCP_CLIENT: Final = TransportKind(
    "tcp-client",
    Text("Network, this workstation calls the device"),
    (
        Option("host", Text("Network address of the device"), "", is_required=True),
        Option("port", Text("TCP port"), 0, least=1, kind="number"),
    ),
    _client,
)
TCP_SERVER: Final = TransportKind(
    "tcp-server",
    Text("Network, the device calls this workstation"),
    (
        Option(
            "host",
            Text("Network address to listen on"),
            "127.0.0.1",
            is_required=True,
            hint=Text("0.0.0.0 listens on every network of this computer."),
        ),
        Option("port", Text("TCP port"), 0, least=0, kind="number"),
    ),
    _server,
)
