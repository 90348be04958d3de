"""A disk that is full whenever a drill wants it: a small file system in memory, and what stands in for one.

``tmpfs`` needs root, or the right to make a user namespace (then the drill starts itself again inside one). Where
neither is given, a limit on the size of every file plays the full disk: writing fails in the middle just the same, but
with another error, so that telling a full disk from another refusal cannot be shown there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, Protocol

Way = Literal["tmpfs", "namespace", "file size limit", "none"]
_BALLAST: Final = "ballast"
_SHORTEST_BYTES: Final = 20_000
_SPAN_BYTES: Final = 200_000
_STEP_BYTES: Final = 1 << 14


class SmallDisk(Protocol):
    """A disk that can be filled and emptied."""

    folder: Path

    def fill(self, left_bytes: int) -> None:
        """Leave about so many bytes free."""
        ...

    def empty(self) -> None:
        """Give the room back."""
        ...


class MemoryDisk:
    """A mounted tmpfs; what fills it is a file of nobody's beside the data."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "data"
        self._ballast = root / _BALLAST

    def fill(self, left_bytes: int) -> None:
        """Leave about so many bytes free, in one go: what others give up meanwhile is not taken too."""
        wanted = shutil.disk_usage(self._ballast.parent).free - left_bytes
        with self._ballast.open("ab") as file:
            while wanted > 0:
                try:
                    os.posix_fallocate(file.fileno(), 0, wanted)
                except OSError:  # another writer was quicker
                    wanted -= _STEP_BYTES
                else:
                    return

    def empty(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


class LimitedFiles:
    """No file of this process may be written beyond some size."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "data"

    def fill(self, left_bytes: int) -> None:
        """Stop files somewhere: the database's log, which begins anew again and again, and contents that are longer."""
        self._limit(_SHORTEST_BYTES + left_bytes % _SPAN_BYTES)

    def empty(self) -> None:
        """Lift the limit."""
        self._limit(None)

    def _limit(self, size_bytes: int | None) -> None:
        import resource  # not on Windows

        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most if size_bytes is None else size_bytes, most))


def best_way() -> Way:
    """Return how a full disk can be had on this computer."""
    if sys.platform != "linux":
        return "none" if sys.platform == "win32" else "file size limit"
    if _can_mount():
        return "tmpfs"
    inside = subprocess.run([*namespace(), "true"], check=False, capture_output=True)
    return "namespace" if inside.returncode == 0 else "file size limit"


def namespace() -> list[str]:
    """Return the words before a command that lets it mount file systems of its own, without being root."""
    return ["unshare", "--user", "--map-root-user", "--mount"]


@contextmanager
def small_disk(root: Path, way: Way, size_mb: int) -> Iterator[SmallDisk]:
    """Have a disk for the length of the block.

    Args:
        root: an empty folder; what is in it is gone afterwards.
        way: one that works here.
        size_mb: of the disk.
    """
    if way == "file size limit":
        disk = LimitedFiles(root)
        try:
            yield disk
        finally:
            disk.empty()
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "drill", str(root)], check=True)
    try:
        yield MemoryDisk(root)
    finally:
        subprocess.run(["umount", str(root)], check=True)


def _can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "drill", folder], check=False, capture_output=True
        )
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return mounted.returncode == 0
