"""Rows of a list: an icon, a title, a line below it; in a checklist also a box, ticked by a click anywhere or Space."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui import icons, theme

Index = QModelIndex | QPersistentModelIndex
ICON_ROLE: Final = Qt.ItemDataRole.UserRole + 10
DETAIL_ROLE: Final = Qt.ItemDataRole.UserRole + 11
ROW: Final = 50
_BOX: Final = 18
_PAD: Final = 12


class TwoLineRows(QStyledItemDelegate):
    """Draws a row; the title is the row's text, icon name and detail are in the two roles.

    Args:
        parent: the list.
        width: of a row, in pixels; matters where rows stand side by side.

    A row has a box where its item has a check state.
    """

    def __init__(self, parent: QObject, width: int = 200) -> None:
        super().__init__(parent)
        self._width = width

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return room for two lines."""
        return QSize(self._width, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        area = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.token("selected"))
        painter.setPen(theme.token("border"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        left = area.left() + _PAD
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            self._box(painter, QRect(left, area.center().y() - _BOX // 2, _BOX, _BOX), _is_ticked(index))
            left += _BOX + 12
        sign = icons.pixmap(str(index.data(ICON_ROLE)), "muted", 20)
        painter.drawPixmap(QPoint(left, area.center().y() - 10), sign)
        self._words(painter, QRect(left + 32, area.top() + 7, area.right() - left - 38, ROW - 14), option.font, index)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, _option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Tick on a click anywhere in the row, and on Space."""
        is_click = isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease
        is_left = is_click and isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton
        is_key = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        is_space = is_key and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
        if not (is_left or is_space) or index.data(Qt.ItemDataRole.CheckStateRole) is None:
            return False
        new = Qt.CheckState.Unchecked if _is_ticked(index) else Qt.CheckState.Checked
        return model.setData(model.index(index.row(), index.column()), new, Qt.ItemDataRole.CheckStateRole)

    @staticmethod
    def _box(painter: QPainter, box: QRect, is_ticked: bool) -> None:
        painter.setPen(QPen(theme.token("accent" if is_ticked else "input_border"), 1.4))
        painter.setBrush(theme.token("accent" if is_ticked else "surface"))
        painter.drawRoundedRect(box, 4, 4)
        if is_ticked:
            painter.drawPixmap(box.topLeft() + QPoint(2, 2), icons.pixmap("check", "on_accent", _BOX - 4))

    @staticmethod
    def _words(painter: QPainter, area: QRect, font: QFont, index: Index) -> None:
        title, detail = str(index.data() or ""), str(index.data(DETAIL_ROLE) or "")
        strong = QFont(font)
        strong.setWeight(QFont.Weight.Medium)
        upper = area if not detail else QRect(area.left(), area.top(), area.width(), area.height() // 2)
        lower = QRect(area.left(), upper.bottom() + 1, area.width(), area.height() // 2)
        small = QFont(font)
        small.setPointSizeF(9.0)
        for place, words, style, ink in ((upper, title, strong, "text"), (lower, detail, small, "muted")):
            if words and (place is upper or detail):
                painter.setFont(style)
                painter.setPen(theme.token(ink))
                shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, place.width())
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _is_ticked(index: Index) -> bool:
    return Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
