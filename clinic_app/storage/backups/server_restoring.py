"""Putting a dump in the place of what a PostgreSQL server has; what was there is kept in a schema of another name.

That a restoration is going on is written into the data folder first, so that a hub that starts after a power cut in the
middle of it knows that it lives another life (`Feed.epoch`). The dump itself goes in as one
transaction.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import write_atomically
from clinic_app.foundation.errors import KeyLockedError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.key_check import KEY_PROOF, proof_of
from clinic_app.storage.backups.server_copies import SERVER_RESTORED, pour, program, prove_dump
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.server_store import open_server_store
from clinic_app.storage.store import Store

_STAMP: Final = "%Y%m%dt%H%M%Sz"
_OTHERS: Final = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
)
_RESTORE: Final = ("--no-owner", "--exit-on-error", "--single-transaction", "--no-password", "--schema=public")


def restore_dump(folder: Path, address: str, dump: Path, key: bytes, clock: Clock) -> tuple[Store, str]:
    """Put a dump in the place of what the server has; return the open store and the schema the former is kept in.

    Args:
        folder: the data folder.
        address: of a database that is empty or this folder's.
        dump: sealed under ``key``.
        key: the data key.
        clock: says when.

    Raises:
        DamagedError: the dump is not whole; nothing was changed.
        KeyLockedError: the database belongs to another folder or key; nothing was changed.
        StorageError: a hub still works on it, or the server refused; it is as it was.
    """
    prove_dump(dump, key)
    now = clock.now().astimezone(UTC)
    database = PostgresDatabase(address)
    try:
        database.check_server()
        write_atomically(folder / SERVER_RESTORED, (now.isoformat().encode(),))
        kept = f"before_restore_{now.strftime(_STAMP)}"
        try:
            with database.writing() as connection:
                kept = _make_way(connection, key, kept)
            arguments, environment = database.client_options()
            pour(dump, key, [program("pg_restore"), *_RESTORE, f"--dbname={arguments}"], environment)
        except BaseException:
            _give_way_back(database, kept)
            (folder / SERVER_RESTORED).unlink(missing_ok=True)
            raise
    finally:
        database.close()
    return open_server_store(folder, address, key, clock), kept


def _make_way(connection: Connection, key: bytes, kept: str) -> str:
    """Put what is there under another name; return it, empty where there was nothing."""
    if connection.exec_driver_sql(_OTHERS).scalar():
        raise StorageError(Text("A hub still works on this database. Stop every hub first."))
    if not connection.exec_driver_sql("SELECT to_regclass('public.memory') IS NOT NULL").scalar():
        return ""
    query = "SELECT value FROM public.memory WHERE name = %s"
    proof = connection.exec_driver_sql(query, (KEY_PROOF,)).scalar()
    if proof is not None and bytes(proof) != proof_of(key):
        raise KeyLockedError(Text("The database on the server belongs to another data folder or another key."))
    # allowed (sql text): the name is made of a fixed word and digits
    connection.exec_driver_sql(f"ALTER SCHEMA public RENAME TO {kept}")
    connection.exec_driver_sql("CREATE SCHEMA public")
    return kept


def _give_way_back(database: PostgresDatabase, kept: str) -> None:
    """Put back what was there; the restoration itself was one transaction and has left nothing."""
    with suppress(StorageError), database.writing() as connection:
        if kept and connection.exec_driver_sql("SELECT to_regnamespace(%s) IS NOT NULL", (kept,)).scalar():
            connection.exec_driver_sql("DROP SCHEMA public")
            # allowed (sql text): the name is made of a fixed word and digits
            connection.exec_driver_sql(f"ALTER SCHEMA {kept} RENAME TO public")
