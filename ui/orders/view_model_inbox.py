"""The inbox of images on its page: small pictures of what waits, and whose it may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from clinic_app.foundation.clock import Clock
from clinic_app.imaging import FrameStack
from clinic_app.imaging.image_inbox import WaitingStudy
from clinic_app.imaging.waiting_image import HandledStudy
from ui.hand import Hand
from ui.inbox import Candidate, InboxModel
from ui.pictures import small_picture
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.imaging.image_inbox import ImageInbox

MAY_FILE: Final = ("nurse", "doctor", "specialist")
THUMBNAIL_PX: Final = 150
MOST_THUMBNAILS: Final = 12


class InboxViewModel(InboxModel[WaitingStudy, HandledStudy, str]):
    """The inbox of images for one person.

    Signal beside those of `InboxModel`: ``thumbnail(key, series_uid, array)``.
    """

    thumbnail = Signal(str, str, object)

    def __init__(self, inbox: ImageInbox, runner: TaskRunner, session: Session, hand: Hand, clock: Clock) -> None:
        super().__init__(inbox, runner, session, hand, MAY_FILE)
        self._images = inbox
        self._clock = clock
        self.thumbnails: dict[tuple[str, str], NDArray[np.uint8] | None] = {}
        self.changed.connect(self._forget_thumbnails)

    @property
    def now(self) -> datetime:
        """This moment."""
        return self._clock.now()

    def key_of(self, waiting: WaitingStudy) -> str:
        """Return under which the inbox knows the study."""
        return waiting.study.key

    def matched(self, waiting: WaitingStudy) -> Sequence[Candidate]:
        """Return whom the numbers on the images name."""
        return [Candidate(each.patient, each.by, each.sameness == "other") for each in waiting.matches]

    def want_thumbnails(self, waiting: WaitingStudy) -> None:
        """Make small pictures of a study's series, one after another; each is told by ``thumbnail``."""
        study = waiting.study
        for series in study.series[:MOST_THUMBNAILS]:
            key = (study.key, series[0].series_uid)
            if key not in self.thumbnails:
                self.thumbnails[key] = None
                self._want(*key)

    def _want(self, key: str, series_uid: str) -> None:
        inbox, session = self._images, self._session

        def work() -> NDArray[np.uint8] | None:
            opened = inbox.opened(session, key, series_uid)
            if not isinstance(opened, FrameStack):
                return None
            return small_picture(opened.frame(len(opened) // 2), THUMBNAIL_PX)

        def done(pixels: NDArray[np.uint8] | None) -> None:
            self.thumbnails[key, series_uid] = pixels
            if pixels is not None:
                self.thumbnail.emit(key, series_uid, pixels)

        self._runner.run(work, owner=self, done=done, failed=lambda _error: None)  # its words stand there all the same

    def _forget_thumbnails(self) -> None:
        here = {each.study.key for each in self.waiting}
        self.thumbnails = {key: pixels for key, pixels in self.thumbnails.items() if key[0] in here}
