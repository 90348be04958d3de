"""A wait that says for what, how far it is, and can be left."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.labels import label

FELT_MS: Final = 1000
"""A wait shorter than this needs no words; a bar that only flashes up disturbs."""


class BusyLine(Translated, QWidget):
    """A thin progress bar with words; hidden while nothing is waited for.

    Args:
        name: stable object name; its button is ``name.cancel``.

    Signal ``cancelled``: the person does not want to wait any longer.
    """

    cancelled = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._words = label("muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._cancel = Button(f"{name}.cancel", "quiet")
        self._cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._words)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self.show)
        self.retranslate()
        self.hide()

    def begin(self, words: str, *, can_cancel: bool = False, after_ms: int = 0) -> None:
        """Show what is waited for, at once or only once the wait is felt."""
        self._words.setText(words)
        self._bar.setAccessibleName(words)
        self._bar.setRange(0, 0)
        self._cancel.setVisible(can_cancel)
        if after_ms:
            self._later.start(after_ms)
        else:
            self._later.stop()
            self.show()

    def progress(self, done: int, total: int) -> None:
        """Show how far it is; ``total`` 0 means unknown."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def end(self) -> None:
        """The wait is over."""
        self._later.stop()
        self._bar.setRange(0, 1)
        self.hide()

    def retranslate(self) -> None:
        """Put the words of the button."""
        self._cancel.say(_("Cancel"))
