"""The panes of the viewer: a grid of pictures, each with its own series; one of them is in somebody's hands.

Everything that acts on a picture asks `Panes.active`. Panes beyond the layout show nothing and keep nothing in memory;
one that is maximised hides the others until it is made small again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.imaging.viewing.hanging import MOST_SIDE, ONE, Layout
from ui.imaging.open_series import OpenSeries
from ui.imaging.shelf import Leave
from ui.imaging.tool_bar import ViewerTools
from ui.imaging.viewer import Viewer
from ui.widgets.plain_keys import plain_key

_GAP_PX: Final = 4
LAYOUT_KEYS: Final = {
    Qt.Key.Key_1: (ONE,),
    Qt.Key.Key_2: (Layout(1, 2), Layout(2, 1)),
    Qt.Key.Key_3: (Layout(1, 3), Layout(3, 1)),
    Qt.Key.Key_4: (Layout(2, 2),),
    Qt.Key.Key_6: (Layout(2, 3), Layout(3, 2)),
    Qt.Key.Key_9: (Layout(3, 3),),
}
"""With Ctrl: so many panes; pressed again, the other way to lay them."""


class Panes(QWidget):
    """A grid of viewers with one tool bar.

    Args:
        name: stable object name; parts of the first pane are ``name.canvas``, ``name.report`` …, of the second
            ``name.2.canvas`` and so on; the tools are ``name.tool.…``.
        make_series: gives each new pane what opens series for it.
        place: what it will stand in.

    Signals: ``active_changed``: another pane is in hand; ``layout_changed``: see ``grid``; ``layout_chosen(Layout)``: a
    person wants another one; ``series_dropped(str, Viewer)``: a series, by its UID, is to be shown there;
    ``image_asked(str, int)``: a report leads to a picture.
    """

    active_changed = Signal()
    layout_changed = Signal()
    layout_chosen = Signal(object)
    series_dropped = Signal(str, object)
    image_asked = Signal(str, int)

    def __init__(self, name: str, make_series: Callable[[], OpenSeries], place: QWidget | None = None) -> None:
        super().__init__(place)
        self._name = name
        self._make_series = make_series
        self._panes: list[Viewer] = []
        self._leave: Leave | None = None
        self._grid = ONE
        self._maximised: Viewer | None = None
        self._ground = QWidget(self)
        self._cells = QGridLayout(self._ground)
        self._cells.setContentsMargins(0, 0, 0, 0)
        self._cells.setSpacing(_GAP_PX)
        first = self._pane(0)
        self._active = first
        self.tools = ViewerTools(name, first.canvas, self)
        self.tools.layouts.chosen.connect(self.layout_chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.tools)
        self._beside = QHBoxLayout()
        self._beside.setSpacing(12)
        self._beside.addWidget(self._ground, 1)
        column.addLayout(self._beside, 1)
        self._lay_out()
        self._show_active()

    def let_out(self, leave: Leave) -> None:
        """Let what panes show leave the house, each time after this has noted it."""
        self._leave = leave
        for pane in self._panes:
            pane.leave = leave

    def put_beside(self, part: QWidget) -> None:
        """Put something at the right of the pictures, below the tools."""
        self._beside.addWidget(part)

    @property
    def active(self) -> Viewer:
        """The pane in somebody's hands."""
        return self._active

    @property
    def grid(self) -> Layout:
        """How the panes lie, whether one is maximised or not."""
        return self._grid

    @property
    def is_maximised(self) -> bool:
        """Whether one pane hides the others."""
        return self._maximised is not None

    @property
    def shown(self) -> tuple[Viewer, ...]:
        """The panes of the layout, row by row, also those behind one that is maximised."""
        return tuple(self._panes[: len(self._grid)])

    def set_grid(self, grid: Layout) -> None:
        """Lie otherwise; panes that have no place any more are closed, and the active one stays if it has one."""
        self._maximised = None
        self._grid = grid
        for place in range(len(self._panes), len(grid)):
            self._pane(place)
        for pane in self._panes[len(grid) :]:
            pane.series.close()
        self._lay_out()
        if self._active not in self.shown:
            self.activate(self._panes[0])
        self._show_active()
        self.tools.layouts.show_grid(grid)
        self.layout_changed.emit()

    def activate(self, pane: Viewer) -> None:
        """Take a pane in hand."""
        if pane is not self._active:
            self._active = pane
            self.tools.act_on(pane.canvas)
            self._show_active()
            self.active_changed.emit()

    def step_active(self, by: int) -> None:
        """Take the pane so many places further in hand, and give it the keys; the maximised one changes with it."""
        panes = self.shown
        self.activate(panes[(panes.index(self._active) + by) % len(panes)])
        if self._maximised is not None:
            self._maximised = self._active
            self._lay_out()
        self._active.front.setFocus()

    def toggle_maximised(self, pane: Viewer | None = None) -> None:
        """Let a pane, by default the one in hand, fill the place of all, or go back to its own."""
        if self._maximised is None and len(self._grid) > 1:
            self._maximised = pane or self._active
            self.activate(self._maximised)
        else:
            self._maximised = None
        self._lay_out()
        self._active.front.setFocus()
        self.layout_changed.emit()

    def pane_of(self, series_uid: str) -> Viewer | None:
        """Return the pane that shows a series, the active one first."""
        panes = (self._active, *self.shown)
        return next((each for each in panes if each.series.row and each.series.row.uid == series_uid), None)

    def numbers_by_series(self) -> dict[str, tuple[int, ...]]:
        """Return which panes, from 1, show each series."""
        found: dict[str, tuple[int, ...]] = {}
        for number, pane in enumerate(self.shown, 1):
            if pane.series.row is not None:
                found[pane.series.row.uid] = (*found.get(pane.series.row.uid, ()), number)
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do with the panes what the picture in hand has no use for."""
        is_ctrl = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.ControlModifier
        layouts = LAYOUT_KEYS.get(plain_key(event), ()) if is_ctrl else ()
        if layouts:
            place = layouts.index(self._grid) + 1 if self._grid in layouts else 0
            self.layout_chosen.emit(layouts[place % len(layouts)])
        else:
            event.ignore()

    def _pane(self, place: int) -> Viewer:
        made = Viewer(f"{self._name}.{place + 1}" if place else self._name, self._make_series(), self._ground)
        made.leave = self._leave
        self._panes.append(made)
        made.touched.connect(lambda: self.activate(made))
        made.maximise_asked.connect(lambda: self.toggle_maximised(made))
        made.dropped.connect(lambda uid: self.series_dropped.emit(uid, made))
        made.image_asked.connect(self.image_asked)
        return made

    def _lay_out(self) -> None:
        rows, columns = self._grid.rows, self._grid.columns
        for place, pane in enumerate(self._panes):
            self._cells.removeWidget(pane)
            is_seen = place < len(self._grid) and self._maximised in (None, pane)
            if is_seen:
                self._cells.addWidget(pane, place // columns, place % columns)
            elif pane.parentWidget() is None:
                pane.setParent(self._ground)
            pane.setVisible(is_seen)
        single = self._maximised is not None
        for side in range(MOST_SIDE):
            row, column = (divmod(self._panes.index(self._maximised), columns)) if self._maximised else (0, 0)
            self._cells.setRowStretch(side, int(side == row if single else side < rows))
            self._cells.setColumnStretch(side, int(side == column if single else side < columns))

    def _show_active(self) -> None:
        for pane in self._panes:
            pane.set_active(is_active=pane is self._active, is_framed=len(self._grid) > 1)
