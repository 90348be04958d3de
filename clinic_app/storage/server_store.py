"""The store of a large hub: its records on a PostgreSQL server, its contents in a data folder beside the hub.

The folder and the database belong together: both hold a proof made from the key. A database that is empty although the
folder had one, or that belongs to another folder, is never filled or changed.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from sqlalchemy import Connection, insert, select

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import DamagedError, KeyLockedError
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.key_check import KEY_PROOF, check_proof, proof_of, write_key_check
from clinic_app.storage.backups.restoring import RESTORED_AT, RESTORED_PULL
from clinic_app.storage.backups.server_copies import SERVER_RESTORED, ServerCopies
from clinic_app.storage.engines.migrating import current_revision, migrate, newest_revision
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.feed.row_wall import raise_wall
from clinic_app.storage.folder.place import check_place
from clinic_app.storage.memory import put_values
from clinic_app.storage.store import Store
from clinic_app.storage.tables import MEMORY


def open_server_store(folder: Path, address: str, key: bytes, clock: Clock) -> Store:
    """Open a data folder whose records lie on a server, make what is missing and bring it to the newest revision.

    Args:
        folder: for the contents and the key's proof; made if it is not there.
        address: of a database that is empty or this folder's.
        key: the data key, 32 bytes.
        clock: says when things were written.

    Raises:
        InvalidInputError: no address of a PostgreSQL database, or an unsafe way there.
        KeyLockedError: folder or database belong to another key.
        DamagedError: there was a database and it is gone.
        StorageError: the server is not there, not the right one or refuses.
    """
    check_place(folder)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        is_finished = check_proof(folder, key)
    database = PostgresDatabase(address)
    try:
        database.check_server()
        with database.writing() as connection:
            _bring_up_to_date(connection, is_finished=is_finished)
            _claim(connection, key)
            raise_wall(connection)
            _note_restoration(folder, connection)
        (folder / SERVER_RESTORED).unlink(missing_ok=True)
        if not is_finished:
            write_key_check(folder, key)
        store = Store(folder, database, key, clock, server=ServerCopies(database, key))
        store.blobs.sweep()
    except BaseException:
        database.close()
        raise
    return store


def _bring_up_to_date(connection: Connection, *, is_finished: bool) -> None:
    current = current_revision(connection)
    if current is None and is_finished:
        raise DamagedError(Text("The database on the server is empty. Do not start anew; restore it from a backup."))
    if current != newest_revision():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        migrate(connection)


def _note_restoration(folder: Path, connection: Connection) -> None:
    """Say in a database that was put back from a copy that it was: the hub begins another life and asks for all."""
    path = folder / SERVER_RESTORED
    with disk_errors(path):
        if path.exists():
            put_values(connection, {RESTORED_AT: path.read_bytes(), RESTORED_PULL: b"1"})


def _claim(connection: Connection, key: bytes) -> None:
    """Say that the database belongs to the key, or make sure that it does."""
    kept = connection.scalar(select(MEMORY.c.value).where(MEMORY.c.name == KEY_PROOF))
    if kept is None:
        connection.execute(insert(MEMORY).values(name=KEY_PROOF, value=proof_of(key)))
    elif not hmac.compare_digest(kept, proof_of(key)):
        raise KeyLockedError(Text("The database on the server belongs to another data folder or another key."))
