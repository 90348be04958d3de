"""Reads a list anew when the core has news, while somebody looks at it.

News come in flocks (every step of an exchange with the hub is one), and to read a list is work; so it is read at most
every few seconds because of them, the last news never being missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, SignalInstance

LEAST_PAUSE_S: Final = 2.0


class NewsReader(QObject):
    """Calls ``read`` after news.

    Args:
        news: fires after every change.
        read: reads the list anew.
        parent: lives as long as this.
    """

    def __init__(self, news: SignalInstance, read: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._read = read
        self._is_watched = False
        self._read_at_s = -LEAST_PAUSE_S
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._hear)
        news.connect(self._hear)

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks; news that come while nobody does are dropped."""
        self._is_watched = is_watched
        if not is_watched:
            self._later.stop()

    def _hear(self) -> None:
        if not self._is_watched:
            return
        left_s = LEAST_PAUSE_S - (time.monotonic() - self._read_at_s)
        if left_s <= 0:
            self._read_at_s = time.monotonic()
            self._read()
        elif not self._later.isActive():
            self._later.start(max(1, round(left_s * 1000)))
