"""What the left button of the mouse does to a picture: one tool at a time, each a class of its own.

A tool is told where it touches in two ways: on the glass, for what moves the view, and in pixels of the stored image,
for what is drawn. It asks the canvas for changes and never paints; so every tool works whatever turn, mirror or zoom
the picture is seen in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from PySide6.QtCore import QPointF, Qt

from clinic_app.imaging import Window
from clinic_app.imaging.measuring import Kind
from ui.widgets.image_view import Point

if TYPE_CHECKING:
    from ui.widgets.image_series import ImageSeries

Tool = Literal["window"] | Kind
_WIDTH_PER_PX: Final = 1 / 250
"""Share of the width a drag of one pixel changes: a hand's breadth goes through every window."""
_ZOOM_PER_PX: Final = 1.008
LEAST_WIDTH: Final = 1.0
LEAST_DRAG_PX: Final = 3.0
"""What moved less was a click."""


@dataclass(frozen=True)
class Touch:
    """Where the mouse is.

    Args:
        glass: in logical pixels of the canvas.
        image: in pixels of the stored image.
        modifiers: keys held down.
    """

    glass: QPointF
    image: Point
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier


class CanvasTool(Protocol):
    """A tool. Between `press` and `release` it has the mouse for itself."""

    @property
    def cursor(self) -> Qt.CursorShape:
        """The mouse's shape while it is in hand."""
        ...

    def press(self, touch: Touch) -> None:
        """Begin."""
        ...

    def move(self, touch: Touch) -> None:
        """Go on; called between two turns of the event loop as often as the mouse says so."""
        ...

    def release(self, touch: Touch) -> None:
        """End."""
        ...

    def hover(self, touch: Touch) -> None:
        """The mouse moved without a button."""
        ...

    def cancel(self) -> None:
        """Forget what is under way: Esc, another picture, another tool."""
        ...

    @property
    def is_pending(self) -> bool:
        """Whether something is begun that goes on with the next press."""
        ...


class Still:
    """A tool that does nothing; what a tool does not say of itself is said here."""

    cursor: Qt.CursorShape = Qt.CursorShape.ArrowCursor

    @property
    def is_pending(self) -> bool:
        """Whether something is begun that goes on with the next press."""
        return False

    def press(self, touch: Touch) -> None:
        """Begin."""

    def move(self, touch: Touch) -> None:
        """Go on."""

    def release(self, touch: Touch) -> None:
        """End."""

    def hover(self, touch: Touch) -> None:
        """The mouse moved without a button."""

    def cancel(self) -> None:
        """Forget what is under way."""


class WindowTool(Still):
    """Changes the window: to the right wider, downwards darker.

    Args:
        canvas: whose window.
    """

    def __init__(self, canvas: ImageSeries) -> None:
        self._canvas = canvas
        self._start = QPointF()
        self._window: Window | None = None

    def press(self, touch: Touch) -> None:
        """Remember the window as it is."""
        self._start, self._window = touch.glass, self._canvas.dicom_window

    def move(self, touch: Touch) -> None:
        """Change it by all of the way from where the button was pressed."""
        if self._window is not None:
            self._canvas.drag_window(window_after(self._window, touch.glass - self._start))

    def cancel(self) -> None:
        """Show the window as it was."""
        if self._window is not None:
            self._canvas.drag_window(self._window)
        self._window = None


class ZoomTool(Still):
    """Brings the picture nearer upwards, around the place where the button was pressed.

    Args:
        canvas: whose picture.
    """

    def __init__(self, canvas: ImageSeries) -> None:
        self._canvas = canvas
        self._start = self._last = QPointF()

    def press(self, touch: Touch) -> None:
        """Remember where."""
        self._start = self._last = touch.glass

    def move(self, touch: Touch) -> None:
        """Zoom by the step since the last move."""
        factor = float(_ZOOM_PER_PX ** (self._last.y() - touch.glass.y()))
        self._last = touch.glass
        self._canvas.drag_zoom(factor, self._start)


class PanTool(Still):
    """Moves the picture under the hand.

    Args:
        canvas: whose picture.
    """

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, canvas: ImageSeries) -> None:
        self._canvas = canvas
        self._last = QPointF()

    def press(self, touch: Touch) -> None:
        """Remember where."""
        self._last = touch.glass

    def move(self, touch: Touch) -> None:
        """Move by the step since the last move."""
        moved, self._last = touch.glass - self._last, touch.glass
        self._canvas.drag_picture(moved.x(), moved.y())


def window_after(window: Window, moved: QPointF) -> Window:
    """Return the window a drag by so many pixels of the screen asks for."""
    step = max(window.width, LEAST_WIDTH) * _WIDTH_PER_PX
    width = max(window.width + moved.x() * step, LEAST_WIDTH)
    return Window(window.center + moved.y() * step, width, window.shape)
