"""A structured report to read: its headings and findings as a tree, what it is and who stands for it above.

Where it has numbers they stand in a table over the tree, each with the picture it was measured on; of a dose report
those that are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from clinic_app.foundation.numbers import show_number
from clinic_app.imaging.objects.report_table import is_dose_report, table_of
from ui import language, theme
from ui.imaging.report_tree import IMAGE, MOST_ROWS, ReportTree
from ui.language import Translated, _
from ui.widgets.labels import label, plain_tip

if TYPE_CHECKING:
    from clinic_app.imaging import Report
    from clinic_app.imaging.objects.references import ImageReference
    from clinic_app.imaging.objects.report_table import TableLine

_WHERE, _WHAT, _AMOUNT, _SHAPE, _PICTURE = range(5)
_LINE_PX: Final = 28
_MOST_LINES: Final = 9
"""Of the table, that are seen without scrolling."""


class ReportView(Translated, QWidget):
    """Reports of one series, one below the other.

    Args:
        name: stable object name; the tree is ``name.tree``, the table of numbers over it ``name.table``.

    Signal ``image_asked(str, int)``: SOP Instance UID and frame, from 1, of a picture the report points at.
    """

    image_asked = Signal(str, int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._reports: tuple[Report, ...] = ()
        self._head = label("strong", is_wrapped=True)
        self._head.setObjectName(f"{name}.head")
        self._numbers = label("label")
        self.table = QTreeWidget()
        self.table.setObjectName(f"{name}.table")
        self.table.setColumnCount(5)
        self.table.setRootIsDecorated(False)
        self.table.setProperty("role", "flat")
        self.table.headerItem().setTextAlignment(_AMOUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.table.setUniformRowHeights(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.itemActivated.connect(self._ask_image)
        self.table.header().setStretchLastSection(False)
        for place in range(5):
            is_wide = place in (_WHERE, _WHAT)
            self.table.header().setSectionResizeMode(
                place, QHeaderView.ResizeMode.Stretch if is_wide else QHeaderView.ResizeMode.ResizeToContents
            )
        self.tree = ReportTree(f"{name}.tree")
        self.tree.itemActivated.connect(self._ask_image)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (self._head, self._numbers, self.table):
            column.addWidget(part)
        column.addWidget(self.tree, 1)
        self.setFocusProxy(self.tree)
        self.retranslate()

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Show these reports, all open; long ones piece by piece."""
        self._reports = tuple(reports)
        lines = [line for report in self._reports for line in table_of(report.root)]
        self.table.clear()
        self.table.addTopLevelItems([_line(each) for each in lines[:MOST_ROWS]])
        self._numbers.setVisible(bool(lines))
        self.table.setVisible(bool(lines))
        self.table.setFixedHeight(_LINE_PX * (min(len(lines), _MOST_LINES) + 1) + 8)
        self.tree.show_reports(self._reports)
        self.retranslate()

    def rows(self) -> list[str]:
        """Return a line for every item, indented, as it is read."""
        found: list[str] = []

        def add(item: QTreeWidgetItem | None, depth: int) -> None:
            if item is None:
                return
            found.append("  " * depth + ": ".join(part for part in (item.text(0), item.text(1)) if part))
            for place in range(item.childCount()):
                add(item.child(place), depth + 1)

        for place in range(self.tree.topLevelItemCount()):
            add(self.tree.topLevelItem(place), 0)
        return found

    def table_rows(self) -> list[tuple[str, ...]]:
        """Return the table of numbers as it is read."""
        items = (self.table.topLevelItem(place) for place in range(self.table.topLevelItemCount()))
        return [tuple(item.text(column) for column in range(5)) for item in items if item is not None]

    def whole_height(self) -> int:
        """Return how high it must be for all of it to be seen, in logical pixels."""
        self.tree.finish()
        rows = self.tree.verticalScrollBar().maximum() + self.tree.viewport().height()
        return self.height() - self.tree.viewport().height() + rows

    def retranslate(self) -> None:
        """Say everything anew."""
        self.tree.setHeaderLabels([_("Item"), _("Value")])
        self.tree.setAccessibleName(_("Report"))
        self.table.setHeaderLabels([_("Measured on"), _("Measurement"), _("Value"), _("Region"), _("Image")])
        is_dose = any(is_dose_report(each.root) for each in self._reports)
        words = _("Radiation dose") if is_dose else _("Measurements")
        self._numbers.setText(words)
        self.table.setAccessibleName(words)
        if self._reports:
            first = self._reports[0]
            state = _("verified") if first.is_verified else _("complete") if first.is_complete else _("not complete")
            who = ", ".join(first.verifiers)
            parts = (first.patient_name or _("No name in the file"), _day(first.day), state, who)
            self._head.setText("  ·  ".join(part for part in parts if part))

    def _ask_image(self, item: QTreeWidgetItem, _column: int) -> None:
        pointed = item.data(0, IMAGE)
        if pointed is not None:
            self.image_asked.emit(*pointed)


def _line(line: TableLine) -> QTreeWidgetItem:
    amount = line.words
    if line.number is not None:
        amount = " ".join(part for part in (show_number(line.number, language.current()), line.unit) if part)
    picture = _("Image") if line.image is not None else ""
    item = QTreeWidgetItem([line.where, line.name, amount, line.region, picture])
    item.setSizeHint(0, QSize(0, _LINE_PX))
    item.setTextAlignment(_AMOUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    for column in (_WHERE, _WHAT):
        item.setToolTip(column, plain_tip(item.text(column)))
    if line.image is not None:
        item.setForeground(_PICTURE, theme.token("accent", "clinical"))
    _point_at(item, line.image)
    return item


def _point_at(item: QTreeWidgetItem, image: ImageReference | None) -> None:
    if image is not None:
        item.setData(0, IMAGE, (image.sop_uid, image.frames[0] if image.frames else 1))


def _day(said: str) -> str:
    return f"{said[6:]}.{said[4:6]}.{said[:4]}" if len(said) == 8 and said.isdecimal() else said
