"""The choices above a trace: layout, paper speed, gain, filter, sweep or paper. Both screens of signals have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from ui import language
from ui.language import Translated, _, say
from ui.widgets.flow_row import FlowRow
from ui.widgets.picker import Picker
from ui.widgets.segmented import Option
from ui.widgets.trace_choices import ALLOWED, BAND_WORDS, NO_NOTCH, TraceChoices, all_bands

LAYOUT_WORDS: Final = {"3x4": "3 × 4", "6x2": "6 × 2", "12x1": "12 × 1"}
KEYS: Final = {"layout": "F6", "band": "F7", "mode": "F8", "gain": "↑ ↓", "speed": "Ctrl+↑ ↓"}


def _fixed(words: str) -> Callable[[], str]:
    return lambda: words


def _layout_words(value: str) -> Callable[[], str]:
    return _fixed(LAYOUT_WORDS[value]) if value in LAYOUT_WORDS else lambda: _("Cabrera")


def _speed_words(value: str) -> Callable[[], str]:
    return lambda: _("{value} mm/s", value=show_number(float(value), language.current()))


def _gain_words(value: str) -> Callable[[], str]:
    return lambda: _("{value} mm/mV", value=show_number(float(value), language.current()))


def _band_words(name: str) -> Callable[[], str]:
    band = all_bands()[name]
    return lambda: " ".join(dict.fromkeys((say(BAND_WORDS[name]), say(band.text) if name != "raw" else "")))


def _notch_words(value: str) -> Callable[[], str]:
    if value == NO_NOTCH:
        return lambda: _("No notch")
    return lambda: _("Notch {hertz} Hz", hertz=show_number(float(value), language.current()))


def _mode_words(value: str) -> Callable[[], str]:
    return (lambda: _("Sweep")) if value == "sweep" else (lambda: _("Paper"))


_WORDS: Final[dict[str, Callable[[str], Callable[[], str]]]] = {
    "layout": _layout_words, "speed": _speed_words, "gain": _gain_words, "band": _band_words, "notch": _notch_words,
    "mode": _mode_words,
}  # fmt: skip
_TITLES: Final[dict[str, Callable[[], str]]] = {
    "layout": lambda: _("Layout"), "speed": lambda: _("Speed"), "gain": lambda: _("Gain"), "band": lambda: _("Filter"),
    "notch": lambda: _("Mains filter"), "mode": lambda: _("How the trace moves"),
}  # fmt: skip


class ScaleBar(Translated, QWidget):
    """The choices in one row, each a list that opens.

    Args:
        name: stable object name; the choices are ``name.layout``, ``name.speed`` and so on.
        parts: which choices there are, in order.
        offered: other values than all that are possible, by choice.

    Signal ``chosen`` carries the `TraceChoices` after somebody chose.
    """

    chosen = Signal(object)

    def __init__(self, name: str, parts: Sequence[str], offered: dict[str, Sequence[str]] | None = None) -> None:
        super().__init__()
        self.setObjectName(name)
        self._choices = TraceChoices()
        self._pickers: dict[str, Picker] = {}
        for part in parts:
            values = (offered or {}).get(part, ALLOWED[part])
            options = [Option(value, _WORDS[part](value)) for value in values]
            picker = Picker(f"{name}.{part}", options, _TITLES[part], KEYS.get(part, ""))
            picker.chosen.connect(lambda value, part=part: self._choose(part, value))
            self._pickers[part] = picker
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(FlowRow(tuple(self._pickers.values())))
        self.show_choices(self._choices)

    @property
    def choices(self) -> TraceChoices:
        """What is chosen."""
        return self._choices

    def show_choices(self, choices: TraceChoices) -> None:
        """Show what is in force; a value that is not offered here leaves the one that is."""
        for part, picker in self._pickers.items():
            if not picker.choose(getattr(choices, part)):
                choices = replace(choices, **{part: picker.value()})
        self._choices = choices
        self._allow()

    def step(self, part: str, rows: int) -> None:
        """Go so many values on in one of the choices."""
        if part in self._pickers:
            self._pickers[part].step(rows)

    def turn(self, part: str) -> None:
        """Go on to the next value, after the last one to the first."""
        if part in self._pickers:
            self._pickers[part].turn()

    def _choose(self, part: str, value: str) -> None:
        self._choices = replace(self._choices, **{part: value})
        self._allow()
        self.chosen.emit(self._choices)

    def _allow(self) -> None:
        if "notch" in self._pickers:
            self._pickers["notch"].setEnabled(self._choices.band != "raw")
