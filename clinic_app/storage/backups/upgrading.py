"""A database of an earlier program becomes one of this program: on a copy that takes its place when it is proved whole.

First a backup is made and looked through; a copy of that is migrated, looked through again and compared with it, and
only then put in the database's place, by one renaming. So a power cut at any moment leaves the old database or the new
one, and the old one is among the backups.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors, folder_sync
from clinic_app.foundation.errors import DamagedError, DiskFullError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.backups import Backups
from clinic_app.storage.backups.examining import examine
from clinic_app.storage.backups.key_check import missing
from clinic_app.storage.backups.second_disk import carry_file
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import check_revision, current_revision, migrate, newest_revision
from clinic_app.storage.engines.space import Space

_BESIDE: Final = ("", "-wal", "-shm", "-journal")


def bring_up_to_date(database: Database, backups: Backups, space: Space, key: bytes, *, is_finished: bool) -> None:
    """Bring a database to the newest revision; do nothing where it is.

    Args:
        database: of any revision, or empty.
        backups: of its data folder.
        space: the room there.
        key: the data key.
        is_finished: whether there was a database before, so that an empty one is none of ours.

    Raises:
        DamagedError: it is not whole, or gone.
        DiskFullError: there is no room for two copies; nothing was changed.
        StorageError: it was written by a newer program, another one has it open, or the disk refused it.
    """
    with database.reading() as connection:
        current = current_revision(connection)
    if current == newest_revision():
        return
    if current is None and is_finished:
        raise missing()
    check_revision(current)
    if current is None or not isinstance(database, EncryptedFile):
        with database.writing() as connection:
            migrate(connection)
    else:
        _replace(database, backups, space, key)


def _replace(file: EncryptedFile, backups: Backups, space: Space, key: bytes) -> None:
    if not space.has_room_for(3 * file.size_bytes()):
        raise DiskFullError(Text("There is no room on the disk to bring the data up to date. Make some space free."))
    backup = backups.make("before-update")
    fresh = file.path.with_name(f"{file.path.name}.upgrading{PART_SUFFIX}")
    _remove(fresh)
    try:
        carry_file(backup.path, fresh)
        _migrate_copy(fresh, key)
        found, before = examine(fresh, key), examine(backup.path, key)
        if replace(found, records=before.records) != before or found.records < before.records:
            raise DamagedError(Text("The data could not be brought up to date without loss. They are as they were."))
        _put_in_place(fresh, file)
    finally:
        _remove(fresh)


def _migrate_copy(fresh: Path, key: bytes) -> None:
    copy = EncryptedFile(fresh, key)
    try:
        with copy.writing() as connection:
            migrate(connection)
        copy.checkpoint()
    finally:
        copy.close()


def _put_in_place(fresh: Path, file: EncryptedFile) -> None:
    """Replace a database nobody has open; its log must be empty, or SQLite would take it into the new file."""
    file.checkpoint()
    file.close()
    with disk_errors(file.path):
        log = file.path.with_name(f"{file.path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise StorageError(Text("Another program is using the data. Close it and try again."))
        with fresh.open("rb+") as copy:
            os.fsync(copy.fileno())
        for suffix in _BESIDE[1:]:
            file.path.with_name(f"{file.path.name}{suffix}").unlink(missing_ok=True)
        folder_sync()(file.path.parent)  # else a power cut may leave the old log beside the new file
        os.replace(fresh, file.path)
        folder_sync()(file.path.parent)


def _remove(fresh: Path) -> None:
    for suffix in _BESIDE:
        with suppress(OSError):
            fresh.with_name(f"{fresh.name}{suffix}").unlink(missing_ok=True)
