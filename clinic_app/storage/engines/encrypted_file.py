"""The encrypted SQLite database of a data folder: one file, one key.

Writers begin with BEGIN IMMEDIATE (a transaction that starts as a reader and wants to write fails at once, whatever the
time-out) and, inside one program, queue for one lock. Readers see the last commit and wait for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, QueuePool, create_engine

from clinic_app.foundation.durable_files import DISK_FULL, disk_errors
from clinic_app.foundation.errors import ClinicError, DamagedError, DiskFullError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.keys.derived import derive
from clinic_app.storage.engines.database import Database

OLDEST_SQLITE: Final = (3, 51, 3)
"""SQLite before it can damage a WAL database that two connections write (sqlite.org/wal.html, "the WAL-reset bug")."""
_BUSY_TIMEOUT_MS: Final = 5000
_STEPS_BETWEEN_QUESTIONS: Final = 100_000
"""Steps of SQLite's machine between two questions whether to stop: some milliseconds."""
_PRAGMAS: Final = (
    "cipher_log_level = NONE",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "cache_size = -16000",
    "temp_store = MEMORY",
    "mmap_size = 0",
)
_SET: Final = (("journal_mode", "wal"), ("mmap_size", 0))
"""What a file system or another build of SQLite may refuse without an error: a log, and no mapping into memory."""
_READ_ONLY_PRAGMAS: Final = (
    "cipher_log_level = NONE",
    "query_only = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
)
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_INTERRUPT, _SQLITE_CORRUPT, _SQLITE_FULL, _SQLITE_NOTADB = 5, 6, 9, 11, 13, 26
DAMAGED: Final = Text(
    "The data on this computer are damaged. Do not delete anything; call whoever looks after the computer."
)


