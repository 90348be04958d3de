"""Several parts of a widget shown or hidden at once, and the window laid out once for all of them.

Qt lays the whole window out anew each time a part of a visible widget comes or goes: six parts are six times the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QWidget


@contextmanager
def laid_out_once(part: QWidget) -> Iterator[None]:
    """Hold the layout of ``part`` still, then lay out once; what is inside another such block waits for the outer."""
    layout = part.layout()
    if layout is None or not layout.isEnabled():
        yield
        return
    layout.setEnabled(False)
    try:
        yield
    finally:
        layout.setEnabled(True)
        layout.invalidate()
        layout.activate()
