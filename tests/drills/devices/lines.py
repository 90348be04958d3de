"""Lines that disturb what goes over them: one fault in a piece at most, of the kinds a line can have."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from tests.helpers.pseudo_terminal import PseudoCable

Fault = Literal["drop", "garbage", "flip", "twice", "half"]
BYTES_ONLY: Final[tuple[Fault, ...]] = ("drop", "garbage")
"""For frames without a checksum or a number, where anything else cannot be told from a true sample."""
ALL: Final[tuple[Fault, ...]] = ("drop", "garbage", "flip", "twice", "half")
PACKETS: Final[tuple[Fault, ...]] = ("twice",)
"""What TCP lets through: it neither loses nor changes a byte, but a device may send a piece again."""


@dataclass
class Noise:
    """Spoils pieces of what is sent.

    Args:
        rng: what decides.
        faults: kinds it knows.
        part: of the pieces that it spoils.
    """

    rng: random.Random
    faults: tuple[Fault, ...]
    part: float
    count: int = 0

    def spoil(self, piece: bytes) -> bytes:
        """Return a piece as it arrives."""
        if not piece or not self.faults or self.rng.random() >= self.part:
            return piece
        self.count += 1
        at = self.rng.randrange(len(piece))
        fault = self.rng.choice(self.faults)
        if fault == "drop":
            return piece[:at] + piece[at + 1 :]
        if fault == "garbage":
            return piece[:at] + self.rng.randbytes(1) + piece[at:]
        if fault == "flip":
            return piece[:at] + bytes((piece[at] ^ self.rng.randrange(1, 256),)) + piece[at + 1 :]
        return piece + piece if fault == "twice" else piece[:at]


class End(Protocol):
    """The device's end of one connection."""

    def send(self, data: bytes) -> None:
        """Send; raises OSError when the connection is gone."""
        ...

    def hear(self) -> bytes:
        """Return what came; raises OSError when the connection is gone."""
        ...

    def cut(self) -> None:
        """Break the connection, in the middle of whatever is under way."""
        ...


Plug = Callable[[], End]
"""Makes a fresh connection; raises OSError when there is none to be had."""


class CableEnd:
    """A pseudo-terminal behind a name that stays the same when the cable is plugged in again."""

    def __init__(self, name: Path) -> None:
        self._cable = PseudoCable()
        fresh = name.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self._cable.port)
        fresh.replace(name)

    def send(self, data: bytes) -> None:
        self._cable.write(data)

    def hear(self) -> bytes:
        return self._cable.read(0.0)

    def cut(self) -> None:
        self._cable.pull_out()


@dataclass
class SocketEnd:
    """A TCP connection."""

    connection: socket.socket
    gone: bool = field(default=False)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def hear(self) -> bytes:
        self.connection.setblocking(False)
        try:
            data = self.connection.recv(65536)
        except BlockingIOError:
            return b""
        finally:
            self.connection.settimeout(2.0)
        if not data:
            raise ConnectionResetError
        return data

    def cut(self) -> None:
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.connection.close()


def calling(port: int) -> Plug:
    """Return how a device calls the workstation."""
    return lambda: SocketEnd(socket.create_connection(("127.0.0.1", port), timeout=2.0))


def waiting(server: socket.socket) -> Plug:
    """Return how a device waits to be called."""

    def plug() -> End:
        server.settimeout(1.0)
        return SocketEnd(server.accept()[0])

    return plug


def free_port() -> int:
    """Return a TCP port nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
