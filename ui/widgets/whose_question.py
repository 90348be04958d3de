"""The question whose a foreign file is: what it says beside who is in hand; nothing is filed until somebody answers.

One widget for recordings, images and whatever else comes from outside: the answer that files cannot be given by a habit
of the hand (Enter does not press it, the cursor stands on the other one), and Esc files nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from ui import icons
from ui.language import Translated
from ui.widgets.buttons import Button
from ui.widgets.labels import label

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """The words of one question.

    Args:
        title: what does not fit.
        lines: what the file says, who is in hand, and what else helps to answer.
        confirm: the answer that files.
        decline: the answer that does nothing.
        is_safe: nothing speaks against the patient in hand.
    """

    title: str
    lines: tuple[str, ...]
    confirm: str
    decline: str
    is_safe: bool = False


class WhoseQuestion(Translated, QFrame, Generic[T]):
    """The question; hidden while there is none.

    Args:
        name: stable object name of the button that confirms; the others are ``name.cancel``, ``name.title``,
            ``name.text`` and ``name.question`` for the whole.
        words: says what is asked about, in the language of now.

    Signals: ``confirmed``, ``declined``.
    """

    confirmed = Signal()
    declined = Signal()

    def __init__(self, name: str, words: Callable[[T], Asked]) -> None:
        super().__init__()
        self.setObjectName(f"{name}.question")
        self.setProperty("role", "ask")
        self._words_of = words
        self._about: T | None = None
        self._sign = label()
        self._title = label("strong", is_wrapped=True)
        self._title.setObjectName(f"{name}.title")
        self._words = label(is_wrapped=True)
        self._words.setObjectName(f"{name}.text")
        self._confirm = _Unhurried(name, "plain")
        self._decline = Button(f"{name}.cancel", "plain")
        self._confirm.clicked.connect(self.confirmed)
        self._decline.clicked.connect(self.declined)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(self._title)
        texts.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(12)
        row.addWidget(self._sign)
        row.addLayout(texts, 1)
        row.addWidget(self._decline)
        row.addWidget(self._confirm)

    def ask(self, about: T | None) -> None:
        """Ask, or take the question away; the cursor goes to the button that does nothing."""
        is_new = about is not None and about is not self._about
        self._about = about
        self.retranslate()
        self.setVisible(about is not None)
        if is_new:
            self._decline.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        if self._about is None:
            return
        asked = self._words_of(self._about)
        sign, ink = ("circle-question-mark", "accent") if asked.is_safe else ("triangle-alert", "warn")
        icons.put(self._sign, sign, ink, 22)
        self._title.setText(asked.title)
        self._words.setText("\n".join(asked.lines))
        self._confirm.say(asked.confirm)
        self._decline.say(asked.decline)
        self.setAccessibleName(" ".join((asked.title, *asked.lines)))

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the page's own shortcut while the question is open."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)
            if event.isAccepted():
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Esc for the answer that files nothing."""
        if event.key() == Qt.Key.Key_Escape:
            self.declined.emit()
        else:
            super().keyPressEvent(event)


class _Unhurried(Button):
    """A button Enter does not press: a wrong patient is not taken by a habit of the hand."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space press the button, and nothing else."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        else:
            super().keyPressEvent(event)
