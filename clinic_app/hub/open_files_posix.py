"""How many files a process may have open, by the limit its starter gave it."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource

    def most_open_files() -> int | None:
        """Return the limit on files this process has open at once, sockets too; None where there is none."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
