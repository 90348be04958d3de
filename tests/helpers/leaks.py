"""What a test must not leave behind: a thread that runs, a timer that ticks, a window.

Qt does not list its timers, so that Python's collector is asked for them. What stood before a test is put aside for
that time (`gc.freeze`): the walk, and the collector's rounds, are about what the test made and not about half a million
objects of the libraries. The timers among what was put aside are remembered.
"""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any, Final

GRACE_S = 3.0
"""A thread told to stop may need a moment; it is not a leak before this."""


ASIDE: Final = 400
"""Tests after which what was put aside is gone through again, so that what nobody holds any more goes."""
_put_aside: list[weakref.ref[Any]] = []
_looks = itertools.count(1)


@dataclass(frozen=True)
class Traces:
    """What stood before a test began; objects are told apart by identity."""

    threads: frozenset[int]
    windows: frozenset[int]
    timers: frozenset[int]


def look(*, with_qt: bool = True) -> Traces:
    """Return what is there now.

    Args:
        with_qt: look at windows and timers too.
    """
    if with_qt and _application():
        _put_everything_aside()
    return Traces(
        frozenset(id(thread) for thread in threading.enumerate()),
        frozenset(map(id, _windows())) if with_qt else frozenset(),
        frozenset(map(id, _timers())) if with_qt else frozenset(),
    )


def left_since(before: Traces, *, with_qt: bool = True) -> list[str]:
    """Return one line for each thing that was not there before, after everything had its chance to go."""
    lines = [f"thread {thread.name!r} still runs" for thread in _new_threads(before)]
    if not with_qt:
        return lines
    windows, timers = _new_windows(before), _new_timers(before)
    if windows or timers:
        del windows, timers
        gc.collect()
        _let_qt_delete()
        windows, timers = _new_windows(before), _new_timers(before)
    lines += [f"top-level widget {window!r} is left" for window in windows]
    return lines + [f"timer {timer!r} of {timer.parent()!r} still ticks" for timer in timers]


def _new_threads(before: Traces) -> list[threading.Thread]:
    deadline = time.monotonic() + GRACE_S
    while True:
        new = [
            thread
            for thread in threading.enumerate()
            if id(thread) not in before.threads and not isinstance(thread, threading._DummyThread)
        ]
        if not new or time.monotonic() > deadline:
            return new
        new[0].join(0.05)


def _application() -> Any:
    widgets = sys.modules.get("PySide6.QtWidgets")
    return widgets.QApplication.instance() if widgets else None


def _let_qt_delete() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _windows() -> list[Any]:
    application = _application()
    return application.topLevelWidgets() if application else []


def _new_windows(before: Traces) -> list[Any]:
    return [window for window in _windows() if id(window) not in before.windows]


def _put_everything_aside() -> None:
    """Take all that is there out of the collector's rounds, and remember the timers among it."""
    if next(_looks) % ASIDE == 0:
        gc.unfreeze()
    gc.collect()
    known = {id(timer): timer for timer in _all_timers()}
    _put_aside[:] = [weakref.ref(timer) for timer in known.values()]
    gc.freeze()


def _timers() -> list[Any]:
    if not _application():
        return []
    import shiboken6

    found = {id(timer): timer for timer in _all_timers()}
    return [timer for timer in found.values() if shiboken6.isValid(timer) and timer.isActive()]


def _all_timers() -> list[Any]:
    from PySide6.QtCore import QTimer

    remembered = [timer for timer in (reference() for reference in _put_aside) if timer is not None]
    return remembered + [each for each in gc.get_objects() if _is_a(each, QTimer)]


def _is_a(thing: object, kind: type) -> bool:
    """Ask the type only: `isinstance` would wake lazy proxies."""
    return issubclass(type(thing), kind)


def _new_timers(before: Traces) -> list[Any]:
    return [timer for timer in _timers() if id(timer) not in before.timers]
