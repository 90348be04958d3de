"""What the marks on a picture measure, ready to be painted at every move.

Numbers are kept until the mark, its picture or the known length change. A large region is added up in strips, one at a
turn of the event loop, and says its mean when that is known; while a hand draws, a strip that is not wanted any more is
left.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from clinic_app.imaging.measuring import Mark, Measured, Statistics, adding_up, measured
from ui.strokes import next_turn

if TYPE_CHECKING:
    from clinic_app.imaging import Frame

_MOST_KEPT: Final = 400
_AT_ONCE: Final = 2
"""Strips added up while a mark is asked for: less than a hundredth of a second."""
_Sum = Generator[None, None, Statistics | None]


@dataclass(frozen=True)
class _Reading:
    mark: Mark
    known: Mark | None
    found: Measured


class Readings(QObject):
    """Numbers of marks.

    Args:
        parent: lives as long as this.

    Signals: ``added``: a region has its mean now.
    """

    added = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._kept: dict[str, _Reading] = {}
        self._sums: dict[str, tuple[Mark, Mark | None, _Sum]] = {}
        self._is_turning = False

    def of(self, frame: Frame, mark: Mark, known: Mark | None) -> Measured:
        """Return what a mark measures; what is not added up yet comes later."""
        if frame is not self._frame:
            self._frame = frame
            self._kept, self._sums = {}, {}
        kept = self._kept.get(mark.uid)
        if kept is None or (kept.mark, kept.known) != (mark, known):
            kept = _Reading(mark, known, self._begun(frame, mark, known))
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[mark.uid] = kept
        return kept.found

    @property
    def is_adding(self) -> bool:
        """Whether a region waits for its mean."""
        return bool(self._sums)

    def _begun(self, frame: Frame, mark: Mark, known: Mark | None) -> Measured:
        self._sums.pop(mark.uid, None)
        work = adding_up(frame, mark)
        for _strip in range(_AT_ONCE):
            try:
                next(work)
            except StopIteration as end:
                return measured(frame, mark, end.value, known)
        self._sums[mark.uid] = (mark, known, work)
        self._turn()
        return measured(frame, mark, None, known, is_added=False)

    def _turn(self) -> None:
        if self._sums and not self._is_turning:
            self._is_turning = True
            next_turn(self, self._stroke)

    def _stroke(self) -> None:
        self._is_turning = False
        uid = next(reversed(self._sums), None)  # the newest first; one that is being drawn has an empty name
        if self._frame is None or uid is None:
            return
        mark, known, work = self._sums[uid]
        try:
            next(work)
        except StopIteration as end:
            del self._sums[uid]
            self._kept[uid] = _Reading(mark, known, measured(self._frame, mark, end.value, known))
            self.added.emit()
        self._turn()
