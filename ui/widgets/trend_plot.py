"""Numbers over hours, one plot below the other on one time axis; a click says which moment somebody means.

Drawn by pyqtgraph, which is read from the disk when it is first wanted: nothing here moves sixty times a second.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from ui import language, theme
from ui.language import Translated, _
from ui.qt_types import QtTypes
from ui.tasks import TaskRunner
from ui.widgets.time_ticks import time_ticks

LONGEST_STEP_S: Final = 20.0
"""Values further apart are not joined."""
LEFT_PX: Final = 58
LEAST_RANGE: Final = 4.0
"""Of the upright axis: a change in the last digit is no mountain."""
TICK_PX: Final = 96
"""Room for a mark of the time axis with its day."""


@dataclass(frozen=True, eq=False)
class TrendLine:
    """One number over time.

    Args:
        name: gives its words with the unit, in the language of the windows.
        colour: name of its colour.
        times_s: seconds, rising.
        values: as many.
        is_spot: measured now and then: each value is a point of its own.
        group: lines with the same group share a plot: systolic and diastolic.
    """

    name: Callable[[], str]
    colour: str
    times_s: NDArray[np.float64]
    values: NDArray[np.float32]
    is_spot: bool = False
    group: str = ""


def broken(line: TrendLine) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return a line's points with NaN where values lie too far apart to be joined."""
    far = np.flatnonzero(np.diff(line.times_s) > LONGEST_STEP_S) + 1
    times = np.insert(line.times_s, far, line.times_s[far] - 0.001)
    return times, np.insert(line.values, far, np.float32(np.nan))


class TrendPlot(Translated, QWidget):
    """The plots.

    Args:
        name: stable object name.
        runner: reads the library in the background.
        origin: gives the moment of second 0; None while nothing is shown.

    Signal ``pointed`` carries the seconds of the moment that was clicked.
    """

    pointed = Signal(float)

    def __init__(self, name: str, runner: TaskRunner, origin: Callable[[], datetime | None]) -> None:
        super().__init__()
        self.setObjectName(name)
        self._origin = origin
        self._lines: tuple[TrendLine, ...] = ()
        self._span = (0.0, 1.0)
        self._cursor_s: float | None = None
        self._library: Any = None
        self._view: Any = None
        self._plots: dict[str, Any] = {}
        self._cursors: list[Any] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._runner = runner
        QtTypes(self).made.connect(self._read_library)
        self.retranslate()

    @property
    def is_ready(self) -> bool:
        """Whether the library is there and the plots are drawn."""
        return self._view is not None

    def show_lines(self, lines: Sequence[TrendLine], first_s: float, last_s: float) -> None:
        """Show lines between two moments; a line without a value has no plot."""
        self._lines = tuple(line for line in lines if len(line.values))
        self._span = (first_s, max(last_s, first_s + 1.0))
        self._draw()
        self.retranslate()

    def show_cursor(self, seconds: float | None) -> None:
        """Mark a moment in every plot."""
        self._cursor_s = seconds
        for cursor in self._cursors:
            cursor.setVisible(seconds is not None)
            if seconds is not None:
                cursor.setPos(seconds)

    def retranslate(self) -> None:
        """Say for a screen reader where each number stood last."""
        self.setAccessibleName(_("Trends"))
        told = [f"{line.name()} {line.values[-1]:g}" for line in self._lines]
        self.setAccessibleDescription(", ".join(told) or _("no value"))

    def _read_library(self) -> None:
        self._runner.run(lambda: importlib.import_module("pyqtgraph"), owner=self, done=self._begin)

    def _begin(self, library: Any) -> None:  # noqa: ANN401 - pyqtgraph has no type hints
        self._library = library
        self._view = library.GraphicsLayoutWidget(self)
        self._view.setBackground(theme.token("bg", "clinical"))
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.ci.layout.setSpacing(2)
        self._column.addWidget(self._view)
        self._view.scene().sigMouseClicked.connect(self._click)
        self._draw()

    def _draw(self) -> None:
        """Draw all lines anew; plots that are there already are kept."""
        if self._view is None:
            return
        groups = list(dict.fromkeys(line.group or line.name() for line in self._lines))
        if groups != list(self._plots):
            self._set_up(groups)
        for plot in self._plots.values():
            plot.clear()
        self._cursors = []
        for group, plot in self._plots.items():
            for line in self._lines:
                if (line.group or line.name()) == group:
                    self._draw_line(plot, line)
            plot.setXRange(*self._span, padding=0)
            pen = self._library.mkPen(theme.token("warn", "clinical"), width=1)
            self._cursors.append(self._library.InfiniteLine(angle=90, pen=pen))
            plot.addItem(self._cursors[-1], ignoreBounds=True)
        self.show_cursor(self._cursor_s)

    def _draw_line(self, plot: Any, line: TrendLine) -> None:  # noqa: ANN401
        colour = theme.token(line.colour, "clinical")
        if line.is_spot:
            plot.plot(line.times_s, line.values, pen=None, symbol="o", symbolSize=6, symbolBrush=colour, symbolPen=None)
        else:
            times, values = broken(line)
            plot.plot(times, values, pen=self._library.mkPen(colour, width=1), connect="finite")

    def _set_up(self, groups: Sequence[str]) -> None:
        self._view.clear()
        self._plots = {}
        for row, group in enumerate(groups):
            axis = _time_axis(self._library, self._ticks)
            plot = self._view.addPlot(row=row, col=0, axisItems={"bottom": axis}, enableMenu=False)
            menu = plot.ctrlMenu  # a window of its own otherwise, which nobody takes away
            menu.setParent(self._view, menu.windowFlags())
            plot.hideButtons()
            plot.setMouseEnabled(x=False, y=False)
            plot.showGrid(x=True, y=True, alpha=0.2)
            plot.vb.setLimits(minYRange=LEAST_RANGE)
            plot.getAxis("left").setWidth(LEFT_PX)
            plot.getAxis("left").tickStrings = _numbers
            plot.setTitle(group, size="9pt", color=theme.token("muted", "clinical").name(), justify="left")
            for side in ("left", "bottom"):
                plot.getAxis(side).setTextPen(theme.token("muted", "clinical"))
            if row < len(groups) - 1:
                plot.getAxis("bottom").setStyle(showValues=False)
            self._plots[group] = plot

    def _ticks(self, first_s: float, last_s: float, width_px: float) -> list[tuple[float, str]]:
        """Return the marks of the time axis."""
        origin = self._origin()
        return time_ticks(origin, first_s, last_s, int(width_px // TICK_PX)) if origin is not None else []

    def _click(self, event: Any) -> None:  # noqa: ANN401
        for plot in self._plots.values():
            if plot.sceneBoundingRect().contains(event.scenePos()):
                at: QPointF = plot.vb.mapSceneToView(event.scenePos())
                self.pointed.emit(min(max(at.x(), self._span[0]), self._span[1]))
                return


def _numbers(values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
    """Return the marks of the upright axis as the language of the windows writes them."""
    return [show_number(round(value, 2), language.current()) for value in values]


def _time_axis(library: Any, ticks: Callable[[float, float, float], list[tuple[float, str]]]) -> Any:  # noqa: ANN401
    """Return an axis that tells moments as people do."""
    axis = library.AxisItem("bottom")
    words: dict[float, str] = {}

    def values(first_s: float, last_s: float, width_px: float) -> list[tuple[float, list[float]]]:
        words.clear()
        words.update(ticks(first_s, last_s, width_px))
        return [(1.0, list(words))]

    axis.tickValues = values
    axis.tickStrings = lambda places, _scale, _spacing: [words.get(place, "") for place in places]
    return axis
