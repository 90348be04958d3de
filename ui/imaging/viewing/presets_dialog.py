"""A small dialog: nine windows by name for one kind of picture, one for each digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDialog, QDoubleSpinBox, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ui import icons, language, theme
from ui.imaging.viewing.presets import MOST_VALUE, NO_WINDOW, OwnWindow
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.image_presets import MOST_PRESETS
from ui.widgets.labels import label

_NAME_PX: Final = 220


class PresetsDialog(QDialog):
    """The dialog; `windows` is what somebody wants when it is accepted.

    Args:
        modality: the kind of picture.
        windows: what is in force.
        usual: what everybody knows, for whoever wants to go back.
        present: center and width of the window in force, for whoever wants to keep it.
        parent: the window it stands over.
    """

    def __init__(
        self,
        modality: str,
        windows: Sequence[OwnWindow],
        usual: Sequence[OwnWindow],
        present: tuple[float, float] | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("presets")
        self.setWindowTitle(_("Windows of my own: {modality}", modality=modality))
        theme.make_clinical(self)
        self._usual, self._present = usual, present
        self._rows: list[tuple[QLineEdit, QDoubleSpinBox, QDoubleSpinBox]] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        for place, words in enumerate((_("Key"), _("Name of the window"), _("Level"), _("Width"))):
            grid.addWidget(label("muted", words), 0, place)
        for row in range(1, MOST_PRESETS + 1):
            self._add_row(grid, row)
        column = QVBoxLayout(self)
        column.addLayout(grid)
        column.addLayout(self._buttons())
        self._show(windows)
        icons.redraw_in(self)
        self._rows[0][0].setFocus()

    def windows(self) -> tuple[OwnWindow, ...]:
        """Return the rows up to the last one that says something; an empty one between keeps its digit free."""
        rows = [self._row(*row) for row in self._rows]
        while rows and rows[-1] == NO_WINDOW:
            rows.pop()
        return tuple(rows)

    @staticmethod
    def _row(name: QLineEdit, center: QDoubleSpinBox, width: QDoubleSpinBox) -> OwnWindow:
        """Return a row; numbers without a name are their own name."""
        found = OwnWindow(name.text().strip(), center.value(), width.value())
        is_nameless = not found.name and found != NO_WINDOW
        return found._replace(name=_numbers(found.center, found.width)) if is_nameless else found

    def _add_row(self, grid: QGridLayout, row: int) -> None:
        name, center, width = QLineEdit(), QDoubleSpinBox(), QDoubleSpinBox()
        name.setMaxLength(40)
        name.setMinimumWidth(_NAME_PX)
        name.setAccessibleName(_("Name of window {number}", number=row))
        center.setAccessibleName(_("Level of window {number}", number=row))
        width.setAccessibleName(_("Width of window {number}", number=row))
        center.setRange(-MOST_VALUE, MOST_VALUE)
        width.setRange(1, MOST_VALUE)
        for place, part in enumerate((name, center, width), 1):
            part.setObjectName(f"presets.{row}.{('name', 'level', 'width')[place - 1]}")
            grid.addWidget(part, row, place)
        for number in (center, width):
            number.setDecimals(1)
            number.setLocale(QLocale(language.current()))
        grid.addWidget(label(text=str(row)), row, 0)
        self._rows.append((name, center, width))

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        add, usual = Button("presets.add", "quiet", "plus"), Button("presets.usual", "quiet", "undo-2")
        save, leave = Button("presets.save", "primary"), Button("presets.leave")
        add.say(_("Add the window in force"))
        add.setEnabled(self._present is not None)
        usual.say(_("The usual ones"))
        save.say(_("Keep"))
        leave.say(_("Cancel"))
        for button in (add, usual, leave):
            button.setAutoDefault(False)
        save.setDefault(True)  # Enter in any field keeps
        add.clicked.connect(self._add_present)
        usual.clicked.connect(lambda: self._show(self._usual))
        save.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        for button in (add, usual):
            row.addWidget(button)
        row.addStretch(1)
        for button in (leave, save):
            row.addWidget(button)
        return row

    def _show(self, windows: Sequence[OwnWindow]) -> None:
        for place, (name, center, width) in enumerate(self._rows):
            found = windows[place] if place < len(windows) else NO_WINDOW
            name.setText(found.name)
            center.setValue(found.center)
            width.setValue(found.width)

    def _add_present(self) -> None:
        """Put the window in force into the first free row, its numbers for a name until another one is written."""
        free = next((row for row in self._rows if not row[0].text().strip()), None)
        if free is not None and self._present is not None:
            name, center, width = free
            center.setValue(self._present[0])
            width.setValue(self._present[1])
            name.setText(_numbers(*self._present))
            name.setFocus()
            name.selectAll()


def _numbers(center: float, width: float) -> str:
    return f"{width:.10g} / {center:.10g}"
