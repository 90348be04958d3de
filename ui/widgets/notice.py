"""A line across the top of the page that says what has just happened, or what stands in the way."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from clinic_app.foundation.texts import Text
from ui import icons
from ui.language import Translated, _, said
from ui.widgets.chip import Tone
from ui.widgets.labels import breakable, label

STAY_MS: Final = 8000
_ICONS: Final[dict[Tone, str]] = {
    "ok": "circle-check",
    "warn": "triangle-alert",
    "alarm": "circle-alert",
    "info": "info",
    "neutral": "info",
}


class NoticeBar(Translated, QFrame):
    """One notice at a time; good news leaves by itself, everything else stays until it is closed.

    Args:
        name: stable object name; its words are ``name.text``.
    """

    def __init__(self, name: str = "notice", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("role", "notice")
        self._tone: Tone = "info"
        self._said: str | Text = ""
        self._sign = label()
        self._words = label(is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setObjectName(f"{name}.close")
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 6, 10, 6)
        row.setSpacing(10)
        row.addWidget(self._sign)
        row.addWidget(self._words, 1)
        row.addWidget(self._close)
        self._leave = QTimer(self, singleShot=True, interval=STAY_MS)
        self._leave.timeout.connect(self.hide)
        self.retranslate()
        self.hide()

    def show_notice(self, text: str | Text, tone: Tone = "ok") -> None:
        """Say something; a `Text` follows the language of the windows, a string stays as it was said."""
        self._tone, self._said = tone, text
        self._say()
        self._draw()
        self.show()
        self._leave.stop()
        if tone == "ok":
            self._leave.start()

    def leave_good_news(self) -> None:
        """Close the notice if it was good news; a warning stays until it is read and closed."""
        if self._tone == "ok":
            self.hide()

    def text(self) -> str:
        """Return what it says, or an empty string when it is closed."""
        return "" if self.isHidden() else self._words.text()

    def retranslate(self) -> None:
        """Name the closing cross, and say the notice anew where that can be done."""
        self._say()
        self._close.setAccessibleName(_("Close this notice"))
        self._close.setToolTip(_("Close this notice"))

    def _say(self) -> None:
        words = said(self._said)
        self._words.setText(breakable(words))
        self.setAccessibleName(words)

    def _draw(self) -> None:
        ink = {"neutral": "muted"}.get(self._tone, self._tone)
        self.setProperty("tone", self._tone)
        self.style().unpolish(self)
        self.style().polish(self)
        icons.put(self._sign, _ICONS[self._tone], ink, 18)
        icons.put(self._close, "x", "muted", 16)
