"""A PostgreSQL server of this process's own: in a new folder, on a socket nobody else knows, gone with the process.

It runs wherever Debian's package has put the programs. A shell stands between us and the server and waits for our end
of a pipe: when this process ends, however it ends, the server is told to stop. The databases it hands out are copies
of one that has the newest tables; one that comes back with the tables it went with is emptied and handed out again.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tests.helpers.waiting import wait_until

if TYPE_CHECKING:
    import psycopg

ROLE: Final = "dala"
"""Let in by the socket alone, and may do everything."""
GUARDED: Final = "guarded"
"""Has to say `PASSWORD`; made by whoever needs it."""
PASSWORD: Final = "k7p/R@t:secret"
_DOORS: Final = f"local all {GUARDED} scram-sha-256\nlocal all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_LOCALE: Final = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=ru")
"""Nothing we do may depend on the order a hospital's server gives its words, so the tests have one of the strangest."""
_SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "fsync": "off",  # the power of this machine is not what the tests are about
    "full_page_writes": "off",
    "autovacuum": "off",
}
_TEMPLATE: Final = "with_tables"
_OURS: Final = 16384
"""The first number of what is not PostgreSQL's own."""
_SHAPE: Final = " UNION ALL ".join(
    f"SELECT '{table}', count(*), sum(xmin::text::bigint) FROM {table} WHERE {key} >= {_OURS}"
    for table, key in {
        **dict.fromkeys(("pg_attrdef", "pg_constraint", "pg_default_acl", "pg_extension", "pg_namespace"), "oid"),
        **dict.fromkeys(("pg_policy", "pg_proc", "pg_rewrite", "pg_trigger", "pg_type"), "oid"),
        "pg_attribute": "attrelid",
        "pg_description": "objoid",
        "pg_index": "indexrelid",
        "pg_sequence": "seqrelid",
    }.items()
)
"""Changes with everything that is changed about the tables, and with none of their rows."""
_ACCESS: Final = f"""
    SELECT 'pg_class', count(*), sum(hashtext(oid::text || relname || relowner || coalesce(relacl::text, '')))
    FROM pg_class WHERE oid >= {_OURS} UNION ALL
    SELECT 'pg_database', count(*), sum(hashtext(datdba || coalesce(datacl::text, '') || datallowconn || datconnlimit))
    FROM pg_database WHERE datname = current_database() UNION ALL
    SELECT 'pg_db_role_setting', count(*), 0 FROM pg_db_role_setting
"""
_ALONE: Final = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTYING: Final = """
    SET session_replication_role = replica;
    DO $$ DECLARE one regclass; BEGIN
        FOR one IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND pg_relation_size(oid) > 0 AND relname NOT IN ('alembic_version', 'memory')
        LOOP EXECUTE 'DELETE FROM ' || one; END LOOP;
        DELETE FROM memory WHERE name <> 'row-wall';
        FOR one IN SELECT seqrelid FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
        LOOP PERFORM setval(one, 1, false); END LOOP;
    END $$
"""
"""Removes every row but those that say how the tables are, and lets every number begin at one."""
_MOST_USES: Final = 40
"""Rows that were removed still take room, so that a database is done with at some time."""
_UNTIL_WE_END: Final = 'folder=$1; shift; "$@" & read -r word; kill -INT $!; wait $!; [ "$word" ] || rm -rf "$folder"'
"""Whoever stops the server says a word first; if we end without one, the folder goes too."""


