"""An archive that speaks DICOM: searched with C-FIND, fetched from with C-GET or, where it cannot, with C-MOVE.

Before anything is fetched the archive is asked which images there are. So the number is known beforehand, images that
are here already are not sent again, and a second try asks for the missing ones only.
Source: DICOM PS3.4, C (Query/Retrieve), PS3.7, 9.3.2 (C-CANCEL).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset

from clinic_app.foundation.errors import ClinicError, LinkError
from clinic_app.foundation.texts import Text
from clinic_app.imaging.intake.gathering import Gathering
from clinic_app.imaging.intake.sources import SourceFile
from clinic_app.imaging.network.dicom_words import image_of, question, series_of, study_of
from clinic_app.imaging.network.found import (
    MOST_IMAGES,
    MOST_SERIES,
    Answers,
    AnswerSieve,
    Fetched,
    FoundSeries,
    FoundStudy,
    Progress,
    Stop,
    Wanted,
    broken_off,
    spellings,
)
from clinic_app.imaging.network.latin import latin_spellings
from clinic_app.imaging.network.peers import Peer
from clinic_app.imaging.network.syntaxes import QUESTION_SYNTAXES, contexts_for

if TYPE_CHECKING:
    from pynetdicom import evt
    from pynetdicom.association import Association

    from clinic_app.imaging.network.awaited import Awaited
    from clinic_app.imaging.waiting_image import WaitingImage

FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
"""Study Root Query/Retrieve, which every archive has."""
LONGEST_SEARCH_S: Final = 120.0
_PENDING: Final = (0xFF00, 0xFF01)
_AT_ONCE: Final = 200
"""So many images are named in one request; a list of thousands overflows some archives."""
_MESSAGE: Final = 1
_MOST_UNREADABLE: Final = 200
_LAST_WORD_S: Final = 5.0
"""So long an archive that was asked to stop may still say what became of it."""
Image = tuple[str, str]


class DicomArchive:
    """One archive.

    Args:
        peer: it.
        ae_title: ours.
        read: gives the bytes of a content by its digest.
        awaited: gets what the archive sends to our own port; None where that port is off.
        longest_search_s: after so long a search is ended whatever still comes.
        answer_s: so long the archive may think about its next answer.
    """

    def __init__(
        self,
        peer: Peer,
        ae_title: str,
        read: Callable[[str], bytes],
        awaited: Awaited | None = None,
        *,
        longest_search_s: float = LONGEST_SEARCH_S,
        answer_s: float = 30.0,
    ) -> None:
        self._peer = peer
        self._ae_title = ae_title
        self._read = read
        self._awaited = awaited
        self._longest_search_s = longest_search_s
        self._answer_s = answer_s

    @property
    def name(self) -> str:
        """What people here call it."""
        return self._peer.name

    def find(self, wanted: Wanted, is_stopped: Stop) -> Answers:
        """Return the studies it has.

        Raises:
            LinkError: it cannot be reached, or refuses.
        """
        sieve = AnswerSieve(wanted)
        for name in spellings(wanted.name, latin_spellings):
            for answer in self._asked(question("STUDY", wanted, name), is_stopped, sieve.cut):
                sieve.take(study_of(answer) if answer is not None else None)
                if sieve.is_full:
                    break
        return sieve.answers()

    def series(self, study: FoundStudy, is_stopped: Stop) -> tuple[FoundSeries, ...]:
        """Return the series of a study, in the order of their numbers.

        Raises:
            LinkError: it cannot be reached, or refuses.
        """
        found: dict[str, FoundSeries] = {}
        for answer in self._asked(question("SERIES", study_uid=study.uid), is_stopped):
            if answer is not None and (one := series_of(answer, study.uid)) is not None:
                found[one.uid] = one
            if len(found) >= MOST_SERIES:
                break
        return tuple(sorted(found.values(), key=lambda each: (each.number, each.uid)))

    def fetch(
        self,
        study: FoundStudy,
        series: Collection[str],
        gathering: Gathering,
        progress: Progress,
        is_stopped: Stop,
        here: Callable[[Collection[str]], Collection[str]],
    ) -> Fetched:
        """Bring the images of some series; see `Archive.fetch`.

        Raises:
            LinkError: it cannot be reached, or refuses before the first image.
        """
        every = self.series(study, is_stopped)
        wanted = [each for each in every if not series or each.uid in series]
        images = {each.uid: self._images(study.uid, each.uid, is_stopped) for each in wanted}
        known = set(here([uid for found in images.values() for uid, _kind in found]))
        lots = {uid: [each for each in found if each[0] not in known] for uid, found in images.items()}
        receiving = _Receiving(gathering, progress, sum(map(len, lots.values())), study.uid)
        progress(0, receiving.total)
        modalities = {each.uid: each.modality for each in wanted}
        for uid, lot in lots.items():
            for begin in range(0, len(lot), _AT_ONCE):
                part = lot[begin : begin + _AT_ONCE]
                if is_stopped() or receiving.is_hopeless:
                    break
                self._bring(study.uid, uid, modalities[uid], part, receiving, is_stopped)
        gathering.is_stopped = gathering.is_stopped or is_stopped()
        reason = receiving.reason if receiving.came < receiving.total else None
        if reason is None and receiving.came < receiving.total:
            reason = Text("It was stopped.") if is_stopped() else _not_all(self.name)
        return Fetched(receiving.total, receiving.came, len(known), reason)

    def _images(self, study_uid: str, series_uid: str, is_stopped: Stop) -> list[Image]:
        found: dict[str, str] = {}
        for answer in self._asked(question("IMAGE", study_uid=study_uid, series_uid=series_uid), is_stopped):
            if answer is not None and (one := image_of(answer)) is not None:
                found[one[0]] = one[1]
            if len(found) >= MOST_IMAGES:
                break
        return list(found.items())

    def _asked(
        self, identifier: Dataset, is_stopped: Stop, cut: Callable[[], object] = lambda: None
    ) -> Iterator[Dataset | None]:
        """Yield the answers to a question; None for one that cannot be read. Whoever stops listening cancels it.

        Args:
            identifier: the question.
            is_stopped: asked after each answer.
            cut: told when the archive goes on without end and is left.
        """
        from clinic_app.imaging.network.calling import called, status_words

        ends_s, unreadable = time.monotonic() + self._longest_search_s, 0
        with called(self._peer, self._ae_title, [(FIND, QUESTION_SYNTAXES)], answer_s=self._answer_s) as association:
            answers = association.send_c_find(identifier, FIND, _MESSAGE)
            is_over = False
            try:
                for status, answer in answers:
                    code = _code(status)
                    if code not in _PENDING:
                        is_over = True
                        if code:
                            raise LinkError(status_words(code, self.name))
                        if code is None:
                            raise broken_off(self.name)
                        return
                    unreadable += answer is None
                    yield answer
                    if time.monotonic() > ends_s or unreadable > _MOST_UNREADABLE:
                        cut()
                        return
                    if is_stopped():
                        return
            finally:
                if not is_over:
                    _cancel(association, FIND)
                    association.abort()

    def _bring(
        self,
        study_uid: str,
        series_uid: str,
        modality: str,
        lot: Sequence[Image],
        receiving: _Receiving,
        is_stopped: Stop,
    ) -> None:
        """Fetch some images of one series, by C-GET if the archive can."""
        identifier = question("IMAGE", study_uid=study_uid, series_uid=series_uid, images=[uid for uid, _kind in lot])
        before = receiving.came
        try:
            self._get(identifier, modality, {kind for _uid, kind in lot}, receiving, is_stopped)
        except LinkError as error:
            receiving.reason = error.text
        if self._awaited is not None and not is_stopped() and (still := receiving.still(lot)):
            again = question("IMAGE", study_uid=study_uid, series_uid=series_uid, images=[uid for uid, _kind in still])
            try:
                self._move(again, study_uid, receiving, is_stopped)
            except ClinicError as error:
                receiving.reason = error.text
        if receiving.came == before:
            receiving.is_hopeless = True
        elif len(lot) > 1:  # some archives give up the rest with the first image they cannot send
            for one in receiving.still(lot):
                if not (is_stopped() or receiving.is_hopeless):
                    self._bring(study_uid, series_uid, modality, [one], receiving, is_stopped)

    def _get(
        self, identifier: Dataset, modality: str, kinds: Collection[str], receiving: _Receiving, is_stopped: Stop
    ) -> None:
        from clinic_app.imaging.network.calling import called

        contexts = [(GET, QUESTION_SYNTAXES), *contexts_for(kinds, modality)]
        with called(
            self._peer, self._ae_title, contexts, stored=receiving.stored, answer_s=self._answer_s
        ) as association:
            answers = association.send_c_get(identifier, GET, _MESSAGE)
            self._follow(association, answers, GET, receiving, is_stopped)

    def _move(self, identifier: Dataset, study_uid: str, receiving: _Receiving, is_stopped: Stop) -> None:
        from clinic_app.imaging.network.calling import called

        assert self._awaited is not None
        with (
            self._awaited.expecting(study_uid, lambda image: receiving.awaited(image, self._read)),
            called(self._peer, self._ae_title, [(MOVE, QUESTION_SYNTAXES)], answer_s=self._answer_s) as association,
        ):
            answers = association.send_c_move(identifier, self._ae_title, MOVE, _MESSAGE)
            self._follow(association, answers, MOVE, receiving, is_stopped)

    def _follow(
        self,
        association: Association,
        answers: Iterator[tuple[Dataset, Dataset | None]],
        model: str,
        receiving: _Receiving,
        is_stopped: Stop,
    ) -> None:
        """Wait for the archive's last word."""
        from clinic_app.imaging.network.calling import status_words

        is_cancelled = False
        for status, _failed in answers:
            code = _code(status)
            if code not in _PENDING:
                if code is None and not is_cancelled:
                    raise broken_off(self.name)
                if code:
                    receiving.reason = status_words(code, self.name)
                return
            if is_stopped() and is_cancelled:
                association.abort()  # it was asked to stop, and goes on
                return
            if is_stopped():
                is_cancelled = True
                _cancel(association, model)
                association.dimse_timeout = _LAST_WORD_S


