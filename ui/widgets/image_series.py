"""What a canvas knows of the series it shows: which picture, in which window, how large, and what was measured on it.

Pictures are asked for by number and are given when they are decoded; until then the one before stays. A window somebody
chose and the zoom live as long as the series; a picture nobody touched is shown as its file asks. Marks are in a book,
of the canvas alone or shared with others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent

from clinic_app.foundation.numbers import show_number
from clinic_app.imaging import Seen, Window
from clinic_app.imaging.measuring import Mark, Measured, Point
from clinic_app.imaging.measuring.outlines import drawings_of
from clinic_app.imaging.measuring.words import value_lines
from ui import language
from ui.language import Translated, _, say
from ui.pictures import Picture
from ui.widgets.image_gestures import Tool
from ui.widgets.image_mark_book import MarkBook
from ui.widgets.image_marks import Shown
from ui.widgets.image_overlay import Corners
from ui.widgets.image_presets import HOUNSFIELD, PRESETS, Preset
from ui.widgets.image_readings import Readings
from ui.widgets.image_turns import TurnedGlass

ZOOM_STEP: Final = 1.25


class WindowValues(NamedTuple):
    """The window in force, in the image's unit."""

    center: float
    width: float


class LengthValue(NamedTuple):
    """A length and its unit: ``mm``, ``px``, or what an ultrasound region is measured in."""

    value: float
    unit: str


