"""What laboratories and analysers found of a patient, once somebody has filed it for him."""

from __future__ import annotations

from decimal import Decimal

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.records import Observation
from clinic_app.terminology.laboratory import words_of
from clinic_app.terminology.systems import LOINC
from ui.language import _, current, say
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.unit_words import unit_words


class LaboratoryTable(RecordTable[Observation]):
    """A patient's results, the last measured first."""

    def __init__(self) -> None:
        super().__init__(
            "chart.laboratory",
            (
                Column(lambda: _("Measured at"), _at, width=150),
                Column(lambda: _("What was measured"), test_words, width=290, is_strong=True),
                Column(lambda: _("Value"), value_words, width=170, is_strong=True),
                Column(lambda: _("Remarks"), lambda each: " ".join(note.text for note in each.note) or "—"),
                Column(lambda: _("Device"), lambda each: (each.device and each.device.display) or "—", width=190),
                Column(lambda: _("Filed by"), _who, width=190),
            ),
            "clipboard-list",
        )
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.set_name(_("Laboratory results"))
        self.empty.say(_("No laboratory result yet"), _("What is filed from the inbox of results is listed here."))


def test_words(observation: Observation) -> str:
    """Return what was measured, in the language of the windows where its code is known."""
    known = words_of(observation.code.code(LOINC) or "")
    if known is not None:
        return say(known)
    return observation.code.text or next((each.code or "" for each in observation.code.coding), "") or "—"


def value_words(observation: Observation) -> str:
    """Return the value with its unit, or the words."""
    quantity = observation.value_quantity
    if quantity is None or not isinstance(quantity.value, Decimal):
        return observation.value_string or "—"
    return f"{show_number(quantity.value, current())} {unit_words(quantity.unit or '')}".strip()


def _at(observation: Observation) -> str:
    return form_moment(observation.effective_date_time) if observation.effective_date_time else "—"


def _who(observation: Observation) -> str:
    return next((each.display or "" for each in observation.performer), "") or "—"
