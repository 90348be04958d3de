"""A series of pictures to read: window, stack, zoom, pan and lengths, by mouse and by keyboard.

Mouse: drag changes the window (across its width, down its center) or draws a length; the wheel leafs; Ctrl and wheel or
the right button zoom; the middle button, or Space and drag, moves the picture.
Keys: Up, Down, PageUp, PageDown, Home, End leaf; + and - zoom; R shows the picture as it came; I inverts; L draws
lengths, W changes windows; 1 to 5 are windows for CT. Enter puts a length in the middle, Delete takes the last away.
With Ctrl the arrows move the second end of the length drawn last while lengths are drawn, else they change the window;
ten times as far with Shift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent

from ui.widgets.image_drag import Drag, Tool, action_of
from ui.widgets.image_lengths import Line
from ui.widgets.image_presets import PRESETS
from ui.widgets.image_series import ZOOM_STEP, ImageSeries

_NOTCH: Final = 120
_ZOOM_PER_UNIT: Final = 1.0015
_PAGE: Final = 10
_FAR: Final = 10.0
_LEAST_LINE_PX: Final = 3.0
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class ImageCanvas(ImageSeries):
    """The pictures of one series in somebody's hands.

    Args:
        name: stable object name.

    Its signals and what it is given are those of `ImageSeries`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._drag: Drag | None = None
        self._is_space_down = False
        self._turned = 0
        self._keys = self._key_table()

    def show_series(self, count: int) -> None:
        """Begin a series; a drag under way is over."""
        self._drag, self._turned = None, 0
        super().show_series(count)

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left button does."""
        super().set_tool(tool)
        self._show_cursor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leaf, or zoom with Ctrl."""
        units = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(_ZOOM_PER_UNIT**units, event.position())
        else:
            self._turned += units
            notches = int(self._turned / _NOTCH)
            self._turned -= notches * _NOTCH
            self.step(-notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag."""
        action = action_of(event.button(), self._tool, is_space_down=self._is_space_down)
        if action is not None and self._picture is not None and self._drag is None:
            self._drag = Drag(action, event.position(), event.position(), self._window_in_force())
            self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it; many moves between two turns of the event loop are painted once."""
        drag, at = self._drag, event.position()
        if drag is None:
            self._point_at(at)
        elif self._picture is not None and self._view is not None:
            self._go_on(drag, at)

    def _go_on(self, drag: Drag, at: QPointF) -> None:
        assert self._picture is not None
        assert self._view is not None
        if drag.action == "window":
            self._window = drag.window_at(at)
            self.window_changed.emit()
        elif drag.action == "length":
            self._drawing = Line.between(self._picture.frame, self._on_image(drag.start), self._on_image(at))
        elif drag.action == "zoom":
            self._view = self._view.zoomed(drag.zoom_factor(at), (drag.start.x(), drag.start.y()), self.glass)
            self._is_fitted = False
        else:
            self._view = self._view.panned(at.x() - drag.last.x(), at.y() - drag.last.y())
            self._is_fitted = False
        self._drag = replace(drag, last=at)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it; a length shorter than a few pixels of the screen was a click."""
        drag = self._drag
        if drag is None:
            return
        self.mouseMoveEvent(event)
        self._drag = None
        drawn, self._drawing = self._drawing, None
        moved = event.position() - drag.start
        if drawn is not None and moved.manhattanLength() >= _LEAST_LINE_PX:
            self._keep(drawn)
        self._show_cursor()
        self._changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do everything without a mouse."""
        key = Qt.Key(event.key())
        is_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Space:
            self._is_space_down = True
            self._show_cursor()
        elif is_ctrl and key in _ARROWS:
            far = _FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._nudge(*(far * part for part in _ARROWS[key]))
        elif not is_ctrl and key in self._keys:
            self._keys[key]()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space was released."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._is_space_down = False
            self._show_cursor()
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Whoever looks away holds no key down."""
        self._is_space_down = False
        self._show_cursor()
        super().focusOutEvent(event)

    def _key_table(self) -> dict[Qt.Key, Callable[[], object]]:
        keys = Qt.Key
        table: dict[Qt.Key, Callable[[], object]] = {
            keys.Key_Up: lambda: self.step(-1),
            keys.Key_Down: lambda: self.step(1),
            keys.Key_PageUp: lambda: self.step(-_PAGE),
            keys.Key_PageDown: lambda: self.step(_PAGE),
            keys.Key_Home: lambda: self.go_to(1),
            keys.Key_End: lambda: self.go_to(self._count),
            keys.Key_Plus: lambda: self.zoom_by(ZOOM_STEP),
            keys.Key_Equal: lambda: self.zoom_by(ZOOM_STEP),
            keys.Key_Minus: lambda: self.zoom_by(1 / ZOOM_STEP),
            keys.Key_R: self.reset,
            keys.Key_I: self.invert,
            keys.Key_L: lambda: self.set_tool("length"),
            keys.Key_W: lambda: self.set_tool("window"),
            keys.Key_Return: self._draw_in_the_middle,
            keys.Key_Enter: self._draw_in_the_middle,
            keys.Key_Delete: self.remove_length,
        }
        for preset in PRESETS:
            table[Qt.Key(ord(preset.key))] = lambda key=preset.key: self.set_preset(key)  # type: ignore[misc]
        return table

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse points at nothing any more."""
        self._pointed = None
        self.update()
        super().leaveEvent(event)

    def _point_at(self, at: QPointF) -> None:
        x, y = self._on_image(at)
        self._pointed = (int(x // 1), int(y // 1))
        self.update()

    def _nudge(self, dx: float, dy: float) -> None:
        """Change by keys what a drag would change with this tool."""
        window = self.dicom_window
        if self._tool == "length":
            self._move_end(dx, dy)
        elif window is not None:
            here = QPointF(0, 0)
            changed = Drag("window", here, here, window).window_at(QPointF(dx, dy) * 5)
            if changed is not None:
                self.set_window(changed)

    def _draw_in_the_middle(self) -> None:
        if self._picture is None:
            return
        self.set_tool("length")
        width, height = self.glass
        places = ((width * 0.4, height / 2), (width * 0.6, height / 2))
        a, b = (self._on_image(QPointF(*place)) for place in places)
        self.draw_length(a, b)

    def _move_end(self, dx: float, dy: float) -> None:
        line = self._last_line()
        if line is not None and self._picture is not None:
            moved = line.end_moved(self._picture.frame, dx, dy)
            self._lines = self._lines.without_last(self._number)
            self._keep(moved)

    def _on_image(self, at: QPointF) -> tuple[float, float]:
        return self._view.to_image((at.x(), at.y()), self.glass) if self._view else (0.0, 0.0)

    def _show_cursor(self) -> None:
        is_panning = self._is_space_down or (self._drag is not None and self._drag.action == "pan")
        shape = Qt.CursorShape.CrossCursor if self._tool == "length" else Qt.CursorShape.ArrowCursor
        self.setCursor(Qt.CursorShape.SizeAllCursor if is_panning else shape)
