"""A series of pictures to read: window, stack, zoom, pan and lengths, by mouse and by keyboard.

Mouse: drag changes the window (across its width, down its center) or draws a length; the wheel leafs; Ctrl and wheel or
the right button zoom; the middle button, or Space and drag, moves the picture.
Keys: Up, Down, PageUp, PageDown, Home, End leaf; + and - zoom; R shows the picture as it came; I inverts; L draws
lengths, W windows; 1 to 5 are windows for CT; Enter puts a length in the middle, Ctrl and arrows move its second end
(with Shift by ten pixels), Delete takes the last one away.

The canvas asks for pictures by number and is given them when they are decoded; until then the one before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)

from clinic_app.foundation.numbers import show_number
from clinic_app.imaging import Window
from ui import language
from ui.language import Translated, _
from ui.widgets.image_drag import Drag, Tool, action_of
from ui.widgets.image_glass import ImageGlass
from ui.widgets.image_lengths import Line, Lines
from ui.widgets.image_overlay import Corners
from ui.widgets.image_picture import Picture
from ui.widgets.image_presets import HOUNSFIELD, PRESETS

_NOTCH: Final = 120
_ZOOM_PER_UNIT: Final = 1.0015
_ZOOM_STEP: Final = 1.25
_PAGE: Final = 10
_LEAST_LINE_PX: Final = 3.0
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class WindowValues(NamedTuple):
    """The window in force, in the image's unit."""

    center: float
    width: float


class LengthValue(NamedTuple):
    """A length and its unit, ``mm`` or ``px``."""

    value: float
    unit: str


