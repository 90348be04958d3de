"""Whether a folder lies where a database may lie: on a disk of this computer that nothing else copies or locks.

On a network drive SQLite's locks and its shared memory do not hold, and a folder that a cloud synchronises is copied in
the middle of a write. Both have cost people their data; such a folder is refused before the first byte is written.
Folders for backups are another matter: a backup is one file that nobody writes to.

Source: sqlite.org/howtocorrupt.html (2.1, 8.5) and sqlite.org/wal.html ("does not work over a network filesystem").
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from typing import BinaryIO, Final, Protocol

from clinic_app.foundation.errors import StorageError
from clinic_app.foundation.texts import Text

_CLOUDS: Final = (
    "onedrive",
    "dropbox",
    "google drive",
    "googledrive",
    "icloud drive",
    "icloud~",
    "yandexdisk",
    "yandex.disk",
    "яндекс.диск",
    "облако mail.ru",
    "mail.ru cloud",
    "nextcloud",
    "owncloud",
)
"""How the programs that synchronise name the folder they watch; more may follow ("OneDrive - Hospital")."""


class Platform(Protocol):
    """What a system tells about the disk a folder is on."""

    def network_drive(self, folder: Path) -> str:
        """Return the name of the network drive or protocol ``folder`` is on; empty where it is on this computer."""
        ...

    def synchronised_roots(self) -> tuple[Path, ...]:
        """Return the folders that the system itself says a cloud synchronises."""
        ...

    def allocate(self, file: BinaryIO, size_bytes: int) -> None:
        """Give an empty file its place on the disk, so that the room is really taken.

        Raises:
            OSError: there is no room.
        """
        ...


def check_place(folder: Path) -> None:
    """Return if a database may lie in ``folder``, which need not exist yet.

    Raises:
        StorageError: it is on a network drive, or in a folder that a cloud synchronises.
    """
    real = folder.resolve()
    system = platform()
    drive = system.network_drive(real)
    if drive:
        raise StorageError(
            Text(
                "The data folder “{folder}” is on a network drive ({drive}). The data would be damaged there; "
                "choose a folder on a disk of this computer.",
                folder=folder,
                drive=drive,
            )
        )
    cloud = synchronising(real, system.synchronised_roots())
    if cloud:
        raise StorageError(
            Text(
                "The data folder “{folder}” is synchronised by {cloud}. The data would be damaged there; "
                "choose a folder that nothing synchronises.",
                folder=folder,
                cloud=cloud,
            )
        )


def synchronising(folder: PurePath, roots: tuple[PurePath, ...] = ()) -> str:
    """Return the name of the folder above ``folder``, or itself, that a cloud synchronises; empty where none is."""
    for each in (folder, *folder.parents):
        if each in roots or each.name.casefold().startswith(_CLOUDS):
            return each.name
    return ""


def platform() -> Platform:
    """Return what this system tells."""
    if sys.platform == "win32":
        from clinic_app.storage.folder import place_windows as here
    else:
        from clinic_app.storage.folder import place_posix as here
    return here
