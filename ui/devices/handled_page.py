"""What was filed or put aside in the last days, each of which can be taken back."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.encounters import Handled
from clinic_app.foundation.dates import form_moment
from ui.devices.view_model_results import ResultsViewModel
from ui.devices.words import handled_look, label_words, test_words, value_words
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standstill import Standstill


class HandledPage(Translated, QWidget):
    """The list of the last days.

    Args:
        model: the inbox.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ResultsViewModel) -> None:
        super().__init__()
        self._model = model
        self._table: RecordTable[Handled] = RecordTable(
            "devices.handled",
            (
                Column(lambda: _("When"), lambda each: form_moment(each.at), width=135),
                Column(lambda: _("What became of it"), lambda each: handled_look(each).text, handled_look, width=130),
                Column(lambda: _("Patient"), lambda each: each.patient_name or "—", width=200, is_strong=True),
                Column(lambda: _("What was measured"), lambda each: test_words(each.result), width=170),
                Column(lambda: _("Value"), lambda each: value_words(each.result), width=115),
                Column(lambda: _("Stands on it"), lambda each: label_words(each.result)),
                Column(lambda: _("Who did it"), lambda each: each.by_name, width=160),
            ),
            "history",
            key=lambda each: each.result.fingerprint,
        )
        self._hint = label("muted", is_wrapped=True)
        self._back = Button("devices.take_back", "plain", "undo-2")
        self._still = Standstill(self._table, self._back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._table, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._back)
        foot.addWidget(self._hint, 1)
        column.addLayout(foot)
        self._back.clicked.connect(self._take_back)
        self._table.selected.connect(lambda _row: self._show_button())
        model.changed.connect(self._show)
        model.taken_back.connect(lambda: self.noticed.emit(_("It waits in the inbox again."), "ok"))
        model.busy_changed.connect(self._still.set_busy)
        model.busy_changed.connect(lambda _busy: self._show_button())
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Filed in the last days"))
        self._table.empty.say(_("Nothing was filed yet"), _("What is filed or put aside stands here for seven days."))
        self._back.say(_("Take back"))
        self._hint.setText(
            _("The finding is then marked as entered in error, and the result waits in the inbox again.")
        )
        self._table.retranslate()
        self._show()

    def _show(self) -> None:
        self._table.show_rows(self._model.handled)
        self._show_button()

    def _show_button(self) -> None:
        self._back.setEnabled(self._table.current_row() is not None and self._table.isEnabled())

    def _take_back(self) -> None:
        chosen = self._table.current_row()
        if chosen is not None:
            self._model.take_back((chosen.result.fingerprint,))
