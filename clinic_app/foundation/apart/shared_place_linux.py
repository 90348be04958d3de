"""Shared memory on Linux: a file that lies nowhere (``memfd_create``), inherited by its descriptor.

Its size is sealed: a child that shortened it would end us at the next look (SIGBUS), one that let it grow would take
memory that no limit of its own counts.
"""

from __future__ import annotations

import os
import sys
from mmap import mmap

if sys.platform != "win32":

    def find(word: str, size_bytes: int) -> memoryview:
        """Return the memory behind an inherited descriptor, and close the descriptor."""
        handle = int(word)
        try:
            if os.fstat(handle).st_size != size_bytes:
                raise OSError("the shared place has another size")
            return memoryview(mmap(handle, size_bytes))
        finally:
            os.close(handle)


if sys.platform == "linux":
    import fcntl

    _SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

    class LinuxPlace:
        """The place.

        Args:
            size_bytes: of it; memory is taken for what is written.
        """

        def __init__(self, size_bytes: int) -> None:
            self._handle = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                os.ftruncate(self._handle, size_bytes)
                fcntl.fcntl(self._handle, fcntl.F_ADD_SEALS, _SEALS)
                self._mapped = mmap(self._handle, size_bytes)
                self.memory = memoryview(self._mapped)
            except BaseException:
                os.close(self._handle)
                raise

        @property
        def word(self) -> str:
            """The number of the descriptor, which the child has too."""
            return str(self._handle)

        @property
        def handles(self) -> tuple[int, ...]:
            """The descriptor."""
            return (self._handle,)

        def close(self) -> None:
            """Let the memory go; the child's part goes with the child."""
            self.memory.release()
            self._mapped.close()
            os.close(self._handle)
