"""Changing the data key: the database is written anew under the next key and takes the place of the one before.

SQLCipher can change the key of a file in place, but a copy that is made whole, looked through and moved into place
leaves the data openable at every moment, whatever the power does:

```
copied           the copy lies beside the database; nobody knows its key          the present key opens
checked          the copy holds what the database holds                           the present key opens
slots added      both keys have slots; that the copy still waits tells which      the present key opens
swapped          the copy is the database                                         the next key opens
proof written    the proof beside the database is the next key's
slots settled    the slots of the former key are gone
content sealed   one more content is under the next key (it is read under both)
former key gone  the database remembers the former key no longer
```

A change that was cut off before the swap is taken back, one that was cut off after it goes on, both by
`finish_change`, which every start calls.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, func, select, table

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import disk_errors, folder_sync
from clinic_app.foundation.errors import DamagedError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys import DATABASE_NAME, REKEYED_NAME, KeySlots, KeyStorage
from clinic_app.keys.derived import KEY_BYTES
from clinic_app.storage.backups.key_check import write_key_check
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.contents.orphans import named_contents
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.kept_keys import AUDIT_KEY, FORMER_KEY, kept_keys
from clinic_app.storage.memory import forget_values, put_values
from clinic_app.storage.store import BLOB_FOLDER, Store
from clinic_app.storage.trail.chain import first_broken_link

Step = Literal[
    "copied",
    "checked",
    "slots added",
    "swapped",
    "proof written",
    "slots settled",
    "content sealed",
    "former key gone",
]
Progress = Callable[[Step], object]
_PARTS: Final = ("", "-wal", "-shm", "-journal")
_OWN_VALUES: Final = (AUDIT_KEY, FORMER_KEY)


def _quietly(step: Step) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class KeyChange:
    """What came of a change.

    Args:
        key: the data key from now on.
        sealed: how many contents were sealed anew.
        damaged: how many contents were damaged before, and stay as they are under the former key.
    """

    key: bytes = field(repr=False)
    sealed: int
    damaged: int


def change_key(
    folder: Path,
    key: bytes,
    slots: KeySlots,
    storages: Iterable[KeyStorage],
    clock: Clock,
    *,
    tell_code: Callable[[str], object],
    progress: Progress = _quietly,
) -> KeyChange:
    """Give a data folder a new data key. Nobody else may have the folder open (`one_instance`).

    Args:
        folder: the data folder.
        key: its present data key.
        slots: its slots; those of passwords are made again when their owners sign in.
        storages: what opens the data on this computer.
        clock: says when.
        tell_code: is given the new recovery code, as soon as it is kept and before anything is swapped.
        progress: is told each step when it is done, and durable.

    Raises:
        DamagedError: the data are damaged; nothing was changed.
        DiskFullError: no room for the copy; nothing was changed.
        KeyLockedError: ``key`` is not theirs, or a storage does not keep what it is given; nothing was changed.
        StorageError: an earlier change is not ended, or the disk refused it; the next start goes on with it.
    """
    Store.open(folder, key, clock).close()
    finish_change(folder, key, slots)
    if is_sealing(folder, key):
        raise StorageError(Text("An earlier change of the key is not ended: some contents are still sealed with it."))
    next_key = secrets.token_bytes(KEY_BYTES)
    _copy(folder, key, next_key)
    progress("copied")
    _compare(folder, key, next_key)
    progress("checked")
    tell_code(slots.add_next_key(key, next_key, storages))
    progress("slots added")
    _swap(folder)
    progress("swapped")
    write_key_check(folder, next_key)
    progress("proof written")
    slots.settle(next_key)
    progress("slots settled")
    sealed, damaged = seal_contents(folder, next_key, progress=progress)
    return KeyChange(next_key, sealed, damaged)


def finish_change(folder: Path, key: bytes, slots: KeySlots) -> None:
    """Go on with a change that was cut off, or take it back; ``key`` has opened the database.

    Raises:
        DiskFullError: no room; the data open as before, and the next start tries again.
        StorageError: the disk refused it; likewise.
    """
    slots.settle(key)  # before the copy goes: whether it is there tells which key is the present one
    _remove_copy(folder)


def is_sealing(folder: Path, key: bytes) -> bool:
    """Return whether contents are left under the former key."""
    file = EncryptedFile(folder / DATABASE_NAME, key)
    try:
        return kept_keys(file, key).former is not None
    finally:
        file.close()


def seal_contents(folder: Path, key: bytes, *, progress: Progress = _quietly) -> tuple[int, int]:
    """Seal every content that lies under the former key anew; return how many, and how many were damaged.

    The former key is forgotten when none is left. Safe to repeat and to be cut off.

    Raises:
        DiskFullError: no room; the contents are read under both keys until it goes on.
        StorageError: the disk refused it; likewise.
    """
    file = EncryptedFile(folder / DATABASE_NAME, key)
    try:
        former = kept_keys(file, key).former
        if former is None:
            return 0, 0
        blobs = BlobStore(folder / BLOB_FOLDER, key, former_key=former)
        sealed, damaged = 0, set()
        for address in {each.decode() for named in named_contents(file) for each in named}:
            try:
                if blobs.seal_anew(address):
                    sealed += 1
                    progress("content sealed")
            except (DamagedError, NotFoundError):
                damaged.add(address)
        if not damaged:
            with file.writing(may_use_reserve=True) as connection:
                forget_values(connection, (FORMER_KEY,))
            file.checkpoint()
            progress("former key gone")
        return sealed, len(damaged)
    finally:
        file.close()


def _copy(folder: Path, key: bytes, next_key: bytes) -> None:
    """Write the copy, whole and durable, with the keys that outlive the change in it."""
    _remove_copy(folder)
    path = folder / REKEYED_NAME
    file = EncryptedFile(folder / DATABASE_NAME, key)
    try:
        file.check_all()
        audit_key = kept_keys(file, key).audit
        file.copy_under(path, next_key)
    except BaseException:
        with suppress(StorageError):
            _remove_copy(folder)
        raise
    finally:
        file.close()
    copy = EncryptedFile(path, next_key)
    try:
        with copy.writing() as connection:
            put_values(connection, {AUDIT_KEY: audit_key, FORMER_KEY: key})
        copy.checkpoint()
    finally:
        copy.close()
    with disk_errors(path), path.open("rb+") as written:
        os.fsync(written.fileno())
    folder_sync()(folder)


def _compare(folder: Path, key: bytes, next_key: bytes) -> None:
    """Look through the copy and compare it with the database.

    Raises:
        DamagedError: it does not hold the same; the copy is removed.
    """
    file, copy = EncryptedFile(folder / DATABASE_NAME, key), EncryptedFile(folder / REKEYED_NAME, next_key)
    try:
        copy.check_all()
        audit_key = kept_keys(file, key).audit
        with file.reading() as one, copy.reading() as other:
            is_same = _described(one) == _described(other)
            is_same = is_same and first_broken_link(one, audit_key) == first_broken_link(other, audit_key)
    finally:
        file.close()
        copy.close()
    if not is_same:
        _remove_copy(folder)
        raise DamagedError(Text("The copy under the new key does not hold what the data hold. Nothing was changed."))


def _described(connection: Connection) -> tuple[object, ...]:
    """Return the schema, how many rows each table has, and the counters."""
    schema = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name, type").all()
    counts = []
    for kind, name, _, _ in schema:
        if kind == "table" and name not in ("memory", "sqlite_sequence"):
            counts.append((name, connection.execute(select(func.count()).select_from(table(name))).scalar()))
    counters = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name").all()
    values = connection.exec_driver_sql("SELECT name, value FROM memory ORDER BY name").all()
    kept = [tuple(row) for row in values if row[0] not in _OWN_VALUES]
    return [tuple(row) for row in schema], counts, [tuple(row) for row in counters], kept


def _swap(folder: Path) -> None:
    """Put the copy in the database's place, in one step of the file system."""
    path, copy = folder / DATABASE_NAME, folder / REKEYED_NAME
    with disk_errors(path):
        for each in (path, copy):
            log = each.with_name(f"{each.name}-wal")
            if log.exists() and log.stat().st_size:
                raise StorageError(Text("Another program is using the data. Close it and try again."))
            for suffix in _PARTS[1:]:
                each.with_name(each.name + suffix).unlink(missing_ok=True)
        folder_sync()(folder)
        os.replace(copy, path)
        folder_sync()(folder)


def _remove_copy(folder: Path) -> None:
    path = folder / REKEYED_NAME
    with disk_errors(path):
        for suffix in reversed(_PARTS):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
