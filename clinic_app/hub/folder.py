"""A hub's data folder: the same store as a workstation's, its key in a file because a server has nobody to sign in.

The records of a large hub may lie on a PostgreSQL server instead; the contents and the key stay in the folder.
"""

from __future__ import annotations

from pathlib import Path

from clinic_app.foundation.clock import SystemClock
from clinic_app.keys.key_storage import FileKeyStorage
from clinic_app.keys.unlocking import unlock
from clinic_app.storage import Store
from clinic_app.storage.server_store import open_server_store


def open_hub_store(folder: Path, key_file: Path | None, database: str = "", reserve_bytes: int = 0) -> Store:
    """Open a hub's data folder; the first time, make it and its key.

    Args:
        folder: the data folder.
        key_file: where the key lies; None for a file in the data folder.
        database: address of a PostgreSQL database for the records; empty for a file in the data folder.
        reserve_bytes: how much of the folder's disk is kept free for the day it is full.

    Raises:
        InvalidInputError: no such address, or an unsafe way there.
        KeyLockedError: the key is not that of the data.
        StorageError: the data cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = unlock(folder, key_storage_of(folder, key_file))
    if database:
        return open_server_store(folder, database, key, SystemClock())
    return Store.open(folder, key, SystemClock(), reserve_bytes=reserve_bytes)


def key_storage_of(folder: Path, key_file: Path | None) -> FileKeyStorage:
    """Return where the key of a hub lies: in a file of its own, or of the data folder."""
    return FileKeyStorage(key_file.parent, key_file.name) if key_file else FileKeyStorage(folder)