class EncryptedFile(Database):
    """One database file.

    Args:
        path: the file; it is made if it is not there.
        key: the data key, 32 bytes.
        is_read_only: change nothing, not even the log beside the file; for copies and for what is damaged.
        should_stop: asked now and then while a statement runs; True breaks it off.

    Raises:
        StorageError: the SQLite inside the program is too old or has no encryption.
    """

    def __init__(
        self, path: Path, key: bytes, *, is_read_only: bool = False, should_stop: Callable[[], bool] | None = None
    ) -> None:
        check_engine()
        self.path = path
        self.is_read_only = is_read_only
        self._should_stop = should_stop
        self._key_hex = derive(key, "database").hex()
        engine = create_engine(
            "sqlite://",
            module=sqlcipher,
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=8,
            hide_parameters=True,
        )
        super().__init__(engine)

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the database file."""
        self._outside_transactions("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> None:
        """Look through the whole file for damage; takes seconds on a large one.

        Raises:
            DamagedError: something is not as it was written.
        """
        self.checkpoint()
        self._look_through("quick_check(1)")

    def check_all(self) -> None:
        """Look through the whole file, its indexes and the seal of every page; takes a minute on a large one.

        Raises:
            DamagedError: something is not as it was written.
        """
        try:
            self._look_through_all()
        except DamagedError:
            with self._write_lock:  # pages may have been on their way from the log: look again while nobody writes
                self._look_through_all()

    def copy_to(self, path: Path, should_stop: Callable[[], bool] | None = None) -> None:
        """Write a compact copy of the database, under the same key, to a file that does not exist yet.

        Writing goes on meanwhile; the copy holds one moment.

        Args:
            path: where.
            should_stop: asked now and then; True breaks it off.

        Raises:
            StorageError: it was broken off; what is at ``path`` is no copy.
        """
        with self._errors():
            connection = self._connect()
            try:
                connection.set_progress_handler(should_stop, _STEPS_BETWEEN_QUESTIONS)
                connection.execute("VACUUM INTO ?", (str(path),)).fetchall()
            finally:
                connection.close()

    def copy_under(self, path: Path, key: bytes) -> None:
        """Write a copy of the database under another data key to a file that does not exist yet.

        Raises:
            DiskFullError: no room; what is at ``path`` is no copy.
            DamagedError: the database is not what was written.
            StorageError: the disk refused it.
        """
        with self._errors():
            connection = self._connect()
            try:
                connection.execute(
                    "ATTACH DATABASE ? AS copy KEY ?", (str(path), f"x'{derive(key, 'database').hex()}'")
                )
                connection.execute("SELECT sqlcipher_export('copy')").fetchall()
                for pragma in ("user_version", "application_id"):
                    # allowed (sql text): a PRAGMA takes no parameters; these are constants and a number
                    value = int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
                    # allowed (sql text): a PRAGMA takes no parameters; these are constants and a number
                    connection.execute(f"PRAGMA copy.{pragma} = {value}")
                connection.execute("DETACH DATABASE copy")
            finally:
                connection.close()

    def size_bytes(self) -> int:
        """Return how much room the file and its log take."""
        with disk_errors(self.path):
            sizes = [
                each.stat().st_size
                for each in (self.path, self.path.with_name(f"{self.path.name}-wal"))
                if each.exists()
            ]
        return sum(sizes)

    def _look_through_all(self) -> None:
        if not self.is_read_only:
            self.checkpoint()  # a torn page may be whole in the log
        self._look_through("integrity_check(1)", "cipher_integrity_check", "foreign_key_check")

    def _look_through(self, *checks: str) -> None:
        """Ask SQLite whether the file is whole, through a connection that remembers nothing.

        Through one that has used the search before, while others wrote to it, SQLite 3.53 calls a whole file damaged.
        """
        with self._errors():
            connection = self._connect()
            try:
                for check in checks:
                    # allowed (sql text): a PRAGMA takes no parameters; these are constants
                    if connection.execute(f"PRAGMA {check}").fetchone() not in (None, ("ok",)):
                        raise DamagedError(DAMAGED)
            finally:
                connection.close()

    def _outside_transactions(self, statement: str, *values: str) -> None:
        with self._write_lock, self._errors(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(statement, values).fetchall()

    def _connect(self) -> Any:  # noqa: ANN401 - the driver has no types
        name = f"{self.path.absolute().as_uri()}?mode={'ro' if self.is_read_only else 'rwc'}"
        connection = sqlcipher.connect(name, uri=True, isolation_level=None, check_same_thread=False)
        try:
            connection.set_progress_handler(self._should_stop, _STEPS_BETWEEN_QUESTIONS)
            # allowed (sql text): a PRAGMA takes no parameters; the key is hexadecimal
            connection.execute(f"PRAGMA key = \"x'{self._key_hex}'\"")
            for pragma in _READ_ONLY_PRAGMAS if self.is_read_only else _PRAGMAS:
                # allowed (sql text): a PRAGMA takes no parameters; these are constants
                connection.execute(f"PRAGMA {pragma}").fetchall()
            if not self.is_read_only:
                _check_settings(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    def _begin_writing(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with super()._errors():
                yield
        except sqlcipher.Error as error:  # a connection's settings and what runs outside transactions
            known = self._known_error(error)
            if known is None:
                raise
            raise known from error

    def _known_error(self, error: BaseException | None) -> ClinicError | None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == _SQLITE_FULL:
            return DiskFullError(DISK_FULL)
        if code in (_SQLITE_CORRUPT, _SQLITE_NOTADB):
            return DamagedError(DAMAGED)
        if code in (_SQLITE_BUSY, _SQLITE_LOCKED):
            return StorageError(Text("Another program is using the data. Close it and try again."))
        if code == _SQLITE_INTERRUPT:
            return StorageError(Text("This was broken off because the program is being closed."))
        if code in (8, 10, 14, 23):  # READONLY, IOERR, CANTOPEN, AUTH
            return StorageError(Text("The data on this computer cannot be written: {detail}.", detail=str(error)))
        return None


def _check_settings(connection: Any) -> None:  # noqa: ANN401 - the driver has no types
    for pragma, wanted in _SET:
        # allowed (sql text): a PRAGMA takes no parameters; these are constants
        row = connection.execute(f"PRAGMA {pragma}").fetchone()
        if row is not None and row[0] != wanted:
            raise StorageError(Text("The data on this computer cannot be written: {detail}.", detail=pragma))


def check_engine() -> None:
    """Refuse to run on a SQLite that can lose or leak data.

    Raises:
        StorageError: older than `OLDEST_SQLITE`, or without encryption.
    """
    with_cipher = sqlcipher.connect(":memory:")
    try:
        cipher = with_cipher.execute("PRAGMA cipher_version").fetchone()
    finally:
        with_cipher.close()
    if sqlcipher.sqlite_version_info < OLDEST_SQLITE or not cipher or not cipher[0]:
        raise StorageError(
            Text("The database engine of this installation is not the right one. Install the program again.")
        )
