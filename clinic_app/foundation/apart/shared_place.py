"""A piece of memory two processes see: pixels lie there and need no way through a pipe.

It has no file and no name anybody could find, its size cannot be changed, and it is gone when both processes are,
however they ended. Whoever gets an answer copies it first and looks at the copy: the other side may still write.
"""

from __future__ import annotations

import sys
from typing import Protocol


class SharedPlace(Protocol):
    """What the process that made it holds."""

    @property
    def memory(self) -> memoryview:
        """The memory itself."""
        ...

    @property
    def word(self) -> str:
        """What the other process is told to find it."""
        ...

    @property
    def handles(self) -> tuple[int, ...]:
        """File descriptors the other process inherits."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


def made(size_bytes: int) -> SharedPlace | None:
    """Return a new place; None where this system has no such memory: then everything goes through the pipe."""
    if not size_bytes:
        return None
    try:
        return _made_here(size_bytes)
    except OSError:
        return None


def _made_here(size_bytes: int) -> SharedPlace | None:
    place: SharedPlace | None = None
    if sys.platform == "win32":
        from clinic_app.foundation.apart.shared_place_windows import WindowsPlace

        place = WindowsPlace(size_bytes)
    elif sys.platform == "linux":
        from clinic_app.foundation.apart.shared_place_linux import LinuxPlace

        place = LinuxPlace(size_bytes)
    return place


def found(word: str, size_bytes: int) -> memoryview | None:
    """Return the memory another process made.

    Args:
        word: what it said; empty where it made none.
        size_bytes: how large it is.

    Raises:
        OSError: it is not there, or not so large.
    """
    if not word:
        return None
    if sys.platform == "win32":
        from clinic_app.foundation.apart.shared_place_windows import find
    else:
        from clinic_app.foundation.apart.shared_place_linux import find
    return find(word, size_bytes)
