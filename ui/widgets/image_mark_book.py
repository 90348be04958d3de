"""The marks of one study while they are worked on: mine, with every step back and forth, and those others kept.

A canvas shows what the book has for its picture; several panes may share one book. Steps end where a hand lets go.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Signal

from clinic_app.imaging.measuring import Mark
from clinic_app.imaging.measuring.marks import MarkLayer

_MOST_STEPS: Final = 200
_UUID_ROOT: Final = "2.25."
"""Of DICOM identifiers that are made of UUIDs (PS3.5 B.2)."""
Place = tuple[str, int]


class MarkBook(QObject):
    """Marks.

    Args:
        parent: lives as long as this.

    Signals: ``changed``: marks are others, or those kept are; ``selection_changed``.
    """

    changed = Signal()
    selection_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marks: tuple[Mark, ...] = ()
        self._kept: tuple[Mark, ...] = ()
        self._others: tuple[MarkLayer, ...] = ()
        self._back: list[tuple[Mark, ...]] = []
        self._forth: list[tuple[Mark, ...]] = []
        self._selected = ""

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Mine, the last drawn last."""
        return self._marks

    @property
    def others(self) -> tuple[MarkLayer, ...]:
        """What other people kept; it cannot be changed here."""
        return self._others

    @property
    def known(self) -> frozenset[str]:
        """Identifiers of mine that are kept and were seen here."""
        return frozenset(mark.uid for mark in self._kept)

    @property
    def is_changed(self) -> bool:
        """Whether mine differ from those that are kept."""
        return self._marks != self._kept

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return bool(self._back)

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back."""
        return bool(self._forth)

    @property
    def selected(self) -> Mark | None:
        """The one in hand."""
        return self.find(self._selected)

    def find(self, uid: str) -> Mark | None:
        """Return one of mine."""
        return next((mark for mark in self._marks if mark.uid == uid), None)

    def on(self, place: Place) -> tuple[Mark, ...]:
        """Return mine on one picture."""
        return tuple(mark for mark in self._marks if mark.place == place)

    def others_on(self, place: Place) -> tuple[tuple[Mark, MarkLayer], ...]:
        """Return those of others on one picture, each with whose it is."""
        return tuple((mark, layer) for layer in self._others for mark in layer.marks if mark.place == place)

    def scale_on(self, place: Place) -> Mark | None:
        """Return the length somebody knows on a picture: mine before that of another, the last before the first."""
        mine = [mark for mark in self.on(place) if mark.kind == "scale"]
        theirs = [mark for mark, _layer in self.others_on(place) if mark.kind == "scale"]
        return next(reversed([*theirs, *mine]), None)

    def put(self, mark: Mark) -> Mark:
        """Keep a new or changed mark in the book, and take it in hand; one step.

        Returns:
            The mark with its identifier.
        """
        named = mark if mark.uid else replace(mark, uid=f"{_UUID_ROOT}{uuid.uuid4().int}")
        before = self.find(named.uid)
        if before == named:
            return named
        if before is None:
            self._take((*self._marks, named))
        else:
            self._take(tuple(named if each.uid == named.uid else each for each in self._marks))
        self.select(named.uid)
        return named

    def remove(self, uid: str) -> None:
        """Take one of mine away; one step."""
        if self.find(uid) is not None:
            self._take(tuple(each for each in self._marks if each.uid != uid))

    def write_to(self, uid: str, words: str) -> None:
        """Write other words to one of mine; one step."""
        mark = self.find(uid)
        if mark is not None:
            self.put(replace(mark, words=words))

    def undo(self) -> None:
        """Take the last step back."""
        if self._back:
            self._forth.append(self._marks)
            self._show(self._back.pop())

    def redo(self) -> None:
        """Take the step again that was taken back."""
        if self._forth:
            self._back.append(self._marks)
            self._show(self._forth.pop())

    def select(self, uid: str) -> None:
        """Take one of mine in hand; empty for none."""
        if uid != self._selected:
            self._selected = uid
            self.selection_changed.emit()

    def load(self, layers: Sequence[MarkLayer]) -> None:
        """Begin with what is kept; what was drawn already, while it was being read, stays."""
        uids = {mark.uid for mark in self._kept}
        drawn = tuple(mark for mark in self._marks if mark.uid not in uids)
        self._kept = tuple(mark for layer in layers if layer.is_mine for mark in layer.marks)
        self._marks = (*self._kept, *drawn)
        self._others = tuple(layer for layer in layers if not layer.is_mine)
        self._back, self._forth, self._selected = [], [], ""
        self.changed.emit()

    def told_kept(self, marks: Sequence[Mark]) -> None:
        """These are kept now; what was drawn meanwhile is not."""
        self._kept = tuple(marks)
        self.changed.emit()

    def meet(self, layers: Sequence[MarkLayer]) -> None:
        """What is kept was read again: what came from elsewhere is shown, and no step back loses it."""
        uids = {mark.uid for mark in (*self._kept, *self._marks)}
        new = tuple(mark for layer in layers if layer.is_mine for mark in layer.marks if mark.uid not in uids)
        others = tuple(layer for layer in layers if not layer.is_mine)
        if new or others != self._others:
            self._kept, self._marks, self._others = (*new, *self._kept), (*new, *self._marks), others
            self._back, self._forth = ([(*new, *each) for each in steps] for steps in (self._back, self._forth))
            self.changed.emit()

    def give_up(self) -> None:
        """Go back to what is kept; one step."""
        if self.is_changed:
            self._take(self._kept)

    def take_up(self, marks: Sequence[Mark]) -> None:
        """Go on with marks that were left unsaved, in place of mine; one step."""
        self._take(tuple(marks))

    def clear(self) -> None:
        """Forget everything."""
        self._marks = self._kept = ()
        self.load(())

    def _take(self, marks: tuple[Mark, ...]) -> None:
        self._back = [*self._back, self._marks][-_MOST_STEPS:]
        self._forth = []
        self._show(marks)

    def _show(self, marks: tuple[Mark, ...]) -> None:
        self._marks = marks
        if self.find(self._selected) is None:
            self.select("")
        self.changed.emit()
