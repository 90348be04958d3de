"""One precise timer moves all sweeps; it rests while none is to be seen."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Protocol
from weakref import WeakSet

from PySide6.QtCore import QObject, Qt, QTimer

FRAME_MS: Final = 16


class Ticking(Protocol):
    """Something that moves with time."""

    def tick(self) -> None:
        """Move to this moment."""
        ...


class SweepTicker(QObject):
    """Ticks whatever joined, about 60 times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._all: WeakSet[Ticking] = WeakSet()
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def join(self, one: Ticking) -> None:
        """Tick ``one`` from now on."""
        self._all.add(one)
        self._timer.start()

    def leave(self, one: Ticking) -> None:
        """Tick it no longer; the last one to leave stops the timer."""
        self._all.discard(one)
        if not self._all:
            self._timer.stop()

    @property
    def is_running(self) -> bool:
        """Whether the timer ticks."""
        return self._timer.isActive()

    def _tick(self) -> None:
        for one in list(self._all):
            one.tick()
        if not self._all:
            self._timer.stop()


@lru_cache(maxsize=1)
def ticker() -> SweepTicker:
    """Return the one ticker of this program."""
    return SweepTicker()
