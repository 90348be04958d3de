"""The door before there is a workstation: ways to unlock a data folder when this computer's key storage does not.

A Windows profile was replaced, a disk was moved to another computer, somebody new sits at a shared one: the data are
whole and only the usual way to their key is gone. What opens here is handed to `build_workstation(settings, key=…)`,
which lets this computer's key storage open the data from then on.
"""

from __future__ import annotations

from pathlib import Path

from clinic_app.foundation.clock import Clock, SystemClock
from clinic_app.keys import KeySlots, unlock
from clinic_app.settings import BACKUP_FOLDER, Settings
from clinic_app.storage import Backup, one_instance, restore_backup
from clinic_app.storage.backups.second_disk import listed_everywhere
from clinic_app.workstation import storage_of


class Opening:
    """The ways into one data folder that need a person.

    Args:
        settings: of the folder.
        slots: its slots; tests take quicker ones.
        clock: the wall clock.

    Every way raises StorageError where the program is running with these data already.
    """

    def __init__(self, settings: Settings, slots: KeySlots | None = None, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._folder = settings.folder
        self._slots = slots or KeySlots(settings.folder)

    def ways(self) -> frozenset[str]:
        """Return the kinds of ways there are: ``keyring``, ``file``, ``user``, ``recovery``, ``escrow``; or none.

        Raises:
            KeyLockedError: the file that holds them is damaged.
        """
        return self._slots.kinds()

    def with_password(self, login: str, password: str) -> bytes:
        """Return the data key by what somebody signs in with; call it off the GUI thread.

        Raises:
            KeyLockedError: it does not open, whichever of the two is wrong.
        """
        with one_instance(self._folder):
            return self._slots.open_with_password(login, password)

    def with_recovery_code(self, code: str) -> bytes:
        """Return the data key by the printed code, however it is typed.

        Raises:
            InvalidInputError: a letter is wrong or missing.
            KeyLockedError: it is not the newest code of these data.
        """
        with one_instance(self._folder):
            return self._slots.open_with_recovery_code(code)

    def with_escrow(self, identity: str) -> bytes:
        """Return the data key by the organisation's secret key, as its file says it.

        Raises:
            InvalidInputError: this is no secret key.
            KeyLockedError: the data were not left with the organisation.
        """
        with one_instance(self._folder):
            return self._slots.open_with_escrow(identity)

    def with_key_storage(self) -> bytes:
        """Return the data key as this computer keeps it.

        Raises:
            KeyLockedError: it does not.
        """
        with one_instance(self._folder):
            return unlock(self._folder, storage_of(self._settings))

    def backups(self) -> tuple[Backup, ...]:
        """Return the backups on this computer and on the second disk, the newest first.

        Each was looked through when it was made; `restore` looks again.
        """
        second = self._settings[BACKUP_FOLDER]
        return listed_everywhere(self._folder, Path(second) if second else None)

    def restore(self, backup: Backup, key: bytes) -> Path:
        """Put a backup in the place of the database; return where the former one is kept. Takes seconds to minutes.

        What the hub has since comes with the next exchange; what is missing of the contents comes from the second
        disk, if the backup lies there.

        Raises:
            DamagedError: the backup is not whole, or not of these data; nothing was changed.
            NotFoundError: it is not there any more.
            DiskFullError: no room; nothing was changed.
            StorageError: the program is running with these data, or the disk refused it.
        """
        with one_instance(self._folder):
            return restore_backup(self._folder, backup.path, key, self._clock)
