"""What a canvas knows of the series it shows: which picture, in which window, how large, and what was measured on it.

Pictures are asked for by number and are given when they are decoded; until then the one before stays. A window somebody
chose, the zoom and the lengths live as long as the series; a picture nobody touched is shown as its file asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent

from clinic_app.foundation.numbers import show_number
from clinic_app.imaging import Seen, Window
from ui import language
from ui.language import Translated, _, say
from ui.pictures import Picture
from ui.widgets.image_glass import ImageGlass
from ui.widgets.image_lengths import Line, Lines
from ui.widgets.image_overlay import Corners
from ui.widgets.image_presets import HOUNSFIELD, PRESETS
from ui.widgets.image_tools import Tool
from ui.widgets.image_view import Point

ZOOM_STEP: Final = 1.25


class WindowValues(NamedTuple):
    """The window in force, in the image's unit."""

    center: float
    width: float


class LengthValue(NamedTuple):
    """A length and its unit, ``mm`` or ``px``."""

    value: float
    unit: str


class ImageSeries(Translated, ImageGlass):
    """The pictures of one series, one at a time, without hands: see `ImageCanvas`.

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
        self._pointed: tuple[int, int] | None = None
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

    @property
    def seen(self) -> Seen | None:
        """The picture as it is seen now, with what was measured on it; None without one."""
        window, frame = self._window_in_force(), self._picture.frame if self._picture else None
        if frame is None:
            return None
        lines = (mark for line in self._lines.on(self._number) for mark in line.marks())
        marks = (*frame.layers.marks, *lines)
        return Seen(frame, window or frame.default_window, self._is_inverted, frame.turn, marks)

    def show_series(self, count: int) -> None:
        """Begin a series of ``count`` pictures: window, zoom and lengths of the one before are forgotten."""
        self._count, self._number, self._wanted = count, 0, 0
        self._picture, self._view, self._window, self._is_inverted, self._message = None, None, None, False, ""
        self._lines, self._drawing, self._pointed, self._is_fitted = Lines(), None, None, True
        self._corners, self._toned, self._layers, self._notes = Corners(), None, None, ()
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
        is_same_turn = self._view is not None and self._view.turn == picture.frame.turn
        if self._is_fitted or not is_same_turn or not is_same_shape:
            self._fit()
        self._changed()

    def show_words(self, number: int, words: str) -> None:
        """Say in the place of a picture why it cannot be seen."""
        self._picture, self._number, self._message = None, number, words
        self._wanted = self._wanted or number
        self._changed()

    def set_notes(self, notes: Sequence[str]) -> None:
        """Say something that must be seen about the series: what is damaged, why somebody chose these pictures."""
        if tuple(notes) != self._notes:
            self._notes = tuple(notes)
            self.retranslate()

    def note_lines(self) -> Sequence[str]:
        """Return what is wrong with the picture, and what is said about the series."""
        notes = self._picture.frame.notes if self._picture else ()
        return (*map(say, notes), *self._notes)

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
            self.drag_zoom(factor, at or QPointF(self.width() / 2, self.height() / 2))
            self._changed()

    def drag_window(self, window: Window) -> None:
        """Show this window while a drag goes on; what is said about it follows when it ends."""
        if self._window_in_force() is not None:
            self._window = window
            self.window_changed.emit()
            self.update()

    def drag_zoom(self, factor: float, at: QPointF) -> None:
        """Enlarge around a place of the glass while a drag goes on."""
        if self._view is not None:
            self._view = self._view.zoomed(factor, (at.x(), at.y()), self.glass)
            self._is_fitted = False
            self.update()

    def drag_picture(self, dx: float, dy: float) -> None:
        """Move the picture by so many logical pixels while a drag goes on."""
        if self._view is not None:
            self._view = self._view.panned(dx, dy)
            self._is_fitted = False
            self.update()

    def sketch_length(self, a: Point | None, b: Point | None) -> None:
        """Show a length that is being drawn; None for none."""
        frame = self._picture.frame if self._picture else None
        self._drawing = Line.between(frame, a, b) if frame is not None and a and b else None
        self.update()

    def draw_length(self, a: Point, b: Point) -> None:
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
            lines.insert(0, self._value_words(self._picture))
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
        words += [*self.note_lines(), *self._legend()]
        self.setAccessibleDescription(", ".join(word for word in words if word))
        for what in (QAccessible.Event.NameChanged, QAccessible.Event.DescriptionChanged):
            QAccessible.updateAccessibility(QAccessibleEvent(self, what))
        self.update()

    def _value_words(self, picture: Picture) -> str:
        """Return the value of the stored pixel under the mouse."""
        value = picture.frame.value_at(*self._pointed) if self._pointed else None
        if value is None:
            return ""
        return _("Value {value}", value=show_number(round(value, 2), language.current())) + f" {picture.frame.unit}"

    def _legend(self) -> Sequence[str]:
        """Return the names of what is marked on the picture by colour."""
        return [name for name, _colour in self._picture.frame.layers.legend] if self._picture else []

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

    def _changed(self) -> None:
        self.retranslate()
        self.shown.emit()
