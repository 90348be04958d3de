"""A series of pictures to read: window, stack, zoom, pan and marks, by mouse and by keyboard.

Mouse: drag changes the window (across its width, down its center) or draws with the tool in hand; a handle or a mark
is moved; the wheel leafs; Ctrl and wheel or the right button zoom; the middle button, or Space and drag, moves the
picture; a double click, or the menu of the right button, writes to a mark.
Keys: Up, Down, PageUp, PageDown, Home, End leaf; + and - zoom; R shows the picture as it came; I inverts; W changes
windows, and each kind of mark has its letter (see `mark_kinds`); 1 to 5 are windows for CT. Enter puts a mark of the
kind in hand in the middle, Delete takes the one in hand away, F2 writes its words, F3 takes its next point in hand,
Ctrl and C copies it, Ctrl and Z takes a step back, Ctrl and Y takes it again, Esc forgets what is being drawn.
With Ctrl the arrows move that point while marks are drawn, with Alt all of the mark, else they change the window; ten
times as far with Shift.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent

from ui.pictures import Picture
from ui.widgets.image_gestures import (
    LEAST_DRAG_PX,
    CanvasTool,
    PanTool,
    Tool,
    Touch,
    WindowTool,
    ZoomTool,
    window_after,
)
from ui.widgets.image_overlay import Corners
from ui.widgets.image_series import ZOOM_STEP, ImageSeries
from ui.widgets.mark_gestures import MarkTool, mark_at, tool_taking
from ui.widgets.mark_hands import MarkHands
from ui.widgets.mark_kinds import MARK_KINDS
from ui.widgets.plain_keys import plain_key

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

    Its signals and what it is given are those of `ImageSeries`; ``double_clicked``: where nothing is drawn.
    """

    double_clicked = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._tools: dict[Tool, CanvasTool] = {"window": WindowTool(self)}
        self._tools.update({each.kind: MarkTool(self, each.kind) for each in MARK_KINDS})
        self._pressed = QPointF()
        self.hands = MarkHands(self)
        self._pan, self._nearer, self._window_too = PanTool(self), ZoomTool(self), WindowTool(self)
        self._of_view: tuple[CanvasTool, ...] = (self._tools["window"], self._pan, self._nearer, self._window_too)
        self._held: CanvasTool | None = None
        self._is_space_down = False
        self._turned = 0
        self._keys = self._key_table()

    def show_series(self, count: int) -> None:
        """Begin a series; a drag under way is over."""
        self._let_go()
        self._turned = 0
        super().show_series(count)

    def show_picture(self, picture: Picture, number: int, corners: Corners) -> None:
        """Show a picture; what was begun on another one is forgotten."""
        if (picture.frame.sop_uid, picture.frame.frame_number) != self.place:
            self._let_go(is_picture_new=True)
        super().show_picture(picture, number, corners)

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
        if tool is None or self._picture is None or self._held is not None:
            return
        touch, self._pressed = self._touch(event), event.position()
        if tool is self._tools[self._tool] and not tool.is_pending:
            tool = tool_taking(self, touch, is_drawing=isinstance(tool, MarkTool)) or tool
        self._held = tool
        tool.press(touch)
        self._show_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Write the words of the mark at this place."""
        mark = mark_at(self, self._touch(event)) if event.button() == Qt.MouseButton.LeftButton else None
        if mark is not None:
            self._let_go()
            self.hands.ask_words(mark.uid)
        elif self._tool == "window" and event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()
        else:
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it; many moves between two turns of the event loop are painted once."""
        self.move_lens(event.position())
        if self._held is None:
            self._point_at(event.position())
            if self._tools[self._tool].is_pending:
                self._tools[self._tool].hover(self._touch(event))
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
        if (event.position() - self._pressed).manhattanLength() < LEAST_DRAG_PX:
            self._end_click(tool, self._touch(event))
        self._show_cursor()
        self._changed()

    def _end_click(self, tool: CanvasTool, touch: Touch) -> None:
        """A click that drew nothing takes the mark at its place in hand, or none; with the right button, its menu."""
        if tool in (self._nearer, self._window_too) and (mark := mark_at(self, touch)) is not None:
            self.hands.ask_menu(touch.glass.toPoint(), mark)
        elif isinstance(tool, WindowTool):
            found = mark_at(self, touch)
            self.book.select(found.uid if found else "")

    def _tool_of(self, button: Qt.MouseButton) -> CanvasTool | None:
        """Return what a button works with, None for one without a meaning."""
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._is_space_down):
            return self._pan
        if button == Qt.MouseButton.RightButton:
            return self._nearer if self._tool == "window" else self._window_too
        return self._tools[self._tool] if button == Qt.MouseButton.LeftButton else None

    def _touch(self, event: QMouseEvent) -> Touch:
        return Touch(event.position(), self.to_image(event.position()), event.modifiers())

    def _let_go(self, *, is_picture_new: bool = False) -> None:
        """Whatever is under way is forgotten; another picture ends what is drawn, but no drag of window or view."""
        if self._held is not None and not (is_picture_new and self._held in self._of_view):
            self._held.cancel()
            self._held = None
        if self._tools[self._tool].is_pending:
            self._tools[self._tool].cancel()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do everything without a mouse."""
        key = plain_key(event)
        is_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key == Qt.Key.Key_Space:
            self._is_space_down = True
            self._show_cursor()
        elif (key == Qt.Key.Key_Escape and self._forget()) or self.hands.key(event):
            pass
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

    def hideEvent(self, event: QHideEvent) -> None:
        """Behind the lock, or another screen, no hand holds anything: the button comes up where nobody sees it."""
        if not event.spontaneous():
            self._let_go()
            self._is_space_down = False
            self._show_cursor()
        super().hideEvent(event)

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
            keys.Key_W: lambda: self.set_tool("window"),
            keys.Key_0: self.next_own_window,
            keys.Key_H: self.flip_across,
            keys.Key_V: self.flip_down,
            keys.Key_Q: self.turn_right,
            keys.Key_Z: self.toggle_lens,
            keys.Key_X: self.show_pixels,
            keys.Key_N: self.show_true_size,
        }
        for each in (kind for kind in MARK_KINDS if len(kind.key) == 1):
            table[Qt.Key(ord(each.key))] = lambda kind=each.kind: self.set_tool(kind)  # type: ignore[misc]
        for digit in "123456789":
            table[Qt.Key(ord(digit))] = lambda digit=digit: self.set_preset(digit)  # type: ignore[misc]
        return table

    def leaveEvent(self, event: QEvent) -> None:
        """The mouse points at nothing any more."""
        self._pointed = None
        self.move_lens(None)
        self.update()
        super().leaveEvent(event)

    def _point_at(self, at: QPointF) -> None:
        x, y = self.to_image(at)
        self._pointed = (int(x // 1), int(y // 1))
        self.update()

    def _nudge(self, dx: float, dy: float) -> None:
        """Change the window by keys as a drag would."""
        window = self.dicom_window
        if window is not None:
            self.set_window(window_after(window, QPointF(dx, dy) * 5))

    def _forget(self) -> bool:
        """Forget what is being drawn, or have no mark in hand; returns whether there was anything."""
        if self._held is not None or self._tools[self._tool].is_pending:
            self._let_go()
        elif self.book.selected is not None:
            self.book.select("")
        else:
            return False
        self._show_cursor()
        return True

    def _show_cursor(self) -> None:
        tool = self._pan if self._is_space_down else self._held or self._tools[self._tool]
        self.setCursor(tool.cursor)
