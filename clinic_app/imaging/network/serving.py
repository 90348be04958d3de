"""What a device is answered: the handlers of its association, and the server they belong to.

Which classes and transfer syntaxes are agreed on follows from what the device is listed for; of the syntaxes it offers
its own first choice is taken, so that a compressed picture stays as it is.
Source: DICOM PS3.8, 7.1 (association); PS3.4, A (echo), B (storage).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES
from pynetdicom.presentation import PresentationContext

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.arriving_set import ArrivingSet
from clinic_app.imaging.network.associations import ANNOUNCED_PDU_BYTES, GuardedServer
from clinic_app.imaging.network.gate import MOST_CONNECTIONS, Gate, Refused
from clinic_app.imaging.network.storing import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS, Arrival, store
from clinic_app.imaging.reading import _NEW_SYNTAXES

if TYPE_CHECKING:
    from clinic_app.foundation.clock import Clock
    from clinic_app.imaging.network.listener import Services
    from clinic_app.imaging.network.peers import Peer
    from clinic_app.imaging.network.visits import VisitBook

IMPLEMENTATION_UID: Final = "2.25.305828488182831875890203105390285383139"
IMAGES: Final = frozenset(str(each.abstract_syntax) for each in AllStoragePresentationContexts)
SYNTAXES: Final = frozenset((*map(str, ALL_TRANSFER_SYNTAXES), *_NEW_SYNTAXES))
VERIFICATION: Final = "1.2.840.10008.1.1"
WORKLIST: Final = "1.2.840.10008.5.1.4.31"
COMMITMENT: Final = "1.2.840.10008.1.20.1"
_PLAIN: Final = frozenset((str(ImplicitVRLittleEndian), str(ExplicitVRLittleEndian)))
_NO_SUCH_ACTION: Final = 0x0123
_INVALID_ARGUMENT: Final = 0x0115
_NO_MORE: Final = 0x0213
_REJECTED: Final = 0x01
_BY_USER: Final = 0x01
_log = logging.getLogger(__name__)


def make_server(
    address: tuple[str, int],
    gate: Gate,
    services: Services,
    book: VisitBook,
    clock: Clock,
    *,
    unit_s: float,
    associate_s: float,
    silence_s: float,
) -> GuardedServer:
    """Return a server that is bound to its address.

    Raises:
        OSError: the address or the port cannot be had.
    """
    entity = AE(ae_title=gate.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_UID
    entity.implementation_version_name = "DALA"
    entity.maximum_pdu_size = ANNOUNCED_PDU_BYTES
    entity.maximum_associations = 4 * MOST_CONNECTIONS  # the gate counts; this must not
    entity.acse_timeout, entity.dimse_timeout, entity.network_timeout = associate_s, silence_s, silence_s
    desk = Desk(gate, services, book, clock)
    server = GuardedServer(
        entity,
        address,
        gate.ae_title,
        [],
        evt_handlers=desk.handlers(),
        may_connect=gate.may_connect,
        gone=gate.gone,
        left=desk.left,
        unit_s=unit_s,
    )
    entity._servers.append(server)  # noqa: SLF001 - shutting the server down takes it out of there again
    return server


class Desk:
    """Answers what devices ask.

    Args:
        gate: who may come in.
        services: what is done for them.
        book: where it is noted.
        clock: says when.
    """

    def __init__(self, gate: Gate, services: Services, book: VisitBook, clock: Clock) -> None:
        self._gate = gate
        self._services = services
        self._book = book
        self._clock = clock

    def handlers(self) -> list[Any]:
        """Return what is done at which event."""
        return [
            (evt.EVT_REQUESTED, self._asked_in),
            (evt.EVT_ABORTED, self._broken_off),
            (evt.EVT_C_ECHO, self._echoed),
            (evt.EVT_C_STORE, self._sent_image),
            (evt.EVT_C_FIND, self._asked_worklist),
            (evt.EVT_N_ACTION, self._asked_commitment),
            (evt.EVT_N_EVENT_REPORT, self._told_commitment),
        ]

    def _asked_in(self, event: Any) -> None:  # noqa: ANN401 - pynetdicom's
        association = event.assoc
        request = association.requestor.primitive
        host = str(association.requestor.address)
        calling, called = str(request.calling_ae_title), str(request.called_ae_title)
        verdict = self._gate.judge(calling, called, host)
        now = self._clock.now()
        if isinstance(verdict, Refused):
            self._book.refuse(now, calling, host, verdict.remark, is_stranger=verdict.is_stranger)
            association.acse.send_reject(_REJECTED, _BY_USER, verdict.diagnostic)
            association.kill()
            return
        association.dala_peer = verdict
        association.dala_visit = self._book.begin(now, calling, host, verdict.name)
        offered = request.presentation_context_definition_list
        association.acceptor.supported_contexts = list(_agreed(offered, verdict))

    def left(self, association: Any) -> None:  # noqa: ANN401
        """Note that an association has ended."""
        visit = getattr(association, "dala_visit", None)
        if visit is not None:
            self._book.end(visit, self._clock.now())

    def _broken_off(self, event: Any) -> None:  # noqa: ANN401
        visit = getattr(event.assoc, "dala_visit", None)
        if visit is not None:
            self._book.note(visit, remark=Text("The connection broke off."))

    @staticmethod
    def _echoed(_event: Any) -> int:  # noqa: ANN401
        return SUCCESS

    def _sent_image(self, event: Any) -> int:  # noqa: ANN401
        request, data = event.request, event.request.DataSet
        peer, visit = self._of(event)
        if not isinstance(data, ArrivingSet):
            return CANNOT_UNDERSTAND
        arrival = Arrival(
            sop_class=str(request.AffectedSOPClassUID),
            sop_uid=str(request.AffectedSOPInstanceUID),
            syntax=str(event.context.transfer_syntax),
            data=data,
            sender=peer.name,
            host=str(event.assoc.requestor.address),
            at=self._clock.now(),
        )
        outcome = store(arrival, self._services.keeping)
        is_taken = outcome.status == SUCCESS
        self._book.note(visit, images=int(is_taken), refused_images=int(not is_taken), remark=outcome.remark)
        return outcome.status

    def _asked_worklist(self, event: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
        peer, visit = self._of(event)
        self._book.note(visit, questions=1)
        worklist = self._services.worklist
        if worklist is None:
            yield OUT_OF_RESOURCES, None
            return
        for answer in worklist.answers(event.identifier, peer):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, answer

    def _asked_commitment(self, event: Any) -> tuple[int, Any]:  # noqa: ANN401
        peer, visit = self._of(event)
        self._book.note(visit, questions=1)
        commitments = self._services.commitments
        if commitments is None or event.action_type != 1:
            return _NO_SUCH_ACTION, None
        try:
            is_taken = commitments.asked(event.action_information, peer, event.assoc)
        except ClinicError:
            return _INVALID_ARGUMENT, None
        return SUCCESS if is_taken else _NO_MORE, None

    def _told_commitment(self, event: Any) -> tuple[int, Any]:  # noqa: ANN401
        peer, _visit = self._of(event)
        commitments = self._services.commitments
        if commitments is None:
            return 0x0110, None
        commitments.told(event.event_type, event.event_information, peer)
        return SUCCESS, None

    @staticmethod
    def _of(event: Any) -> tuple[Peer, int]:  # noqa: ANN401
        return cast("tuple[Peer, int]", (event.assoc.dala_peer, event.assoc.dala_visit))


def _agreed(offered: Iterable[PresentationContext], peer: Peer) -> Iterator[PresentationContext]:
    """Yield what may be agreed on with a device, its own syntaxes in its own order."""
    wanted: dict[str, list[str]] = {}
    for context in offered:
        syntaxes = wanted.setdefault(str(context.abstract_syntax), [])
        syntaxes += [str(each) for each in context.transfer_syntax if str(each) not in syntaxes]
    for uid, syntaxes in wanted.items():
        allowed = _allowed(uid, peer)
        known = [each for each in syntaxes if each in allowed]
        if known:
            made = PresentationContext()
            made.abstract_syntax, made.transfer_syntax = uid, known  # type: ignore[assignment]
            if uid == COMMITMENT:  # an archive calls us to answer, a machine to ask
                made.scu_role = made.scp_role = True
            yield made


def _allowed(uid: str, peer: Peer) -> frozenset[str]:
    """Return the transfer syntaxes in which a device may use a class; none where it may not."""
    if uid == VERIFICATION:
        return _PLAIN
    if uid in IMAGES:
        return SYNTAXES if "send" in peer.uses or "query" in peer.uses else frozenset()
    if uid == WORKLIST:
        return _PLAIN if "worklist" in peer.uses else frozenset()
    if uid == COMMITMENT:
        return _PLAIN if "commit" in peer.uses else frozenset()
    return frozenset()
