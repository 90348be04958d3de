"""Looking at damaged data: a copy is opened in place of the database, so that the damaged file stays as it was found.

Nothing a person writes is taken. That somebody signed in and read is written all the same, into the copy, which is kept
beside the database until a backup takes the database's place, and then with the damaged one. Where the database opens
again by itself, the copy gets another name: with what is written from then on it would be looked at as the present.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import select

from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors
from clinic_app.foundation.errors import DamagedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys.unlocking import DATABASE_NAME
from clinic_app.storage.backups.key_check import missing
from clinic_app.storage.backups.second_disk import carry_file
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.space import Space
from clinic_app.storage.tables import RECORD

LOOKED_AT_SUFFIX: Final = "-looked-at"
CLOSED: Final = Text("The data are damaged and can only be read. Restore a backup; what is typed now cannot be saved.")


class ClosedSpace(Space):
    """Room where nothing new is taken, because the data are damaged."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)

    @property
    def is_read_only(self) -> bool:
        """Always."""
        return True

    @property
    def reason(self) -> Text:
        """Why nothing is taken."""
        return CLOSED

    def require(self) -> None:
        """Refuse.

        Raises:
            StorageError: always.
        """
        raise StorageError(CLOSED)


def put_aside_copy(folder: Path) -> None:
    """Keep a copy that was looked at under another name, because the database has opened; do nothing without one.

    A disk that refuses it keeps nobody from the data.
    """
    copy, number = folder / f"{DATABASE_NAME}{LOOKED_AT_SUFFIX}", 1
    if not copy.exists():
        return
    while (kept := folder / f"{DATABASE_NAME}.looked-at-{number}").exists():
        number += 1
    for suffix in ("", "-wal"):
        with suppress(OSError):
            os.replace(copy.with_name(copy.name + suffix), kept.with_name(kept.name + suffix))
    with suppress(OSError):
        copy.with_name(f"{copy.name}-shm").unlink(missing_ok=True)


def open_to_look(folder: Path, key: bytes) -> EncryptedFile:
    """Return a copy of a folder's database, opened; the database itself is only read.

    Raises:
        DamagedError: so little of it is whole that nothing can be shown, or it is gone.
        DiskFullError: no room for the copy.
        StorageError: the disk refused it.
    """
    source, copy = folder / DATABASE_NAME, folder / f"{DATABASE_NAME}{LOOKED_AT_SUFFIX}"
    if not source.exists():
        raise missing()
    if not copy.exists():
        part = copy.with_name(copy.name + PART_SUFFIX)
        carry_file(source, part)
        with disk_errors(copy):
            log = source.with_name(f"{source.name}-wal")
            if log.exists():
                carry_file(log, copy.with_name(f"{copy.name}-wal"))
            os.replace(part, copy)
    file = EncryptedFile(copy, key)
    try:
        with file.reading() as connection:
            connection.execute(select(RECORD.c.id).where(RECORD.c.type == "Organization")).all()
    except DamagedError:
        file.close()
        raise
    return file
