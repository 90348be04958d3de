"""A form that stands still while it is being saved: what is typed meanwhile would be lost without a word."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from ui.widgets.cursor import put_cursor


class Standstill:
    """Greys parts of a form and gives the cursor back afterwards.

    Args:
        parts: they stand still together.
    """

    def __init__(self, *parts: QWidget) -> None:
        self._parts = parts
        self._cursor: QWidget | None = None
        self._fell_to: QWidget | None = None

    def set_busy(self, is_busy: bool) -> None:
        """Stand still, or go on."""
        if is_busy:
            self._begin()
        else:
            self._end()

    def _begin(self) -> None:
        window = self._parts[0].window()
        cursor: QWidget | None = window.focusWidget()
        is_inside = cursor is not None and any(part is cursor or part.isAncestorOf(cursor) for part in self._parts)
        self._cursor = cursor if is_inside else None
        for part in self._parts:
            part.setEnabled(False)
        self._fell_to = window.focusWidget()

    def _end(self) -> None:
        for part in self._parts:
            part.setEnabled(True)
        cursor, self._cursor = self._cursor, None
        if cursor is None or not isValid(cursor):
            return
        now: QWidget | None = self._parts[0].window().focusWidget()
        if now is None or now is self._fell_to:  # not where somebody has gone meanwhile
            put_cursor(cursor)
