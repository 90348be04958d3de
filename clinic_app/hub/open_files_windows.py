"""How many files a process may have open: Windows limits sockets by memory alone."""

from __future__ import annotations

import sys

if sys.platform == "win32":

    def most_open_files() -> int | None:
        """Return None: there is no limit."""
        return None
