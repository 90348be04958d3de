"""Taking a stretch out of a recording of hours: from when to when, as a recording of its own or as a file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import Signal

from clinic_app.documents import Stretch
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import DocumentReference
from clinic_app.waveforms.formats import Watch
from clinic_app.waveforms.formats.limits import LARGEST_BYTES, MOST_SAMPLES
from ui.tasks import TaskRunner
from ui.waveforms.view_model_file_work import FileWorkModel
from ui.waveforms.view_model_long_reading import LongOverview, LongReadingModel

if TYPE_CHECKING:
    from clinic_app.access import Session

LEAST_S: Final = 1.0
_TIME: Final = re.compile(r"(?:(\d{1,2})\.(\d{1,2})\.? +)?(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


class LongFileService(Protocol):
    """Takes stretches out."""

    def cut_out(self, session: Session, recording_id: str, stretch: Stretch, watch: Watch) -> DocumentReference:
        """Save a stretch as a recording."""
        ...

    def export(
        self,
        session: Session,
        recording_id: str,
        stretch: Stretch,
        path: Path,
        code: str,
        language: Language,
        *,
        is_anonymous: bool = False,
        watch: Watch,
    ) -> tuple[Path, ...]:
        """Write a stretch into a file."""
        ...


class LongTakingModel(FileWorkModel):
    """What is chosen of the recording that is read, and what is under way; never two at a time.

    Args:
        service: takes stretches out; None takes none.
        reader: the recording that is read.
        runner: the way into the background.
        session: who is signed in.

    Signals beside those of `FileWorkModel`: ``chosen``: see ``begin_s`` and ``end_s``; ``cut_out``: a recording was
    saved.
    """

    chosen = Signal()
    cut_out = Signal()

    def __init__(
        self, service: LongFileService | None, reader: LongReadingModel, runner: TaskRunner, session: Session
    ) -> None:
        super().__init__(runner)
        self._service, self._reader, self._session = service, reader, session
        self.begin_s = self.end_s = 0.0
        reader.opened.connect(self.choose_whole)
        reader.closed.connect(self.choose_whole)

    @property
    def overview(self) -> LongOverview | None:
        """What is known of the recording."""
        return self._reader.overview

    @property
    def seconds(self) -> float:
        """How long what is chosen is."""
        return self.end_s - self.begin_s

    @property
    def is_too_long_to_read_again(self) -> bool:
        """Whether a file of what is chosen is larger than this program reads at once."""
        overview = self.overview
        whole_s = overview.seconds if overview is not None else 0.0
        samples = overview.samples * self.seconds / whole_s if overview is not None and whole_s else 0.0
        return samples > min(MOST_SAMPLES, LARGEST_BYTES / 2)

    @property
    def can_export(self) -> bool:
        """Whether a file may be written now."""
        is_free = self._service is not None and self._job is None and self.overview is not None
        return is_free and self.seconds > 0 and self._session.can("read", "DocumentReference")

    @property
    def can_cut_out(self) -> bool:
        """Whether a recording may be cut out now; how long it may be says the service."""
        return self.can_export and self._session.can("create", "DocumentReference")

    def choose_whole(self) -> None:
        """Choose all of it."""
        self.begin_s, self.end_s = 0.0, self.overview.seconds if self.overview else 0.0
        self.chosen.emit()

    def choose(self, begin_s: float, end_s: float) -> None:
        """Choose a stretch; what lies outside of the recording is left out."""
        if self.overview is None:
            return
        whole = self.overview.seconds
        first, last = sorted((min(max(begin_s, 0.0), whole), min(max(end_s, 0.0), whole)))
        last = min(max(last, first + LEAST_S), whole)
        self.begin_s, self.end_s = max(min(first, last - LEAST_S), 0.0), last
        self.chosen.emit()

    def choose_begin(self, begin_s: float) -> None:
        """Choose where it begins; an end before that goes to the recording's end."""
        whole = self.overview.seconds if self.overview else 0.0
        self.choose(begin_s, self.end_s if self.end_s > begin_s else whole)

    def choose_end(self, end_s: float) -> None:
        """Choose where it ends; a beginning after that goes to the recording's beginning."""
        self.choose(self.begin_s if self.begin_s < end_s else 0.0, end_s)

    def cut(self) -> None:
        """Save what is chosen as a recording of its own."""
        service, session, number, stretch = self._service, self._session, self._reader.document_id, self._stretch()
        if service is not None and self.can_cut_out:
            self._begin(
                Text("The part is being cut out…"),
                lambda watch: service.cut_out(session, number, stretch, watch),
                self._end_cutting,
            )

    def export(self, path: Path, code: str, language: Language, *, is_anonymous: bool) -> None:
        """Write what is chosen into a file."""
        service, session, number, stretch = self._service, self._session, self._reader.document_id, self._stretch()
        if service is not None and self.can_export:
            self._begin(
                Text("The file is being written…"),
                lambda watch: service.export(
                    session, number, stretch, path, code, language, is_anonymous=is_anonymous, watch=watch
                ),
                lambda paths: self.succeeded.emit(Text("Written: {path}", path=paths[0])),
            )

    def _stretch(self) -> Stretch:
        """Return what is chosen; an end that was not moved stays open, so that no sample is cut off there."""
        overview = self.overview
        if overview is None:
            return Stretch()
        begins_at = overview.begins_at + timedelta(seconds=self.begin_s) if self.begin_s > 0 else None
        ends_at = overview.begins_at + timedelta(seconds=self.end_s) if self.end_s < overview.seconds else None
        return Stretch(begins_at, ends_at)

    def _end_cutting(self, _document: DocumentReference) -> None:
        self.succeeded.emit(Text("The part is a recording of its own now, in the list."))
        self.cut_out.emit()


def seconds_of(words: str, overview: LongOverview) -> float | None:
    """Return the moment a person typed, in seconds from the beginning; None where it is none of this recording.

    Args:
        words: ``14:02``, ``14:02:30``, or with the day before it: ``22.11 02:15``. Without a day it is the first such
            time in the recording.
        overview: the recording.
    """
    found = _TIME.match(words.strip())
    if found is None:
        return None
    begins = overview.begins_at.astimezone()
    day, month, hour, minute, second = (int(part) if part else 0 for part in found.groups())
    for days in range(int(overview.seconds // 86_400) + 2):
        date = begins.date() + timedelta(days=days)
        if day and (date.day, date.month) != (day, month):
            continue
        try:
            at = datetime(date.year, date.month, date.day, hour, minute, second, tzinfo=begins.tzinfo)
        except ValueError:
            return None
        seconds = (at - begins).total_seconds()
        if -1 < seconds < 0:  # the second in which it begins
            return 0.0
        if 0 <= seconds <= overview.seconds + 1:
            return min(seconds, overview.seconds)
    return None
