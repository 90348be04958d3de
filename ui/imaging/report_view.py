"""A structured report to read: its headings and findings as a tree, what it is and who stands for it above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from ui import theme
from ui.language import Translated, _
from ui.widgets.labels import label

if TYPE_CHECKING:
    from clinic_app.imaging import Report, ReportNode

_IMAGE: Final = Qt.ItemDataRole.UserRole + 1
_NAME_SHARE: Final = 0.42


class ReportView(Translated, QWidget):
    """Reports of one series, one below the other.

    Args:
        name: stable object name; the tree is ``name.tree``.

    Signal ``image_asked(str, int)``: SOP Instance UID and frame, from 1, of a picture the report points at.
    """

    image_asked = Signal(str, int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._reports: tuple[Report, ...] = ()
        self._head = label("strong", is_wrapped=True)
        self._head.setObjectName(f"{name}.head")
        self.tree = QTreeWidget()
        self.tree.setObjectName(f"{name}.tree")
        self.tree.setColumnCount(2)
        self.tree.setWordWrap(True)
        self.tree.setUniformRowHeights(False)
        self.tree.setAlternatingRowColors(False)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.itemActivated.connect(self._ask_image)
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._head)
        column.addWidget(self.tree, 1)
        self.setFocusProxy(self.tree)
        self.retranslate()

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Show these reports, all open."""
        self._reports = tuple(reports)
        self.tree.clear()
        for report in self._reports:
            top = _row(report.root)
            self.tree.addTopLevelItem(top)
            theme_font = theme.body_font(10.5)
            theme_font.setBold(True)
            top.setFont(0, theme_font)
        self.tree.expandAll()
        self.tree.setColumnWidth(0, round(max(self.width(), 600) * _NAME_SHARE))
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

    def whole_height(self) -> int:
        """Return how high it must be for all of it to be seen, in logical pixels."""
        self.tree.doItemsLayout()
        rows = self.tree.verticalScrollBar().maximum() + self.tree.viewport().height()
        return self.height() - self.tree.viewport().height() + rows

    def retranslate(self) -> None:
        """Say everything anew."""
        self.tree.setHeaderLabels([_("Item"), _("Value")])
        self.tree.setAccessibleName(_("Report"))
        if self._reports:
            first = self._reports[0]
            state = _("verified") if first.is_verified else _("complete") if first.is_complete else _("not complete")
            who = ", ".join(first.verifiers)
            parts = (first.patient_name or _("No name in the file"), _day(first.day), state, who)
            self._head.setText("  ·  ".join(part for part in parts if part))

    def _ask_image(self, item: QTreeWidgetItem, _column: int) -> None:
        pointed = item.data(0, _IMAGE)
        if pointed is not None:
            self.image_asked.emit(*pointed)


def _row(node: ReportNode) -> QTreeWidgetItem:
    value = node.value
    if node.image is not None:
        value = _("Image")
    item = QTreeWidgetItem([node.name or ("" if value else "…"), value])
    for column in (0, 1):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        item.setToolTip(column, "")
    if node.image is not None:
        item.setData(0, _IMAGE, (node.image.sop_uid, node.image.frames[0] if node.image.frames else 1))
    for child in node.children:
        item.addChild(_row(child))
    return item


def _day(said: str) -> str:
    return f"{said[6:]}.{said[4:6]}.{said[:4]}" if len(said) == 8 and said.isdecimal() else said
