"""A series of pictures, leafed through with the wheel, the arrow keys or the slider, as its file asks to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from ui import theme
from ui.consultation.picture_view import PictureView
from ui.consultation.view_model_case import CaseViewModel
from ui.language import Translated, _
from ui.widgets.labels import label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clinic_app.imaging import FrameStack

_STEPS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -10,
    Qt.Key.Key_PageDown: 10,
}


class StackView(Translated, QWidget):
    """The picture and its place in the series.

    Args:
        model: decodes the pictures in the background.
    """

    def __init__(self, model: CaseViewModel) -> None:
        super().__init__()
        self._model = model
        self._stack: FrameStack | None = None
        self._title = ""
        self.picture = PictureView("consultation.image")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("consultation.stack_position")
        self._place = label("muted")
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 10, 6)
        row.setSpacing(12)
        row.addWidget(self._slider, 1)
        row.addWidget(self._place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.picture, 1)
        column.addLayout(row)
        self.setProperty("role", "page")
        theme.make_clinical(self)
        self.setFocusProxy(self.picture)
        self._slider.valueChanged.connect(self._go)
        model.frame_loaded.connect(self._show)
        self.retranslate()

    @property
    def number(self) -> int:
        """The place in the series, from 0."""
        return self._slider.value()

    def show_stack(self, stack: FrameStack, title: str) -> None:
        """Show the first picture of a series."""
        self._stack, self._title = stack, title
        self._slider.blockSignals(True)
        self._slider.setRange(0, max(0, len(stack) - 1))
        self._slider.setValue(0)
        self._slider.blockSignals(False)
        self._slider.setVisible(len(stack) > 1)
        self._go(0)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._slider.setAccessibleName(_("Place in the series"))
        count = len(self._stack) if self._stack is not None else 0
        self._place.setText(_("Image {number} of {count}", number=self.number + 1, count=count) if count else "")

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf."""
        self._slider.setValue(self.number - (1 if event.angleDelta().y() > 0 else -1))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leaf without a mouse."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            self._slider.setValue(self.number + step)

    def _go(self, number: int) -> None:
        self.retranslate()
        if self._stack is not None:
            self._model.load_frame(self._stack, number)

    def _show(self, number: int, pixels: object) -> None:
        if number == self.number and self._stack is not None:
            self.picture.show_pixels(cast("NDArray[np.uint8]", pixels), self._title)
