"""A line across the top of the page about something that lasts: it has no cross and goes when the thing is over."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from clinic_app.foundation.texts import Text
from ui import icons
from ui.language import Translated, said
from ui.widgets.buttons import Button
from ui.widgets.chip import Tone
from ui.widgets.labels import breakable, label


class StandingBar(Translated, QFrame):
    """Words that stay, and where it helps one button.

    Args:
        name: stable object name; its words are ``name.text``, its button ``name.action``.
        icon: name of its icon.
        tone: its colours.

    Signal ``acted``: the button was pressed.
    """

    acted = Signal()

    def __init__(self, name: str, icon: str, tone: Tone = "warn") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "notice")
        self.setProperty("tone", tone)
        self._said: str | Text = ""
        self._asked: str | Text = ""
        sign = label()
        icons.put(sign, icon, tone if tone != "neutral" else "muted", 18)
        self._words = label("strong", is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._button = Button(f"{name}.action", "plain")
        self._button.clicked.connect(self.acted)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 6, 12, 6)
        row.setSpacing(10)
        row.addWidget(sign)
        row.addWidget(self._words, 1)
        row.addWidget(self._button)
        self.hide()

    def show_words(self, words: str | Text, action: str | Text = "") -> None:
        """Say something; a `Text` follows the language of the windows. Without ``action`` there is no button."""
        self._said, self._asked = words, action
        self.retranslate()
        self._button.setVisible(bool(said(action)))
        self.show()

    def text(self) -> str:
        """Return what it says, or an empty string while it is away."""
        return "" if self.isHidden() else said(self._said)

    def retranslate(self) -> None:
        """Say everything anew, where it can be."""
        words = said(self._said)
        self._words.setText(breakable(words))
        self.setAccessibleName(words)
        self._button.say(said(self._asked))
