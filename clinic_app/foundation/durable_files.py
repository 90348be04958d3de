"""Files that are either whole or not there, whatever happens to the power.

A file is written beside its place, flushed to the disk and only then moved into its place. Errors of the disk are told
apart here, where they enter: "the disk is full" is something a person can mend, a bug is not.
"""

from __future__ import annotations

import errno
import os
import secrets
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from clinic_app.foundation.errors import DiskFullError, StorageError
from clinic_app.foundation.texts import Text

DISK_FULL: Final = Text("The disk is full. Nothing was saved; free some space and try again.")
PART_SUFFIX: Final = ".part"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_making_folders = threading.RLock()
_flushed_folders: set[Path] = set()


class FolderSync(Protocol):
    """Makes a file's entry in its folder durable, where the platform lets a program do that."""

    def __call__(self, folder: Path) -> None:
        """Return once the entries of ``folder`` are on the disk."""
        ...


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn the disk's errors inside the block into ours; a missing file stays `FileNotFoundError`.

    Raises:
        DiskFullError: no room.
        StorageError: the disk refused ``path`` for another reason.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFullError(DISK_FULL) from error
        detail = error.strerror or type(error).__name__
        raise StorageError(Text("The disk refused “{path}”: {detail}.", path=path, detail=detail)) from error


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that is in its place, whole and durable, at the end of the block, or not at all.

    Raises:
        DiskFullError: no room; whatever was at ``path`` is still there.
        StorageError: the disk refused it.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART_SUFFIX}")
    with disk_errors(path):
        _make_durable_folder(path.parent)
        try:
            with open_part(part) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        folder_sync()(path.parent)


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part; durable on return.

    Raises:
        DiskFullError: no room; whatever was at ``path`` is still there.
        StorageError: the disk refused it.
    """
    with whole_file(path) as file:
        for chunk in chunks:
            file.write(chunk)


def open_part(part: Path) -> BinaryIO:
    """Open the file that becomes the real one; readable by its owner only, where the platform has owners."""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    return os.fdopen(descriptor, "wb")


def _make_durable_folder(folder: Path) -> None:
    """Make a folder whose own name, and the names of those made above it, are on the disk.

    One that stands already is trusted only when this process has flushed the folder it lies in: whoever made it,
    another thread or a run that was killed, may not have come to that.
    """
    with _making_folders:
        if folder in _flushed_folders and folder.is_dir():
            return
        if folder.is_dir():
            with suppress(OSError):  # a folder above the data may not be ours to open
                folder_sync()(folder.parent)
        else:
            if folder.parent != folder:  # a drive that is not there
                _make_durable_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            folder_sync()(folder.parent)
        _flushed_folders.add(folder)


def folder_sync() -> FolderSync:
    """Return this platform's way to make a folder's entries durable."""
    if sys.platform == "win32":
        from clinic_app.foundation.folder_sync_windows import sync_folder
    else:
        from clinic_app.foundation.folder_sync_posix import sync_folder
    return sync_folder
