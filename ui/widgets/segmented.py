"""A choice of few, all of them seen at once: sex, urgency, language, theme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from ui.language import Translated

_PAD: Final = 17
"""Pixels beside the words, the edge among them."""


@dataclass(frozen=True)
class Option:
    """One of the choices.

    Args:
        value: what it stands for.
        words: gives its words in the language of the windows.
        tone: ``alarm`` for the one that calls for haste.
    """

    value: str
    words: Callable[[], str]
    tone: Literal["plain", "alarm"] = "plain"


class Segmented(Translated, QWidget):
    """Buttons in a row, at most one of them down; arrow keys move between them.

    Args:
        name: stable object name; each button is called ``name.value``.
        options: the choices, in order.

    Signal ``chosen`` carries the value a person chose.
    """

    chosen = Signal(str)

    def __init__(self, name: str, options: Sequence[Option]) -> None:
        super().__init__()
        self.setObjectName(name)
        self._options = tuple(options)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, option in enumerate(self._options):
            row.addWidget(self._button(name, place, option))
        row.addStretch()
        self.setFocusProxy(next(iter(self._buttons.values())))
        self._group.buttonClicked.connect(lambda _button: self.chosen.emit(self.value()))
        self.retranslate()

    def _button(self, name: str, place: int, option: Option) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"{name}.{option.value}")
        button.setCheckable(True)
        button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        button.setProperty("role", "segment")
        button.setProperty("tone", option.tone)
        button.setProperty("place", {0: "first", len(self._options) - 1: "last"}.get(place, "middle"))
        self._group.addButton(button)
        self._buttons[option.value] = button
        return button

    def value(self) -> str:
        """Return what is chosen, or an empty string."""
        return next((value for value, button in self._buttons.items() if button.isChecked()), "")

    def choose(self, value: str) -> None:
        """Press one down without telling anybody; an unknown or empty value raises them all."""
        self._group.setExclusive(False)
        for each, button in self._buttons.items():
            button.setChecked(each == value)
        self._group.setExclusive(True)
        self.setFocusProxy(self._buttons.get(value, next(iter(self._buttons.values()))))

    def retranslate(self) -> None:
        """Put the words of the choices."""
        for option in self._options:
            words = option.words()
            self._buttons[option.value].setText(words)
            named = self.accessibleName()
            self._buttons[option.value].setAccessibleName(f"{named}: {words}" if named else words)
            self._buttons[option.value].setMinimumWidth(_strong_width(self._buttons[option.value]))

    def sizeHint(self) -> QSize:
        """Return the width of the words."""
        return self.minimumSizeHint()


def _strong_width(button: QPushButton) -> int:
    """Return the width a button needs once it is down and its words are bold: Qt asks only how wide it is now."""
    font = QFont(button.font())
    font.setWeight(QFont.Weight.DemiBold)
    return QFontMetrics(font).horizontalAdvance(button.text()) + 2 * _PAD
