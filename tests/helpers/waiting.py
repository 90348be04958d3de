"""Waiting for something to become true, with an end to it.

Nothing here is a timed assertion: the deadline only keeps a broken program from hanging the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SHORTEST_S, LONGEST_S = 0.0005, 0.005
"""Between two questions. What is waited for has mostly come when it is asked again at once."""


def wait_until(condition: Callable[[], T], seconds: float = 30, what: str = "") -> T:
    """Return the first true answer of ``condition``; Qt events are handled while waiting, where there is a GUI.

    Args:
        condition: asked at once, then after half a millisecond, then less and less often, up to every 5 ms.
        seconds: after so long the test fails.
        what: named in the failure.

    Raises:
        AssertionError: it did not become true.
    """
    turn = _event_turner()
    deadline, pause_s = time.monotonic() + seconds, SHORTEST_S
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'the condition'} did not become true within {seconds:g} s")
        turn()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_S)
    return answer


def _event_turner() -> Callable[[], object]:
    try:
        from PySide6.QtCore import QCoreApplication
    except ImportError:
        return lambda: None
    is_gui_thread = threading.current_thread() is threading.main_thread()
    application = QCoreApplication.instance()
    return application.processEvents if is_gui_thread and application else lambda: None
