"""What a process and its pipes may take; each system has its own way."""

from __future__ import annotations

import sys


def limit_memory(most_bytes: int) -> None:
    """Let this process take no more than so much memory; asking for more then fails.

    Raises:
        OSError: the system did not agree.
    """
    if sys.platform == "win32":
        from clinic_app.foundation.apart.memory_limit_windows import limit
    else:
        from clinic_app.foundation.apart.memory_limit_posix import limit
    limit(most_bytes)


def widen(pipe: int, wanted_bytes: int) -> None:
    """Let a pipe hold so many bytes, where the system can; it works without too."""
    if sys.platform == "linux":
        from clinic_app.foundation.apart.pipe_size_linux import widen

        widen(pipe, wanted_bytes)
