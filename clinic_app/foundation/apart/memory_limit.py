"""How much memory a process may take, set by itself for the rest of its life; each system has its own way."""

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
