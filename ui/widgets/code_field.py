"""A long code read from paper, typed in its groups; a code pasted whole finds its places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from ui.language import Translated, _

GROUPS: Final = 8
GROUP_LENGTH: Final = 4
_IN_ROW: Final = 4


class _Cell(QLineEdit):
    left_backwards = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Backspace in an empty group go back to the one before it."""
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.left_backwards.emit()
            return
        super().keyPressEvent(event)


class CodeField(Translated, QWidget):
    """Eight short inputs that hold one code of letters and digits.

    Args:
        name: stable object name; the groups are ``name.1`` to ``name.8``.

    Signals: ``changed`` after every letter, ``return_pressed``.
    """

    changed = Signal()
    return_pressed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._cells = tuple(_Cell() for _place in range(GROUPS))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for place, cell in enumerate(self._cells):
            cell.setObjectName(f"{name}.{place + 1}")
            cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
            cell.setInputMethodHints(Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhPreferUppercase)
            cell.setMinimumWidth(60)
            cell.textEdited.connect(lambda words, place=place: self._typed(place, words))
            cell.returnPressed.connect(self.return_pressed)
            cell.left_backwards.connect(lambda place=place: self._go_back(place))
            grid.addWidget(cell, place // _IN_ROW, place % _IN_ROW)
        self.setFocusProxy(self._cells[0])
        self.retranslate()

    @property
    def groups(self) -> tuple[str, ...]:
        """What is typed in each group, letters and digits only."""
        return tuple(cell.text() for cell in self._cells)

    def text(self) -> str:
        """Return the groups that are typed, a hyphen between them."""
        return "-".join(group for group in self.groups if group)

    def put(self, groups: Sequence[str]) -> None:
        """Show these groups; what is left over stays empty."""
        for place, cell in enumerate(self._cells):
            cell.setText(groups[place] if place < len(groups) else "")
        self.mark_wrong(None)
        self.changed.emit()

    def clear(self) -> None:
        """Forget everything typed."""
        self.put(())

    def mark_wrong(self, place: int | None) -> None:
        """Mark one group, counted from 0, as wrong; None takes the mark away."""
        for each, cell in enumerate(self._cells):
            state = "wrong" if each == place else ""
            if cell.property("state") != state:
                cell.setProperty("state", state)
                cell.style().unpolish(cell)
                cell.style().polish(cell)

    def go_to(self, place: int) -> None:
        """Put the cursor into one group, counted from 0, and choose what is in it."""
        self._cells[place].setFocus()
        self._cells[place].selectAll()

    def retranslate(self) -> None:
        """Name the groups for a screen reader."""
        for place, cell in enumerate(self._cells, 1):
            cell.setAccessibleName(_("Recovery code, group {number} of {count}", number=place, count=GROUPS))

    def _typed(self, place: int, words: str) -> None:
        """Keep what belongs to a code, and hand on what is more than one group."""
        plain = "".join(letter for letter in words.upper() if letter.isalnum())
        if len(plain) >= GROUPS * GROUP_LENGTH:
            place = 0  # a whole code was pasted, wherever the cursor was
        end = place
        for at in range(0, max(len(plain), 1), GROUP_LENGTH):
            if place + at // GROUP_LENGTH < GROUPS:
                end = place + at // GROUP_LENGTH
                self._put(end, plain[at : at + GROUP_LENGTH])
        self.mark_wrong(None)
        is_full = len(self._cells[end].text()) == GROUP_LENGTH
        if is_full and self._cells[end].cursorPosition() == GROUP_LENGTH and end + 1 < GROUPS:
            self.go_to(end + 1)
        elif end != place:
            self._cells[end].setFocus()
        self.changed.emit()

    def _put(self, place: int, words: str) -> None:
        cell = self._cells[place]
        if cell.text() != words:
            at = cell.cursorPosition()
            cell.setText(words)
            cell.setCursorPosition(min(at, len(words)) if cell.hasFocus() else len(words))

    def _go_back(self, place: int) -> None:
        if place:
            cell = self._cells[place - 1]
            cell.setFocus()
            cell.end(False)
            cell.backspace()
