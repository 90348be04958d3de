"""How often a version was started here, and how often a person could sign in: what tells that it does not work.

It lies in the data folder, where everybody writes who works at the computer. Who forges it brings back the former
version, once, and only before anybody has signed in with the new one.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Final

from clinic_app.updates.plain_files import open_plain

NAME: Final = "starts.json"
_LARGEST: Final = 4096
_MOST: Final = 1 << 30
_log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Return whether the program runs from an installed folder, and not from a checkout."""
    return Path(__file__).resolve().parents[2].name == "program"


def note_begun(data: Path, version: str) -> None:
    """Note that the program was started."""
    begun, well = starts_of(data, version)
    _write(data, version, begun + 1, well)


def note_well(data: Path, version: str) -> None:
    """Note that its window is there and somebody can sign in."""
    begun, well = starts_of(data, version)
    _write(data, version, begun, well + 1)


def starts_of(data: Path, version: str) -> tuple[int, int]:
    """Return how often a version was started, and how often it came as far as its window."""
    try:
        with open_plain(data / "updates" / NAME) as file:
            told = json.loads(file.read(_LARGEST))
        if told["version"] == version:
            return _count(told["begun"]), _count(told["well"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return 0, 0


def _count(told: object) -> int:
    """Return a number that somebody may have planted, within bounds.

    Raises:
        TypeError: it is no whole number.
    """
    if not isinstance(told, int):
        raise TypeError(told)
    return min(max(told, 0), _MOST)


def _write(data: Path, version: str, begun: int, well: int) -> None:
    path = data / "updates" / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{NAME}.{os.getpid()}.part")
        part.write_text(json.dumps({"version": version, "begun": begun, "well": well}), encoding="ascii")
        os.replace(part, path)
    except OSError as error:
        _log.warning("that the program was started cannot be noted: %s", error)
