"""What laboratories and analysers found of a patient, once somebody has filed it for him.

What an analyser calls high or low is said in words and seen at a glance; its letters are those of HL7 table 0078.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import takewhile
from typing import Final

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.numbers import show_number
from clinic_app.records import Observation
from clinic_app.terminology.laboratory import words_of
from clinic_app.terminology.systems import LOINC
from ui.language import _, current, say
from ui.widgets.chip import ChipLook
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.unit_words import unit_words

_FLAGS: Final[Mapping[str, Callable[[], str]]] = {
    "H": lambda: _("above the range"),
    "HH": lambda: _("far above the range"),
    "L": lambda: _("below the range"),
    "LL": lambda: _("far below the range"),
    "A": lambda: _("outside the range"),
    "AA": lambda: _("far outside the range"),
    ">": lambda: _("above the scale"),
    "<": lambda: _("below the scale"),
}
_FAR: Final = ("HH", "LL", "AA")


class LaboratoryTable(RecordTable[Observation]):
    """A patient's results, the last measured first."""

    def __init__(self) -> None:
        super().__init__(
            "chart.laboratory",
            (
                Column(lambda: _("Measured at"), _at, width=150),
                Column(lambda: _("What was measured"), test_words, width=330, is_strong=True),
                Column(lambda: _("Value"), value_words, width=190, is_strong=True),
                Column(lambda: _("Against the range"), flag_words, flag_look, width=170),
                Column(lambda: _("Remarks"), lambda each: _told(each)[1] or "—"),
                Column(lambda: _("Device"), lambda each: (each.device and each.device.display) or "—", width=110),
                Column(lambda: _("Filed by"), _who, width=130),
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


def flag_words(observation: Observation) -> str:
    """Return what the analyser says of a value against its range, in words."""
    return ", ".join(_FLAGS[flag]() for flag in _told(observation)[0]) or "—"


def flag_look(observation: Observation) -> ChipLook | None:
    """Return the chip of a value outside its range, or None."""
    flags = _told(observation)[0]
    if not flags:
        return None
    is_far = any(flag in _FAR for flag in flags)
    return ChipLook(flag_words(observation), "alarm" if is_far else "warn")


def _told(observation: Observation) -> tuple[tuple[str, ...], str]:
    """Return the letters an analyser set before its remarks, and the remarks."""
    words = " ".join(note.text for note in observation.note).split()
    flags = tuple(takewhile(lambda word: word in _FLAGS, words))
    return flags, " ".join(words[len(flags) :])


def _at(observation: Observation) -> str:
    return form_moment(observation.effective_date_time) if observation.effective_date_time else "—"


def _who(observation: Observation) -> str:
    return next((each.display or "" for each in observation.performer), "") or "—"
