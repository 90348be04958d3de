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
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent

from ui.widgets.image_presets import PRESETS
from ui.widgets.image_series import ZOOM_STEP, ImageSeries
from ui.widgets.image_tools import CanvasTool, LengthTool, PanTool, Tool, Touch, WindowTool, ZoomTool, window_after

_NOTCH: Final = 120
_ZOOM_PER_UNIT: Final = 1.0015
_PAGE: Final = 10
_FAR: Final = 10.0
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
        self._tools: dict[Tool, CanvasTool] = {"window": WindowTool(self), "length": LengthTool(self)}
        self._pan, self._nearer = PanTool(self), ZoomTool(self)
        self._held: CanvasTool | None = None
        self._is_space_down = False
        self._turned = 0
        self._keys = self._key_table()

    def show_series(self, count: int) -> None:
        """Begin a series; a drag under way is over."""
        self._held, self._turned = None, 0
        super().show_series(count)

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left button does."""
        self._let_go()
        super().set_tool(tool)
        self._show_cursor()

    @property
    def held(self) -> CanvasTool | None:
        """The tool that has the mouse while a button is down."""
        return self._held

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
        tool = self._tool_of(event.button())
        if tool is not None and self._picture is not None and self._held is None:
            self._held = tool
            tool.press(self._touch(event))
            self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it; many moves between two turns of the event loop are painted once."""
        if self._held is None:
            self._point_at(event.position())
        elif self._picture is not None and self._view is not None:
            self._held.move(self._touch(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        tool = self._held
        if tool is None:
            return
        self.mouseMoveEvent(event)
        self._held = None
        tool.release(self._touch(event))
        self._show_cursor()
        self._changed()

    def _tool_of(self, button: Qt.MouseButton) -> CanvasTool | None:
        """Return what a button works with, None for one without a meaning."""
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._is_space_down):
            return self._pan
        if button == Qt.MouseButton.RightButton:
            return self._nearer
        return self._tools[self._tool] if button == Qt.MouseButton.LeftButton else None

    def _touch(self, event: QMouseEvent) -> Touch:
        return Touch(event.position(), self._on_image(event.position()), event.modifiers())

    def _let_go(self) -> None:
        """Whatever is under way is forgotten."""
        if self._held is not None:
            self._held.cancel()
            self._held = None

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
            self.set_window(window_after(window, QPointF(dx, dy) * 5))

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
        tool = self._pan if self._is_space_down else self._held or self._tools[self._tool]
        self.setCursor(tool.cursor)
