"""The body that is cut: where the cuts meet, how thick they are, and the pictures of them, made in the background.

Only the newest wish for each direction counts: whoever drags the cross fast does not wait for what he has passed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.pictures import Picture, picture_of
from ui.tasks import Job, TaskRunner

if TYPE_CHECKING:
    from clinic_app.imaging import FrameStack
    from clinic_app.imaging.volume import Cut, Mode, Orientation, Volume

MOST_SLAB_MM: Final = 100.0


class VolumeModel(QObject):
    """The body.

    Args:
        runner: the way into the background.

    Signals: ``progressed(int, int)``: slices read and slices in all; ``ready``: there is a body, see ``volume``;
    ``refused(Text)``: why there is none; ``moved``: see ``position``; ``changed``: thickness or mode; ``cut_made(str,
    int, Picture)``: a direction, the place of the cut along it from 0, and its picture.
    """

    progressed = Signal(int, int)
    ready = Signal()
    refused = Signal(object)
    moved = Signal()
    changed = Signal()
    cut_made = Signal(str, int, object)

    def __init__(self, runner: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._job: Job | None = None
        self._turn = 0
        self._wanted: dict[Orientation, Cut] = {}
        self._working: set[Orientation] = set()
        self.volume: Volume | None = None
        self.position = (0, 0, 0)
        self.slab_mm = 0.0
        self.mode: Mode = "mean"

    def begin(self, stack: FrameStack, at: int = 0) -> None:
        """Make a body of a series; where it is several, of the one whose picture is seen, its number from 0."""
        self.close()
        turn = self._turn

        def work(job: Job) -> Volume | None:
            from clinic_app.imaging.volume import body_of

            return body_of(stack, at, progress=job.report, is_cancelled=job.is_cancelled)

        self._job = self._runner.run_long(
            work,
            owner=self,
            done=lambda volume: self._if_current(turn, partial(self._show, volume)),
            failed=lambda error: self._if_current(turn, partial(self._refuse, error)),
            progressed=lambda done, total: self._if_current(turn, partial(self.progressed.emit, done, total)),
        )

    def close(self) -> None:
        """Cut nothing any more; what is being read is left, and nothing is kept in memory."""
        if self._job is not None:
            self._job.cancel()
        self._turn += 1
        self._job, self.volume = None, None
        self._wanted.clear()

    def cut(self, orientation: Orientation) -> Cut:
        """Return the cut that is seen in a direction."""
        from clinic_app.imaging.volume import ORIENTATIONS, Cut

        return Cut(orientation, self.position[ORIENTATIONS.index(orientation)], self.slab_mm, self.mode)

    def go_to(self, orientation: Orientation, place: int) -> None:
        """Bring the cut of a direction to a place, from 0."""
        from clinic_app.imaging.volume import ORIENTATIONS

        position = [float(each) for each in self.position]
        position[ORIENTATIONS.index(orientation)] = place
        self._move(position)

    def point_at(self, orientation: Orientation, x: float, y: float) -> None:
        """Let the cuts meet under a place of a picture, in its pixels."""
        if self.volume is not None:
            self._move(self.cut(orientation).to_voxels(self.volume, x, y))

    def centre(self) -> None:
        """Let the cuts meet in the middle of the body."""
        if self.volume is not None:
            self._move([(side - 1) // 2 for side in self.volume.shape])

    def set_slab(self, millimetres: float) -> None:
        """Make the cuts so thick."""
        self.slab_mm = min(max(millimetres, 0.0), MOST_SLAB_MM)
        self._cut_all()
        self.changed.emit()

    def set_mode(self, mode: Mode) -> None:
        """Show of a thick cut the mean, the greatest or the least."""
        self.mode = mode
        self._cut_all()
        self.changed.emit()

    def _move(self, wanted: list[float] | tuple[float, float, float]) -> None:
        from clinic_app.imaging.volume import ORIENTATIONS

        if self.volume is None:
            return
        sides = self.volume.shape
        position = [min(max(round(each), 0), side - 1) for each, side in zip(wanted, sides, strict=True)]
        before, self.position = self.position, (position[0], position[1], position[2])
        for axis, orientation in enumerate(ORIENTATIONS):
            if before[axis] != self.position[axis]:
                self._want(orientation)
        self.moved.emit()

    def _cut_all(self) -> None:
        from clinic_app.imaging.volume import ORIENTATIONS

        for orientation in ORIENTATIONS:
            self._want(orientation)

    def _want(self, orientation: Orientation) -> None:
        if self.volume is not None:
            self._wanted[orientation] = self.cut(orientation)
            self._make_next(orientation)

    def _make_next(self, orientation: Orientation) -> None:
        volume = self.volume
        if volume is None or orientation in self._working or orientation not in self._wanted:
            return
        cut = self._wanted.pop(orientation)
        self._working.add(orientation)

        def work() -> Picture:
            from clinic_app.imaging.volume import cut_of

            return picture_of(cut_of(volume, cut))

        self._runner.run(
            work,
            owner=self,
            done=lambda picture: self._rest(orientation, partial(self._tell, volume, cut, picture)),
            failed=lambda _error: self._rest(orientation, lambda: None),
        )

    def _rest(self, orientation: Orientation, tell: Callable[[], object]) -> None:
        self._working.discard(orientation)
        tell()
        self._make_next(orientation)

    def _tell(self, volume: Volume, cut: Cut, picture: Picture) -> None:
        if volume is self.volume:
            self.cut_made.emit(cut.orientation, cut.place, picture)

    def _show(self, volume: Volume | None) -> None:
        self._job, self.volume = None, volume
        if volume is None:
            return
        head, back, left = ((side - 1) // 2 for side in volume.shape)
        self.position = (head, back, left)
        self.slab_mm, self.mode = 0.0, "mean"
        self.ready.emit()
        self._cut_all()

    def _refuse(self, error: ClinicError) -> None:
        self._job = None
        self.refused.emit(error.text)

    def _if_current(self, turn: int, call: Callable[[], object]) -> None:
        if turn == self._turn:
            call()