class ImageCanvas(Translated, ImageGlass):
    """The pictures of one series, one at a time.

    Args:
        name: stable object name.

    Signals: ``number_asked(int)``: picture number, from 1, that somebody wants to see; ``tool_changed(str)``;
    ``window_changed``; ``measured``: a length was drawn, changed or taken away; ``shown``: another picture, or none.
    """

    number_asked = Signal(int)
    tool_changed = Signal(str)
    window_changed = Signal()
    measured = Signal()
    shown = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._tool: Tool = "window"
        self._count = self._number = self._wanted = 0
        self._lines = Lines()
        self._drawing: Line | None = None
        self._drag: Drag | None = None
        self._is_space_down = False
        self._turned = 0
        self._keys = self._key_table()
        self.set_tool("window")
        self.retranslate()

    @property
    def window(self) -> WindowValues | None:  # type: ignore[override]
        """The window in force; None without a picture and for colour."""
        shown = self._window_in_force()
        return WindowValues(shown.center, shown.width) if shown else None

    @property
    def dicom_window(self) -> Window | None:
        """The window in force with its curve, as the core takes it."""
        return self._window_in_force()

    @property
    def zoom(self) -> float:
        """Logical pixels of the screen for one pixel of the image; 0 without a picture."""
        return self._view.zoom if self._view and self._picture else 0.0

    @property
    def image_number(self) -> int:
        """The picture that is seen, from 1; 0 without one."""
        return self._number

    @property
    def image_count(self) -> int:
        """How many pictures the series has."""
        return self._count

    @property
    def last_length(self) -> LengthValue | None:
        """The length drawn last on the picture that is seen."""
        line = self._last_line()
        return LengthValue(line.measured.value, line.measured.unit) if line else None

    @property
    def tool(self) -> Tool:
        """What a drag with the left button does."""
        return self._tool

    @property
    def is_inverted(self) -> bool:
        """Whether black and white are exchanged on somebody's wish."""
        return self._is_inverted

    @property
    def picture(self) -> Picture | None:
        """The picture that is seen."""
        return self._picture

    def show_series(self, count: int) -> None:
        """Begin a series of ``count`` pictures: window, zoom and lengths of the one before are forgotten."""
        self._count, self._number, self._wanted = count, 0, 0
        self._picture, self._view, self._window, self._is_inverted, self._message = None, None, None, False, ""
        self._lines, self._drawing, self._drag, self._is_fitted = Lines(), None, None, True
        self._corners = Corners()
        self._changed()

    def show_picture(self, picture: Picture, number: int, corners: Corners) -> None:
        """Show a decoded picture; zoom and a chosen window stay as they are within the series.

        Args:
            picture: made by `picture_of`, in the background.
            number: its place in the series, from 1.
            corners: what the owner says about it.
        """
        before = self._picture
        is_same_shape = before is not None and before.frame.stored.shape[:2] == picture.frame.stored.shape[:2]
        self._picture, self._number, self._corners, self._message = picture, number, corners, ""
        self._wanted = self._wanted or number
        self._drawing = None
        if self._is_fitted or self._view is None or not is_same_shape:
            self._fit()
        self._changed()

    def show_words(self, number: int, words: str) -> None:
        """Say in the place of a picture why it cannot be seen."""
        self._picture, self._number, self._message = None, number, words
        self._wanted = self._wanted or number
        self._changed()

    def set_corners(self, corners: Corners) -> None:
        """Say something else about the picture that is seen."""
        self._corners = corners
        self.update()

    def go_to(self, number: int) -> None:
        """Ask for a picture of the series."""
        number = min(max(number, 1), self._count)
        if number != self._wanted and self._count:
            self._wanted = number
            self.number_asked.emit(number)

    def step(self, by: int) -> None:
        """Ask for the picture so many places further."""
        self.go_to(self._wanted + by)

    def set_tool(self, tool: Tool) -> None:
        """Choose what the left button does."""
        self._tool = tool
        self._show_cursor()
        self.tool_changed.emit(tool)

    def set_window(self, window: Window) -> None:
        """Show the series in this window; a colour picture has none."""
        if self._window_in_force() is not None:
            self._window = window
            self.window_changed.emit()
            self._changed()

    def set_preset(self, key: str) -> None:
        """Show a window for CT by its digit; other pictures have no such window."""
        if self._picture is not None and self._picture.frame.unit == HOUNSFIELD:
            self.set_window(next(preset.window for preset in PRESETS if preset.key == key))

    def invert(self) -> None:
        """Exchange black and white."""
        self._is_inverted = not self._is_inverted
        self._changed()

    def reset(self) -> None:
        """Show all of the picture as its file asks; lengths stay."""
        self._window, self._is_inverted = None, False
        self._fit()
        self.window_changed.emit()
        self._changed()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge around a place of the glass, by default its middle."""
        if self._view is not None:
            place = at or QPointF(self.width() / 2, self.height() / 2)
            self._view = self._view.zoomed(factor, (place.x(), place.y()), self.glass)
            self._is_fitted = False
            self._changed()

    def draw_length(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        """Draw a length between two image points."""
        if self._picture is not None:
            self._keep(Line.between(self._picture.frame, a, b))

    def remove_length(self) -> None:
        """Take the length drawn last on this picture away."""
        self._lines = self._lines.without_last(self._number)
        self._tell_length()

    def foot_lines(self) -> Sequence[str]:
        """Say which picture this is, in which window and how large."""
        lines = [_("Image {number} of {count}", number=self._number, count=self._count)] if self._count else []
        lines += [self.window_words()]
        if self._picture is not None:
            lines.append(_("Zoom {percent} %", percent=round(self.zoom * 100)))
        return [line for line in lines if line]

    def seen_lines(self) -> Sequence[Line]:
        """Return the lengths on this picture and the one being drawn."""
        return (*self._lines.on(self._number), *([self._drawing] if self._drawing else []))

    def window_words(self) -> str:
        """Return width and center in words; empty for colour."""
        shown = self._window_in_force()
        if shown is None:
            return ""
        width, center = (show_number(round(value), language.current()) for value in (shown.width, shown.center))
        return _("Window {width}, level {center}", width=width, center=center)

    def retranslate(self) -> None:
        """Say for a screen reader which picture is seen, how, and what was measured."""
        name = _("Image {number} of {count}", number=self._number, count=self._count)
        self.setAccessibleName(name if self._number else _("No image is open"))
        line = self._last_line()
        words = [self.window_words(), _("length {words}", words=line.words()) if line else "", self._message]
        self.setAccessibleDescription(", ".join(word for word in words if word))
        for what in (QAccessible.Event.NameChanged, QAccessible.Event.DescriptionChanged):
            QAccessible.updateAccessibility(QAccessibleEvent(self, what))
        self.update()

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
        if drag is None or self._picture is None or self._view is None:
            return
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
            far = 10.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self._move_end(*(far * part for part in _ARROWS[key]))
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
            keys.Key_Plus: lambda: self.zoom_by(_ZOOM_STEP),
            keys.Key_Equal: lambda: self.zoom_by(_ZOOM_STEP),
            keys.Key_Minus: lambda: self.zoom_by(1 / _ZOOM_STEP),
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

    def _draw_in_the_middle(self) -> None:
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

    def _keep(self, line: Line) -> None:
        self._lines = self._lines.added(self._number, line)
        self._tell_length()

    def _tell_length(self) -> None:
        self._changed()
        self.measured.emit()

    def _last_line(self) -> Line | None:
        return self._lines.last_on(self._number)

    def _window_in_force(self) -> Window | None:
        if self._picture is None or self._picture.frame.is_colour:
            return None
        return self._window or self._picture.frame.default_window

    def _on_image(self, at: QPointF) -> tuple[float, float]:
        return self._view.to_image((at.x(), at.y()), self.glass) if self._view else (0.0, 0.0)

    def _show_cursor(self) -> None:
        is_panning = self._is_space_down or (self._drag is not None and self._drag.action == "pan")
        shape = Qt.CursorShape.CrossCursor if self._tool == "length" else Qt.CursorShape.ArrowCursor
        self.setCursor(Qt.CursorShape.SizeAllCursor if is_panning else shape)

    def _changed(self) -> None:
        self.retranslate()
        self.shown.emit()
