"""The picture of a recording's paper, drawn in strokes: some traces at a turn, so that the window answers in between.

While the next picture is drawn the last whole one is shown, moved to where it belongs, so that scrolling never shows an
empty paper; after a change of scale there is none to show, and the traces come one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QPainter, QPixmap

from ui import theme
from ui.strokes import next_turn
from ui.widgets.paper_layout import PaperCell
from ui.widgets.paper_painter import PaperView, paint_cell, paint_ground

STROKE_S: Final = 0.012
"""A stroke ends with the first trace after so long."""


@dataclass
class _Sheet:
    """A picture and the view it shows."""

    picture: QPixmap
    view: PaperView
    cells: Sequence[PaperCell]
    done: int = 0

    @property
    def is_whole(self) -> bool:
        return self.done >= len(self.cells)


class PaperPicture(QObject):
    """Draws the paper. Signal ``drawn``: there is more to be seen.

    Args:
        paper: it goes with it.
    """

    drawn = Signal()

    def __init__(self, paper: QObject) -> None:
        super().__init__(paper)
        self._whole: _Sheet | None = None
        self._next: _Sheet | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything is drawn."""
        return self._next is None

    def draw(self, view: PaperView, cells: Sequence[PaperCell], *, keeps_last: bool) -> None:
        """Begin to draw.

        Args:
            view: what is to be seen.
            cells: what lies on the paper.
            keeps_last: the last picture shows the same paper, elsewhere; it may be shown meanwhile.
        """
        if not keeps_last:
            self._whole = None
        picture = QPixmap(view.width, view.height)
        seen = [cell for cell in cells if _is_seen(cell, view)]
        self._next = sheet = _Sheet(picture, view, seen)
        if picture.isNull():
            self._next = None
            return
        painter = QPainter(picture)
        paint_ground(painter, view, cells)
        painter.end()
        self._go_on(sheet)

    def paint(self, painter: QPainter, area: QRectF, view: PaperView) -> None:
        """Put onto the screen what there is, for a view that may have moved on."""
        sheet = self._whole or self._next
        painter.fillRect(area, theme.token("bg", "clinical"))
        if sheet is None:
            return
        dx, dy = sheet.view.left - view.left, sheet.view.top - view.top
        place = area.translated(dx / view.ratio, dy / view.ratio)
        painter.drawPixmap(place, sheet.picture, QRectF(sheet.picture.rect()))

    def _go_on(self, sheet: _Sheet) -> None:
        if sheet is not self._next:
            return  # another view is wanted by now
        begin = time.perf_counter()
        painter = QPainter(sheet.picture)
        while not sheet.is_whole:
            paint_cell(painter, sheet.view, sheet.cells[sheet.done])
            sheet.done += 1
            if time.perf_counter() - begin > STROKE_S:
                break
        painter.end()
        if sheet.is_whole:
            self._whole, self._next = sheet, None
        else:
            next_turn(self, lambda: self._go_on(sheet))
        self.drawn.emit()


def _is_seen(cell: PaperCell, view: PaperView) -> bool:
    across = view.x_of(cell.end_s) >= 0 and view.x_of(cell.start_s) - view.margin <= view.width
    middle = view.middle_of(cell.row)
    return across and -view.height <= middle <= 2 * view.height
