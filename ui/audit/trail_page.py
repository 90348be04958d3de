"""The trail: filter, a picture of how much happened when, the lines, one line in words; the check and the export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.access import AuditFilter, AuditLine
from clinic_app.foundation.texts import Text
from ui.audit import words
from ui.audit.filter_bar import FilterBar
from ui.audit.line_card import LineCard
from ui.audit.view_model import TrailViewModel
from ui.language import Translated, _, counted, say
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.event_plot import EventPlot
from ui.widgets.labels import label, plain_tip
from ui.widgets.page import scrolled
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standstill import Standstill
from ui.widgets.table_file import ask_where

FILE_NAME = "dala-audit.csv"
DETAILS_WIDTH = 320


class TrailPage(Translated, QWidget):
    """Who did what to whose record.

    Args:
        model: the trail.
        choose: asks where a table is saved.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: TrailViewModel, choose: Callable[[QWidget, str], Path | None] = ask_where) -> None:
        super().__init__()
        self._model = model
        model.setParent(self)
        self._choose = choose
        self._filter = FilterBar()
        self._plot = EventPlot("audit.plot")
        self._table: RecordTable[AuditLine] = RecordTable(
            "audit.lines",
            (
                Column(lambda: _("Moment"), words.moment_words, width=140, is_strong=True),
                Column(lambda: _("Person"), words.person_words),
                Column(lambda: _("Action"), lambda line: words.action_words(line.action), width=170),
                Column(lambda: _("Patient"), words.patient_words),
                Column(lambda: _("Outcome"), lambda line: words.outcome_look(line).text, words.outcome_look, width=150),
            ),
            "scroll-text",
            key=lambda line: line.seq,
        )
        self._card = LineCard()
        self._count = label("muted")
        self._count.setObjectName("audit.count")
        self._older = Button("audit.older", "quiet", "chevron-down")
        self._check = Button("audit.check", "plain", "shield-check")
        self._export = Button("audit.export", "plain", "download")
        self._verdict = label("strong", is_wrapped=True)
        self._verdict.setObjectName("audit.verdict")
        self._verdict.setContentsMargins(10, 5, 10, 5)
        self._verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._busy = BusyLine("audit.busy")
        self._said: Text | None = None
        self._can_stop = False
        self._still = Standstill(self._check, self._export)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 8, 0, 0)
        page.setSpacing(8)
        page.addWidget(self._filter)
        page.addWidget(self._plot)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self._table, 1)
        details = scrolled(self._card)
        details.setFixedWidth(DETAILS_WIDTH)
        middle.addWidget(details)
        page.addLayout(middle, 1)
        for part in (self._verdict, self._busy):
            page.addWidget(part)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._count)
        row.addWidget(self._older)
        row.addStretch()
        row.addWidget(self._check)
        row.addWidget(self._export)
        page.addLayout(row)

    def _connect(self) -> None:
        model = self._model
        self._filter.changed.connect(model.choose)
        self._filter.patient_typed.connect(model.find_patients)
        self._plot.chosen.connect(self._choose_span)
        self._table.selected.connect(self._card.show_line)
        self._card.person_wanted.connect(lambda person_id: self._narrow(person=person_id))
        self._card.patient_wanted.connect(self._narrow_patient)
        self._older.clicked.connect(model.older)
        self._check.clicked.connect(model.check)
        self._export.clicked.connect(self._ask_where)
        self._busy.cancelled.connect(model.stop)
        model.changed.connect(self._show)
        model.patients_found.connect(self._filter.show_patients)
        model.checked.connect(self._show_verdict)
        model.exported.connect(self._after_export)
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.busy_changed.connect(self._show_busy)
        model.progressed.connect(self._busy.progress)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Events, the newest first"))
        self._table.empty.say(
            _("No events"), _("Nothing in the trail fits the filter. Show all, or choose other days.")
        )
        self._older.say(_("Show older ones"))
        self._check.say(_("Check the chain"))
        self._export.say(_("Save as a table…"))
        if self._said is not None:
            self._busy.begin(say(self._said), can_cancel=self._can_stop)
        self._show()
        self._show_verdict()

    def entered(self) -> None:
        """Read the newest events."""
        self._model.look()

    def _show(self) -> None:
        state = self._model.state
        self._filter.show_people(state.people)
        self._table.show_rows(state.lines)
        self._card.show_line(self._table.current_row())
        self._plot.show_counts(state.counts)
        total = sum(state.counts.values())
        shown = _("{shown} of {total} shown", shown=len(state.lines), total=total)
        self._count.setText(shown if state.has_more else counted("{count} event", "{count} events", total))
        self._older.setVisible(state.has_more)

    def _show_verdict(self) -> None:
        verdict = self._model.state.verdict
        self._verdict.setVisible(verdict is not None)
        if verdict is None:
            return
        is_sound = verdict.is_whole and not verdict.breaks
        if verdict.is_whole:
            told = _(
                "The chain is whole: {rows} events, each as it was written. Head: {head}",
                rows=verdict.rows,
                head=verdict.head[:16],
            )
        else:
            told = _(
                "THE TRAIL WAS CHANGED: the event {id} is not what was written. "
                "Tell whoever answers for data protection.",
                id=verdict.broken_id or "—",
            )
        seen = words.hub_words(verdict)
        lines = (seen, told) if verdict.breaks else (told, seen)  # an alarm is not read after "whole"
        self._verdict.setText("\n".join(each for each in lines if each))
        self._verdict.setProperty("role", "sound" if is_sound else "broken")
        self._verdict.setToolTip(plain_tip(verdict.head))
        self._verdict.style().unpolish(self._verdict)
        self._verdict.style().polish(self._verdict)

    def _narrow(self, **wanted: str) -> None:
        self._put(replace(self._model.state.wanted, **wanted))  # type: ignore[arg-type]

    def _narrow_patient(self, patient_id: str, name: str) -> None:
        self._put(replace(self._model.state.wanted, patient=patient_id), name)

    def _choose_span(self, begin: datetime, end: datetime) -> None:
        self._put(replace(self._model.state.wanted, from_at=begin, to_at=end))

    def _put(self, wanted: AuditFilter, patient_name: str = "") -> None:
        self._filter.show_filter(wanted, patient_name)
        self._model.choose(wanted)

    def _ask_where(self) -> None:
        path = self._choose(self, FILE_NAME)
        if path is not None:
            self._can_stop = True
            self._model.export(path)

    def _after_export(self, path: Path, count: int) -> None:
        self.noticed.emit(_("{count} events are saved as {path}.", count=count, path=path), "ok")

    def _show_busy(self, text: Text | None) -> None:
        self._said = text
        self._still.set_busy(text is not None)
        if text is None:
            self._busy.end()
            self._can_stop = False
        else:
            self._busy.begin(say(text), can_cancel=self._can_stop)
