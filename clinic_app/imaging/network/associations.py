"""Associations with strangers, on top of pynetdicom: what a peer may make us keep in memory and wait for is bounded.

The library reads whatever length a peer states, keeps whatever it sends and waits for it without end (pynetdicom 3.0.4;
its issue 1086). Here a unit may have a megabyte and must be whole within seconds, a message that is no image may have a
megabyte too, only a few messages wait, and what the library cannot decode ends this association and no other.
Source: DICOM PS3.8, 9 (upper layer); PS3.7, 6.3 (messages).
"""

from __future__ import annotations

import logging
import socket
import time
from typing import TYPE_CHECKING, Any, Final, cast

from pynetdicom import _config, evt
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from clinic_app.imaging.network.arriving_set import ArrivingSet
from clinic_app.imaging.reading import LARGEST_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.pdu_primitives import P_DATA

ANNOUNCED_PDU_BYTES: Final = 256 << 10
MOST_PDU_BYTES: Final = 1 << 20
MOST_MESSAGE_BYTES: Final = 1 << 20
"""Of a command, and of a question; images have their own limit."""
MOST_WAITING_MESSAGES: Final = 4
_READ_BYTES: Final = 64 << 10
_log = logging.getLogger(__name__)
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False  # they name patients
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # what a stranger sends fills no log; we say what matters


class GuardedSocket(AssociationSocket):
    """A connection from which a unit is read in bounded time and memory.

    Args:
        association: whose it is.
        connection: the accepted connection.
        unit_s: seconds within which what was begun must be whole.
    """

    def __init__(self, association: Any, connection: socket.socket, unit_s: float) -> None:  # noqa: ANN401
        super().__init__(association, client_socket=connection)
        self._unit_s = unit_s
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(unit_s)

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes, fewer where the peer has gone.

        Raises:
            OSError: more than any unit may have, or they do not come in time.
        """
        if nr_bytes > MOST_PDU_BYTES:
            raise OSError(f"a unit of {nr_bytes} bytes is announced")
        connection, begun_s = self.socket, time.monotonic()
        if connection is None:
            raise OSError("the connection is closed")
        data = bytearray()
        while len(data) < nr_bytes:
            piece = connection.recv(min(nr_bytes - len(data), _READ_BYTES))
            if not piece:
                break
            data += piece
            if time.monotonic() - begun_s > self._unit_s:
                raise OSError("a unit takes too long")
        return data


class GuardedMessages(DIMSEServiceProvider):
    """Puts messages together; datasets of images go to where their memory is bounded."""

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a part of a message; one that is too large, or none at all, ends the association."""
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = ArrivingSet(LARGEST_FILE_BYTES)
        message = self.message
        try:
            super().receive_primitive(primitive)
            is_fine = self._is_bounded(message)
        except Exception as error:  # noqa: BLE001 - the border to a library that trusts what it reads
            _log.info("a message cannot be read: %s", type(error).__name__)
            is_fine = False
        if not is_fine:
            self.dul.event_queue.put("Evt19")

    def _is_bounded(self, message: DIMSEMessage) -> bool:
        if self.msg_queue.qsize() > MOST_WAITING_MESSAGES:
            return False
        if self.message is None:
            return True
        command, data = message.encoded_command_set, message.data_set
        arrived = data.size if isinstance(data, ArrivingSet) else 0
        most = 2 * LARGEST_FILE_BYTES if isinstance(message, C_STORE_RQ) else MOST_MESSAGE_BYTES
        return command.tell() <= MOST_MESSAGE_BYTES and arrived <= most


class GuardedUpperLayer(DULServiceProvider):
    """The upper layer of one association; whatever goes wrong in it ends this association and no other."""

    def run(self) -> None:
        """Serve until the association ends."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - the border to a library that trusts what it reads
            _log.info("an association ends: %s", type(error).__name__)
            self.assoc.is_aborted, self.assoc.is_established = True, False
            self.assoc._kill = True  # noqa: SLF001 - as its own upper layer does
            self._kill_thread = True
            if self.socket is not None:
                self.socket.close()
        finally:
            self.to_user_queue.put(cast("Any", None))  # nobody need wait any longer for a caller who has gone
            cast("GuardedServer", self.assoc._server).left(self.assoc)  # noqa: SLF001


class GuardedHandler(RequestHandler):
    """Makes the association of one connection."""

    server: GuardedServer

    def handle(self) -> None:
        """Make it and start it."""
        try:
            association = self._create_association()
        except Exception:
            self.server.gone(self.client_address[0])
            raise
        association.dul = GuardedUpperLayer(association)
        association.dimse = GuardedMessages(association)
        association.set_socket(GuardedSocket(association, self.request, self.server.unit_s))
        association.acse_timeout = self.ae.acse_timeout  # the new parts have clocks of their own
        association.dimse_timeout = self.ae.dimse_timeout
        association.network_timeout = self.ae.network_timeout
        evt.trigger(association, evt.EVT_CONN_OPEN, {"address": self.client_address})
        association.start()


class GuardedServer(ThreadedAssociationServer):
    """Listens; lets only so many connections in.

    Args:
        may_connect: asked with the address of each that connects; False closes it unanswered.
        gone: told with the address of each that was let in, once, when it has gone.
        left: told of each association that ends.
        unit_s: see `GuardedSocket`.
    """

    daemon_threads = True
    request_queue_size = 32

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - pynetdicom's own
        may_connect: Callable[[str], bool],
        gone: Callable[[str], None],
        left: Callable[[Any], None],
        unit_s: float = 20.0,
        **more: Any,  # noqa: ANN401
    ) -> None:
        self._may_connect = may_connect
        self.gone = gone
        self._left = left
        self.unit_s = unit_s
        more["request_handler"] = GuardedHandler
        super().__init__(*arguments, **more)

    def server_bind(self) -> None:
        """Take the address for ourselves alone: on Windows "reuse" would let another program share it."""
        listening = self.socket
        assert listening is not None
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
        listening.bind(self.server_address)
        self.server_address = listening.getsockname()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002 - socketserver's
        """Return whether a connection is let in."""
        return self._may_connect(str(client_address[0]))

    def left(self, association: Any) -> None:  # noqa: ANN401 - pynetdicom's
        """Note that an association has ended."""
        self.gone(str(association.requestor.address))
        self._left(association)

    def service_actions(self) -> None:
        """Nothing: the library collects garbage here, in whatever thread draws at that moment."""
