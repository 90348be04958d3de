"""What devices sent and nobody has filed yet: the sheets on the left, the chosen one whole on the right."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.encounters import WaitingSheet
from clinic_app.foundation.dates import form_moment
from ui.devices.sheet_card import SheetCard
from ui.devices.view_model_results import ResultsViewModel
from ui.devices.words import label_words, owner_look, sheet_words
from ui.language import Translated, _, counted
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standing_bar import StandingBar

CARD_WIDTH = 520


class ResultsPage(Translated, QWidget):
    """The inbox.

    Args:
        model: the inbox.

    Signals: ``noticed`` (words, tone), ``search_wanted``: another patient is to be looked for.
    """

    noticed = Signal(str, str)
    search_wanted = Signal()

    def __init__(self, model: ResultsViewModel) -> None:
        super().__init__()
        self._model = model
        self._last: tuple[str, ...] = ()
        self._done = StandingBar("devices.done", "check", "ok")
        self._done_words: tuple[str, str, int] | None = None
        self._table: RecordTable[WaitingSheet] = RecordTable(
            "devices.results",
            (
                Column(lambda: _("Measured at"), lambda each: form_moment(each.sheet.first.at), width=135),
                Column(lambda: _("What was measured"), lambda each: sheet_words(each.sheet), width=230, is_strong=True),
                Column(lambda: _("Stands on it"), lambda each: label_words(each.sheet.first)),
                Column(lambda: _("Patient"), lambda each: owner_look(each).text, owner_look, width=165),
            ),
            "inbox",
            key=lambda each: each.sheet.first.fingerprint,
        )
        self._card = SheetCard(model)
        self._card.setFixedWidth(CARD_WIDTH)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._table, 1)
        row.addWidget(self._card)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._done)
        column.addLayout(row, 1)
        self._connect()
        self.retranslate()

    def _connect(self) -> None:
        self._table.selected.connect(self._card.show_waiting)
        self._card.search_wanted.connect(self.search_wanted)
        self._done.acted.connect(self._take_back)
        self._model.changed.connect(self._show)
        self._model.filed.connect(self._after_filing)
        self._model.put_aside.connect(self._after_putting_aside)
        self._model.taken_back.connect(self._done.hide)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Results without a patient"))
        self._table.empty.say(
            _("No result waits"),
            _("What analysers and measuring devices send comes here and waits for you to file it."),
        )
        self._table.retranslate()
        self._say_done()
        self._show()

    def file(self) -> None:
        """Do what the primary button does."""
        self._card.file()

    def _show(self) -> None:
        had = self._table.view.currentIndex().row()
        self._table.show_rows(self._model.waiting)
        if self._table.rows and self._table.current_row() is None and had >= 0:
            self._table.view.selectRow(min(had, len(self._table.rows) - 1))  # on to the next one
        self._card.show_waiting(self._table.current_row())

    def _after_filing(self, name: str, ids: tuple[str, ...]) -> None:
        self._last, self._done_words = ids, ("filed", name, len(ids))
        self._say_done()

    def _after_putting_aside(self, ids: tuple[str, ...]) -> None:
        self._last, self._done_words = ids, ("aside", "", len(ids))
        self._say_done()

    def _say_done(self) -> None:
        if self._done_words is None or (self._done.isHidden() and not self._last):
            return
        how, name, count = self._done_words
        if how == "filed":
            words = counted(
                "{count} result is filed for {name}.", "{count} results are filed for {name}.", count, name=name
            )
        else:
            words = counted("{count} result is put aside.", "{count} results are put aside.", count)
        self._done.show_words(words, _("Take back"))

    def _take_back(self) -> None:
        ids, self._last = self._last, ()
        self._model.take_back(ids)
