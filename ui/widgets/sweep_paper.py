"""A panel whose signal runs like paper: the newest at the right edge, everything else moved to the left.

So the live trace is drawn where somebody prefers it to the sweep, and so everybody looks back: what stands still is
read from left to right in the order of time. The lines of the paper move with the signal.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPen, QPixmap

from ui import theme
from ui.widgets.sweep_panel import LanePlace, SweepPanel
from ui.widgets.sweep_source import SweepGroup
from ui.widgets.trace_scale import PaperScale


class PaperPanel(SweepPanel):
    """A block of lanes that moves to the left as the signal goes on."""

    def x_of(self, column: int) -> int:
        """Return the x of a column that is on the picture now."""
        return self.field.left() + self.width - (self._drawn - column)

    def column_at(self, x: float) -> int:
        """Return the column that lies at an x of the picture."""
        return round(x) - self.field.left() - self.width + self._drawn

    def _is_to_settle(self) -> bool:
        """Look whether the lanes are to be placed anew; a page further they are, and the page with them."""
        is_a_page_on = self._newest() // self.width != self._drawn // self.width
        return super()._is_to_settle() or is_a_page_on

    def _add(self, picture: QPixmap, background: QPixmap, newest: int) -> list[QRect]:  # noqa: ARG002
        columns = newest - self._drawn
        picture.scroll(-columns, 0, self.field)
        self._drawn = newest
        painter = QPainter(picture)
        self._draw_paper(painter, newest - columns, newest)
        painter.end()
        return [self.field]

    def _draw_whole(self, painter: QPainter, background: QPixmap, newest: int) -> None:  # noqa: ARG002
        self._drawn = newest
        self._draw_paper(painter, newest - self.width, newest)

    def _draw_paper(self, painter: QPainter, first: int, last: int) -> None:
        """Draw paper and traces of some columns."""
        strip = QRect(self.x_of(first), self.area.top(), last - first, self.area.height()) & self.field
        painter.setClipRect(strip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        self._draw_ground(painter, first, last)
        begin = max(0, first - 2)
        if begin < last:
            self._draw_lanes(painter, begin, last, self.x_of(begin) + 0.5)
        painter.setClipping(False)

    def _draw_ground(self, painter: QPainter, first: int, last: int) -> None:
        """Draw the ground with a line every 5 mm; the upright ones belong to the signal, not to the screen."""
        step = 5 * self.scale.px_per_mm
        painter.fillRect(
            self.x_of(first), self.area.top(), last - first, self.area.height(), theme.token("bg", "clinical")
        )
        painter.setPen(QPen(theme.token("trace_grid", "clinical"), 1))
        for number in range(math.ceil(first / step) - 1, math.floor(last / step) + 1):
            x = self.x_of(round(number * step))
            painter.drawLine(x, self.area.top(), x, self.area.bottom())
        for number in range(int(self.field.height() / step) + 1):
            y = round(self.field.top() + number * step)
            painter.drawLine(self.x_of(first), y, self.x_of(last), y)


def paper_panel(group: SweepGroup, places: list[LanePlace], area: QRect, scale: PaperScale, ratio: float) -> SweepPanel:
    """Return a panel that moves like paper."""
    return PaperPanel(group.source, places, area, scale, ratio)
