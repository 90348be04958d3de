"""Reading the rooms' code while somebody signs in, so that his first screens open at once.

One module at a turn of the event loop, in the thread of the windows: a class of Qt that is made in another thread while
this one paints brings the program down. What is read stays for good; so it is taken out of the rounds of Python's
collector, which otherwise goes through all of it now and then and holds the window for 40 to 100 ms.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from PySide6.QtCore import QObject

from ui.strokes import next_turn

ROOMS: Final = (
    "ui.widgets",
    "ui.registration",
    "ui.encounters",
    "ui.people",
    "ui.referral",
    "ui.consultation",
    "ui.waveforms",
    "ui.imaging",
    "ui.devices",
    "ui.orders",
    "ui.exchange",
    "ui.audit",
    "ui.statistics",
)


def warm_up(owner: QObject, done: Callable[[], object]) -> None:
    """Read what has not been read yet, then call ``done``; nothing more happens once ``owner`` is gone."""
    _read_next(owner, [name for name in parts() if name not in sys.modules], done)


_MADE_OF_OTHERS: Final = (
    *("_painter", "_paper", "image_canvas", "viewer", "panes", "linking", "light_box", "_panel", "_desk", "_door"),
    *("_page", "_window", "_screen"),
)
"""Endings of what needs many others, later and later: read first, it would bring all of them at one turn."""


def parts() -> Iterator[str]:
    """Yield the names of the rooms' modules; those of a room within it first, screens, which need the others, last."""
    for room in ROOMS:
        found = pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}.")
        names = (each.name for each in found if not each.ispkg)
        yield from sorted(names, key=lambda name: (_lateness(name), -name.count("."), name))


def _lateness(name: str) -> int:
    return next((place for place, end in enumerate(_MADE_OF_OTHERS, 1) if name.endswith(end)), 0)


def _read_next(owner: QObject, names: list[str], done: Callable[[], object]) -> None:
    if not names:
        next_turn(owner, done)
        return
    with suppress(ImportError):  # whoever opens the room is told
        importlib.import_module(names[0])
    gc.freeze()
    next_turn(owner, partial(_read_next, owner, names[1:], done))
