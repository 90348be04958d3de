"""What a pressed mouse button does to a picture until it is released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from PySide6.QtCore import QPointF, Qt

from clinic_app.imaging import Window

Tool = Literal["window", "length"]
Action = Literal["window", "length", "zoom", "pan"]
_WIDTH_PER_PX: Final = 1 / 250
"""Share of the width a drag of one pixel changes: a hand's breadth goes through every window."""
_ZOOM_PER_PX: Final = 1.008
LEAST_WIDTH: Final = 1.0


@dataclass(frozen=True)
class Drag:
    """A drag under way.

    Args:
        action: what it does.
        start: where the button was pressed.
        last: where the mouse was last.
        window: as it was when the button was pressed; None for a colour picture.
    """

    action: Action
    start: QPointF
    last: QPointF
    window: Window | None

    def window_at(self, at: QPointF) -> Window | None:
        """Return the window a drag to ``at`` asks for: to the right wider, downwards darker."""
        if self.window is None:
            return None
        step = max(self.window.width, LEAST_WIDTH) * _WIDTH_PER_PX
        moved = at - self.start
        width = max(self.window.width + moved.x() * step, LEAST_WIDTH)
        return Window(self.window.center + moved.y() * step, width, self.window.shape)

    def zoom_factor(self, at: QPointF) -> float:
        """Return how much larger the picture becomes by this step; upwards is nearer."""
        return float(_ZOOM_PER_PX ** (self.last.y() - at.y()))


def action_of(button: Qt.MouseButton, tool: Tool, *, is_space_down: bool) -> Action | None:
    """Return what a button does, None for one without a meaning."""
    if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and is_space_down):
        return "pan"
    if button == Qt.MouseButton.RightButton:
        return "zoom"
    return tool if button == Qt.MouseButton.LeftButton else None
