"""A memory limit on Linux and macOS: the address space of the process."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource

    def limit(most_bytes: int) -> None:
        """Take no more address space than this, and leave no image of the memory behind."""
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
