"""What every database can do for the store: reading and writing, each in a transaction of its own.

A reader sees one moment of the data and waits for nobody. Writers come one after the other, so that numbers given
inside a transaction grow in the order of the commits. Which database it is, only its own module knows:
`encrypted_file` on a workstation, `postgres` at a large hub.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from clinic_app.foundation.errors import ClinicError, DiskFullError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.space import EndlessRoom, Room

_WRITES: Final = "is_write"


class Database(ABC):
    """One database. Safe for use from several threads.

    Args:
        engine: makes the connections; its parameters never come into a message.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._write_lock = threading.RLock()
        self.room: Room = EndlessRoom()
        """Asked before each write; a store puts that of its own disk in the place of this one."""
        self._after_commit: list[Callable[[], None]] = []
        event.listen(engine, "begin", self._begin)

    @property
    def dialect(self) -> str:
        """The SQL it speaks, by SQLAlchemy's name."""
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads; it sees one moment of the data.

        Raises:
            DamagedError: what is there is not what was written.
            StorageError: it cannot be read now.
        """
        with self._errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, may_use_reserve: bool = False) -> Iterator[Connection]:
        """Open a transaction that writes; it is committed at the end of the block, or leaves no trace.

        Args:
            may_use_reserve: whether it is so small and so needed (the audit row of a reading, what the hub answered)
                that it goes on when the disk is full.

        Raises:
            DiskFullError: no room; without ``may_use_reserve`` before anything was begun.
            DamagedError: what is there is not what was written.
            StorageError: somebody else holds the database, or it refused the write.
        """
        if not may_use_reserve:
            self.room.require()
        try:
            with self._write_lock, self._errors(), self._engine.connect() as connection:
                writer = connection.execution_options(**{_WRITES: True})
                self._after_commit.clear()
                with writer.begin():
                    yield writer
                due = tuple(self._after_commit)
        except DiskFullError:
            self.room.met_full()
            raise
        for call in due:
            call()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have ``call`` called when what is being written can be seen; said inside `writing`, forgotten if it fails."""
        self._after_commit.append(call)

    def announce(self, _connection: Connection, _words: str) -> None:
        """Tell the other programs on this database something, with the commit. A file has one program."""
        return

    def announced(self, should_stop: Callable[[], bool]) -> Iterator[str | None]:  # noqa: ARG002 - a file ends at once
        """Yield what is announced, by whatever program, until it should stop; None where something may be missing."""
        yield from ()

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.dispose()

    @abstractmethod
    def _begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that sees one moment."""

    @abstractmethod
    def _begin_writing(self, connection: Connection) -> None:
        """Begin a transaction that no other writer meets."""

    @abstractmethod
    def _known_error(self, error: BaseException | None) -> ClinicError | None:
        """Return what a driver's error means, or None for a bug of ours (a constraint, a wrong statement)."""

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the driver's errors inside the block into ours."""
        try:
            yield
        except DBAPIError as error:
            known = self._known_error(error.orig)
            if known is None:
                raise
            raise known from error
        except NoConnectionError as error:
            raise StorageError(Text("The database is busy. Try again in a moment.")) from error

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITES, False):
            self._begin_writing(connection)
        else:
            self._begin_reading(connection)
