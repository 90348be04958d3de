"""Rows of a checklist: a box to tick, an icon, a title, a line below it. A click anywhere ticks, and so does Space."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui import icons, theme

Index = QModelIndex | QPersistentModelIndex
ICON_ROLE: Final = Qt.ItemDataRole.UserRole + 10
DETAIL_ROLE: Final = Qt.ItemDataRole.UserRole + 11
ROW: Final = 50
_BOX: Final = 18
_PAD: Final = 12


class CheckRows(QStyledItemDelegate):
    """Draws a row and ticks it; the title is the row's text, icon name and detail are in the two roles."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return room for two lines."""
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        area = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, theme.token("selected"))
        painter.setPen(theme.token("border"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        box = QRect(area.left() + _PAD, area.center().y() - _BOX // 2, _BOX, _BOX)
        self._box(painter, box, index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked)
        sign = icons.pixmap(str(index.data(ICON_ROLE)), "muted", 20)
        painter.drawPixmap(QPoint(box.right() + 13, area.center().y() - 10), sign)
        self._words(painter, area.adjusted(_PAD + _BOX + 48, 7, -_PAD, -7), option.font, index)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, _option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Tick on a click anywhere in the row, and on Space."""
        is_click = isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease
        is_left = is_click and isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton
        is_key = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        is_space = is_key and isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
        if not (is_left or is_space):
            return False
        is_ticked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        new = Qt.CheckState.Unchecked if is_ticked else Qt.CheckState.Checked
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
