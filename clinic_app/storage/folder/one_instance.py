"""One program per data folder: two of them would answer the same monitor and send the same queue."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.folder.place import check_place

FILE_NAME: Final = "in-use.lock"


class FileLock(Protocol):
    """Locks an open file for this process; the system lets go of it when the process ends, however it ends."""

    def __call__(self, file: BinaryIO) -> bool:
        """Return False where another process has it."""
        ...


@contextmanager
def one_instance(folder: Path) -> Iterator[None]:
    """Hold a data folder for the length of the block.

    Raises:
        StorageError: another program holds it, its drive is not there, or data would be damaged in that place.
    """
    check_place(folder)
    try:
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            file = (folder / FILE_NAME).open("ab+")
    except FileNotFoundError as error:  # the drive itself is not there
        detail = error.strerror or type(error).__name__
        raise StorageError(Text("The disk refused “{path}”: {detail}.", path=folder, detail=detail)) from error
    with file:
        if not file_lock()(file):
            raise StorageError(
                Text("The program is already running with these data. Go to its window, or close it first.")
            )
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a file for the length of the block, so that no other program does the same thing meanwhile.

    Raises:
        StorageError: another program holds it.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab+")
    with file:
        if not file_lock()(file):
            raise StorageError(Text("Another program is doing this with the same data. Wait until it has finished."))
        yield


def file_lock() -> FileLock:
    """Return how this system locks a file."""
    if sys.platform == "win32":
        from clinic_app.storage.folder.file_lock_windows import lock_file
    else:
        from clinic_app.storage.folder.file_lock_posix import lock_file
    return lock_file
