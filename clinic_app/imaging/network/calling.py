"""Calling an archive by DICOM: one association of ours, with the same bounds as those of strangers who call us.

An archive is foreign, too: what it may make us keep and wait for is bounded, and what it sends faster than it is read
waits on its side. The library is loaded when it is needed.
Source: DICOM PS3.8 (upper layer), PS3.7 (messages), PS3.4 C (status codes).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation, AssociationSocket

from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.arriving_set import ArrivingSet
from clinic_app.imaging.network.associations import (
    ANNOUNCED_PDU_BYTES,
    MOST_MESSAGE_BYTES,
    MOST_PDU_BYTES,
    GuardedMessages,
)
from clinic_app.imaging.network.found import unreachable
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.reading import LARGEST_FILE_BYTES

CONNECT_S: Final = 10.0
ANSWER_S: Final = 30.0
"""So long an archive may think about its next answer."""
_UNIT_S: Final = 30.0
_READ_BYTES: Final = 64 << 10
_MOST_WAITING: Final = 4
_A_MOMENT_S: Final = 0.001
Context = tuple[str, Sequence[str]]


class _CallingSocket(AssociationSocket):
    """A connection of ours, from which a unit is read in bounded time and memory."""

    def recv(self, nr_bytes: int) -> bytearray:
        """Return so many bytes, fewer where the peer has gone.

        Raises:
            OSError: more than any unit may have, or they do not come in time.
        """
        connection = self.socket
        if connection is None or nr_bytes > MOST_PDU_BYTES:
            raise OSError(f"a unit of {nr_bytes} bytes is announced")
        connection.settimeout(_UNIT_S)
        ends_s, data = time.monotonic() + _UNIT_S, bytearray()
        while len(data) < nr_bytes and (piece := connection.recv(min(nr_bytes - len(data), _READ_BYTES))):
            data += piece
            if time.monotonic() > ends_s:
                raise OSError("a unit takes too long")
        return data

    def _shutdown_socket(self) -> None:
        """End the connection; the library leaves one open that could not be made."""
        super()._shutdown_socket()
        if self.socket is not None:
            self.socket.close()


class _CallingMessages(GuardedMessages):
    """Puts the answers together; whoever answers faster than he is read has to wait."""

    def _is_bounded(self, message: DIMSEMessage) -> bool:
        while self.msg_queue.qsize() > _MOST_WAITING and not self.assoc._kill:  # noqa: SLF001 - it has no other word
            time.sleep(_A_MOMENT_S)
        if self.message is None:
            return True
        data = message.data_set
        arrived = data.size if isinstance(data, ArrivingSet) else 0
        most = 2 * LARGEST_FILE_BYTES if isinstance(message, C_STORE_RQ) else MOST_MESSAGE_BYTES
        return message.encoded_command_set.tell() <= MOST_MESSAGE_BYTES and arrived <= most


class _Caller(AE):
    """An application entity whose associations are guarded."""

    def _create_socket(self, assoc: Association, address: AddressInformation, _tls: Any) -> AssociationSocket:  # noqa: ANN401
        assoc.dimse = _CallingMessages(assoc)
        assoc.dimse_timeout = self.dimse_timeout
        made = _CallingSocket(assoc, address=address)
        if made.socket is not None:
            made.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


@contextmanager
def called(
    peer: Peer,
    ae_title: str,
    contexts: Sequence[Context],
    *,
    stored: Callable[[evt.Event], int] | None = None,
    answer_s: float = ANSWER_S,
    is_answering: bool = False,
    handlers: Sequence[Any] = (),
) -> Iterator[Association]:
    """Yield an association with an archive.

    Args:
        peer: the archive.
        ae_title: ours.
        contexts: what is to be spoken, with the transfer syntaxes of each; the first is the question's.
        stored: takes images that are sent back on the same association (C-GET).
        answer_s: see `ANSWER_S`.
        is_answering: we call to answer what it asked earlier, and not to ask (storage commitment).
        handlers: of other events than those.

    Raises:
        LinkError: it cannot be reached, or does not let us in; the sentence says why.
    """
    caller = _Caller(ae_title)
    caller.connection_timeout, caller.acse_timeout = CONNECT_S, CONNECT_S
    caller.dimse_timeout, caller.network_timeout = answer_s, answer_s
    asked = []
    for abstract, syntaxes in contexts:
        context = PresentationContext()
        context.abstract_syntax, context.transfer_syntax = abstract, list(syntaxes)
        asked.append(context)
    roles: list[Any] = list(_roles([abstract for abstract, _syntaxes in contexts[1:]])) if stored is not None else []
    roles += list(_roles([contexts[0][0]])) if is_answering else []
    bound: list[Any] = [(evt.EVT_C_STORE, stored), *handlers] if stored is not None else list(handlers)
    try:
        association = caller.associate(
            peer.host, peer.port, asked, peer.ae_title, ANNOUNCED_PDU_BYTES, ext_neg=roles, evt_handlers=bound
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise unreachable(peer.name) from error
    try:
        _check(association, peer, contexts[0][0])
        yield association
    finally:
        if association.is_established:
            association.release()
        if not association.is_released:
            association.abort()
        _close(association)


def _close(association: Association) -> None:
    """End the connection; the library leaves one open to a peer that talks nonsense."""
    connection = association.dul.socket.socket if association.dul.socket is not None else None
    if connection is not None:
        connection.close()


def _roles(abstracts: Sequence[str]) -> Iterator[SCP_SCU_RoleSelectionNegotiation]:
    for abstract in dict.fromkeys(abstracts):
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = abstract, False, True
        yield role


def _check(association: Association, peer: Peer, question: str) -> None:
    if association.is_rejected:
        primitive = association.acceptor.primitive
        reason = getattr(primitive, "diagnostic", 0) if primitive is not None else 0
        if reason in (3, 7):
            text = Text(
                "The archive “{name}” does not know us; its staff must enter our AE title there.", name=peer.name
            )
        else:
            text = Text("The archive “{name}” does not take the call.", name=peer.name)
        raise LinkError(text)
    if not association.is_established:
        raise unreachable(peer.name)
    if not any(each.abstract_syntax == question for each in association.accepted_contexts):
        raise LinkError(Text("The archive “{name}” does not do what it was asked for.", name=peer.name))


def status_words(status: int, name: str) -> Text:
    """Return what an archive's last word means to a person.

    Args:
        status: of PS3.4, C.4; 0 where it ended without a word.
        name: the archive's.
    """
    if status in (0xA700, 0xA701, 0xA702):
        return Text("The archive “{name}” has no room for this now; try again later.", name=name)
    if status == 0xA801:
        return Text("The archive “{name}” does not know where to send; its staff must enter us there.", name=name)
    if status in (0xA900, 0x0122) or status >> 12 == 0xC:
        return Text("The archive “{name}” does not understand the question ({code}).", name=name, code=f"{status:04X}")
    if status == 0x0124:
        return Text("The archive “{name}” does not allow this to us.", name=name)
    if status == 0xB000:
        return Text("The archive “{name}” could not send some of the images.", name=name)
    if status == 0xFE00:
        return Text("It was stopped.")
    return Text("The archive “{name}” refused ({code}).", name=name, code=f"{status:04X}")
