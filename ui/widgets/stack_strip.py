"""A narrow strip beside a stack of pictures: where one is in it, and how much of it is ready to be seen.

The first picture is seen at once; the strip fills while the others are made ready. A press or a drag goes to a place.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui import theme
from ui.language import Translated, _
from ui.widgets.labels import plain_tip

WIDTH_PX: Final = 10
_LEAST_MARK_PX: Final = 6.0


class StackStrip(Translated, QWidget):
    """The strip; it is away while there is nothing to leaf through.

    Args:
        name: stable object name.

    Signal ``number_asked(int)``: somebody wants to see the picture with this number, from 1.
    """

    number_asked = Signal(int)

    def __init__(self, name: str, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName(name)
        self.setFixedWidth(WIDTH_PX)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._count = self._number = 0
        self._ready: list[tuple[int, int]] = []
        self._ready_count = 0
        self._marked: tuple[int, ...] = ()
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return a narrow size."""
        return QSize(WIDTH_PX, 100)

    @property
    def ready_count(self) -> int:
        """How many pictures are ready."""
        return self._ready_count

    @property
    def is_whole(self) -> bool:
        """Whether every picture is ready."""
        return self._ready_count >= self._count

    def show_stack(self, count: int) -> None:
        """Begin with a stack of so many pictures."""
        self._count, self._number, self._ready, self._ready_count, self._marked = count, 0, [], 0, ()
        self.retranslate()

    def show_number(self, number: int) -> None:
        """Show which picture is seen, from 1."""
        if number != self._number:
            self._number = number
            self.update()

    def show_ready(self, numbers: Collection[int]) -> None:
        """Show which pictures are ready, by their numbers."""
        if len(numbers) != self._ready_count:
            self._ready, self._ready_count = runs_of(numbers), len(numbers)
            self.retranslate()

    def show_marked(self, numbers: Collection[int]) -> None:
        """Show where the key images are."""
        if tuple(sorted(numbers)) != self._marked:
            self._marked = tuple(sorted(numbers))
            self.update()

    def retranslate(self) -> None:
        """Say how far it is."""
        words = _("{ready} of {count} images ready", ready=self._ready_count, count=self._count)
        self.setAccessibleName(words)
        self.setToolTip(plain_tip(words) if self._count > 1 else "")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to a place."""
        self._go_to(event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on while a button is down."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().y())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what is ready, the key images, and the place of the picture that is seen."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._count > 1:
            self._paint(painter)
        painter.end()

    def _paint(self, painter: QPainter) -> None:
        middle = self.width() / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.token("border", "clinical"))
        painter.drawRoundedRect(QRectF(middle - 1.5, 0, 3, self.height()), 1.5, 1.5)
        painter.setBrush(theme.token("muted", "clinical"))
        for first, last in self._ready:
            top, bottom = self._top_of(first), self._top_of(last + 1)
            painter.drawRect(QRectF(middle - 1.5, top, 3, max(bottom - top, 1.0)))
        painter.setBrush(theme.token("warn", "clinical"))
        for number in self._marked:
            painter.drawRect(QRectF(1, self._top_of(number) + self._step() / 2 - 1, self.width() - 2, 2))
        if self._number:
            height = max(self._step(), _LEAST_MARK_PX)
            top = min(max(self._top_of(self._number) + (self._step() - height) / 2, 0.0), self.height() - height)
            painter.setBrush(theme.token("accent", "clinical"))
            painter.drawRoundedRect(QRectF(1, top, self.width() - 2, height), 2, 2)

    def _step(self) -> float:
        return self.height() / max(self._count, 1)

    def _top_of(self, number: int) -> float:
        return (number - 1) * self._step()

    def _go_to(self, y: float) -> None:
        if self._count > 1:
            number = min(max(int(y / self._step()) + 1, 1), self._count)
            if number != self._number:
                self.number_asked.emit(number)


def runs_of(numbers: Collection[int]) -> list[tuple[int, int]]:
    """Return numbers as runs, the first and the last of each."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
