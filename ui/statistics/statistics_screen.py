"""The statistician's screen: months, three parts of charts with their tables, and the table to take away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.statistics import HIDDEN_MEANS, ROUNDED_MEANS, SIDE_WORDS, TableKey
from ui.language import _, say
from ui.statistics.span_bar import SpanBar
from ui.statistics.table_card import TableCard, WaitCard
from ui.statistics.view_model import StatisticsViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.page import Page, scrolled
from ui.widgets.standstill import Standstill
from ui.widgets.table_file import ask_where

FILE_NAME: Final = "dala-statistics.csv"
_PARTS: Final[tuple[tuple[TableKey, ...], ...]] = (
    ("patients", "new-patients", "visits", "observations", "studies"),
    ("sent-urgency", "sent-specialty", "sent-state", "sent-month"),
    ("received-urgency", "received-specialty", "received-state", "received-month"),
)


class StatisticsScreen(Page):
    """How many and how fast; never who.

    Args:
        model: the report.
        choose: asks where a table is saved.
        place: what it will stand in (see `Page`).
    """

    def __init__(
        self,
        model: StatisticsViewModel,
        choose: Callable[[QWidget, str], Path | None] = ask_where,
        place: QWidget | None = None,
    ) -> None:
        super().__init__("statistics", place)
        self._model = model
        model.setParent(self)
        self._choose = choose
        self._span = SpanBar(model.months(), model.years())
        self._export = Button("statistics.export", "plain", "download")
        self._notes = label("muted", is_wrapped=True)
        self._notes.setObjectName("statistics.notes")
        self._tabs = QTabWidget()
        self._tabs.setObjectName("statistics.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("statistics.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        self._cards = {key: TableCard(key) for part in _PARTS for key in part}
        self._waits = {side: WaitCard(side) for side in SIDE_WORDS}
        self._busy = BusyLine("statistics.busy")
        self._said: Text | None = None
        self._still = Standstill(self._export)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        self.head.addWidget(self._export)
        waits: tuple[WaitCard | None, ...] = (None, self._waits["sent"], self._waits["received"])
        for keys, wait in zip(_PARTS, waits, strict=True):
            self._tabs.addTab(scrolled(_column([self._cards[key] for key in keys], wait)), "")
        self.column.addWidget(self._span)
        self.column.addWidget(self._notes)
        self.column.addWidget(self._tabs, 1)
        self.column.addWidget(self._busy)

    def _connect(self) -> None:
        model = self._model
        self._span.changed.connect(model.choose)
        self._export.clicked.connect(self._ask_where)
        model.changed.connect(self._show)
        model.exported.connect(lambda path: self.noticed.emit(_("The table is saved as {path}.", path=path), "ok"))
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.busy_changed.connect(self._show_busy)

    def entered(self) -> None:
        """Count anew."""
        self._model.look()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Statistics"))
        self._export.say(_("Save as a table…"))
        for part in (self._tabs, self._tabs.tabBar()):
            part.setAccessibleName(_("Parts of the report"))
        for place, words in enumerate((_("Patients"), *map(say, SIDE_WORDS.values()))):
            self._tabs.setTabText(place, words)
        if self._said is not None:
            self._busy.begin(say(self._said), can_cancel=False)
        self._show()

    def _show(self) -> None:
        state = self._model.state
        self._span.show_span(state.span)
        report = state.report
        notes = [say(HIDDEN_MEANS)] + ([] if state.span.is_exact else [say(ROUNDED_MEANS)])
        self._notes.setText(" ".join(reversed(notes)))
        self._tabs.setEnabled(report is not None)
        if report is None:
            return
        for key, card in self._cards.items():
            card.show_table(report.table(key))
        for side, wait in self._waits.items():
            wait.show_waits(tuple(each for each in report.waits if each.side == side))

    def _ask_where(self) -> None:
        path = self._choose(self, FILE_NAME)
        if path is not None:
            self._model.export(path)

    def _show_busy(self, text: Text | None) -> None:
        self._said = text
        self._still.set_busy(text is not None)
        if text is None:
            self._busy.end()
        else:
            self._busy.begin(say(text), can_cancel=False)


def _column(cards: Sequence[QWidget], last: QWidget | None) -> QWidget:
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(0, 10, 10, 10)
    column.setSpacing(12)
    for card in (*cards, *([last] if last else [])):
        column.addWidget(card)
    column.addStretch()
    return inner
