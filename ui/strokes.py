"""Long work of the windows in strokes: one piece at a turn of the event loop, so that the window answers in between.

A single shot of no milliseconds is no turn: Qt may fire the next one at once, before it paints and hands over keys and
mouse, and a chain of such strokes holds the window like one long one. Everything stays in the windows' own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

TURN_MS: Final = 1


def next_turn(owner: QObject, stroke: Callable[[], object]) -> None:
    """Do one piece after the window has answered whatever waits; not at all if ``owner`` is gone by then."""
    turn = QTimer(owner, singleShot=True, interval=TURN_MS)  # goes with its owner
    turn.timeout.connect(turn.deleteLater)
    turn.timeout.connect(stroke)
    turn.start()
