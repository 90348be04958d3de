"""Everything one data folder holds, opened together and closed together."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import select

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import DamagedError, DiskFullError, KeyLockedError, StorageError
from clinic_app.keys.unlocking import DATABASE_NAME
from clinic_app.storage.accounts import Accounts
from clinic_app.storage.backups.backups import Backups, Server
from clinic_app.storage.backups.key_check import WRONG_KEY, can_read, look_at_proof, refusal, write_key_check
from clinic_app.storage.backups.looking import ClosedSpace, open_to_look, put_aside_copy
from clinic_app.storage.backups.restoring import IN_USE, finish_restoring, sweep
from clinic_app.storage.backups.upgrading import bring_up_to_date
from clinic_app.storage.contents.blobs import BlobStore
from clinic_app.storage.contents.transfers import Transfers
from clinic_app.storage.counts import Counts
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.space import Space
from clinic_app.storage.exchange.outbox import Outbox
from clinic_app.storage.folder.place import check_place
from clinic_app.storage.kept_keys import kept_keys
from clinic_app.storage.memory import Memory
from clinic_app.storage.record_store import RecordStore
from clinic_app.storage.tables import CURSOR
from clinic_app.storage.trail.rows import AuditRows

BLOB_FOLDER: Final = "blobs"


class Store:
    """The records, contents and queues of one data folder. Safe for use from several threads.

    Args:
        folder: the data folder.
        database: its database, at the newest revision; ``file`` is the same, where it is a file of this folder.
        key: the data key.
        clock: says when things were written.
        space: the room on its disk.
        server: makes copies of a database that lies on a server.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        key: bytes,
        clock: Clock,
        *,
        space: Space | None = None,
        server: Server | None = None,
    ) -> None:
        self.folder = folder
        self.key = key
        self.database = database
        self.file = database if isinstance(database, EncryptedFile) else None
        self.space = space or Space(folder)
        database.room = self.space if self.file else database.room
        kept = kept_keys(database, key, may_be_damaged=isinstance(self.space, ClosedSpace))
        self.blobs = BlobStore(folder / BLOB_FOLDER, key, self.space, kept.former)
        self.records = RecordStore(database, self.blobs, kept.audit, clock)
        self.outbox = Outbox(database, clock)
        self.transfers = Transfers(database, clock)
        self.accounts = Accounts(database)
        self.memory = Memory(database)
        self.backups = Backups(folder, self.file, key, clock, self.space, self.memory, server)
        self.audit = AuditRows(database, kept.audit)
        self.counts = Counts(database)
        self._is_suspect = False
        self.one_at_a_time = threading.RLock()
        """Held by whoever reads a small value, changes it and writes it back."""

    @classmethod
    def open(
        cls, folder: Path, key: bytes, clock: Clock, *, reserve_bytes: int = 0, is_read_only: bool = False
    ) -> Store:
        """Open a data folder, make what is missing and bring it to the newest revision.

        Args:
            folder: made if it is not there.
            key: the data key, 32 bytes.
            clock: says when things were written.
            reserve_bytes: how much room is kept free for the day the disk is full.
            is_read_only: take nothing that people write and leave the database as it is: to see what can be seen of
                data that are damaged (`clinic_app.storage.backups.looking`).

        Raises:
            KeyLockedError: the data belong to another key.
            DamagedError: the data are there but cannot be read; they are left as they are.
            DiskFullError: no room.
            StorageError: written by a newer program, held by another one, refused by the disk, or in a place where a
                database would be damaged.
        """
        check_place(folder)
        path = folder / DATABASE_NAME
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            finish_restoring(folder)
            sweep(folder)
            proof = look_at_proof(folder, path, key)
        if proof == "other" and not can_read(path, key):
            raise KeyLockedError(WRONG_KEY)
        if is_read_only:
            return cls(folder, open_to_look(folder, key), key, clock, space=ClosedSpace(folder))
        space = Space(folder, reserve_bytes)
        database = EncryptedFile(path, key)
        try:
            backups = Backups(folder, database, key, clock, space, Memory(database))
            bring_up_to_date(database, backups, space, key, is_finished=proof != "none")
            store = cls(folder, database, key, clock, space=space)
            store._note_start()
        except DamagedError as error:
            database.close()
            other = refusal(folder, proof, key, is_opened=can_read(path, key))
            if other is None:
                raise
            raise other from error
        except BaseException:
            database.close()
            raise
        if proof != "fits":
            write_key_check(folder, key)
        put_aside_copy(folder)
        return store

    def cursor(self, name: str) -> str | None:
        """Return how far the hub's feed was read, or None when it never was."""
        with self.database.reading() as connection:
            return connection.execute(select(CURSOR.c.value).where(CURSOR.c.name == name)).scalar_one_or_none()

    def close(self) -> None:
        """Close in order: the next start need not look for damage; where the disk does not let us, it looks."""
        try:
            with suppress(StorageError):
                if self._is_suspect or self.file is None:
                    return
                self.memory.put(IN_USE, b"")
                self.file.checkpoint()
        finally:
            self.database.close()

    def suspect(self) -> None:
        """Have the next start look for damage, however this run ends."""
        self._is_suspect = True

    def _note_start(self) -> None:
        """Look for damage and leftovers if the last run did not end in order; a full disk can still be read."""
        if self.memory.get(IN_USE):
            if self.file is not None:
                self.file.check()
            self.blobs.sweep()
        with suppress(DiskFullError):
            self.memory.put(IN_USE, b"1")
