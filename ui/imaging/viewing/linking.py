"""Panes that leaf together, and the lines in which the picture in hand cuts the others.

In one frame of reference the same place is shown everywhere. Between two days, or two machines, so many millimetres are
leafed as in the pane in hand, from where a person put the pictures side by side when he linked them; where there are no
millimetres, so many pictures.
"""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QObject, Signal

from clinic_app.imaging.display.geometry import Plane
from clinic_app.imaging.viewing.crossing import (
    Slab,
    at_depth,
    depth_of,
    is_same_space,
    leaf_together,
    line_of,
    nearest,
    same_sense,
)
from ui.imaging.panes import Panes
from ui.imaging.viewer import Viewer

LinkMode = Literal["off", "place", "number"]
MODES: Final[tuple[LinkMode, ...]] = ("off", "place", "number")


class Linking(QObject):
    """What the panes do together.

    Args:
        panes: the panes.

    Signal ``changed``: the mode, or whether lines are drawn.
    """

    changed = Signal()

    def __init__(self, panes: Panes) -> None:
        super().__init__(panes)
        self._panes = panes
        self._anchors: dict[Viewer, int] = {}
        self._known: set[Viewer] = set()
        self._waiting: tuple[Viewer, int] | None = None
        self._is_moving = self._is_toning = False
        self.mode: LinkMode = "off"
        self.has_lines = True
        panes.active_changed.connect(self.draw_lines)
        panes.layout_changed.connect(self._listen)
        self._listen()

    def set_mode(self, mode: LinkMode) -> None:
        """Leaf together from here on, or each for himself."""
        self.mode, self._waiting = mode, None
        self._anchor()
        if mode != "off":
            self._load()
        self.changed.emit()

    def step_mode(self) -> None:
        """Take the next way to leaf together."""
        self.set_mode(MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def set_lines(self, *, has_lines: bool) -> None:
        """Draw the lines, or do not."""
        self.has_lines = has_lines
        self.draw_lines()
        self.changed.emit()

    def draw_lines(self) -> None:
        """Draw on every other pane where the picture in hand cuts it."""
        active = self._panes.active
        source = slab_of(active)
        for pane in self._panes.shown:
            on = slab_of(pane) if self.has_lines and pane is not active else None
            segment = line_of(source, on) if source is not None and on is not None else None
            pane.overlay.show_lines((segment,) if segment else ())

    def _listen(self) -> None:
        for pane in self._panes.shown:
            if pane not in self._known:
                self._known.add(pane)
                pane.canvas.number_asked.connect(lambda number, pane=pane: self._follow(pane, number))
                pane.canvas.shown.connect(self.draw_lines)
                pane.canvas.window_changed.connect(lambda pane=pane: self._tone(pane))
                pane.series.opened.connect(lambda pane=pane: self._meet(pane))
                pane.planes.known.connect(self._catch_up)
        self._anchor()
        if self.mode != "off":
            self._load()
        self.draw_lines()

    def _load(self) -> None:
        if len(self._panes.shown) > 1:
            for pane in self._panes.shown:
                pane.planes.load()

    def _anchor(self) -> None:
        """What is side by side now belongs together."""
        self._anchors = {pane: max(pane.canvas.image_number, 1) for pane in self._panes.shown}

    def _meet(self, pane: Viewer) -> None:
        """A pane has another series: it belongs, from its first picture, to what the others show now."""
        self._anchor()
        self._anchors[pane] = 1

    def _follow(self, source: Viewer, number: int) -> None:
        """One pane was leafed: the others go along."""
        if self.mode == "off" or self._is_moving:
            return
        self._is_moving = True
        self._waiting = None
        for pane in self._panes.shown:
            if pane is not source and pane.series.count:
                if self.mode == "place" and not (source.planes.is_known and pane.planes.is_known):
                    self._waiting = source, number  # half a stack has no nearest picture
                    continue
                found = self._place_in(pane, source, number)
                if found is not None:
                    pane.canvas.go_to(found)
        self._is_moving = False

    def _catch_up(self) -> None:
        """Where the pictures of a pane lie is known now: it goes along with what was leafed meanwhile."""
        if self._waiting is not None and self._waiting[0] in self._panes.shown:
            self._follow(*self._waiting)

    def _tone(self, source: Viewer) -> None:
        """The window of one pane was changed: panes with the same series are seen in the same one."""
        window, row = source.canvas.dicom_window, source.series.row
        if self._is_toning or window is None or row is None:
            return
        self._is_toning = True
        for pane in self._panes.shown:
            other = pane.series.row
            if pane is not source and other is not None and other.uid == row.uid and pane.canvas.picture is not None:
                pane.canvas.drag_window(window)
        self._is_toning = False

    def _place_in(self, pane: Viewer, source: Viewer, number: int) -> int | None:
        from_here, there = source.planes.at(number), pane.planes.planes
        size = source.canvas.picture.frame if source.canvas.picture else None
        if self.mode == "place" and from_here is not None and size is not None:
            like = next((each for each in there if each is not None), None)
            if like is not None and not leaf_together(from_here, like):
                return None  # it looks another way: neither place nor number would mean the same
            if like is not None and is_same_space(from_here, like):
                found = nearest(there, Slab(from_here, size.columns, size.rows))
                return None if found is None else found + 1
            by_depth = self._by_depth(pane, source, from_here)
            if by_depth is not None:
                return by_depth + 1
        moved = number - self._anchors.get(source, 1)
        return min(max(self._anchors.get(pane, 1) + moved, 1), pane.series.count)

    def _by_depth(self, pane: Viewer, source: Viewer, from_here: Plane) -> int | None:
        ours, theirs = source.planes.at(self._anchors.get(source, 1)), pane.planes.at(self._anchors.get(pane, 1))
        if ours is None or theirs is None or not leaf_together(ours, theirs) or not ours.is_parallel(from_here):
            return None
        moved = (depth_of(from_here, ours) - depth_of(ours, ours)) * same_sense(ours, theirs)
        return at_depth(pane.planes.planes, depth_of(theirs, theirs) + moved, theirs)


def slab_of(pane: Viewer) -> Slab | None:
    """Return where the picture that a pane shows lies in the patient."""
    picture = pane.canvas.picture
    plane = picture.frame.plane if picture else None
    return Slab(plane, picture.frame.columns, picture.frame.rows) if picture and plane else None
