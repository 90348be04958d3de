"""The rounds of Python's collector, made by the windows' own thread at turns of its event loop.

Left to itself Python goes round wherever an allocation happens to fall. In another thread that would destroy whatever
Qt object lies in a ring of references there, and Qt objects die in their own thread or take the program with them. In
the midst of making a screen the round, 10 to 40 ms, and the screen together hold the window. So nobody else goes round,
and here each round is a stroke of its own.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final, TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")
PACE_MS: Final = 250
WHOLE_S: Final = 30.0
"""A round through everything is made so often at most; the young objects' rounds, of a millisecond, whenever due."""


class Rounds(QObject):
    """Makes the rounds while something lasts.

    Args:
        parent: the application.
        steady_s: the steady clock.
    """

    def __init__(self, parent: QObject, steady_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._steady_s = steady_s
        self._whole_s = steady_s()
        self._timer = QTimer(self, interval=PACE_MS)
        self._timer.timeout.connect(self.look)

    def through(self, lasts: Callable[[], T]) -> T:
        """Return what ``lasts`` returns; until then nobody else makes rounds."""
        gc.disable()
        self._timer.start()
        try:
            return lasts()
        finally:
            self._timer.stop()
            gc.enable()

    def look(self) -> None:
        """Make the widest round that is due, if any."""
        due = [count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if due[2] and self._steady_s() - self._whole_s >= WHOLE_S:
            self._whole_s = self._steady_s()
            gc.collect()
        elif due[1]:
            gc.collect(1)
        elif due[0]:
            gc.collect(0)
