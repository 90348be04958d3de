"""The recovery code as it is shown once: large groups with their numbers, easy to copy by hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout

from ui.language import Translated, _
from ui.widgets.labels import label

_IN_ROW = 4


class CodeSheet(Translated, QFrame):
    """Groups in two rows, the number of each above it.

    Args:
        name: stable object name; the groups are ``name.1`` and so on.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("role", "sheet")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(18, 12, 18, 14)
        self._grid.setHorizontalSpacing(26)
        self._grid.setVerticalSpacing(10)
        self._groups: list[QLabel] = []

    def show_code(self, groups: Sequence[str]) -> None:
        """Show another code; none at all empties the sheet."""
        for each in self._groups:
            cell = each.parentWidget()
            each.clear()
            if cell is not None:
                self._grid.removeWidget(cell)
                cell.hide()
                cell.deleteLater()
        self._groups = [self._cell(place, group) for place, group in enumerate(groups)]
        self.retranslate()

    def _cell(self, place: int, group: str) -> QLabel:
        cell = QFrame()
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        number = label("label", str(place + 1))
        number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = label("body", group)
        words.setProperty("role", "code")
        words.setObjectName(f"{self.objectName()}.{place + 1}")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(number)
        column.addWidget(words)
        self._grid.addWidget(cell, place // _IN_ROW, place % _IN_ROW)
        return words

    def retranslate(self) -> None:
        """Name it for a screen reader: each group letter by letter."""
        spelled = "; ".join(" ".join(each.text()) for each in self._groups)
        self.setAccessibleName(_("Recovery code: {groups}", groups=spelled) if spelled else "")
