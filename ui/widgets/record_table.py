"""A list of records with a header: text and chips in columns, aligned with their titles.

A column is told by functions of a row, so that the table knows no record. Enter or a double click chooses a row; an
empty table shows its empty state instead of an empty frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ui import theme
from ui.language import Translated
from ui.widgets.chip import ChipLook, paint_chip
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import plain_tip

R = TypeVar("R")
Index = QModelIndex | QPersistentModelIndex
PAD: Final = 10
_LOOK_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_STRONG_ROLE: Final = Qt.ItemDataRole.UserRole + 2
_DETAIL_ROLE: Final = Qt.ItemDataRole.UserRole + 3
_DETAIL_PX: Final = 18
"""A second line takes so much more."""


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column.

    Args:
        title: gives its title in the language of the windows.
        text: gives the text of a row.
        chip: gives a chip instead of the text, or None for plain text.
        width: pixels; 0 takes what is left.
        is_strong: set bold.
        detail: gives a second line of a row; rows are taller then.
    """

    title: Callable[[], str]
    text: Callable[[R], str]
    chip: Callable[[R], ChipLook | None] | None = None
    width: int = 0
    is_strong: bool = False
    detail: Callable[[R], str] | None = None


class _Rows(QAbstractTableModel, Generic[R]):
    def __init__(self, columns: Sequence[Column[R]], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: tuple[R, ...] = ()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column, row = self.columns[index.column()], self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        detail = column.detail(row) if column.detail else ""
        if role == _DETAIL_ROLE:
            return detail
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip("\n".join(part for part in (column.text(row), detail) if part))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title()}: " + ", ".join(part for part in (column.text(row), detail) if part)
        if role == _LOOK_ROLE:
            return column.chip(row) if column.chip else None
        return column.is_strong if role == _STRONG_ROLE else None

    def put(self, rows: Sequence[R]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()


class _CellPainter(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        worn = theme.worn_by(option.widget)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        area = option.rect
        font = QFont(option.font)
        if is_selected:
            painter.fillRect(area, theme.token("selected", worn))
        painter.save()
        painter.setPen(theme.token("border", worn))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        inner = QRectF(area).adjusted(PAD, 0, -PAD, 0)
        look = index.data(_LOOK_ROLE)
        if isinstance(look, ChipLook):
            paint_chip(painter, inner, look, font, worn)
        else:
            detail = str(index.data(_DETAIL_ROLE) or "")
            if detail:
                self._paint_detail(painter, inner, detail, worn)
                inner = inner.adjusted(0, 0, 0, -_DETAIL_PX)
            font.setWeight(QFont.Weight.DemiBold if index.data(_STRONG_ROLE) else QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(theme.token("text", worn))
            words = painter.fontMetrics().elidedText(
                str(index.data() or ""), Qt.TextElideMode.ElideRight, int(inner.width())
            )
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        painter.restore()

    def _paint_detail(self, painter: QPainter, inner: QRectF, detail: str, worn: theme.ThemeName) -> None:
        lower = inner.adjusted(0, inner.height() / 2, 0, -4)
        painter.setPen(theme.token("muted", worn))
        words = painter.fontMetrics().elidedText(detail, Qt.TextElideMode.ElideRight, int(lower.width()))
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


class _View(QTableView):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open a row by Enter once: the key that searched may still be held down when the rows come."""
        if event.isAutoRepeat() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return
        super().keyPressEvent(event)


class RecordTable(Translated, QStackedWidget, Generic[R]):
    """The table and, while it has no rows, its empty state.

    Args:
        name: stable object name of the table view; the empty state is ``name.empty``.
        columns: from left to right.
        empty_icon: icon of the empty state.
        key: tells one record from another over its versions; by default its id.
        place: what it will stand in, where that is there already (see `Page`).

    Signal ``chosen`` carries the row somebody opened, ``selected`` the one the cursor is on (or None).
    """

    chosen = Signal(object)
    selected = Signal(object)

    def __init__(
        self,
        name: str,
        columns: Sequence[Column[R]],
        empty_icon: str = "inbox",
        key: Callable[[R], object] | None = None,
        place: QWidget | None = None,
    ) -> None:
        super().__init__(place)
        self._key = key or _id_of
        self.view = _View(self)
        self.view.setObjectName(name)
        self._row_px = theme.ROW_PX + (_DETAIL_PX if any(column.detail for column in columns) else 0)
        self._model = _Rows(columns, self)
        self.empty = EmptyState(f"{name}.empty", empty_icon)
        self._dress()
        self.addWidget(self.empty)  # the first is shown at once, and the view need not be while it is empty
        self.addWidget(self.view)
        self.view.activated.connect(lambda index: self.chosen.emit(self._model.rows[index.row()]))
        self.view.selectionModel().currentRowChanged.connect(lambda _new, _old: self.selected.emit(self.current_row()))

    def _dress(self) -> None:
        view = self.view
        view.setModel(self._model)
        view.setItemDelegate(_CellPainter(view))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(self._row_px)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setFixedHeight(36)
        header.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for place, column in enumerate(self._model.columns):
            mode = QHeaderView.ResizeMode.Interactive if column.width else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(place, mode)
            if column.width:
                header.resizeSection(place, column.width)

    def show_rows(self, rows: Sequence[R]) -> None:
        """Show these records; the cursor stays on its record, and what is being read stays where it is on the screen.

        Whoever scrolled away from the cursor is not taken back to it by news; whoever is at the top sees what is new.
        """
        old, scroll = self.current_row(), self.view.verticalScrollBar()
        read, value = self._read_rows(), scroll.value()
        self._model.put(rows)
        self.setCurrentWidget(self.view if rows else self.empty)
        proxy = self.view if rows else None  # Tab would never come past a hidden one
        self.setFocusProxy(proxy)  # type: ignore[arg-type]
        kept = self._key(old) if old is not None else None
        place = next((place for place, row in enumerate(rows) if old is not None and self._key(row) == kept), None)
        if place is not None:
            self.view.selectRow(place)  # brings it into view, too
        self.view.doItemsLayout()  # or the bar would still go as far as the former rows
        if value:
            scroll.setValue(self._scrolled_to(read, value))
        elif read and kept not in [key for key, _top in read]:
            scroll.setValue(0)
        if old is not None and place is None:
            self.selected.emit(None)

    def _read_rows(self) -> list[tuple[object, int]]:
        """Return what stands in the view, as key and place in it: the cursor's row first, if it is one of them."""
        view, rows = self.view, self._model.rows
        if not rows or not view.isVisible():
            return []
        last = view.rowAt(view.viewport().height() - 1)
        seen = range(max(0, view.rowAt(0)), (last if last >= 0 else len(rows) - 1) + 1)
        current = view.currentIndex().row()
        order = sorted(seen, key=lambda place: place != current)
        return [(self._key(rows[place]), view.rowViewportPosition(place)) for place in order]

    def _scrolled_to(self, read: Sequence[tuple[object, int]], value: int) -> int:
        """Return how far to scroll so that the first of what was read and is still there stands where it stood."""
        keys = [self._key(row) for row in self._model.rows]
        stood = next(((keys.index(key), top) for key, top in read if key in keys), None)
        return value if stood is None else stood[0] * self._row_px - stood[1]

    @property
    def rows(self) -> tuple[R, ...]:
        """The records shown."""
        return self._model.rows

    def current_row(self) -> R | None:
        """Return the record the cursor is on, or None."""
        place = self.view.currentIndex().row()
        return self._model.rows[place] if 0 <= place < len(self._model.rows) else None

    def set_name(self, name: str) -> None:
        """Name the table for a screen reader."""
        self.view.setAccessibleName(name)

    def retranslate(self) -> None:
        """Say titles and cells anew."""
        self._model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._model.columns) - 1)
        self.view.viewport().update()


def _id_of(row: object) -> object:
    return getattr(row, "id", row)
