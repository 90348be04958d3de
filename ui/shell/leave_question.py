"""Asked before a page with something unsaved goes: keep it as a draft, throw it away, or stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ui import icons
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.labels import breakable, label

Way = Literal["sign_out", "close"]
_MOST_LINES = 6


class LeaveQuestion(QDialog):
    """The question; Esc stays, Enter never throws anything away.

    Args:
        way: what was about to happen.
        lines: what is not saved, one sentence each.
        is_working: a recording runs that would be lost.
        ends_hours: a recording of hours runs that would stop.
        parent: the window.

    Signals: ``kept``: keep it as drafts and go; ``discarded``: throw it away and go.
    """

    kept = Signal()
    discarded = Signal()

    def __init__(
        self, way: Way, lines: Sequence[str], *, is_working: bool, parent: QWidget, ends_hours: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("leave")
        self.setWindowTitle("Dala")
        self.setMinimumWidth(560)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(14)
        is_only_hours = ends_hours and not lines and not is_working
        column.addLayout(self._words(lines, is_working=is_working, ends_hours=ends_hours))
        column.addLayout(self._buttons(way, is_only_hours=is_only_hours))

    def _words(self, lines: Sequence[str], *, is_working: bool, ends_hours: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(16)
        picture = label()
        icons.put(picture, "pen-line", "accent", 32)
        texts = QVBoxLayout()
        texts.setSpacing(6)
        if lines or is_working or not ends_hours:
            texts.addWidget(label("heading", _("Not everything is saved"), is_wrapped=True))
        for each in lines[:_MOST_LINES]:
            texts.addWidget(label("body", breakable(each), is_wrapped=True))
        if is_working:
            text = _("A recording is still running. Stay until it is saved, or it is lost.")
            texts.addWidget(label("strong", text, is_wrapped=True))
        if ends_hours:
            text = _("A monitor is being recorded. That stops when the program is closed; what came is kept.")
            texts.addWidget(label("strong", text, is_wrapped=True))
        if lines:
            text = _("A draft is kept for you alone; you find it when you sign in again.")
            texts.addWidget(label("muted", text, is_wrapped=True))
        row.addWidget(picture)
        row.addLayout(texts, 1)
        return row

    def _buttons(self, way: Way, *, is_only_hours: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        away = Button("leave.discard", "quiet", "trash-2")
        away.say(_("Throw away"))
        stay = Button("leave.stay", "plain")
        stay.say(_("Stay"), "Esc")
        keep = Button("leave.keep", "primary", "save")
        keep.say(_("Keep as a draft and sign out") if way == "sign_out" else _("Keep as a draft and close"))
        if is_only_hours:
            keep.say(_("Close and stop recording"))
            away.hide()
        for button in (away, stay, keep):
            button.setAutoDefault(False)
        row.addWidget(away)
        row.addStretch()
        row.addWidget(stay)
        row.addWidget(keep)
        away.clicked.connect(lambda: self._answer(self.discarded))
        keep.clicked.connect(lambda: self._answer(self.kept))
        stay.clicked.connect(self.reject)
        self._stay = stay
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor on the answer that loses nothing: Enter gives it."""
        super().showEvent(event)
        self._stay.setFocus()

    def _answer(self, signal: object) -> None:
        self.done(QDialog.DialogCode.Accepted)
        signal.emit()  # type: ignore[attr-defined]
