"""Data that were made unreadable on purpose: their keys are destroyed, and a note tells why nothing opens any more.

The note is written before the first key is touched. A program that is ended in between destroys the rest when it next
starts, and never asks anybody for a password to data that are meant to be gone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.dates import form_date
from clinic_app.foundation.durable_files import disk_errors, write_atomically
from clinic_app.foundation.errors import KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.keys.key_storage import KeyStorage
from clinic_app.keys.slots import KeySlots

FILE_NAME: Final = "erased.json"
_LARGEST: Final = 1 << 16
_MOST_WORDS: Final = 500


class Erasure(msgspec.Struct, frozen=True):
    """Why the data of a folder are gone.

    ``hub`` ordered it at ``at``; ``because`` is what its people wrote, or empty.
    """

    hub: str
    at: datetime
    because: str = ""

    @property
    def text(self) -> Text:
        """The sentence for whoever sits before the computer."""
        day, hub, because = form_date(self.at), _plain(self.hub), _plain(self.because)
        if not because:
            return Text("The hub “{hub}” ordered on {day} that the data of this computer be erased.", hub=hub, day=day)
        return Text(
            "The hub “{hub}” ordered on {day} that the data of this computer be erased: {because}",
            hub=hub,
            day=day,
            because=because,
        )


def _plain(words: str) -> str:
    """Return words somebody far away wrote, in one line that no window takes for markup."""
    return "".join(each for each in words if each.isprintable() and each not in "<>")[:_MOST_WORDS].strip()


def erase(folder: Path, slots: KeySlots, storage: KeyStorage | None, why: Erasure) -> None:
    """Destroy every way to the data of a folder on this computer, and leave the note.

    Raises:
        StorageError: the disk refused it; the next start goes on.
    """
    write_atomically(folder / FILE_NAME, (msgspec.json.encode(why),))
    slots.destroy(storage)


def erasure_of(folder: Path) -> Erasure | None:
    """Return why the data of a folder are gone, or None where they are not; a note nobody can read is one, too."""
    path = folder / FILE_NAME
    try:
        with disk_errors(path), path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Erasure)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Erasure("?", datetime.fromtimestamp(path.stat().st_mtime, UTC))


def check_not_erased(folder: Path, slots: KeySlots, storage: KeyStorage) -> None:
    """Return if the data of a folder are not meant to be gone; else destroy what is left of their keys.

    Raises:
        KeyLockedError: they are gone, with the reason.
    """
    why = erasure_of(folder)
    if why is not None:
        if slots.exist():
            slots.destroy(storage)
        raise KeyLockedError(why.text)
