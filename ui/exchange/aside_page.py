"""What the hub refused: the reason in its words, and another try."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.sync import ContentOnWay, WaitingItem
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.words import kind_words, patient_words, reason_words
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.size_words import size_words
from ui.widgets.standstill import Standstill


class AsidePage(Translated, QWidget):
    """The third part of the screen.

    Args:
        model: the exchange.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ExchangeViewModel) -> None:
        super().__init__()
        self._model = model
        self._table: RecordTable[WaitingItem | ContentOnWay] = RecordTable(
            "exchange.aside",
            (
                Column(lambda: _("Which record"), kind_words, width=260, is_strong=True),
                Column(lambda: _("Patient"), patient_words, width=240),
                Column(lambda: _("Size"), lambda each: size_words(each.size_bytes), width=90),
                Column(lambda: _("Why"), reason_words),
            ),
            "circle-check",
            key=_key,
        )
        self._why = label("body", is_wrapped=True)
        self._why.setObjectName("exchange.why")
        self._again = Button("exchange.again", "plain", "rotate-ccw")
        self._still = Standstill(self._table, self._again)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._table, 1)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._again, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._why, 1)
        column.addLayout(row)
        self._again.clicked.connect(self._retry)
        self._table.selected.connect(lambda _row: self._say())
        model.changed.connect(self._show)
        model.busy_changed.connect(self._still.set_busy)
        model.tried.connect(lambda: self.noticed.emit(_("It is in the queue again."), "ok"))
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._again.say(_("Try again"))
        self._table.set_name(_("What the hub refused"))
        self._table.empty.say(
            _("Nothing is set aside"),
            _("What the hub refuses is kept here with the reason, so that it holds up nothing else."),
        )
        self._table.retranslate()
        self._show()

    def _show(self) -> None:
        rows = self._model.state.set_aside
        self._table.show_rows(rows)
        if rows and self._table.current_row() is None:
            self._table.view.selectRow(0)
        self._say()

    def _say(self) -> None:
        chosen = self._table.current_row() if self._table.rows else None
        self._again.setVisible(chosen is not None)
        self._why.setText(breakable(reason_words(chosen)) if chosen is not None else "")

    def _retry(self) -> None:
        chosen = self._table.current_row()
        if chosen is not None:
            self._model.retry(chosen)


def _key(row: WaitingItem | ContentOnWay) -> object:
    return row.seq if isinstance(row, WaitingItem) else row.sha256
