"""One choice out of several that takes the room of one: speed, gain, layout, filter. The words carry their units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy

from ui.language import Translated
from ui.widgets.labels import plain_tip
from ui.widgets.segmented import Option


class Picker(Translated, QComboBox):
    """A list that opens; keys outside of it may go one step on or back.

    Args:
        name: stable object name.
        options: the choices, in order.
        title: gives what is chosen here, in the language of the windows.
        keys: the keys that step through it, for the tool tip.

    Signal ``chosen`` carries the value a person chose, by mouse, in the list, or by `step`.
    """

    chosen = Signal(str)

    def __init__(self, name: str, options: Sequence[Option], title: Callable[[], str], keys: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._title = title
        self._keys = keys
        self._options: tuple[Option, ...] = ()
        self.activated.connect(lambda _row: self.chosen.emit(self.value()))
        self.offer(options)

    def offer(self, options: Sequence[Option]) -> None:
        """Put other choices; what was chosen stays if it is still among them."""
        was = self.value()
        self._options = tuple(options)
        self.clear()
        for option in self._options:
            self.addItem(option.words(), option.value)
        self.choose(was)
        self.retranslate()

    def value(self) -> str:
        """Return what is chosen, or an empty string."""
        return str(self.currentData() or "")

    def choose(self, value: str) -> bool:
        """Choose without telling anybody; return whether there is such a choice (else nothing changes)."""
        row = self.findData(value)
        if row >= 0:
            self.setCurrentIndex(row)
        return row >= 0

    def step(self, rows: int) -> None:
        """Go so many choices on (or back) and tell it; at an end nothing happens."""
        row = self.currentIndex() + rows
        if 0 <= row < self.count():
            self.setCurrentIndex(row)
            self.chosen.emit(self.value())

    def turn(self) -> None:
        """Go on to the next choice, after the last one to the first, and tell it."""
        self.setCurrentIndex((self.currentIndex() + 1) % max(1, self.count()))
        self.chosen.emit(self.value())

    def retranslate(self) -> None:
        """Say every choice anew."""
        for row, option in enumerate(self._options):
            self.setItemText(row, option.words())
        title = self._title()
        self.setAccessibleName(title)
        self.setToolTip(plain_tip(f"{title} ({self._keys})" if self._keys else title))
