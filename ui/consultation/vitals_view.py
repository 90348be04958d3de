"""The measured values as a table, the newest sitting first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.records import Observation
from ui.language import Translated, _
from ui.widgets.case_words import clock_words
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.vitals_words import VitalValue, sittings, vital_values


class VitalsView(Translated, QWidget):
    """The table."""

    def __init__(self) -> None:
        super().__init__()
        self._observations: tuple[Observation, ...] = ()
        self.table: RecordTable[VitalValue] = RecordTable(
            "consultation.vitals",
            (
                Column(lambda: _("Measured"), lambda row: clock_words(row.measured_at), width=170),
                Column(lambda: _("What"), lambda row: row.words),
                Column(lambda: _("Value"), lambda row: f"{row.value} {row.unit}", width=180, is_strong=True),
            ),
            "heart-pulse",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.setFocusProxy(self.table)
        self.retranslate()

    def show_vitals(self, observations: Sequence[Observation]) -> None:
        """Show what was measured."""
        self._observations = tuple(each for sitting in sittings(observations) for each in sitting)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.table.set_name(_("Vital signs"))
        self.table.empty.say(_("No values came with the question"), "")
        self.table.show_rows(vital_values(self._observations))
        self.table.retranslate()