class ImageSeries(Translated, TurnedGlass):
    """The pictures of one series, one at a time, without hands: see `ImageCanvas`.

    Args:
        name: stable object name.

    Signals: ``number_asked(int)``: picture number, from 1, that somebody wants to see; ``tool_changed(str)``;
    ``window_changed``; ``measured``: marks are others; ``mark_taken``: another mark is in hand, or none; ``shown``:
    another picture, or none; ``words_asked(str)``: a mark, by its identifier, wants words.
    """

    number_asked = Signal(int)
    tool_changed = Signal(str)
    window_changed = Signal()
    measured = Signal()
    shown = Signal()
    mark_taken = Signal()
    words_asked = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._tool: Tool = "window"
        self._presets: Sequence[Preset] | None = None
        self._presets_unit: str | None = None
        self._count = self._number = self._wanted = 0
        self._shape: tuple[int, ...] = (0, 0)
        self._own_book = self._book = MarkBook(self)
        self.readings = Readings(self)
        self.readings.added.connect(self.update)
        self._drawing: Mark | None = None
        self._listen_to_book()
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
    def wanted_number(self) -> int:
        """The picture that was asked for last, from 1, whether it is seen yet or not; 0 without one."""
        return self._wanted

    @property
    def image_count(self) -> int:
        """How many pictures the series has."""
        return self._count

    @property
    def last_length(self) -> LengthValue | None:
        """The length drawn last on the picture that is seen; None also where it cannot be measured."""
        mark = self._last_mark("length")
        found = self.measured_of(mark) if mark else None
        return LengthValue(found.values[0].number, found.values[0].unit) if found and found.values else None

    @property
    def book(self) -> MarkBook:
        """The marks."""
        return self._book

    @property
    def place(self) -> tuple[str, int]:
        """File and frame of the picture that is seen; an empty name without one."""
        frame = self._picture.frame if self._picture else None
        return (frame.sop_uid, frame.frame_number) if frame else ("", 0)

    @property
    def is_drawing(self) -> bool:
        """Whether a hand is drawing a mark, or changing one."""
        return self._drawing is not None

    @property
    def image_size(self) -> tuple[int, int]:
        """Columns and rows of the picture that is seen."""
        frame = self._picture.frame if self._picture else None
        return (frame.columns, frame.rows) if frame else (0, 0)

    @property
    def aspect(self) -> float:
        """How high a pixel is by its width."""
        return self._picture.frame.aspect if self._picture else 1.0

    @property
    def unit(self) -> str:
        """Of the values of the picture that is seen; empty without one, or where nobody says."""
        return self._picture.frame.unit if self._picture else ""

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
        drawn = (each for one in self.shown_marks() for each in drawings_of(one.mark, one.lines))
        marks = (*frame.layers.marks, *drawn)
        return Seen(frame, window or frame.default_window, self._is_inverted, self.turn_of(frame), marks)

    def show_series(self, count: int) -> None:
        """Begin a series of ``count`` pictures: window, zoom and own marks of the one before are forgotten."""
        self._count, self._number, self._wanted = count, 0, 0
        self._picture, self._view, self._window, self._is_inverted, self._message = None, None, None, False, ""
        self._drawing, self._pointed, self._is_fitted, self._shape = None, None, True, (0, 0)
        self._own_book.clear()
        self._corners, self._toned, self._layers, self._notes = Corners(), None, None, ()
        self.forget_turn()
        self._changed()

    def show_picture(self, picture: Picture, number: int, corners: Corners) -> None:
        """Show a decoded picture; zoom and a chosen window stay as they are within the series.

        Args:
            picture: made by `picture_of`, in the background.
            number: its place in the series, from 1.
            corners: what the owner says about it.
        """
        shape = picture.frame.stored.shape[:2]
        is_same_shape, self._shape = self._shape == shape, shape  # also where a damaged one lies between
        self._picture, self._number, self._corners, self._message = picture, number, corners, ""
        self._wanted = self._wanted or number
        self._drawing = None
        is_same_turn = self._view is not None and self._view.turn == self.turn_of(picture.frame)
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
        left_out = self._layers.left_out if self._layers is not None and self._picture is not None else 0
        much = (_("Too much is drawn on this image; marks not shown: {count}.", count=left_out),) if left_out else ()
        return (*map(say, notes), *self._notes, *much)

    @property
    def corners(self) -> Corners:
        """What the owner says about the picture that is seen."""
        return self._corners

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

    @property
    def presets(self) -> Sequence[Preset]:
        """Windows by name for the picture that is seen; none where their numbers would mean nothing."""
        picture = self._picture
        if picture is None or picture.frame.is_colour:
            return ()
        if self._presets is None:
            return PRESETS if picture.frame.unit == HOUNSFIELD else ()
        return self._presets if self._presets_unit in (None, picture.frame.unit) else ()

    def use_presets(self, presets: Sequence[Preset] | None, unit: str | None = None) -> None:
        """Take somebody's own windows; None: those everybody knows.

        Args:
            presets: the windows.
            unit: of the values they were made for; None: of any.
        """
        self._presets, self._presets_unit = presets, unit
        self.window_changed.emit()

    def set_preset(self, key: str) -> None:
        """Show a window by its digit, where there is one with it."""
        found = next((preset for preset in self.presets if preset.key == key), None)
        if found is not None:
            self.set_window(found.window)

    def next_own_window(self) -> None:
        """Show the next of the windows the file itself asks for."""
        windows = self._picture.frame.windows if self._picture else ()
        if windows:
            shown = self._window_in_force()
            place = windows.index(shown) + 1 if shown in windows else 0
            self.set_window(windows[place % len(windows)])

    def view_changed(self) -> None:
        """Say anew how it is seen."""
        self._changed()

    def invert(self) -> None:
        """Exchange black and white."""
        self._is_inverted = not self._is_inverted
        self._changed()

    def reset(self) -> None:
        """Show all of the picture as its file asks; lengths stay."""
        self._window, self._is_inverted = None, False
        self.forget_turn()
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

    def use_book(self, book: MarkBook) -> None:
        """Show the marks of another book, and put new ones there."""
        self._book.changed.disconnect(self._follow_book)
        self._book.selection_changed.disconnect(self._follow_selection)
        self._book = book
        self._listen_to_book()
        self._follow_book()

    def sketch(self, mark: Mark | None) -> None:
        """Show a mark while it is drawn or changed; None for none."""
        self._drawing = replace(mark, sop_uid=self.place[0], frame_number=self.place[1]) if mark else None
        self.update()

    def draw(self, mark: Mark) -> None:
        """Put a new mark on the picture that is seen; one that needs words asks for them."""
        here = replace(mark, sop_uid=self.place[0], frame_number=self.place[1])
        if self._picture is None or not here.is_sound:
            return
        made = self._book.put(here)
        if made.kind in ("text", "arrow", "scale") and not made.words:
            self.words_asked.emit(made.uid)

    def draw_length(self, a: Point, b: Point) -> None:
        """Draw a length between two image points."""
        self.draw(Mark("length", (self.inside(a), self.inside(b))))

    def remove_mark(self) -> None:
        """Take the mark in hand away, or the one drawn last on this picture."""
        mine = self._book.on(self.place)
        chosen = self._book.selected if self._book.selected in mine else next(reversed(mine), None)
        if chosen is not None:
            self._book.remove(chosen.uid)

    def inside(self, point: Point) -> Point:
        """Return the nearest place in the picture."""
        columns, rows = self.image_size
        return min(max(point[0], 0.0), float(columns)), min(max(point[1], 0.0), float(rows))

    def measured_of(self, mark: Mark) -> Measured:
        """Return what a mark on the picture that is seen measures."""
        if self._picture is None:
            return Measured()
        return self.readings.of(self._picture.frame, mark, self._book.scale_on(mark.place))

    def lines_of(self, mark: Mark) -> tuple[str, ...]:
        """Return what stands beside a mark, in the language of the windows."""
        return value_lines(mark, self.measured_of(mark), language.current()) if mark.is_sound else ()

    def shown_marks(self) -> Sequence[Shown]:
        """Return the marks on this picture: those of others, mine, and the one being drawn in place of what it was."""
        drawing, selected = self._drawing, self._book.selected
        changed = drawing.uid if drawing else ""
        found = [
            Shown(mark, (*self.lines_of(mark), layer.author), is_mine=False)
            for mark, layer in self._book.others_on(self.place)
            if mark.lies_on(*self.image_size)
        ]
        found += [
            Shown(mark, self.lines_of(mark), is_selected=mark is selected)
            for mark in self._book.on(self.place)
            if mark.uid != changed or drawing is None
        ]
        if drawing is not None:
            found.append(Shown(drawing, self.lines_of(drawing), is_selected=bool(changed)))
        return found

    def foot_lines(self) -> Sequence[str]:
        """Say which picture this is, in which window and how large."""
        lines = [_("Image {number} of {count}", number=self._number, count=self._count)] if self._count else []
        lines += [self.window_words()]
        if self._picture is not None:
            lines.append(_("Zoom {percent} %", percent=round(self.zoom * 100)))
            lines.insert(0, self._value_words(self._picture))
        return [line for line in lines if line]

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
        words = [self.window_words(), self._mark_words(), self._message]
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

    def _mark_words(self) -> str:
        """Return for a screen reader what the mark in hand, or the one drawn last, measures."""
        mine = self._book.on(self.place)
        mark = self._book.selected if self._book.selected in mine else next(reversed(mine), None)
        if mark is None:
            return ""
        lines = ", ".join(self.lines_of(mark))
        return _("length {words}", words=lines) if mark.kind == "length" else lines

    def _last_mark(self, kind: str) -> Mark | None:
        return next((mark for mark in reversed(self._book.on(self.place)) if mark.kind == kind), None)

    def _listen_to_book(self) -> None:
        self._book.changed.connect(self._follow_book)
        self._book.selection_changed.connect(self._follow_selection)

    def _follow_selection(self) -> None:
        self.update()
        self.mark_taken.emit()

    def _follow_book(self) -> None:
        self._changed()
        self.measured.emit()

    def _window_in_force(self) -> Window | None:
        if self._picture is None or self._picture.frame.is_colour:
            return None
        return self._window or self._picture.frame.default_window

    def _changed(self) -> None:
        self.retranslate()
        self.shown.emit()
