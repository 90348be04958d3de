"""A picture on which somebody draws what is to be made black: boxes by mouse or keys, seen as they will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent

from ui import theme
from ui.language import _
from ui.widgets.image_overlay import Corners
from ui.widgets.image_series import ImageSeries

if TYPE_CHECKING:
    from clinic_app.imaging.outside.burned_in import Box
    from ui.pictures import Picture

_LEAST_PX: Final = 3
_NOTCH: Final = 120


class BoxPicture(ImageSeries):
    """The picture.

    Args:
        name: stable object name.

    Drag draws a box, Delete takes the last one away, Page Up and Page Down and the wheel leaf. Signals:
    ``boxes_changed``: see ``boxes``; ``number_asked(int)``: another picture, from 1.
    """

    boxes_changed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.boxes: tuple[Box, ...] = ()
        self._from: QPointF | None = None
        self._to = QPointF()
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_boxes(self, boxes: tuple[Box, ...]) -> None:
        """Show what is to be made black."""
        self.boxes = boxes
        self.update()

    def show_one(self, picture: Picture, number: int, count: int) -> None:
        """Show a picture of the series."""
        if count != self.image_count:
            self.show_series(count)
        self._wanted = number
        self.show_picture(picture, number, Corners())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a box."""
        if event.button() == Qt.MouseButton.LeftButton and self.picture is not None:
            self._from = self._to = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw it larger."""
        if self._from is not None:
            self._to = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it; one of hardly any size is none."""
        begin, self._from = self._from, None
        self.update()
        if begin is None or event.button() != Qt.MouseButton.LeftButton:
            return
        (left, top), (right, bottom) = self.to_image(begin), self.to_image(event.position())
        self.add_box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))

    def add_box(self, left: float, top: float, right: float, bottom: float) -> None:
        """Make a part black, in pixels of the picture; what lies outside it is left out."""
        from clinic_app.imaging.outside.burned_in import Box

        columns, rows = self.image_size
        box = Box(int(left // 1), int(top // 1), int(-(-right // 1)), int(-(-bottom // 1))).within(columns, rows)
        if box is not None and min(box.right - box.left, box.bottom - box.top) >= _LEAST_PX:
            self.boxes = (*self.boxes, box)
            self.update()
            self.boxes_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do it by keys."""
        steps = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -1, Qt.Key.Key_Up: -1}
        key = Qt.Key(event.key())
        if key in steps:
            self.step(steps[key])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.boxes:
            self.boxes = self.boxes[:-1]
            self.update()
            self.boxes_changed.emit()
        elif key == Qt.Key.Key_Insert and self.picture is not None:
            columns, rows = self.image_size
            self.add_box(0, 0, columns, max(rows / 10, _LEAST_PX))
        else:
            event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf."""
        self.step(-1 if event.angleDelta().y() > 0 else 1)
        event.accept()

    def paint_over(self, painter: QPainter) -> None:
        """Draw the boxes as they will be, with an edge so that they can be seen on black."""
        painter.setPen(QPen(theme.token("warn", "clinical"), 1, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(0, 0, 0))
        for box in self.boxes:
            begin, end = self.to_glass((box.left, box.top)), self.to_glass((box.right, box.bottom))
            painter.drawRect(QRectF(QPointF(*begin), QPointF(*end)).normalized())
        if self._from is not None:
            painter.setBrush(QColor(0, 0, 0, 130))
            painter.drawRect(QRectF(self._from, self._to).normalized())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say what there is to do where there is no picture."""
        if self.picture is None and not self._message:
            self._message = _("Choose a series that is to be looked through.")
        super().paintEvent(event)
