"""Copies of a database that lies on a PostgreSQL server: made and put back by the server's own client programs.

A dump is every patient in plain text, so it never lies on a disk as it comes: it is sealed under the data key on its
way out of ``pg_dump`` and opened on its way into ``pg_restore``.

Source: PostgreSQL 15, "pg_dump", "pg_restore", "Password File".
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from clinic_app.foundation.durable_files import disk_errors
from clinic_app.foundation.errors import DamagedError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.examining import Holdings, holdings, unsound
from clinic_app.storage.backups.restoring import GONE
from clinic_app.storage.contents.blob_format import CHUNK_BYTES, HEADER_BYTES, BlobCipher, content_size, read_chunk
from clinic_app.storage.engines.postgres import PostgresDatabase

_ADDRESS: Final = hashlib.sha256(b"dala: dump of a database server").hexdigest()
"""What every sealed dump is bound to, so that no other sealed file passes for one."""
SERVER_RESTORED: Final = "server-restored"
"""A file of the data folder that says when the database was put back from a copy, until the database says so too."""
_PIECE_BYTES: Final = 1 << 18
_MOST_LOGGED: Final = 300
_DUMP: Final = ("--format=custom", "--enable-row-security", "--no-password", "--schema=public")


class ServerCopies:
    """Makes the copies of one database.

    Args:
        database: which.
        key: the data key the copies are sealed under.
    """

    def __init__(self, database: PostgresDatabase, key: bytes) -> None:
        self._database = database
        self._key = key

    def copy_to(self, path: Path, should_stop: Callable[[], bool]) -> None:
        """Write a sealed dump of one moment to a file that does not exist yet; writing goes on meanwhile.

        Raises:
            DiskFullError: no room.
            StorageError: the server or its program refused, or it was broken off; what is at ``path`` is no copy.
        """
        arguments, environment = self._database.client_options()
        command = [program("pg_dump"), *_DUMP, f"--dbname={arguments}"]
        with (
            _running(command, environment, stdout=subprocess.PIPE) as process,
            disk_errors(path),
            path.open("xb") as file,
        ):
            assert process.stdout is not None
            for sealed in BlobCipher.fresh(self._key, _ADDRESS).seal(_read(process.stdout, should_stop)):
                file.write(sealed)
            file.flush()
            os.fsync(file.fileno())

    def prove(self, path: Path) -> None:
        """Read a dump from end to end as it would be put back, without putting it anywhere.

        Raises:
            DamagedError: it is not whole, or not under this key.
        """
        prove_dump(path, self._key)

    def size_bytes(self) -> int:
        """Return about how much room a copy takes: half of what the server needs, whose indexes are not in it."""
        with self._database.reading() as connection:
            size: int = connection.exec_driver_sql("SELECT pg_database_size(current_database()) / 2").scalar_one()
        return size

    def holdings(self) -> Holdings:
        """Return what the database holds now."""
        with self._database.reading() as connection:
            return holdings(connection)


def prove_dump(path: Path, key: bytes) -> None:
    """Read a dump from end to end as it would be put back, without putting it anywhere.

    Raises:
        DamagedError: it is not whole, or not under this key.
        NotFoundError: it is not there any more.
    """
    try:
        pour(path, key, [program("pg_restore"), "--file=-"], None)
    except (DamagedError, StorageError) as error:
        if isinstance(error, DamagedError) or _is_whole(path, key):
            raise
        raise unsound(path.name) from error


def program(name: str) -> str:
    """Return where a client program of the server lies.

    Raises:
        NotFoundError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        named = f"{name}.exe" if sys.platform == "win32" else name
        roots = (Path("/usr/lib/postgresql"), Path(os.environ.get("PROGRAMFILES", "/nowhere")) / "PostgreSQL")
        all_found = [path for root in roots for path in root.glob(f"*/bin/{named}")]
        newest = sorted(all_found, key=lambda path: (len(path.parts[-3]), path.parts[-3]))
        found = str(newest[-1]) if newest else None
    if found is None:
        raise NotFoundError(Text("The program “{name}” of PostgreSQL is not installed on this computer.", name=name))
    return found


def pour(path: Path, key: bytes, command: list[str], environment: dict[str, str] | None) -> None:
    """Give a program the contents of a sealed dump.

    Raises:
        DamagedError: the file is not what was written.
        StorageError: the program refused it.
    """
    with _running(command, environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has said why it wants no more
            for piece in _opened(path, key):
                process.stdin.write(piece)
            process.stdin.close()


def _opened(path: Path, key: bytes) -> Iterator[bytes]:
    try:
        with disk_errors(path), path.open("rb") as file:
            size = content_size(path.stat().st_size)
            cipher = BlobCipher.of_header(key, _ADDRESS, file.read(HEADER_BYTES))
            for index in range(max(1, -(-size // CHUNK_BYTES))):
                yield read_chunk(file, cipher, index, size)
    except DamagedError as error:
        raise unsound(path.name) from error
    except FileNotFoundError as error:
        raise NotFoundError(GONE) from error


def _is_whole(path: Path, key: bytes) -> bool:
    try:
        for _piece in _opened(path, key):
            pass
    except DamagedError:
        return False
    return True


def _read(stream: IO[bytes], should_stop: Callable[[], bool]) -> Iterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        if should_stop():
            raise StorageError(Text("This was broken off because the program is being closed."))
        yield piece


@contextmanager
def _running(
    command: list[str], environment: dict[str, str] | None, *, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client program for the length of the block, and wait for its end; one that met an error is killed.

    Raises:
        StorageError: it cannot be run, or did not end well; of what it said only the first line is told, others may
            hold rows.
    """
    name = Path(command[0]).stem
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of our own words
                command,
                env={**os.environ, **(environment or {})},
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout,
                stderr=said,
            )
        except OSError as error:
            raise _failed(name, error.strerror or type(error).__name__) from error
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()
            process.wait()
        if process.returncode:
            said.seek(0)
            words = said.read(_MOST_LOGGED).decode(errors="replace").partition("\n")[0].strip()
            raise _failed(name, words or str(process.returncode))


def _failed(name: str, detail: str) -> StorageError:
    return StorageError(Text("The program “{name}” of PostgreSQL failed: {detail}", name=name, detail=detail))
