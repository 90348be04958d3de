"""A recording of hours: its numbers over the whole length, its marks, and one page of paper at a time.

Keys: Page Up and Page Down go half a page back or on, with Ctrl a whole one; Home and End to its ends. On the paper all
keys of `EcgPaper` hold. A click on the numbers or on the strip goes there; Shift with Home or End lets what is taken
out begin or end with the page.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from ui.language import Translated, _
from ui.waveforms.long_strip import LongStrip
from ui.waveforms.long_taking import LongTaking
from ui.waveforms.monitor_values import MONITOR_SIGNS
from ui.waveforms.trends_panel import sign_line
from ui.waveforms.view_model_long_reading import PAGE_S, LongReadingModel
from ui.waveforms.view_model_long_taking import LongTakingModel
from ui.widgets.buttons import Button
from ui.widgets.calipers import Reading
from ui.widgets.ecg_paper import EcgPaper
from ui.widgets.labels import OneLine
from ui.widgets.qt_line import QtLine
from ui.widgets.recording_traces import marks_of, traces_of
from ui.widgets.trace_choices import TraceChoices
from ui.widgets.trend_plot import TrendPlot

PLOTS_PX: Final = 150


class LongView(Translated, QWidget):
    """The view.

    Args:
        model: the recording that is read.
        choices: how the paper is looked at.
        taking: what is taken out of it; None takes nothing out.

    Signals: ``measured`` carries the `Reading` of the calipers, or None; ``noticed(str, str)``: words for the line of
    notices, and their tone.
    """

    measured = Signal(object)
    noticed = Signal(str, str)

    def __init__(self, model: LongReadingModel, choices: TraceChoices, taking: LongTakingModel | None = None) -> None:
        super().__init__()
        self.setObjectName("long")
        self._model = model
        self.paper = EcgPaper("long.paper")
        self.plot = TrendPlot(
            "long.numbers", model.runner, lambda: model.overview.begins_at if model.overview is not None else None
        )
        self.plot.setFixedHeight(PLOTS_PX)
        self.strip = LongStrip("long.strip")
        self._chosen = taking
        self._taking = LongTaking(taking, self._clock) if taking is not None else None
        self._back = Button("long.back", "plain", "chevron-left")
        self._on = Button("long.on", "plain", "chevron-right")
        self._where = OneLine("", 80)
        self._where.setObjectName("long.where")
        self._marks = QComboBox()
        self._marks.setObjectName("long.marks")
        self._marks.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._qt = QtLine("long.qt")
        self._build()
        self.setFocusProxy(self.paper)
        self._connect()
        self.look(choices)
        self.retranslate()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self._back, self._on):
            row.addWidget(part)
        row.addWidget(self._where, 1)
        row.addWidget(self._marks)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.plot)
        column.addWidget(self.strip)
        if self._taking is not None:
            column.addWidget(self._taking)
        column.addLayout(row)
        column.addWidget(self.paper, 1)
        column.addWidget(self._qt)

    def _connect(self) -> None:
        model = self._model
        model.opened.connect(self._show_whole)
        model.numbers_read.connect(self._show_numbers)
        model.page_read.connect(self._show_page)
        model.closed.connect(self._show_whole)
        self.plot.pointed.connect(lambda seconds: model.go(seconds - PAGE_S / 2))
        self.strip.pointed.connect(lambda seconds: model.go(seconds - PAGE_S / 2))
        if self._chosen is not None and self._taking is not None:
            chosen = self._chosen
            self.strip.dragged.connect(chosen.choose)
            chosen.chosen.connect(lambda: self.strip.show_chosen(chosen.begin_s, chosen.end_s))
            self._taking.noticed.connect(self.noticed)
            self._taking.asking.connect(self.plot.setHidden)
        self._back.clicked.connect(lambda: model.turn(-1))
        self._on.clicked.connect(lambda: model.turn(1))
        self._marks.activated.connect(self._go_to_mark)
        self.paper.measured.connect(self.measured)
        self.paper.qt_noted.connect(self._qt.note_qt)
        self.paper.rr_noted.connect(self._qt.note_rr)

    def look(self, choices: TraceChoices) -> None:
        """Look otherwise."""
        self.paper.look(choices.sweep_layout, float(choices.speed), float(choices.gain))
        self._model.see_through(choices.filter)

    def reading(self) -> Reading | None:
        """Return what the calipers span."""
        return self.paper.reading()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go through the hours."""
        part = 1.0 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 0.5
        overview = self._model.overview
        is_shift = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
        if is_shift and self._chosen is not None and event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._choose_page(self._chosen, is_begin=event.key() == Qt.Key.Key_Home)
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._model.turn(part if event.key() == Qt.Key.Key_PageDown else -part)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and overview is not None:
            self._model.go(0.0 if event.key() == Qt.Key.Key_Home else overview.seconds)
        else:
            super().keyPressEvent(event)

    def _choose_page(self, chosen: LongTakingModel, *, is_begin: bool) -> None:
        """Let what is taken out begin, or end, with this page."""
        begin_s = self._model.begin_s
        if is_begin:
            chosen.choose_begin(begin_s)
        else:
            chosen.choose_end(begin_s + PAGE_S)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._back.say(_("Back"), "Page Up")
        self._on.say(_("On"), "Page Down")
        self._marks.setAccessibleName(_("Marks"))
        self.strip.setAccessibleName(_("All of the recording; drag over it to choose a part"))
        self.paper.setAccessibleName(_("ECG on millimetre paper; C puts calipers on it"))
        self._show_whole()
        self._show_numbers()
        self._say_where()

    def _show_whole(self) -> None:
        """Show the marks; the numbers come later."""
        overview = self._model.overview
        self._qt.forget()
        self._marks.clear()
        self.strip.show_overview(overview)
        if self._taking is not None:
            self._taking.show_marks(overview)
        if overview is None:
            self.paper.show_recording(())
            self.paper.show_marks(())
            self.plot.show_lines((), 0.0, 1.0)
            return
        self._marks.addItem(_("Marks ({count})", count=len(overview.marks)), None)
        for mark in overview.marks:
            back_s = (mark.at - overview.begins_at).total_seconds()
            self._marks.addItem(f"{self._clock(back_s)}  {mark.text}", back_s)
        self._marks.setEnabled(bool(overview.marks))

    def _show_numbers(self) -> None:
        overview = self._model.overview
        if overview is None:
            return
        lines = [
            sign_line(sign, self._model.numbers[sign.field].times_s, self._model.numbers[sign.field].values)
            for sign in MONITOR_SIGNS
            if sign.field in self._model.numbers and self._model.numbers[sign.field].unit in sign.units
        ]
        self.plot.show_lines(lines, 0.0, overview.seconds)
        self.plot.show_cursor(self._model.begin_s + PAGE_S / 2)

    def _show_page(self) -> None:
        page = self._model.page
        self.paper.show_recording(traces_of(page) if page is not None else ())
        self.paper.show_marks(marks_of(page) if page is not None else ())
        self.plot.show_cursor(self._model.begin_s + PAGE_S / 2)
        self.strip.show_page(self._model.begin_s, self._model.begin_s + PAGE_S)
        self._say_where()

    def _say_where(self) -> None:
        overview = self._model.overview
        if overview is None:
            self._where.say("")
            return
        begin, end = self._model.begin_s, min(self._model.begin_s + PAGE_S, overview.seconds)
        parts = [f"{self._clock(begin)} – {self._clock(end)}"]
        is_gap = any(first < end and last > begin for first, last in overview.gaps_s)
        parts += [_("nothing was received in a part of this page")] if is_gap else []
        marks = [mark.text for mark in overview.marks if begin <= (mark.at - overview.begins_at).total_seconds() < end]
        self._where.say("   ·   ".join(parts + marks))

    def _go_to_mark(self, row: int) -> None:
        seconds = self._marks.itemData(row)
        if seconds is not None:
            self._model.go(float(seconds) - PAGE_S / 2)

    def _clock(self, seconds: float) -> str:
        """Return the time of day of a moment of the recording, with the day where it is another."""
        overview = self._model.overview
        if overview is None:
            return ""
        at = (overview.begins_at + timedelta(seconds=seconds)).astimezone()
        is_other_day = at.date() != overview.begins_at.astimezone().date()
        return f"{at:%d.%m %H:%M:%S}" if is_other_day else f"{at:%H:%M:%S}"
