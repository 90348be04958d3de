"""The series that is open: pictures one by one, or reports, or a tracing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.imaging.reader import SeriesReader
from ui.imaging.shelf import SeriesRow
from ui.pictures import Picture
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack, Opened, Report
    from clinic_app.imaging.objects.saved_state import SavedState
    from clinic_app.waveforms import Recording


class OpenSeries(QObject):
    """Opens one series after another.

    Args:
        open_series: what a series is; called in the background.
        runner: the way into the background.
        parent: lives as long as this.

    Signals: ``opened`` (pictures: see ``count``), ``read(tuple[Report, ...])``, ``traced(Recording)``, ``closed``;
    ``decoded(int, Picture)`` and ``undecoded(int, Text)`` with the number of a picture; ``filmed(int, Text)``:
    that it is a video; ``damage_found``: see ``damaged``; ``progressed``: see ``had``; ``refused(Text)``.
    """

    opened = Signal()
    read = Signal(object)
    traced = Signal(object)
    closed = Signal()
    decoded = Signal(int, object)
    undecoded = Signal(int, object)
    filmed = Signal(int, object)
    damage_found = Signal()
    progressed = Signal()
    refused = Signal(object)

    def __init__(self, open_series: Callable[[SeriesRow], Opened], runner: TaskRunner, parent: QObject) -> None:
        super().__init__(parent)
        self._open_series = open_series
        self._runner = self.runner = runner
        self._reader: SeriesReader | None = None
        self._at = ("", 1)
        self.row: SeriesRow | None = None
        self.picture: Picture | None = None

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return len(self._reader.stack) if self._reader else 0

    @property
    def stack(self) -> FrameStack | None:
        """The pictures themselves, for the background; None while no pictures are open."""
        return self._reader.stack if self._reader else None

    @property
    def words(self) -> str:
        """What a file that chose or marked these pictures says about them."""
        return self._reader.stack.words if self._reader else ""

    @property
    def had(self) -> frozenset[int]:
        """Numbers of the pictures that are ready, or were found damaged, so far."""
        return self._reader.had if self._reader else frozenset()

    @property
    def damaged(self) -> tuple[int, ...]:
        """Numbers of the pictures that were found damaged so far."""
        return tuple(sorted(self._reader.damaged)) if self._reader else ()

    def open(self, row: SeriesRow | None, at: tuple[str, int] = ("", 1)) -> None:
        """Open a series, if it is not open already.

        Args:
            row: the series.
            at: SOP Instance UID and frame, from 1, of the picture to begin with; by default the first.
        """
        self._at = at
        if row is None or (self.row is not None and self.row.uid == row.uid):
            return
        self.close()
        self.row = row
        self._runner.run(
            lambda: made_ready(self._open_series(row)),
            owner=self,
            done=partial(self._opened, row),
            failed=partial(self._fail, row),
        )

    def number_of(self, sop_uid: str, frame_number: int) -> int:
        """Return the number, from 1, of a picture of this series; 0 where it is not in it."""
        files = self.row.series.instance if self.row else ()
        if self._reader is None or not any(each.uid == sop_uid for each in files):
            return 0
        return self._reader.stack.position_of(sop_uid, frame_number) + 1

    def want(self, number: int) -> None:
        """Ask for a picture."""
        if self._reader is not None:
            self._reader.want(number)

    def close(self) -> None:
        """Nothing is open any more."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self.row, self.picture = None, None, None
        self.closed.emit()

    def _opened(self, row: SeriesRow, found: FrameStack | tuple[Report, ...] | Recording) -> None:
        if self.row is not row:
            return
        if isinstance(found, tuple):
            self.read.emit(found)
        elif hasattr(found, "channels"):
            self.traced.emit(found)
        else:
            self._reader = self._reader_of(found)
            self.opened.emit()
            self._reader.want(found.position_of(*self._at) + 1 if self._at[0] else 1)

    def dress(self, state: SavedState | None, number: int) -> None:
        """Show the pictures as somebody saved them, or as their files ask; the pane shows one of them.

        Args:
            state: one of the stack's; None for none.
            number: of the picture, from 1.
        """
        if self._reader is not None:
            before, self._reader = self._reader, self._reader_of(self._reader.stack.dressed_in(state))
            before.close()
            self._reader.want(number)

    def _reader_of(self, stack: FrameStack) -> SeriesReader:
        made = SeriesReader(stack, self._runner, self)
        made.decoded.connect(self._show)
        made.refused.connect(self._show_not)
        made.filmed.connect(self._show_film)
        made.damage_found.connect(self.damage_found)
        made.progressed.connect(self.progressed)
        return made

    def _show(self, number: int, picture: Picture) -> None:
        self.picture = picture
        self.decoded.emit(number, picture)

    def _show_not(self, number: int, words: Text) -> None:
        self.picture = None
        self.undecoded.emit(number, words)

    def _show_film(self, number: int, words: Text) -> None:
        self.picture = None
        self.filmed.emit(number, words)

    def _fail(self, row: SeriesRow, error: ClinicError) -> None:
        if self.row is row:
            self.row = None
        self.refused.emit(error.text)


def made_ready(found: Opened) -> FrameStack | tuple[Report, ...] | Recording:
    """Return what can be shown; a tracing is read here, in the background."""
    from clinic_app.imaging import Tracing
    from clinic_app.waveforms import from_dicom

    return from_dicom(found.data) if isinstance(found, Tracing) else found
