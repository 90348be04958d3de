"""Drawing marks by hand, and changing those that are drawn.

Two ends are drawn by one drag; an angle's third end and the second line of Cobb's angle by the next. Free regions
follow the hand. What comes near a mark takes it: a handle of the one in hand, or a line of any of mine. Esc forgets
what is being drawn, Ctrl draws also where a mark lies already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt

from clinic_app.imaging.measuring import Kind, Mark, Point
from clinic_app.imaging.measuring.marks import ellipse_points, head_points, thinned_out
from ui.widgets.image_gestures import LEAST_DRAG_PX, CanvasTool, Still, Touch
from ui.widgets.image_marks import handle_at, is_near

if TYPE_CHECKING:
    from ui.widgets.image_series import ImageSeries

USUAL_HEAD: Final = 0.78
"""Short by long axis of a head, to begin with; both are pulled to its edge afterwards."""
KNOWN_MM: Final = 100.0
_BETWEEN_PX: Final = 4.0


class MarkTool(Still):
    """Draws marks of one kind.

    Args:
        canvas: on whose picture.
        kind: of the marks.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: ImageSeries, kind: Kind) -> None:
        self._canvas = canvas
        self._kind = kind
        self._start: Touch | None = None
        self._line: list[Point] = []
        self._before: tuple[Point, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Whether a mark is begun that needs another drag."""
        return bool(self._before)

    def press(self, touch: Touch) -> None:
        """Begin, or go on with what was begun."""
        self._start, self._line = touch, [self._canvas.inside(touch.image)]
        if self._before or self._kind in ("point", "text"):
            self._sketch(touch)

    def move(self, touch: Touch) -> None:
        """Show the mark so far."""
        self._line.append(self._canvas.inside(touch.image))
        self._sketch(touch)

    def hover(self, touch: Touch) -> None:
        """Show what the next end would make."""
        if self._before:
            self._sketch(touch)

    def release(self, touch: Touch) -> None:
        """Keep the mark, or wait for its next end; a click draws nothing that has a length."""
        start, self._start = self._start, None
        if start is None:
            return
        is_click = (touch.glass - start.glass).manhattanLength() < LEAST_DRAG_PX
        if self._before:
            self._end_second(touch, is_click=is_click)
        elif self._kind in ("angle", "cobb") and not is_click:
            self._before = (self._line[0], self._canvas.inside(touch.image))
        elif is_click and self._kind not in ("point", "text"):
            self.cancel()
        else:
            self._keep(self._points(touch))

    def cancel(self) -> None:
        """Draw nothing."""
        self._start, self._line, self._before = None, [], ()
        self._canvas.sketch(None)

    def _end_second(self, touch: Touch, *, is_click: bool) -> None:
        if self._kind == "cobb" and is_click:
            return  # the second line is a drag as well
        self._keep(self._points(touch))

    def _points(self, touch: Touch) -> tuple[Point, ...]:
        """Return the points of the mark if it ended here."""
        canvas, end = self._canvas, self._canvas.inside(touch.image)
        begin = self._line[0] if self._line else end
        if self._kind == "angle":
            return (*self._before, end) if self._before else (begin, end)
        if self._kind == "cobb":
            return (*self._before, begin, end) if self._before else (begin, end)
        if self._kind == "ellipse":
            return ellipse_points(begin, end)
        if self._kind == "head ellipse":
            return head_points(begin, end, USUAL_HEAD, canvas.aspect)
        if self._kind == "free":
            return thinned_out(self._line, _BETWEEN_PX / max(canvas.zoom, 0.01))
        if self._kind in ("point", "text"):
            return (end,)
        return (begin, end)

    def _sketch(self, touch: Touch) -> None:
        self._canvas.sketch(self._made(self._points(touch)))

    def _keep(self, points: tuple[Point, ...]) -> None:
        self.cancel()
        self._canvas.draw(self._made(points))

    def _made(self, points: tuple[Point, ...]) -> Mark:
        return Mark(self._kind, points, known_mm=KNOWN_MM if self._kind == "scale" else 0.0)


class EditTool(Still):
    """Moves a mark, or one of its points.

    Args:
        canvas: on whose picture.
        mark: which.
        handle: number of the point; None moves all of it.
    """

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, canvas: ImageSeries, mark: Mark, handle: int | None) -> None:
        self._canvas = canvas
        self._mark = mark
        self._handle = handle
        self._start: Touch | None = None
        self._changed = mark

    def press(self, touch: Touch) -> None:
        """Take it in hand."""
        self._start = touch
        self._canvas.book.select(self._mark.uid)

    def move(self, touch: Touch) -> None:
        """Show it where the hand is; less than a few pixels of the screen were a click."""
        start = self._start
        if start is None or (touch.glass - start.glass).manhattanLength() < LEAST_DRAG_PX:
            return
        if self._handle is not None:
            at = self._canvas.inside(touch.image)
            self._changed = self._mark.with_point(self._handle, at, self._canvas.aspect)
        else:
            columns, rows = self._canvas.image_size
            dx, dy = touch.image[0] - start.image[0], touch.image[1] - start.image[1]
            self._changed = self._mark.moved(dx, dy, columns, rows)
        self._canvas.sketch(self._changed)

    def release(self, touch: Touch) -> None:
        """Leave it there; one step of the book. What was taken away while it was held stays away."""
        self.move(touch)
        self._canvas.sketch(None)
        if self._canvas.book.find(self._mark.uid) is not None:
            self._canvas.book.put(self._changed)

    def cancel(self) -> None:
        """Leave it where it was."""
        self._canvas.sketch(None)


def tool_taking(canvas: ImageSeries, touch: Touch, *, is_drawing: bool) -> CanvasTool | None:
    """Return what a press would take instead of drawing or changing the window: a handle, or a mark.

    Args:
        canvas: where it was pressed.
        touch: the place.
        is_drawing: a tool that draws is in hand; else only the mark in hand is moved.
    """
    if touch.modifiers & Qt.KeyboardModifier.ControlModifier:
        return None
    selected, place = canvas.book.selected, canvas.place
    if selected is not None and selected.place == place:
        handle = handle_at(selected, touch.glass, canvas.to_glass)
        if handle is not None:
            return EditTool(canvas, selected, handle)
    found = mark_at(canvas, touch)
    if found is not None and (is_drawing or found is selected):
        return EditTool(canvas, found, None)
    return None


def mark_at(canvas: ImageSeries, touch: Touch) -> Mark | None:
    """Return the mark of mine at a place, by its lines or its words, the last drawn first."""
    mine = canvas.book.on(canvas.place)
    near = (mark for mark in reversed(mine) if is_near(mark, touch.glass, canvas.to_glass))
    by_words = canvas.mark_of_words_at(touch.glass)
    return next(near, None) or (canvas.book.find(by_words) if by_words else None)


def middle_mark(canvas: ImageSeries, kind: Kind, place_of: Callable[[float, float], Point]) -> Mark:
    """Return a mark of a usual size in the middle of what is seen, for whoever has no mouse.

    Args:
        canvas: where.
        kind: of the mark.
        place_of: gives the image point at shares of the glass' width and height.
    """
    left, right, top, bottom = 0.4, 0.6, 0.4, 0.6
    a, b, middle = place_of(left, 0.5), place_of(right, 0.5), place_of(0.5, 0.5)
    points: dict[str, tuple[Point, ...]] = {
        "angle": (place_of(right, top), a, b),
        "cobb": (place_of(left, top), place_of(right, top), place_of(left, bottom), place_of(right, 0.65)),
        "ellipse": ellipse_points(place_of(left, top), place_of(right, bottom)),
        "rectangle": (place_of(left, top), place_of(right, bottom)),
        "free": tuple(
            place_of(0.5 + 0.1 * math.cos(turn * math.pi / 4), 0.5 + 0.1 * math.sin(turn * math.pi / 4))
            for turn in range(8)
        ),
        "head ellipse": head_points(a, b, USUAL_HEAD, canvas.aspect),
        "point": (middle,),
        "text": (middle,),
    }
    inside = tuple(canvas.inside(point) for point in points.get(kind, (a, b)))
    return Mark(kind, inside, known_mm=KNOWN_MM if kind == "scale" else 0.0)
