"""A button that opens a small grid: whoever points at a cell chooses that many rows and columns of panes.

With the keys: arrows move, Enter takes, Esc leaves it as it was.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from clinic_app.imaging.viewing.hanging import MOST_SIDE, ONE, Layout
from ui import icons, theme
from ui.language import Translated, _
from ui.widgets.labels import plain_tip

_CELL_PX: Final = 34
_EDGE_PX: Final = 10
_FOOT_PX: Final = 26
_MOVES: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class LayoutPicker(Translated, QToolButton):
    """The button.

    Args:
        name: stable object name.
        place: what it will stand in.

    Signal ``chosen(Layout)``: a person chose.
    """

    chosen = Signal(object)

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self._grid = ONE
        icons.put(self, "layout-grid", "text", 20)
        self.setProperty("role", "picture")
        self.setFixedWidth(34)
        self._choice = _Choice(self)
        self._choice.setObjectName(f"{name}.grid")
        self._choice.taken.connect(self.chosen)
        self.clicked.connect(self.open)
        self.retranslate()

    def show_grid(self, grid: Layout) -> None:
        """Show which layout is in force."""
        self._grid = grid
        self.retranslate()

    def open(self) -> None:
        """Open the grid below the button."""
        self._choice.begin(self._grid, self.mapToGlobal(QPoint(0, self.height() + 2)))

    def retranslate(self) -> None:
        """Say it anew."""
        words = _("Panes: {layout}", layout=str(self._grid).replace("x", " × "))
        self.setAccessibleName(words)
        self.setToolTip(plain_tip(f"{words} (Ctrl+1, 2, 3, 4, 6, 9)"))


class _Choice(QWidget):
    """The grid in a window of its own over the button."""

    taken = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._at = ONE
        self.setMouseTracking(True)
        side = MOST_SIDE * _CELL_PX + 2 * _EDGE_PX
        self.setFixedSize(QSize(side, side + _FOOT_PX))

    def begin(self, grid: Layout, at: QPoint) -> None:
        """Open at a place of the screen with a layout in force."""
        self._at = grid
        self.setAccessibleName(_("Rows and columns of panes"))
        self.move(at)
        self.show()
        self.setFocus()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Point at a layout."""
        self._point_at(event.position().toPoint())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take what is pointed at; a press elsewhere leaves it."""
        inside = self.rect().contains(event.position().toPoint())
        if inside:
            self._point_at(event.position().toPoint())
            self._take()
        else:
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, take, leave."""
        key = Qt.Key(event.key())
        if key in _MOVES:
            down, right = _MOVES[key]
            rows, columns = self._at.rows + down, self._at.columns + right
            self._at = Layout(min(max(rows, 1), MOST_SIDE), min(max(columns, 1), MOST_SIDE))
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._take()
        elif key == Qt.Key.Key_Escape:
            self.close()
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the cells, those of the layout filled, and its name."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.token("raised", "clinical"))
        painter.setPen(QPen(theme.token("border", "clinical"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        for row in range(MOST_SIDE):
            for column in range(MOST_SIDE):
                is_in = row < self._at.rows and column < self._at.columns
                cell = QRect(_EDGE_PX + column * _CELL_PX, _EDGE_PX + row * _CELL_PX, _CELL_PX - 4, _CELL_PX - 4)
                painter.setBrush(theme.token("accent" if is_in else "surface", "clinical"))
                painter.setPen(QPen(theme.token("input_border", "clinical"), 1))
                painter.drawRoundedRect(cell, 3, 3)
        painter.setPen(theme.token("text", "clinical"))
        painter.setFont(theme.body_font(10.0, QFont.Weight.DemiBold))
        foot = QRect(0, self.height() - _FOOT_PX - 4, self.width(), _FOOT_PX)
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, f"{self._at.rows} × {self._at.columns}")
        painter.end()

    def _point_at(self, at: QPoint) -> None:
        column, row = ((each - _EDGE_PX) // _CELL_PX + 1 for each in (at.x(), at.y()))
        found = Layout(min(max(row, 1), MOST_SIDE), min(max(column, 1), MOST_SIDE))
        if found != self._at:
            self._at = found
            self.update()

    def _take(self) -> None:
        self.close()
        self.taken.emit(self._at)
