"""The monitor's numbers over the last minutes or hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.waveforms import OWN_HEART_RATE
from ui.language import Translated, _, say
from ui.tasks import TaskRunner
from ui.waveforms.monitor_values import MONITOR_SIGNS, MonitorSign
from ui.widgets.empty_state import EmptyState
from ui.widgets.front_stack import FrontStack
from ui.widgets.picker import Picker
from ui.widgets.segmented import Option
from ui.widgets.trend_plot import TrendLine, TrendPlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clinic_app.waveforms import Trend

FRESHEN_MS: Final = 2000
SPANS_S: Final = {"600": Text("10 min"), "3600": Text("1 h"), "14400": Text("4 h"), "86400": Text("24 h")}
_COLOURS: Final = {"heart_rate": "trace_ecg", "spo2": "trace_pleth", "systolic": "warn", "diastolic": "accent"}
_MOST_SPOTS: Final = 300
"""A thermometer's readings are points, those of a probe that never rests a line."""
_PRESSURE: Final = ("systolic", "diastolic")


class Trends(Protocol):
    """Where the numbers are."""

    def trend(self, source: str, code: str, seconds: float) -> Trend | None:
        """Return one number of a monitor over the newest seconds; NaN where none came."""
        ...


def sign_line(sign: MonitorSign, times_s: NDArray[np.float64], values: NDArray[np.float32]) -> TrendLine:
    """Return a vital sign's line; a number nobody can have is a gap in it, whatever is kept."""
    can_be = (values >= float(sign.sign.least)) & (values <= float(sign.sign.most))
    times_s, values = times_s[can_be], values[can_be]
    is_pressure = sign.field in _PRESSURE
    words: Callable[[], str] = lambda: f"{say(sign.sign.words)}, {say(sign.sign.unit)}"  # noqa: E731
    group = _("Pressure") if is_pressure else ""
    is_spot = is_pressure or (sign.is_spot and len(values) <= _MOST_SPOTS)
    return TrendLine(words, _COLOURS.get(sign.field, "overlay"), times_s, values, is_spot, group)


def _line_of(sign: MonitorSign, trend: Trend | None) -> TrendLine | None:
    """Return a sign's line; None where nothing came, or in a unit that is another quantity."""
    if trend is None or trend.unit not in sign.units:
        return None
    is_there = np.isfinite(trend.values)
    return sign_line(sign, trend.times_s[is_there], trend.values[is_there]) if is_there.any() else None


class TrendsPanel(Translated, QWidget):
    """The plots with the choice of their span.

    Args:
        trends: where the numbers are.
        runner: the way into the background.
        now: tells this moment.
    """

    def __init__(self, trends: Trends, runner: TaskRunner, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.setObjectName("monitor.trends")
        self._trends = trends
        self._source = ""
        self._now = now
        self._shown_at = now()
        self._span = Picker(
            "monitor.trend_span", [Option(key, _said(text)) for key, text in SPANS_S.items()], _span_words
        )
        self.plot = TrendPlot("monitor.trend_plot", runner, lambda: self._shown_at)
        self._none = EmptyState("monitor.no_trends", "activity")
        self._stack = FrontStack()
        for page in (self._none, self.plot):
            self._stack.addWidget(page)
        self._timer = QTimer(self, interval=FRESHEN_MS)
        self._timer.timeout.connect(self.look)
        row = QHBoxLayout()
        row.addWidget(self._span)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        self._span.chosen.connect(lambda _value: self.look())
        self.retranslate()

    def show_source(self, source: str) -> None:
        """Show another monitor's numbers."""
        if source != self._source:
            self._source = source
            self.look()

    def look(self) -> None:
        """Show the numbers as they are now."""
        seconds = float(self._span.value())
        self._shown_at = self._now()
        lines = []
        for sign in MONITOR_SIGNS:
            for code in (*sign.codes, *((OWN_HEART_RATE,) if sign.field == "heart_rate" else ())):
                trend = self._trends.trend(self._source, code, seconds) if self._source else None
                line = _line_of(sign, trend)
                if line is not None:
                    lines.append(line)
                    break
        self.plot.show_lines(lines, -seconds, 0.0)
        has_any = any(len(line.values) for line in lines)
        self._stack.setCurrentWidget(self.plot if has_any else self._none)

    def showEvent(self, _event: QShowEvent) -> None:
        """Look now and then while it can be seen."""
        self.look()
        self._timer.start()

    def hideEvent(self, _event: QHideEvent) -> None:
        """Rest."""
        self._timer.stop()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._none.say(
            _("No numbers yet"), _("As soon as the monitor sends heart rate, oxygen or pressure, they are drawn here.")
        )
        self.look()


def _said(text: Text) -> Callable[[], str]:
    return lambda: say(text)


def _span_words() -> str:
    return _("Time span")
