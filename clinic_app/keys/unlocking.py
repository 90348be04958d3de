"""Getting at the data key at the start: 32 random bytes that never lie on the disk by themselves.

The key is made once, with the folder; it is never made anew while there is a database: that would lock the data for
ever.
"""

from __future__ import annotations

from pathlib import Path

from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.key_storage import KeyStorage
from clinic_app.keys.slot_file import DATABASE_NAME, SLOT_FILES
from clinic_app.keys.slots import KeySlots

__all__ = ["DATABASE_NAME", "SLOT_FILES", "unlock"]


def unlock(folder: Path, storage: KeyStorage) -> bytes:
    """Return the data key of a folder; make one where there are neither keys nor data yet.

    Args:
        folder: the data folder.
        storage: where the sealing key lies.

    Raises:
        KeyLockedError: the key file is gone or unreadable, or its sealing key is not in ``storage``.
        DiskFullError: no room for the key file.
    """
    slots = KeySlots(folder)
    if slots.exist():
        return slots.open_from(storage)
    if (folder / DATABASE_NAME).exists():
        raise KeyLockedError(
            Text("The key file of these data is missing. Restore it from a backup; nothing was changed.")
        )
    return slots.create(storage)
