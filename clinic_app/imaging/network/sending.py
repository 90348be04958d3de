"""Images of a record go to an archive: as they lie in the store, byte for byte, and then it is asked to keep them.

Each image goes in the packing it has; an archive that does not take that packing is told in a sentence, and nothing is
unpacked behind anybody's back. A second try sends what is missing: an archive takes the same image twice as one.
Source: DICOM PS3.4, B (Storage Service Class).
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.uid import UID, generate_uid

from clinic_app.access import Session, Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, LinkError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.filed_images import head_of
from clinic_app.imaging.importing import sha256_of
from clinic_app.imaging.network.commitment import COMMITMENT, INSTANCE, Asked, Commitments, Image, question_of
from clinic_app.imaging.network.found import broken_off
from clinic_app.imaging.network.peers import Peer
from clinic_app.records import ImagingStudy
from clinic_app.storage import Store

MOST_CONTEXTS: Final = 126
_PLAIN: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_META_BYTES: Final = 64 << 10
_MEDIUM: Final = 0
_PATIENCE_S: Final = 10.0
_WARNINGS: Final = (0xB000, 0xB006, 0xB007)
"""Stored, with a remark (PS3.4, B.2.3)."""
Progress = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Sent:
    """What became of sending.

    Args:
        sent: images the archive has taken.
        failed: images it has not, each with the reason.
        is_stopped: somebody stopped it.
        is_asked_to_keep: it was asked for storage commitment; the answer comes by itself.
    """

    sent: int = 0
    failed: tuple[tuple[str, Text], ...] = ()
    is_stopped: bool = False
    is_asked_to_keep: bool = False


@dataclass(frozen=True)
class _File:
    """One image on its way."""

    sop_class: str
    sop_uid: str
    sha256: str
    syntax: str


class ImageSending:
    """Sends studies.

    Args:
        store: has their bytes.
        trail: makes the audit events.
        clock: says when.
        commitments: asks archives whether they keep what was sent.
        ae_title: ours.
        peers: gives the archives.
    """

    def __init__(
        self,
        store: Store,
        trail: Trail,
        clock: Clock,
        commitments: Commitments,
        ae_title: str,
        peers: Callable[[], Sequence[Peer]],
    ) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._commitments = commitments
        self._ae_title = ae_title
        self._peers = peers
        self._noted: tuple[str, ...] = ()

    def archives(self) -> tuple[str, ...]:
        """Return the names of the archives images can be sent to."""
        return tuple(peer.name for peer in self._peers() if "store" in peer.uses and peer.can_be_called)

    def asked(self, session: Session, study: ImagingStudy) -> tuple[Asked, ...]:
        """Return which archives were asked to keep a study, and what they said, the last first."""
        study = self._trail.require_stored(session, "read", ImagingStudy, study.id)
        asked = self._commitments.of_study(study.id)
        seen_now = (session.practitioner_id, study.id, *(each.state for each in asked))
        if seen_now != self._noted:  # a screen that waits for the answer asks again and again
            self._store.records.commit((), audit=(self._trail.event(session, "read", study),))
            self._noted = seen_now
        return asked

    def send(
        self,
        session: Session,
        study: ImagingStudy,
        archive: str,
        *,
        progress: Progress = lambda _done, _total: None,
        is_stopped: Stop = lambda: False,
    ) -> Sent:
        """Send a study to an archive.

        Args:
            session: who sends.
            study: what.
            archive: its name.
            progress: told after each image how many of how many.
            is_stopped: asked before each image.

        Raises:
            NotAllowedError: this person may take no images of this patient out of the house.
            NotFoundError: there is no such archive.
            LinkError: it cannot be reached, or the connection broke; what it has taken it has.
        """
        study = self._trail.require_stored(session, "export", ImagingStudy, study.id)
        peer = next((each for each in self._peers() if each.name == archive and "store" in each.uses), None)
        if peer is None:
            raise NotFoundError(Text("There is no archive “{name}” any more.", name=archive))
        event = self._trail.happening(session, "export", study, description=f"images to {peer.name} ({peer.ae_title})")
        self._store.records.commit((), audit=(event,))
        files, failed = self._files(study)
        taken: list[Image] = []
        was_stopped = False
        for part in _parts(files):
            done, refused, was_stopped = self._send_part(peer, part, len(taken), len(files), progress, is_stopped)
            taken += done
            failed += refused
            if was_stopped:
                break
        is_asked = bool(taken) and "commit" in peer.uses and self._ask_to_keep(peer, study, taken)
        return Sent(len(taken), tuple(failed), was_stopped, is_asked)

    def _files(self, study: ImagingStudy) -> tuple[list[_File], list[tuple[str, Text]]]:
        files, failed = [], []
        for series in study.series:
            for instance in series.instance:
                sop_class = (instance.sop_class.code or "").removeprefix("urn:oid:")
                try:
                    with self._store.blobs.open(sha256_of(instance)) as file:
                        syntax, _begin = head_of(file.read(_META_BYTES))
                    files.append(_File(sop_class, instance.uid, sha256_of(instance), syntax))
                except ClinicError as error:
                    failed.append((instance.uid, error.text))
        return files, failed

    def _send_part(
        self, peer: Peer, files: Sequence[_File], before: int, total: int, progress: Progress, is_stopped: Stop
    ) -> tuple[list[Image], list[tuple[str, Text]], bool]:
        """Send what fits into one association; return what was taken, what was not, and whether it was stopped."""
        from clinic_app.imaging.network.calling import called, status_words

        pairs = list(dict.fromkeys((each.sop_class, each.syntax) for each in files))
        contexts = [("1.2.840.10008.1.1", _PLAIN), *((sop_class, (syntax,)) for sop_class, syntax in pairs)]
        taken: list[Image] = []
        failed: list[tuple[str, Text]] = []
        with called(peer, self._ae_title, contexts) as association:
            agreed = {
                (str(each.abstract_syntax), str(each.transfer_syntax[0])): each.context_id
                for each in association.accepted_contexts
            }
            for file in files:
                if is_stopped():
                    return taken, failed, True
                context = agreed.get((file.sop_class, file.syntax))
                if context is None:
                    text = Text("The archive “{name}” does not take this kind of image.", name=peer.name)
                    failed.append((file.sop_uid, text))
                    continue
                try:
                    data = self._store.blobs.read(file.sha256)
                    status = _stored(association, context, file, data[head_of(data[:_META_BYTES])[1] :], peer)
                except LinkError:
                    raise
                except ClinicError as error:
                    failed.append((file.sop_uid, error.text))
                    continue
                if status == 0 or status in _WARNINGS:
                    taken.append((file.sop_class, file.sop_uid))
                    progress(before + len(taken), total)
                else:
                    failed.append((file.sop_uid, status_words(status, peer.name)))
        return taken, failed, False

    def _ask_to_keep(self, peer: Peer, study: ImagingStudy, images: Sequence[Image]) -> bool:
        """Ask the archive whether it keeps what it took; wait a little for an answer on the same association."""
        from pynetdicom import evt

        from clinic_app.imaging.network.calling import called

        transaction = str(generate_uid(prefix=None))
        asked = Asked(
            transaction=transaction, archive=peer.name, study_id=study.id, count=len(images), at=self._clock.now()
        )
        self._commitments.note_asked(asked)

        def told(event: Any) -> tuple[int, None]:  # noqa: ANN401 - pynetdicom's
            self._commitments.told(event.event_type, event.event_information, peer)
            return 0, None

        try:
            handlers = [(evt.EVT_N_EVENT_REPORT, told)]
            with called(peer, self._ae_title, [(COMMITMENT, _PLAIN)], handlers=handlers) as association:
                status, _reply = association.send_n_action(
                    question_of(transaction, images), 1, UID(COMMITMENT), UID(INSTANCE)
                )
                if "Status" not in status or status.Status != 0:
                    raise broken_off(peer.name)
                self._wait_a_little(transaction)
        except ClinicError:
            self._commitments.forget(transaction)
            return False
        return True

    def _wait_a_little(self, transaction: str) -> None:
        ends_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends_s:
            asked = self._commitments.of_transaction(transaction)
            if asked is None or asked.state != "asked":
                return
            time.sleep(0.1)


def _parts(files: Sequence[_File]) -> Iterator[list[_File]]:
    """Yield the files in parts whose kinds and packings fit into one association."""
    part: list[_File] = []
    pairs: set[tuple[str, str]] = set()
    for file in files:
        pair = (file.sop_class, file.syntax)
        if pair not in pairs and len(pairs) >= MOST_CONTEXTS:
            yield part
            part, pairs = [], set()
        pairs.add(pair)
        part.append(file)
    if part:
        yield part


def _stored(association: Any, context: int, file: _File, dataset: bytes, peer: Peer) -> int:  # noqa: ANN401
    """Send one image as it lies here; return the archive's status.

    Raises:
        LinkError: the connection broke, or no answer came.
    """
    from pynetdicom.dimse_primitives import C_STORE

    request = C_STORE()
    request.MessageID, request.Priority = 1, _MEDIUM
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = UID(file.sop_class), UID(file.sop_uid)
    request.DataSet = io.BytesIO(dataset)
    association._reactor_checkpoint.clear()  # noqa: SLF001 - as the library's own senders do
    try:
        while not association._is_paused:  # noqa: SLF001
            time.sleep(0.001)
        if not association.is_established:
            raise broken_off(peer.name)
        association.dimse.send_msg(request, context)
        _context, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()  # noqa: SLF001
    if answer is None or getattr(answer, "Status", None) is None:
        raise broken_off(peer.name)
    return int(answer.Status)
