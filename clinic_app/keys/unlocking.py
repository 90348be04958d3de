"""Getting at the data key at the start: 32 random bytes that never lie on the disk by themselves.

The key is made once, with the folder; it is never made anew while there is a database, or anything else that only data
leave behind: that would lock them for ever, or hide from people that they are gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.erasure import check_not_erased
from clinic_app.keys.key_storage import KeyStorage
from clinic_app.keys.slot_file import DATABASE_NAME, SLOT_FILES
from clinic_app.keys.slots import KeySlots

__all__ = ["DATABASE_NAME", "SLOT_FILES", "has_traces", "is_begun", "unlock"]
_TRACES: Final = ("backups/*.db", "blobs/*/*", f"{DATABASE_NAME}.*")
_BEGINNINGS: Final = (f"{DATABASE_NAME}*", "key.check", "restore.json")


def has_traces(folder: Path) -> bool:
    """Return whether a folder holds what lies only where there was a finished database: backups, contents, old files.

    Args:
        folder: the data folder; its database itself is not looked for.
    """
    return _has_any(folder, _TRACES)


def is_begun(folder: Path) -> bool:
    """Return whether a folder holds a database, one that was begun, or traces of one."""
    return _has_any(folder, _BEGINNINGS) or has_traces(folder)


def unlock(folder: Path, storage: KeyStorage) -> bytes:
    """Return the data key of a folder; make one where there are neither keys nor data yet.

    Args:
        folder: the data folder.
        storage: where the sealing key lies.

    Raises:
        KeyLockedError: the key file is gone or unreadable, its sealing key is not in ``storage``, or all was erased.
        DiskFullError: no room for the key file.
    """
    slots = KeySlots(folder)
    check_not_erased(folder, slots, storage)
    if slots.exist():
        return slots.open_from(storage)
    if is_begun(folder):
        raise KeyLockedError(
            Text("The key file of these data is missing. Restore it from a backup; nothing was changed.")
        )
    return slots.create(storage)


def _has_any(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(next(folder.glob(pattern), None) is not None for pattern in patterns)
