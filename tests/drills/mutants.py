"""The store with one promise broken: what each drill must notice, or it proves nothing.

A mutant is made in a writing process of a drill, before the store is opened there. None of them is reachable from the
program. They take hold of what the store calls (``fsync``, ``replace``, the driver), not of how it is built, so that a
rebuilt store is still broken by them; a mutant that no longer bites fails its drill.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import sqlcipher3.dbapi2 as sqlcipher

from clinic_app.foundation.errors import StorageError
from clinic_app.records import Resource
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.record_store import RecordStore

Mutant = Callable[[Path], None]
_BEHIND_S: Final = 0.02


def says_before_commit(folder: Path) -> None:
    """Say "saved" when the write is in a queue, and commit it a moment later."""
    behind = ThreadPoolExecutor(1)
    real = RecordStore.commit

    def commit(self: RecordStore, records: Any, **words: Any) -> tuple[Resource, ...]:
        behind.submit(real, self, records, **words)
        return tuple(records)

    RecordStore.commit = commit  # type: ignore[assignment,method-assign]


def says_saved_anyway(folder: Path) -> None:
    """Say "saved" also where the disk was full."""
    real = RecordStore.commit

    def commit(self: RecordStore, records: Any, **words: Any) -> tuple[Resource, ...]:
        try:
            return real(self, records, **words)
        except StorageError:
            return tuple(records)

    RecordStore.commit = commit  # type: ignore[method-assign]


def blob_after_the_row(folder: Path) -> None:
    """Let a record point to a content that is written a moment later."""
    sizes: dict[str, int] = {}
    real_size, real_put = BlobStore.size, BlobStore.put
    behind = ThreadPoolExecutor(1)

    def put(self: BlobStore, data: bytes) -> str:
        address = hashlib.sha256(data).hexdigest()
        sizes[address] = len(data)
        behind.submit(lambda: (time.sleep(_BEHIND_S), real_put(self, data)))
        return address

    BlobStore.put = put  # type: ignore[method-assign]
    BlobStore.size = lambda self, sha256: sizes.get(sha256) or real_size(self, sha256)  # type: ignore[method-assign]


def synchronous_normal(folder: Path) -> None:
    """Let SQLite return from COMMIT before the log is on the disk."""
    real = sqlcipher.connect

    class Careless(sqlcipher.Connection):  # type: ignore[misc]
        def execute(self, statement: str, *values: Any) -> Any:
            return super().execute(statement.replace("synchronous = FULL", "synchronous = NORMAL"), *values)

    sqlcipher.connect = lambda *words, **named: real(*words, factory=Careless, **named)


def blobs_without_fsync(folder: Path) -> None:
    """Move contents into place without flushing them."""
    _without_fsync(lambda path, is_folder: not is_folder and (folder / "blobs") in path.parents)


def folders_without_fsync(folder: Path) -> None:
    """Leave the names of new files to the system's leisure."""
    _without_fsync(lambda path, is_folder: is_folder)


def slots_without_fsync(folder: Path) -> None:
    """Write the files with the key slots without flushing them."""
    _without_fsync(lambda path, is_folder: path.parent == folder and path.name.startswith("keys"))


def rename_before_fsync(folder: Path) -> None:
    """Move a new file over the old one first, and flush it then."""
    real_fsync, real_replace = os.fsync, os.replace
    held: set[Path] = set()

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            real_fsync(descriptor)
        else:
            held.add(_path_of(descriptor))

    def replace(source: Any, target: Any, **words: Any) -> None:
        real_replace(source, target, **words)
        if Path(source) in held:
            descriptor = os.open(target, os.O_RDWR)
            real_fsync(descriptor)
            os.close(descriptor)

    os.fsync, os.replace = fsync, replace  # type: ignore[assignment]


MUTANTS: Final[dict[str, Mutant]] = {
    "says-before-commit": says_before_commit,
    "says-saved-anyway": says_saved_anyway,
    "blob-after-the-row": blob_after_the_row,
    "synchronous-normal": synchronous_normal,
    "blobs-without-fsync": blobs_without_fsync,
    "folders-without-fsync": folders_without_fsync,
    "slots-without-fsync": slots_without_fsync,
    "rename-before-fsync": rename_before_fsync,
}


def _without_fsync(is_left_out: Callable[[Path, bool], bool]) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if not is_left_out(_path_of(descriptor), stat.S_ISDIR(os.fstat(descriptor).st_mode)):
            real(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()
