"""A hub's data folder: the same store as a workstation's, its key in a file because a server has nobody to sign in."""

from __future__ import annotations

from pathlib import Path

from clinic_app.foundation.clock import SystemClock
from clinic_app.keys.key_storage import FileKeyStorage
from clinic_app.keys.unlocking import unlock
from clinic_app.storage import Store


def open_hub_store(folder: Path, key_file: Path | None) -> Store:
    """Open a hub's data folder; the first time, make it and its key.

    Args:
        folder: the data folder.
        key_file: where the key lies; None for a file in the data folder.

    Raises:
        KeyLockedError: the key is not that of the data.
        StorageError: the data cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    storage = FileKeyStorage(key_file.parent, key_file.name) if key_file else FileKeyStorage(folder)
    return Store.open(folder, unlock(folder, storage), SystemClock())
