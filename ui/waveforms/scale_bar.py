"""The choices above or below a trace: layout, paper speed, gain. Both screens of signals have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from ui import language
from ui.language import Translated, _
from ui.widgets.labels import label, plain_tip
from ui.widgets.segmented import Option, Segmented
from ui.widgets.trace_scale import GAINS_MM_MV, SPEEDS_MM_S


def _number(value: float) -> Callable[[], str]:
    return lambda: show_number(value, language.current())


class ScaleBar(Translated, QWidget):
    """Layout, speed and gain in one row.

    Args:
        name: stable object name; the choices are ``name.layout``, ``name.speed``, ``name.gain``.
        layouts: value and words of each layout.

    Signals: ``layout_chosen(str)``, ``speed_chosen(float)`` in mm/s, ``gain_chosen(float)`` in mm/mV.
    """

    layout_chosen = Signal(str)
    speed_chosen = Signal(float)
    gain_chosen = Signal(float)

    def __init__(self, name: str, layouts: Sequence[tuple[str, str]], speeds: Sequence[float] = SPEEDS_MM_S) -> None:
        super().__init__()
        self.setObjectName(name)
        self._layout = Segmented(f"{name}.layout", [Option(value, _fixed(words)) for value, words in layouts])
        self._speed = Segmented(f"{name}.speed", [Option(f"{value:g}", _number(value)) for value in speeds])
        self._gain = Segmented(f"{name}.gain", [Option(f"{value:g}", _number(value)) for value in GAINS_MM_MV])
        self._speed_unit, self._gain_unit = label("muted"), label("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._layout)
        row.addSpacing(12)
        for part in (self._speed, self._speed_unit):
            row.addWidget(part)
        row.addSpacing(12)
        for part in (self._gain, self._gain_unit):
            row.addWidget(part)
        self._layout.chosen.connect(self.layout_chosen)
        self._speed.chosen.connect(lambda value: self.speed_chosen.emit(float(value)))
        self._gain.chosen.connect(lambda value: self.gain_chosen.emit(float(value)))
        self.retranslate()

    def choose(self, layout: str, speed_mm_s: float = 25.0, gain_mm_mv: float = 10.0) -> None:
        """Press the choices down that are in force."""
        self._layout.choose(layout)
        self._speed.choose(f"{speed_mm_s:g}")
        self._gain.choose(f"{gain_mm_mv:g}")

    def retranslate(self) -> None:
        """Say everything anew."""
        for choice, words in ((self._layout, _("Layout")), (self._speed, _("Speed")), (self._gain, _("Gain"))):
            choice.setAccessibleName(words)
            choice.setToolTip(plain_tip(words))
            choice.retranslate()
        self._speed_unit.setText(_("mm/s"))
        self._gain_unit.setText(_("mm/mV"))


def _fixed(words: str) -> Callable[[], str]:
    return lambda: words
