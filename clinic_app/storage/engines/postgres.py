"""A PostgreSQL server as the database of a large hub; its driver is installed with the extra ``hub-postgresql`` only.

Every writer takes one lock of the whole database before anything else and lets go of it after its commit can be seen
(PostgreSQL, "Explicit Locking", advisory locks). So the numbers of `history.seq` grow in the order of the commits, as
in a SQLite file, however many processes write. A server that hangs or goes away is noticed by time-outs and by asking
each connection whether it still lives before it is used; nothing is repeated behind the caller's back.

The address may hold a password: neither it nor the values of a statement ever come into a message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from clinic_app.foundation.errors import ClinicError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.postgres_address import checked_address, has_safe_way
from clinic_app.storage.engines.postgres_errors import ONLY_READ, UNSAFE_WAY, known_error
from clinic_app.storage.feed.row_wall import say_who_asks

OLDEST_SERVER: Final = 15
"""Major version: what Debian 12 has and the tests run on."""
_WRITERS: Final = 0x44616C61
"""The number of the writers' lock: "Dala" in ASCII."""
_CONNECT: Final = {
    "application_name": "dala-hub",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_FOR_PROGRAMS: Final = (
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcrl",
    "connect_timeout",
    "target_session_attrs",
)
"""What PostgreSQL's own programs are told; they may be older than the driver and know fewer parameters."""
_LISTEN: Final = "LISTEN dala_feed"
_ANNOUNCE: Final = text("SELECT pg_notify('dala_feed', :words)")
_LISTEN_S: Final = 0.5
"""After so long a listener looks whether it should stop."""
_LISTEN_AGAIN_S: Final = 2.0
_SETTLE: Final = """
SELECT set_config('statement_timeout', '60s', false),
       set_config('lock_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""
"""Nobody waits for ever, nobody holds the writers' lock for ever, and what is said to be saved is on a disk."""
_FACTS: Final = """
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS is_standby,
       current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS keeps
"""
_log: Final = logging.getLogger(__name__)


class PostgresDatabase(Database):
    """One database of a PostgreSQL server.

    Args:
        address: ``postgresql://role:password@server/database``, with libpq's parameters behind a question mark.

    Raises:
        InvalidInputError: no such address, or an unencrypted way to another computer.
        StorageError: the driver is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            url = checked_address(address)
            engine = create_engine(
                url,
                connect_args={name: value for name, value in _CONNECT.items() if name not in url.query},
                pool_size=8,
                max_overflow=8,
                pool_pre_ping=True,
                hide_parameters=True,
            )
        except ImportError as error:
            raise StorageError(
                Text(
                    "This installation cannot talk to PostgreSQL: the package “{package}” is missing.",
                    package="psycopg",
                )
            ) from error
        super().__init__(engine)
        event.listen(engine, "connect", _settle)

    def check_server(self) -> None:
        """Look whether the server can keep what it is given.

        Raises:
            StorageError: too old, not in UTF-8, only to be read, or not to be reached.
        """
        with self.reading() as connection:
            server = connection.exec_driver_sql(_FACTS).one()
        if server.major < OLDEST_SERVER:
            needed = {"oldest": OLDEST_SERVER, "version": server.version}
            raise StorageError(Text("PostgreSQL {oldest} or newer is needed; this is {version}.", **needed))
        if server.encoding != "UTF8":
            raise StorageError(Text("The database on the server has to be made with the encoding UTF8."))
        if server.is_standby:
            raise StorageError(ONLY_READ)
        if not server.keeps:
            _log.warning("the database server has fsync or full_page_writes switched off: a power cut loses data there")

    def client_options(self) -> tuple[str, dict[str, str]]:
        """Return how PostgreSQL's own programs get to the same database: libpq's parameters and, apart, the password.

        The password goes into the program's environment: everybody sees what is typed behind a program's name.
        """
        from psycopg.conninfo import make_conninfo

        with self.reading() as connection:
            driver: Any = connection.connection.driver_connection
            password: str = driver.info.password
            told = driver.info.get_parameters()
            way = make_conninfo(**{name: told[name] for name in _FOR_PROGRAMS if name in told})
        return way, {"PGPASSWORD": password} if password else {}

    def announce(self, connection: Connection, words: str) -> None:
        """Tell the other programs, when the transaction of ``connection`` is committed (PostgreSQL, "NOTIFY")."""
        connection.execute(_ANNOUNCE, {"words": words})

    def announced(self, should_stop: Callable[[], bool]) -> Iterator[str | None]:
        """Listen on a connection of its own; when that breaks, on a new one, and who knows what was said meanwhile."""
        from psycopg import Error

        while not should_stop():
            try:
                with self._engine.connect() as connection:
                    connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(_LISTEN)
                    driver = connection.connection.driver_connection
                    connection.detach()  # it listens, so nobody else gets it
                    yield None
                    yield from _heard(driver, should_stop)
            except (Error, DBAPIError) as error:
                _log.warning("the database server is not to be heard and is tried again: %s", type(error).__name__)
                time.sleep(_LISTEN_AGAIN_S)

    def _begin_reading(self, connection: Connection) -> None:
        """Say how the driver is to say BEGIN, which it does with the first statement."""
        from psycopg import IsolationLevel

        driver: Any = connection.connection.driver_connection
        driver.isolation_level = IsolationLevel.REPEATABLE_READ
        driver.read_only = True
        say_who_asks(connection)

    def _begin_writing(self, connection: Connection) -> None:
        """Wait for the writers' lock; each statement then sees what the writer before has committed."""
        from psycopg import IsolationLevel

        driver: Any = connection.connection.driver_connection
        driver.isolation_level = IsolationLevel.READ_COMMITTED
        driver.read_only = False
        # allowed (sql text): the number is a constant of this file
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")

    def _known_error(self, error: BaseException | None) -> ClinicError | None:
        return known_error(error)


def _settle(driver: Any, _record: object) -> None:  # noqa: ANN401 - a driver that may not be installed
    """Set up a new connection: safe on its way, with an end to all waiting, and only words PostgreSQL can store.

    Raises:
        StorageError: the server is on another computer and nobody has looked at its certificate.
    """
    try:
        _check_way(driver.info)
        driver.adapters.register_dumper(str, _dumper_without_nul())
        driver.execute(_SETTLE)
        driver.commit()
    except BaseException:
        driver.close()
        raise


def _heard(driver: Any, should_stop: Callable[[], bool]) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield what is said on a connection that listens."""
    while not should_stop():
        for notice in driver.notifies(timeout=_LISTEN_S):
            yield notice.payload


def _check_way(info: Any) -> None:  # noqa: ANN401 - as above
    """Look where the connection really leads: libpq also takes servers from its environment and its service file."""
    if not has_safe_way(info.host, info.get_parameters().get("sslmode")):
        raise StorageError(UNSAFE_WAY)


@cache
def _dumper_without_nul() -> type[Any]:
    """Return the driver's way to hand over text, for words a stranger put a NUL in: PostgreSQL takes all but that."""
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:  # noqa: ANN401 - as declared there
            return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))

    return WithoutNul