def programs() -> Path | None:
    """Return the folder with the newest server's programs, or None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@cache
def why_not() -> str:
    """Return why no server can run here; empty where one can."""
    if sys.platform == "win32":
        return "its server is tested on Linux"
    if programs() is None:
        return "Debian's package postgresql is not installed"
    if os.geteuid() == 0 and not _as_somebody_else():
        return "its server does not run as root, and there is no user postgres"
    return ""


@cache
def server() -> PostgresServer:
    """Return the server of this process; the first call starts it."""
    started = PostgresServer()
    started.start()
    atexit.register(started.remove)
    return started


class PostgresServer:
    """One server; its folder lies directly in the folder for temporary files, because paths of sockets are short.

    Args:
        settings: what this server has other than the rest.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dala-pg-"))
        self.data = self.folder / "data"
        self._settings = {**_SETTINGS, "unix_socket_directories": str(self.folder), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._owner: Any = None
        self._shape: object = None
        self._taken = 0
        self._uses: Counter[str] = Counter()
        self._free: list[str] = []
        somebody = _as_somebody_else()
        if somebody:
            os.chown(self.folder, somebody["user"], somebody["group"])
        command = [_program("initdb"), "-D", self.data, "-U", ROLE, "-A", "trust", "--no-sync", *_LOCALE]
        subprocess.run(command, cwd="/", check=True, capture_output=True, timeout=60, **somebody)
        (self.data / "pg_hba.conf").write_text(_DOORS, encoding="utf-8")

    def address(self, database: str, role: str = ROLE, password: str = "") -> str:
        """Return the address of one of its databases, as a hub is given it."""
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{role}{secret}@/{database}?host={quote(str(self.folder), safe='')}"

    def start(self) -> None:
        """Start it and wait until it lets somebody in."""
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_WE_END, "sh", self.folder, _program("postgres"), "-D", self.data, *settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                **_as_somebody_else(),
            )
        wait_until(self._is_ready, seconds=60, what=f"the server in {self.folder}")

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(b"stop\n")
            self._process.stdin.close()
            self._process.wait(timeout=60)
            self._process = None

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def take(self) -> str:
        """Return the address of a database that has the newest tables, the wall between hospitals, and no rows."""
        if self._shape is None:
            self._make_template()
        address = self._free.pop() if self._free else self.take_bare(_TEMPLATE)
        self._uses[address] += 1
        return address

    def take_bare(self, template: str = "template1") -> str:
        """Return the address of a new database: a copy of ``template``."""
        self._taken += 1
        name = f"taken_{self._taken}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return self.address(name)

    def give_back(self, address: str) -> None:
        """Take a database back, whoever is still connected to it: for the next one, or to remove it."""
        if 0 < self._uses[address] < _MOST_USES and self._is_emptied(address):
            self._free.append(address)
        else:
            self.execute(f"DROP DATABASE {name_in(address)} WITH (FORCE)")
            del self._uses[address]

    def _is_emptied(self, address: str) -> bool:
        """Empty a database that `take` gave; return False where it is not as it was."""
        import psycopg

        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(_ALONE)
                if _shape(connection) != self._shape:
                    return False
                connection.execute(_EMPTYING)
        except psycopg.Error:
            return False
        return True

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, said by the server's owner outside any transaction."""
        import psycopg

        if self._owner is None:
            self._owner = psycopg.connect(self.address("postgres"), autocommit=True)
        cursor = self._owner.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def run(self, program: str, *words: str, standard_input: bytes = b"") -> bytes:
        """Return what one of PostgreSQL's own programs writes, run as IT would beside the server."""
        command = [_program(program), "-h", self.folder, *words]
        return subprocess.run(
            command, cwd="/", check=True, capture_output=True, timeout=60, input=standard_input, **_as_somebody_else()
        ).stdout

    def _make_template(self) -> None:
        import psycopg

        from clinic_app.storage.engines.migrating import migrate
        from clinic_app.storage.engines.postgres import PostgresDatabase
        from clinic_app.storage.feed.row_wall import raise_wall

        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        database = PostgresDatabase(self.address(_TEMPLATE))
        with database.writing() as connection:
            migrate(connection)
            raise_wall(connection)
        database.close()
        with psycopg.connect(self.address(_TEMPLATE), autocommit=True) as template:
            self._shape = _shape(template)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "server.log").read_text(encoding="utf-8")
        try:
            state = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[7:]
        except FileNotFoundError:
            return False
        return [line.strip() for line in state] == ["ready"]


def _shape(connection: psycopg.Connection[Any]) -> object:
    """Return something that is equal for two databases whose tables, and who may read them, are the same."""
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return revision, connection.execute(f"{_SHAPE} UNION ALL {_ACCESS}").fetchall()


def name_in(address: str) -> str:
    """Return the name of the database in an address."""
    return address.partition("@/")[2].partition("?")[0]


def _program(name: str) -> Path:
    folder = programs()
    assert folder is not None
    return folder / name


def _as_somebody_else() -> dict[str, Any]:
    """Return who the server runs as, for a `subprocess` call: not root, which it refuses."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
