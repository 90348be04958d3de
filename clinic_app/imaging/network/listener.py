"""The port on which imaging devices reach this workstation: echo, images, the worklist, storage commitment.

It stands while the workstation does, also while the window is locked: an image that comes at night must not be lost.
Nothing it takes opens anything to anybody; it waits, encrypted, for a person. The library is loaded when it is needed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import DeviceError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.gate import Gate
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.storing import Keeping
from clinic_app.imaging.network.visits import VisitBook

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from clinic_app.imaging.network.associations import GuardedServer

State = Literal["off", "listening", "failed"]
ASSOCIATE_S: Final = 15.0
SILENCE_S: Final = 120.0
_STOP_S: Final = 10.0
_LOOK_S: Final = 0.02
_log = logging.getLogger(__name__)


class Answering(Protocol):
    """Answers questions for the worklist."""

    def answers(self, question: Dataset, peer: Peer) -> Iterator[Dataset]:
        """Yield what a device asks for."""
        ...


class Committing(Protocol):
    """Answers whether images are kept, and hears of those that others keep."""

    def asked(self, question: Dataset, peer: Peer, association: object) -> bool:
        """Take a question; the answer goes out by itself. Return whether it was taken."""
        ...

    def told(self, event_type: int, answer: Dataset, peer: Peer) -> None:
        """Take what an archive says of images we sent to it."""
        ...


@dataclass(frozen=True)
class Services:
    """What is done for devices.

    Args:
        keeping: where images go.
        worklist: answers what is to be done; None where nobody asks.
        commitments: storage commitment; None where nobody asks.
    """

    keeping: Keeping
    worklist: Answering | None = None
    commitments: Committing | None = None


class ImageListener:
    """Listens for imaging devices.

    Args:
        host: network address to listen on.
        port: TCP port; 0 takes a free one.
        gate: who may come in, and our own name.
        services: what is done for them.
        clock: says when.
        unit_s: seconds within which what a peer has begun to send must be whole.
    """

    def __init__(
        self,
        host: str,
        port: int,
        gate: Gate,
        services: Services,
        clock: Clock,
        *,
        unit_s: float = 20.0,
    ) -> None:
        self._address = (host, port)
        self._unit_s = unit_s
        self._services = services
        self._clock = clock
        self._lock = threading.Lock()
        self._server: GuardedServer | None = None
        self._thread: threading.Thread | None = None
        self.gate = gate
        self.book = VisitBook()
        self.problem: Text | None = None
        """Why it does not listen, although it should."""

    @property
    def state(self) -> State:
        """Whether devices can reach it."""
        if self._server is not None:
            return "listening"
        return "failed" if self.problem is not None else "off"

    @property
    def host(self) -> str:
        """The network address it listens on, or would."""
        return self._address[0]

    @property
    def port(self) -> int:
        """The port it listens on; 0 while it does not."""
        return int(self._server.server_address[1]) if self._server is not None else 0

    def start(self) -> None:
        """Begin to listen.

        Raises:
            DeviceError: the address or the port cannot be had.
        """
        from clinic_app.imaging.network.serving import make_server

        with self._lock:
            if self._server is not None:
                return
            try:
                self._server = make_server(
                    self._address,
                    self.gate,
                    self._services,
                    self.book,
                    self._clock,
                    unit_s=self._unit_s,
                    associate_s=ASSOCIATE_S,
                    silence_s=SILENCE_S,
                )
            except (OSError, OverflowError) as error:
                address = f"{self._address[0]}:{self._address[1]}"
                self.problem = Text("Imaging devices cannot reach us at {address}: it is taken.", address=address)
                raise DeviceError(self.problem) from error
            self.problem = None
            serve = self._server.serve_forever
            self._thread = threading.Thread(target=serve, args=(0.2,), name="dicom-listener", daemon=True)
            self._thread.start()
        _log.info("imaging devices reach us on port %d", self.port)

    def stop(self) -> None:
        """Let nobody in any more, end what goes on, and return when all of it has ended."""
        with self._lock:
            server, self._server = self._server, None
            thread, self._thread = self._thread, None
        if server is None:
            return
        server.shutdown()
        self._end_all(server)
        if thread is not None:
            thread.join(_STOP_S)

    def _end_all(self, server: GuardedServer) -> None:
        """Break off every association, also one that is being made for a connection that was just let in."""
        ended: list[Any] = []
        end_s = time.monotonic() + _STOP_S
        while time.monotonic() < end_s:
            running = [each for each in server.active_associations if each not in ended]
            for association in running:
                association.abort()
            ended += running
            if self.gate.is_empty:
                break
            time.sleep(_LOOK_S)
        for association in ended:
            association.join(_STOP_S)
            association.dul.join(_STOP_S)

    def listed(self, peers: Sequence[Peer]) -> None:
        """Take another list of devices; associations that go on are not ended."""
        self.gate.peers = tuple(peers)
