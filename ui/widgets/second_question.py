"""A second question on the page itself, before something that cannot be taken back by a key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from clinic_app.foundation.texts import Text
from ui.language import Translated, said
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.labels import breakable, label


class SecondQuestion(Translated, QFrame):
    """Words and two answers; the cursor stands on the one that changes nothing, and Esc gives it.

    Args:
        name: stable object name; its parts are ``name.text``, ``name.no`` and ``name.yes``.
        icon: of the answer that does it.

    Signal ``answered(bool)``: the question has gone already.
    """

    answered = Signal(bool)

    def __init__(self, name: str, icon: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "ask")
        self._words = label("strong", is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._no = Button(f"{name}.no", "plain")
        self._yes = Button(f"{name}.yes", "plain", icon)
        self._said: tuple[str | Text, str | Text, str | Text] = ("", "", "")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.addWidget(self._words)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch()
        row.addWidget(self._no)
        row.addWidget(self._yes)
        column.addLayout(row)
        self._no.clicked.connect(lambda: self._answer(False))
        self._yes.clicked.connect(lambda: self._answer(True))
        self.hide()

    def ask(self, words: str | Text, yes: str | Text, no: str | Text) -> None:
        """Put the question and let the cursor stand on ``no``."""
        self._said = (words, yes, no)
        self.retranslate()
        self.show()
        put_cursor(self._no)

    def retranslate(self) -> None:
        """Say everything anew, where it can be."""
        words, yes, no = (said(each) for each in self._said)
        self._words.setText(breakable(words))
        self.setAccessibleName(words)
        self._yes.say(yes)
        self._no.say(no)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the page's own shortcut while the question is open."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Esc for a no."""
        if event.key() == Qt.Key.Key_Escape:
            self._answer(False)
        else:
            super().keyPressEvent(event)

    def _answer(self, is_yes: bool) -> None:
        self.hide()
        self.answered.emit(is_yes)
