"""Storage commitment, both ways: machines ask whether we keep their images, and we ask archives whether they keep ours.

What is answered is true: an image counts as kept when it is noted here and its bytes were read whole from the disk, not
when it once arrived. Only then may a machine delete its own. The answer goes out by itself, on an association of ours
where the machine can be called, else on its own while that lasts.
Source: DICOM PS3.4, J.3 (Storage Commitment Push Model), PS3.7, 10.1.1 and 10.1.4.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.reading import READING_ERRORS, uid_of
from clinic_app.storage.memory import Memory

COMMITMENT: Final = "1.2.840.10008.1.20.1"
INSTANCE: Final = "1.2.840.10008.1.20.1.1"
"""The one well-known instance everything is asked of (J.3.2)."""
ALL_KEPT: Final = 1
SOME_FAILED: Final = 2
NO_SUCH_IMAGE: Final = 0x0112
MOST_IMAGES: Final = 20_000
MOST_WAITING: Final = 16
FORGOTTEN: Final = timedelta(days=30)
_PLAIN: Final = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_KEPT: Final = "images/commitment/"
_JOIN_S: Final = 10.0
_log = logging.getLogger(__name__)
Image = tuple[str, str]
"""SOP class and SOP instance UID."""
AskedState = Literal["asked", "kept", "missing"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive was asked to keep.

    Args:
        transaction: its UID.
        archive: the archive's name here.
        study_id: of the record.
        count: images.
        at: when it was asked.
        state: whether it has answered, and what.
        missing: SOP instance UIDs of images it does not keep.
    """

    transaction: str
    archive: str
    study_id: str
    count: int
    at: datetime
    state: AskedState = "asked"
    missing: tuple[str, ...] = ()


@dataclass
class Commitments:
    """Answers machines, and hears archives out.

    Args:
        keeps: whether an image is kept here for certain, by its UID and class.
        memory: remembers what was asked of archives.
        ae_title: ours.
        clock: says when.
    """

    keeps: Callable[[str, str], bool]
    memory: Memory
    ae_title: str
    clock: Clock
    _running: set[threading.Thread] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- machines ask us ---

    def asked(self, question: Dataset, peer: Peer, association: Any) -> bool:  # noqa: ANN401 - pynetdicom's
        """Take a question; the answer goes out by itself. Return whether it was taken.

        Raises:
            UnreadableFileError: it names no transaction, or an image without its UIDs.
        """
        transaction = uid_of(question, "TransactionUID")
        images = images_in(question, "ReferencedSOPSequence")
        with self._lock:
            if len(self._running) >= MOST_WAITING or len(images) > MOST_IMAGES:
                return False
            thread = threading.Thread(
                target=self._answer, args=(transaction, images, peer, association), name="dicom-commitment", daemon=True
            )
            self._running.add(thread)
        thread.start()
        return True

    def stop(self) -> None:
        """Wait until what is being answered is answered."""
        with self._lock:
            running = tuple(self._running)
        for thread in running:
            thread.join(_JOIN_S)

    def _answer(self, transaction: str, images: Sequence[Image], peer: Peer, association: Any) -> None:  # noqa: ANN401
        try:
            kept = [image for image in images if self.keeps(image[1], image[0])]
            failed = [image for image in images if image not in set(kept)]
            answer = answer_of(transaction, kept, failed)
            kind = SOME_FAILED if failed else ALL_KEPT
            if not peer.can_be_called or not self._called_back(peer, kind, answer):
                association.send_n_event_report(answer, kind, COMMITMENT, INSTANCE)
        except (ClinicError, ValueError, RuntimeError, AttributeError, OSError) as error:  # it has hung up
            _log.info("the device %s does not hear our answer: %s", peer.name, type(error).__name__)
        finally:
            with self._lock:
                self._running.discard(threading.current_thread())

    def _called_back(self, peer: Peer, kind: int, answer: Dataset) -> bool:
        from clinic_app.imaging.network.calling import called

        try:
            with called(peer, self.ae_title, [(COMMITMENT, _PLAIN)], is_answering=True) as association:
                status, _reply = association.send_n_event_report(answer, kind, UID(COMMITMENT), UID(INSTANCE))
                return "Status" in status and status.Status == 0
        except ClinicError as error:
            _log.info("the device %s cannot be called: %s", peer.name, error)
            return False

    # --- archives tell us ---

    def told(self, event_type: int, answer: Dataset, peer: Peer) -> None:
        """Take what an archive says of images we sent to it; what nobody asked is passed over."""
        try:
            transaction = uid_of(answer, "TransactionUID")
            missing = tuple(uid for _class, uid in images_in(answer, "FailedSOPSequence"))
        except ClinicError:
            return
        asked = self.of_transaction(transaction)
        if asked is None or asked.archive != peer.name:
            return
        state: AskedState = "missing" if missing or event_type != ALL_KEPT else "kept"
        self._keep(msgspec.structs.replace(asked, state=state, missing=missing))

    def note_asked(self, asked: Asked) -> None:
        """Remember what an archive was asked, before it is asked."""
        self._keep(asked)

    def forget(self, transaction: str) -> None:
        """Forget a question that was not taken."""
        self.memory.put(_KEPT + transaction, b"")

    def of_transaction(self, transaction: str) -> Asked | None:
        """Return what was asked in a transaction."""
        body = self.memory.get(_KEPT + transaction)
        return msgspec.json.decode(body, type=Asked) if body else None

    def of_study(self, study_id: str) -> tuple[Asked, ...]:
        """Return what was asked about a study, the last first."""
        found = [msgspec.json.decode(body, type=Asked) for body in self.memory.starting(_KEPT).values() if body]
        fresh = [each for each in found if each.study_id == study_id and self.clock.now() - each.at < FORGOTTEN]
        return tuple(sorted(fresh, key=lambda each: each.at, reverse=True))

    def _keep(self, asked: Asked) -> None:
        self.memory.put(_KEPT + asked.transaction, msgspec.json.encode(asked))


def images_in(dataset: Dataset, keyword: str) -> tuple[Image, ...]:
    """Return the images a sequence names.

    Raises:
        UnreadableFileError: one of them lacks a UID.
    """
    try:
        items: Any = dataset.get(keyword) or ()
        found = list(items)[: MOST_IMAGES + 1]
    except READING_ERRORS:
        found = []
    return tuple((uid_of(item, "ReferencedSOPClassUID"), uid_of(item, "ReferencedSOPInstanceUID")) for item in found)


def question_of(transaction: str, images: Iterable[Image]) -> Dataset:
    """Return the question whether images are kept."""
    made = Dataset()
    made.TransactionUID = transaction
    made.ReferencedSOPSequence = _items(images)
    return made


def answer_of(transaction: str, kept: Iterable[Image], failed: Sequence[Image]) -> Dataset:
    """Return the answer: what is kept, and what is not, with the reason."""
    made = question_of(transaction, kept)
    if not made.ReferencedSOPSequence:
        del made.ReferencedSOPSequence
    if failed:
        made.FailedSOPSequence = _items(failed)
        for item in made.FailedSOPSequence:
            item.FailureReason = NO_SUCH_IMAGE
    return made


def _items(images: Iterable[Image]) -> Items:
    items = []
    for sop_class, sop_uid in images:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_uid
        items.append(item)
    return Items(items)
