"""A wait that says for what, how far it is, and can be left."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

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
        self._name = name
        self._parts: tuple[QLabel, QProgressBar, Button] | None = None
        self._said, self._can_cancel = "", False
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._show)
        self.hide()

    def make(self) -> tuple[QLabel, QProgressBar, Button]:
        """Make the parts when they are first wanted: most waits are never felt, and a bar takes its time to make."""
        if self._parts is None:
            words, bar, cancel = label("muted"), QProgressBar(), Button(f"{self._name}.cancel", "quiet")
            bar.setTextVisible(False)
            cancel.clicked.connect(self.cancelled)
            row = QHBoxLayout(self)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(12)
            row.addWidget(words)
            row.addWidget(bar, 1)
            row.addWidget(cancel)
            self._parts = words, bar, cancel
            self.retranslate()
        return self._parts

    def begin(self, words: str, *, can_cancel: bool = False, after_ms: int = 0) -> None:
        """Show what is waited for, at once or only once the wait is felt."""
        self._said, self._can_cancel = words, can_cancel
        if after_ms:
            self._later.start(after_ms)
        else:
            self._later.stop()
            self._show()

    def _show(self) -> None:
        words, bar, cancel = self.make()
        words.setText(self._said)
        bar.setAccessibleName(self._said)
        bar.setRange(0, 0)
        cancel.setVisible(self._can_cancel)
        self.show()

    @property
    def _bar(self) -> QProgressBar:
        return self.make()[1]

    def progress(self, done: int, total: int) -> None:
        """Show how far it is; ``total`` 0 means unknown."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def end(self) -> None:
        """The wait is over."""
        self._later.stop()
        if self._parts is not None:
            self._bar.setRange(0, 1)
        self.hide()

    def retranslate(self) -> None:
        """Put the words of the button."""
        if self._parts is not None:
            self._parts[2].say(_("Cancel"))
