"""Tells whoever started the hub that it listens: systemd, Windows' own services, or nobody."""

from __future__ import annotations

import sys
from typing import Protocol


class Starter(Protocol):
    """Whoever started the hub."""

    def __call__(self) -> None:
        """Hear that the hub listens; what he cannot hear stops nobody."""
        ...


def starter() -> Starter:
    """Return the starter of this system."""
    if sys.platform == "win32":
        from clinic_app.hub.readiness_windows import tell_ready
    else:
        from clinic_app.hub.readiness_posix import tell_ready
    return tell_ready
