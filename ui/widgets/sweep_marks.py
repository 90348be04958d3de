"""Calipers on live traces that stand still: put by the mouse, moved by keys, read at the scale of the lane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF

from ui.widgets.calipers import Calipers, Reading

if TYPE_CHECKING:
    from ui.widgets.sweep import Sweep
    from ui.widgets.sweep_panel import LanePlace, SweepPanel
    from ui.widgets.trace_columns import Samples

_LEAST_DRAG_PX: Final = 2


class SweepMarks:
    """The calipers of one sweep, in its logical pixels.

    Args:
        sweep: what they lie on; it tells by ``measured`` what they span.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.calipers: Calipers | None = None
        self._is_dragging = False

    def press(self, at: QPointF, *, is_box: bool = False) -> None:
        """Put the first mark."""
        self._is_dragging = True
        self._put(Calipers(at.x(), at.y(), at.x(), at.y(), is_box))

    def drag(self, at: QPointF) -> None:
        """Move the second mark while the button is held."""
        if self._is_dragging and self.calipers is not None:
            self._put(replace(self.calipers, x1=at.x(), y1=at.y()))

    def release(self, at: QPointF) -> None:
        """Leave the marks; without a drag they go."""
        if not self._is_dragging:
            return
        self.drag(at)
        self._is_dragging = False
        if self.calipers is not None and abs(self.calipers.x1 - self.calipers.x0) < _LEAST_DRAG_PX:
            self.take_away()

    def put_in_the_middle(self) -> None:
        """Put calipers of 0.2 s on the lane in the middle; keys move them from there."""
        panels = self._sweep.panels
        if panels:
            panel, ratio = panels[0], self._sweep.devicePixelRatioF()
            place = panel.places[len(panel.places) // 2]
            x, y = panel.field.center().x() / ratio, place.middle / ratio
            self._put(Calipers(x, y, x + 0.2 * self._sweep.scale.px_per_s, y))

    def move(self, dx: float, dy: float, *, is_whole: bool) -> None:
        """Move the second mark, or both."""
        if self.calipers is not None:
            self._put(self.calipers.moved(dx, dy) if is_whole else self.calipers.end_moved(dx, dy))

    def turn(self) -> None:
        """Make the rectangle lines, or the lines a rectangle."""
        if self.calipers is not None:
            self._put(replace(self.calipers, is_box=not self.calipers.is_box))

    def take_away(self) -> None:
        """Take the marks off."""
        if self.calipers is not None:
            self.calipers = None
            self._sweep.retranslate()
            self._sweep.measured.emit(None)

    def reading(self) -> Reading | None:
        """Return what they span."""
        calipers = self.calipers
        if calipers is None:
            return None
        found = self._lane_at(calipers.x0, calipers.y0)
        scale = self._sweep.scale
        reading = calipers.read(scale.px_per_s, scale.px_per_mv, found[1].lane.label() if found else "")
        if found is None or not calipers.is_box or found[1].lane.millivolts_per_unit is None:
            return reading
        return reading.over(self._between(*found, calipers) * np.float32(found[1].lane.millivolts_per_unit))

    def _between(self, panel: SweepPanel, place: LanePlace, calipers: Calipers) -> Samples:
        """Return the samples of a lane between the marks, measured from its line."""
        ratio = self._sweep.devicePixelRatioF()
        columns = sorted(panel.column_at(x * ratio) for x in (calipers.x0, calipers.x1))
        first, last = (round(column * panel.samples_per_column) for column in columns)
        found: Samples = panel.source.read(max(0, first), max(0, last) + 1)[place.channel] - np.float32(place.zero)
        return found

    def _lane_at(self, x: float, y: float) -> tuple[SweepPanel, LanePlace] | None:
        ratio = self._sweep.devicePixelRatioF()
        x, y = x * ratio, y * ratio
        for panel in self._sweep.panels:
            for place in panel.places:
                if panel.area.left() <= x <= panel.area.right() and abs(y - place.middle) <= place.height / 2:
                    return panel, place
        return None

    def _put(self, calipers: Calipers) -> None:
        self.calipers = calipers
        self._sweep.retranslate()
        self._sweep.measured.emit(self.reading())
