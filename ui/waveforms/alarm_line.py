"""One line for what is technically wrong with the signals, and that this is no bedside alarm monitor.

Technical only: no data, an electrode off, a clock that jumped, a disk that fills. Nothing here judges a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ui.language import Translated, _
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.labels import OneLine, plain_tip

MOST_SHOWN: Final = 3
DISCLAIMER_PX: Final = 240
"""Whatever is wrong: that nobody is watched is still to be read, the rest of it in its tool tip."""


class AlarmLine(Translated, QWidget):
    """The line.

    Args:
        name: stable object name; its chips are ``name.0`` and so on.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._words: tuple[str, ...] = ()
        self._chips = [Chip(f"{name}.{number}") for number in range(MOST_SHOWN)]
        self._disclaimer = OneLine("", 60)
        self._disclaimer.setObjectName(f"{name}.disclaimer")
        self._disclaimer.setProperty("role", "muted")
        self._disclaimer.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._disclaimer.setMinimumWidth(DISCLAIMER_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for chip in self._chips:
            chip.hide()
            row.addWidget(chip)
        row.addWidget(self._disclaimer, 1)
        self.retranslate()

    @property
    def words(self) -> tuple[str, ...]:
        """What is wrong now, one sentence each."""
        return self._words

    def show_words(self, words: Sequence[str]) -> None:
        """Say what is wrong now; what does not fit is counted and told in the tool tip."""
        if tuple(words) == self._words:
            return
        self._words = tuple(words)
        shown = list(self._words[:MOST_SHOWN])
        if len(self._words) > MOST_SHOWN:
            shown[-1] = _("{count} more", count=len(self._words) - MOST_SHOWN + 1)
        for number, chip in enumerate(self._chips):
            if number < len(shown):
                chip.show_look(ChipLook(shown[number], "warn", "triangle-alert"))
            chip.setVisible(number < len(shown))
        self.setToolTip(plain_tip("\n".join(self._words)))
        self.setAccessibleName(_("Technical messages"))
        self.setAccessibleDescription(". ".join(self._words))

    def retranslate(self) -> None:
        """Say everything anew; who shows the messages says them anew himself."""
        self._disclaimer.say(_("No alarms are given here: this is not a bedside alarm monitor."))
        self.setAccessibleName(_("Technical messages"))