class _Receiving:
    """What comes while something is fetched; images may come on several threads.

    Args:
        gathering: gets each file.
        progress: told how many have come.
        total: how many were asked for.
        study_uid: others are not taken.
    """

    def __init__(self, gathering: Gathering, progress: Progress, total: int, study_uid: str) -> None:
        self._gathering = gathering
        self._progress = progress
        self._study_uid = study_uid
        self._lock = threading.Lock()
        self.total = total
        self.uids: set[str] = set()
        self.reason: Text | None = None
        self.is_hopeless = False

    @property
    def came(self) -> int:
        """How many have come."""
        return len(self.uids)

    def still(self, lot: Sequence[Image]) -> list[Image]:
        """Return those of some images that have not come."""
        return [each for each in lot if each[0] not in self.uids]

    def stored(self, event: evt.Event) -> int:
        """Take an image that comes on our own association; return the status the archive is told."""
        from clinic_app.imaging.network.storing import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS, file_head

        request: Any = event.request
        data = request.DataSet
        try:
            if data.is_too_large or not data.is_whole:
                return OUT_OF_RESOURCES
            head = file_head(
                str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), event.context.transfer_syntax
            )
            self._take(str(request.AffectedSOPInstanceUID), b"".join((head, *data.pieces())))
        except ClinicError as error:
            self.reason = error.text
            return CANNOT_UNDERSTAND
        finally:
            data.discard()
        return SUCCESS

    def awaited(self, image: WaitingImage, read: Callable[[str], bytes]) -> None:
        """Take an image that came to our port."""
        self._take(image.sop_uid, read(image.sha256))

    def _take(self, sop_uid: str, data: bytes) -> None:
        with self._lock:
            if sop_uid in self.uids:
                return
            if len(self.uids) >= self.total:
                return  # more than was asked for
            self._gathering.take(SourceFile(sop_uid, len(data), lambda most: data[:most]))
            self.uids.add(sop_uid)
            self._progress(len(self.uids), self.total)


def _code(status: Dataset) -> int | None:
    """Return the status an archive said; None where it said nothing any more."""
    said = status.get("Status")
    return None if said is None else int(said)


def _cancel(association: Association, model: str) -> None:
    """Ask an archive to stop."""
    if association.is_established:
        with suppress(RuntimeError, ValueError, OSError):
            association.send_c_cancel(_MESSAGE, query_model=model)


def _not_all(name: str) -> Text:
    return Text("The archive “{name}” did not send everything.", name=name)
