"""Counts how long nobody has touched the windows, and says when to warn and when to lock.

Keys, movements, wheels and touches are seen where they enter a window, before any widget has them: one look at an
event's type, and only for events of windows, of which there are few. No timer is started anew by a movement: the one
timer asks, when it rings, when the last touch was. An hour in which the computer slept counts as an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWindow
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

WARNING_S: Final = 20
_LONGEST_PAUSE_S: Final = 5.0
"""How often it looks for an open list; and a computer that woke up locks this soon."""
_TOUCHES: Final = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonDblClick,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
        QEvent.Type.NativeGesture,
    }
)


def now_s() -> tuple[float, float]:
    """Return the seconds of a clock that stops while the computer sleeps and of one that does not."""
    return time.monotonic(), time.time()


class IdleWatch(QObject):
    """Watches the windows of the program.

    Args:
        after_s: seconds without a touch until it is ``due``; 0 never.
        parent: lives as long as this.
        clock: the time, twice (see `now_s`).

    Signals: ``warned(bool)``: it will be due soon, or a touch came in time; ``due``.
    """

    warned = Signal(bool)
    due = Signal()

    def __init__(self, after_s: float, parent: QObject, clock: Callable[[], tuple[float, float]] = now_s) -> None:
        super().__init__(parent)
        self._after_s = after_s
        self._warning_s = min(WARNING_S, after_s / 2)
        self._clock = clock
        self._touched_at = clock()
        self._is_warned = self._is_counting = False
        self._place: QPointF | None = None
        self._seen: list[QWindow] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Count from now on; somebody has just come."""
        self.stop()
        application = QGuiApplication.instance()
        if self._after_s and isinstance(application, QGuiApplication):
            self._is_counting = True
            self._touched_at = self._clock()
            application.focusWindowChanged.connect(self._see)
            self._see(QGuiApplication.focusWindow())
            self._wait()

    def stop(self) -> None:
        """Count no longer: nobody is at work."""
        self._timer.stop()
        application = QGuiApplication.instance()
        if self._is_counting and isinstance(application, QGuiApplication):
            application.focusWindowChanged.disconnect(self._see)
        self._is_counting = False
        for window in self._seen:
            if isValid(window):
                window.removeEventFilter(self)
        self._seen.clear()
        self._warn(False)

    @property
    def idle_s(self) -> float:
        """Seconds since the last touch, by whichever clock counted more."""
        return max(now - then for now, then in zip(self._clock(), self._touched_at, strict=True))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Note a touch; nothing is ever kept from a window."""
        if event.type() in _TOUCHES and not self._is_standing_still(event):
            if self.idle_s >= self._after_s:
                self.look()  # the computer woke up, and the hand is quicker than the timer: too late all the same
            else:
                self._touched_at = self._clock()
                if self._is_warned:
                    self._warn(False)
                    self._wait()
        return False

    def _is_standing_still(self, event: QEvent) -> bool:
        """Say whether a movement goes nowhere: Windows tells one whenever something changes under the pointer."""
        if not isinstance(event, QMouseEvent) or event.type() != QEvent.Type.MouseMove:
            return False
        place, self._place = self._place, event.globalPosition()
        return place == self._place

    def look(self) -> None:
        """Ask how long it has been; a list that is open over the window is watched from now on."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            self._see(popup.windowHandle())
        left_s = self._after_s - self.idle_s
        if left_s <= 0:
            self._warn(False)
            self.due.emit()
            return
        self._warn(left_s <= self._warning_s)
        self._wait()

    def _wait(self) -> None:
        left_s = self._after_s - self.idle_s
        pause_s = left_s if left_s <= self._warning_s else left_s - self._warning_s
        self._timer.start(max(1, round(min(pause_s, _LONGEST_PAUSE_S) * 1000)))

    def _warn(self, is_warned: bool) -> None:
        if is_warned != self._is_warned:
            self._is_warned = is_warned
            self.warned.emit(is_warned)

    def _see(self, window: QWindow | None) -> None:
        self._seen = [each for each in self._seen if isValid(each)]
        if window is not None and not any(each is window for each in self._seen):
            self._seen.append(window)
            window.installEventFilter(self)
