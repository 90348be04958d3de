"""How this program came onto the computer, as far as updates are concerned.

Only what Setup or the package for group policy has installed into the folder for programs is updated by the task: a
portable copy belongs to whoever unpacked it, and from a folder where everybody writes nothing may run with the rights
of the system.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clinic_app.updates.release import Kind

ROOT: Final = "update-root.json"
"""The first root that is believed, in the folder of the program; a build without one takes no releases."""
_LARGEST_ROOT: Final = 256 << 10


@dataclass(frozen=True)
class Installed:
    """An installation that takes releases.

    Args:
        folder: of the program.
        kind: what installed it.
        root: metadata of the root that came along.
        system: folder where only administrators write: what the task keeps.
    """

    folder: Path
    kind: Kind
    root: bytes
    system: Path


def installed_here() -> Installed | None:
    """Return how this very program was installed; None for one that takes no releases."""
    if sys.platform == "win32":
        from clinic_app.updates.installed_windows import find

        return find(program_folder())
    return None


def program_folder() -> Path | None:
    """Return the folder of the installed program; None where it runs from a checkout."""
    inner = Path(__file__).resolve().parents[2]
    return inner.parent if inner.name == "program" else None


def root_in(folder: Path | None) -> bytes | None:
    """Return the root that a program brought along; None where it brought none."""
    if folder is None:
        return None
    try:
        with (folder / ROOT).open("rb") as file:
            body = file.read(_LARGEST_ROOT + 1)
    except OSError:
        return None
    return body if len(body) <= _LARGEST_ROOT else None
