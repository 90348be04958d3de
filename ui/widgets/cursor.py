"""Where the cursor may be put by an answer that comes in its own time."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def put_cursor(widget: QWidget) -> bool:
    """Put the cursor into a control that can be seen; say whether that was done.

    Qt gives it to a hidden one too. An answer that comes while another screen or the lock is in front would draw what
    is being typed there, a password perhaps, into a field that nobody sees.
    """
    if not widget.isVisible():
        return False
    widget.setFocus()
    return True
