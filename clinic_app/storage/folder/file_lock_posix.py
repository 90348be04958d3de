"""Locking a file on Linux and macOS: a lock of the open file, gone with the process."""

from __future__ import annotations

import fcntl
from typing import BinaryIO


def lock_file(file: BinaryIO) -> bool:
    """Lock ``file``; return False where another process has it."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
