"""The inbox of images on its page: what waits, small pictures of it, whose it may be, filing and taking back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError
from clinic_app.imaging import FrameStack
from clinic_app.imaging.image_inbox import WaitingStudy
from clinic_app.imaging.image_matching import ImageMatch, MatchedBy
from clinic_app.imaging.intake.identity import Sameness
from clinic_app.imaging.waiting_image import HandledStudy
from clinic_app.records import Patient
from ui.one_wish import OneWish
from ui.pictures import small_picture
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging.image_inbox import ImageInbox
    from ui.shell.patient_in_hand import PatientInHand

LOOK_MS: Final = 1000
THUMBNAIL_PX: Final = 150
MOST_THUMBNAILS: Final = 12


@dataclass(frozen=True)
class Candidate:
    """A patient a study may be filed for.

    Args:
        patient: he.
        by: why he is proposed; ``hand``: he is in hand.
        sameness: how far what stands on the images agrees with him; empty where nobody has compared it yet.
    """

    patient: Patient
    by: MatchedBy | str
    sameness: Sameness | str = ""

    @property
    def id(self) -> str:
        """His id."""
        return self.patient.id


class InboxViewModel(QObject):
    """The inbox for one person.

    Signals: ``changed`` (see ``waiting``, ``handled``), ``counted(int)``: so many studies wait, ``hand_changed``,
    ``thumbnail(study_uid, series_uid, array)``, ``filed(name, study_uid)``, ``put_aside(study_uid)``, ``taken_back``,
    ``questioned(Text)``: is it really his?, ``refused(Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    counted = Signal(int)
    hand_changed = Signal()
    thumbnail = Signal(str, str, object)
    filed = Signal(str, str)
    put_aside = Signal(str)
    taken_back = Signal()
    questioned = Signal(object)
    refused = Signal(object)
    busy_changed = Signal(bool)

    def __init__(
        self, inbox: ImageInbox, runner: TaskRunner, session: Session, hand: PatientInHand, clock: Clock
    ) -> None:
        super().__init__()
        self._inbox = inbox
        self._runner = runner
        self._session = session
        self._clock = clock
        self.hand = hand
        self.waiting: tuple[WaitingStudy, ...] = ()
        self.handled: tuple[HandledStudy, ...] = ()
        self.thumbnails: dict[tuple[str, str], NDArray[np.uint8] | None] = {}
        self._version = -1
        self._is_asking = False
        self._is_watched = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._see_news)
        self._timer.start()
        hand.changed.connect(self.hand_changed)

    @property
    def may_file(self) -> bool:
        """Whether this person sees the inbox at all."""
        return self._session.role in ("nurse", "doctor", "specialist")

    @property
    def now(self) -> datetime:
        """This moment."""
        return self._clock.now()

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks; without that only the number is counted."""
        self._is_watched = is_watched
        if is_watched:
            self.look()

    def look(self) -> None:
        """Read both lists anew."""
        if self._is_asking or not self.may_file:
            return
        self._is_asking, self._version = True, self._inbox.version
        inbox, session = self._inbox, self._session
        self._runner.run(
            lambda: (inbox.waiting(session), inbox.handled(session)), owner=self, done=self._take, failed=self._fail
        )

    def candidates(self, waiting: WaitingStudy) -> tuple[Candidate, ...]:
        """Return the patients a study may be filed for: those its numbers name, and the one in hand."""
        found = [_candidate(match) for match in waiting.matches]
        hand = self.hand.patient
        if hand is not None and hand.id not in {each.id for each in found}:
            found.append(Candidate(hand, "hand"))
        return tuple(found)

    def want_thumbnails(self, waiting: WaitingStudy) -> None:
        """Make small pictures of a study's series, one after another; each is told by ``thumbnail``."""
        study = waiting.study
        for series in study.series[:MOST_THUMBNAILS]:
            key = (study.uid, series[0].series_uid)
            if key not in self.thumbnails:
                self.thumbnails[key] = None
                self._want(*key)

    def file(self, waiting: WaitingStudy, candidate: Candidate, *, is_sure: bool = False) -> None:
        """File a study for a patient; where something on it is not his, somebody is asked first."""
        uid, patient = waiting.study.uid, candidate.patient

        def done(_study: object) -> None:
            self.filed.emit(patient.full_name, uid)
            self.look()

        def failed(error: ClinicError) -> None:
            if getattr(error, "field", "") == "patient" and not is_sure:
                self.questioned.emit(error.text)
            else:
                self._refuse(error)

        self._wish.ask(True, lambda: self._inbox.confirm(self._session, uid, patient.id, is_sure=is_sure), done, failed)

    def set_aside(self, waiting: WaitingStudy) -> None:
        """Put a study aside."""
        uid = waiting.study.uid

        def done(_none: object) -> None:
            self.put_aside.emit(uid)
            self.look()

        self._wish.ask(True, lambda: self._inbox.set_aside(self._session, uid), done, self._refuse)

    def take_back(self, id: str) -> None:
        """Put a study back into the inbox."""

        def done(_none: object) -> None:
            self.taken_back.emit()
            self.look()

        self._wish.ask(True, lambda: self._inbox.undo(self._session, id), done, self._refuse)

    def _want(self, study_uid: str, series_uid: str) -> None:
        inbox, session = self._inbox, self._session

        def work() -> NDArray[np.uint8] | None:
            opened = inbox.opened(session, study_uid, series_uid)
            if not isinstance(opened, FrameStack):
                return None
            return small_picture(opened.frame(len(opened) // 2), THUMBNAIL_PX)

        def done(pixels: NDArray[np.uint8] | None) -> None:
            self.thumbnails[study_uid, series_uid] = pixels
            if pixels is not None:
                self.thumbnail.emit(study_uid, series_uid, pixels)

        self._runner.run(work, owner=self, done=done, failed=lambda _error: None)  # its words stand there all the same

    def _see_news(self) -> None:
        if not self.may_file or self._version == self._inbox.version:
            return
        if self._is_watched:
            self.look()
        else:
            version = self._inbox.version
            self._runner.run(self._inbox.count, owner=self, done=lambda count: self._count(count, version))

    def _count(self, count: int, version: int) -> None:
        self._version = version
        self.counted.emit(count)

    def _take(self, lists: tuple[tuple[WaitingStudy, ...], tuple[HandledStudy, ...]]) -> None:
        self._is_asking = False
        self.waiting, self.handled = lists
        here = {each.study.uid for each in self.waiting}
        self.thumbnails = {key: pixels for key, pixels in self.thumbnails.items() if key[0] in here}
        self.counted.emit(len(self.waiting))
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
        if not self._is_asking:
            self._version = -1  # what is shown is old: read it anew at the next look


def _candidate(match: ImageMatch) -> Candidate:
    return Candidate(match.patient, match.by, match.sameness)
