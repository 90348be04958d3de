"""Shared memory on Windows: a section of the page file under a name nobody can guess, of this session only.

It has no file; the system forgets it with the last process that holds it.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import secrets
    from mmap import mmap

    class WindowsPlace:
        """The place.

        Args:
            size_bytes: of it.
        """

        handles: tuple[int, ...] = ()

        def __init__(self, size_bytes: int) -> None:
            self.word = rf"Local\pixels-{secrets.token_hex(16)}"
            self._mapped = mmap(-1, size_bytes, tagname=self.word)
            self.memory = memoryview(self._mapped)

        def close(self) -> None:
            """Let the memory go."""
            self.memory.release()
            self._mapped.close()

    def find(word: str, size_bytes: int) -> memoryview:
        """Return the memory of that name."""
        return memoryview(mmap(-1, size_bytes, tagname=word))
