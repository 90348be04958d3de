"""Qt's classes are made when they are first named; here they are made before another thread names them.

A library that is read from the disk in the background names all of them (pyqtgraph copies them). An enumeration that
is half made there crashes a window that paints with it at the same moment. So they are made in the windows' own thread
first, a few at a turn: a hundred and seventy milliseconds altogether, once in a run of the program.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QObject, QTimer, Signal

from ui.strokes import TURN_MS

STROKE_S: Final = 0.004
_are_made = False


class QtTypes(QObject):
    """Makes them, a few at a turn.

    Args:
        owner: with whom this ends.

    Signal ``made``: it is done; it comes at a later turn, even where all were made already.
    """

    made = Signal()

    def __init__(self, owner: QObject) -> None:
        super().__init__(owner)
        self._left = types()
        self._turn = QTimer(self, interval=TURN_MS)
        self._turn.timeout.connect(self._make)
        self._turn.start()

    def _make(self) -> None:
        global _are_made  # noqa: PLW0603 - the classes are the process's, too
        ends_s = time.perf_counter() + STROKE_S
        while not _are_made and time.perf_counter() < ends_s:
            _are_made = next(self._left, self._left) is self._left
        if _are_made:
            self._turn.stop()
            self.made.emit()


def types() -> Iterator[object]:
    """Yield every class there is."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            yield getattr(module, name)
