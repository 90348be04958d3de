"""What was changed at two places and joined by itself: when, about whom, and what came from where."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.sync import JoinedRecord
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.words import field_words
from ui.language import Translated, _, say
from ui.widgets.record_table import Column, RecordTable


class JoinedPage(Translated, QWidget):
    """The last part of the screen.

    Args:
        model: the exchange.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ExchangeViewModel) -> None:
        super().__init__()
        self._model = model
        self._table: RecordTable[JoinedRecord] = RecordTable(
            "exchange.joined",
            (
                Column(lambda: _("Which record"), lambda each: say(each.kind), width=200, is_strong=True),
                Column(lambda: _("Patient"), lambda each: each.patient or "—", width=220),
                Column(lambda: _("Joined at"), lambda each: form_moment(each.at), width=150),
                Column(lambda: _("Changed here"), lambda each: field_words(each.from_here), width=240),
                Column(lambda: _("Changed elsewhere"), lambda each: field_words(each.from_hub)),
            ),
            "circle-check",
            key=lambda each: (each.at, each.patient),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.addWidget(self._table, 1)
        model.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("What was joined by itself"))
        self._table.empty.say(
            _("Nothing was joined yet"),
            _("Where two places change different parts of one record, both changes are kept and listed here."),
        )
        self._table.retranslate()
        self._show()

    def _show(self) -> None:
        self._table.show_rows(self._model.state.joined)
