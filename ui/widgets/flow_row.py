"""Parts in a row that goes on in a second one where the window is narrow; the last of a row may take what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

GAP_PX: Final = 8


class FlowRow(QWidget):
    """The row; hidden parts take no room.

    Args:
        parts: from left to right; they become its children.
        wide: parts that take what is left of their row.
    """

    def __init__(self, parts: Sequence[QWidget], wide: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self._parts, self._wide = tuple(parts), tuple(wide)
        for part in self._parts:
            part.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the size of one row, or of as many as the present width asks for."""
        shown = [_usual(part) for part in self._parts if not part.isHidden()]
        width = sum(shown) + GAP_PX * max(0, len(shown) - 1)
        return QSize(width, self._height(self.width()))

    def minimumSizeHint(self) -> QSize:
        """Return the width of the widest part."""
        widths = [_least(part) for part in self._parts if not part.isHidden()]
        return QSize(max(widths, default=0), self._height(self.width()))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Set the parts anew."""
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Set the parts anew when one comes, goes or says more."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._lay_out()
            self.updateGeometry()
        return super().event(event)

    def _rows(self, width: int) -> list[list[QWidget]]:
        rows: list[list[QWidget]] = [[]]
        used = 0
        for part in self._parts:
            if part.isHidden():
                continue
            needed = _least(part) if part in self._wide else _usual(part)
            if rows[-1] and used + needed > width:
                rows.append([])
                used = 0
            rows[-1].append(part)
            used += needed + GAP_PX
        return rows

    def _height(self, width: int) -> int:
        rows = self._rows(max(width, 1))
        tall = max((part.sizeHint().height() for row in rows for part in row), default=0)
        return len(rows) * tall + (len(rows) - 1) * GAP_PX

    def _lay_out(self) -> None:
        rows = self._rows(self.width())
        tall = max((part.sizeHint().height() for row in rows for part in row), default=0)
        for number, row in enumerate(rows):
            left = 0
            for part in row:
                width = _usual(part)
                if part in self._wide:
                    width = max(_least(part), self.width() - left) if part is row[-1] else _least(part)
                part.setGeometry(left, number * (tall + GAP_PX), min(width, max(1, self.width() - left)), tall)
                left += width + GAP_PX
        if self.height() != self._height(self.width()):
            self.setFixedHeight(self._height(self.width()))


def _least(part: QWidget) -> int:
    return max(part.minimumSizeHint().width(), part.minimumWidth())


def _usual(part: QWidget) -> int:
    return max(part.sizeHint().width(), _least(part))
