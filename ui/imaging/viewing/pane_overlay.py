"""What lies over a picture and belongs to the pane: lines of other panes and the magnifying glass.

It is transparent for the mouse, so that every tool below goes on as if it were not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from clinic_app.imaging.viewing.crossing import Segment
from ui import theme
from ui.widgets.image_canvas import ImageCanvas


class PaneOverlay(QWidget):
    """The overlay of one canvas.

    Args:
        canvas: what it lies over; it grows with it.
    """

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas = canvas
        self._lines: tuple[Segment, ...] = ()
        canvas.installEventFilter(self)
        self.setGeometry(canvas.rect())
        self.hide()

    @property
    def lines(self) -> tuple[Segment, ...]:
        """The lines that are drawn, in pixels of the picture."""
        return self._lines

    def show_lines(self, lines: Sequence[Segment]) -> None:
        """Draw lines of other panes, in pixels of the picture."""
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self.setVisible(bool(self._lines))
            self.update()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Grow with the canvas."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines, legible on black and on white."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for segment in self._lines:
            a, b = (QPointF(*self._canvas.to_glass(end)) for end in segment)
            for pen in (QPen(QColor(0, 0, 0, 160), 3.0), QPen(theme.token("accent", "clinical"), 1.4)):
                painter.setPen(pen)
                painter.drawLine(a, b)
        painter.end()
