"""Wider pipes on Linux: one megabyte goes through at once instead of in sixteen turns."""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform == "linux":
    import fcntl

    def widen(pipe: int, wanted_bytes: int) -> None:
        """Let a pipe hold so many bytes, if the system has room for it."""
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, wanted_bytes)
