"""What goes with a question: rows to tick, and what the asked specialty still lacks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from clinic_app.terminology.specialties import Evidence
from ui import theme
from ui.language import Translated, _
from ui.referral.evidence import EvidenceItem, item_detail, item_icon, item_title, kind_words
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.labels import label, plain_tip
from ui.widgets.two_line_rows import DETAIL_ROLE, ICON_ROLE, TwoLineRows

_KEY = Qt.ItemDataRole.UserRole


class EvidenceChecklist(Translated, QWidget):
    """The checklist; Space ticks the row the cursor is on.

    Args:
        name: stable object name of the list.

    Signal ``ticked`` carries a row's key and whether it goes along.
    """

    ticked = Signal(str, bool)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setObjectName(name)
        self.list.setItemDelegate(TwoLineRows(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._items: tuple[EvidenceItem, ...] = ()
        self._wanted: tuple[tuple[Evidence, bool], ...] = ()
        self._specialty = ""
        self._empty = label("muted", is_wrapped=True)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._chips)
        column.addWidget(self.list, 1)
        column.addWidget(self._empty)
        self.list.itemChanged.connect(self._tell)
        theme.notifier().changed.connect(self.list.viewport().update)
        self.retranslate()

    def show_items(self, items: Sequence[EvidenceItem], ticked: Sequence[EvidenceItem]) -> None:
        """Show the patient's findings and which of them go along."""
        keys = {item.key for item in ticked}
        self.list.blockSignals(True)
        if tuple(items) != self._items or self.list.count() != len(items):
            self._items = tuple(items)
            self._fill()
        for place, item in enumerate(self._items):
            state = Qt.CheckState.Checked if item.key in keys else Qt.CheckState.Unchecked
            row = self.list.item(place)
            if row.checkState() != state:
                row.setCheckState(state)
                self.list.viewport().update()
        self.list.blockSignals(False)
        self.list.setVisible(bool(items))
        self._empty.setVisible(not items)

    def show_wanted(self, specialty: str, wanted: Sequence[tuple[Evidence, bool]]) -> None:
        """Show what the specialty, by its name, wants to see and whether it goes along."""
        if (specialty, tuple(wanted)) != (self._specialty, self._wanted):
            self._specialty, self._wanted = specialty, tuple(wanted)
            self._show_chips()

    def wanted_words(self) -> str:
        """Return the hint as one sentence, as a screen reader says it."""
        if not self._wanted:
            return ""
        parts = [self._want_look(kind, is_there).text for kind, is_there in self._wanted]
        return f"{_('{specialty} wants:', specialty=self._specialty)} {', '.join(parts)}"

    def retranslate(self) -> None:
        """Say everything anew."""
        self.list.setAccessibleName(_("What goes along"))
        self._empty.setText(
            _("Nothing recorded for this patient yet. The question can go alone; a recording can be added before it.")
        )
        self.list.blockSignals(True)
        self._say_rows()
        self.list.blockSignals(False)
        self._show_chips()

    def _fill(self) -> None:
        self.list.clear()
        for item in self._items:
            row = QListWidgetItem(self.list)
            row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            row.setData(_KEY, item.key)
            row.setCheckState(Qt.CheckState.Unchecked)
            row.setData(ICON_ROLE, item_icon(item))
        self._say_rows()
        if self._items:
            self.list.setCurrentRow(0)

    def _say_rows(self) -> None:
        for place, item in enumerate(self._items):
            detail = item_detail(item)
            row = self.list.item(place)
            row.setText(item_title(item))
            row.setData(DETAIL_ROLE, detail)
            row.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item_title(item)}, {detail}")
            row.setToolTip(plain_tip(detail))

    def _show_chips(self) -> None:
        while (old := self._chips.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if self._wanted:
            self._chips.addWidget(label("muted", _("{specialty} wants:", specialty=self._specialty)))
            for kind, is_there in self._wanted:
                self._chips.addWidget(Chip(f"referral.wants.{kind}", self._want_look(kind, is_there)))
        else:
            self._chips.addWidget(label("muted", _("Choose the specialty; then this says what it wants to see.")))
        self._chips.addStretch()
        self.list.setAccessibleDescription(self.wanted_words())

    @staticmethod
    def _want_look(kind: Evidence, is_there: bool) -> ChipLook:
        if is_there:
            return ChipLook(kind_words(kind), "ok", "check")
        return ChipLook(_("{what}: missing", what=kind_words(kind)), "warn", "triangle-alert")

    def _tell(self, row: QListWidgetItem) -> None:
        self.ticked.emit(str(row.data(_KEY)), row.checkState() == Qt.CheckState.Checked)
