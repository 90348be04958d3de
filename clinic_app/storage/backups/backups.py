"""Backups: compact copies of the database under the same key, each looked through before it counts.

They lie in the data folder, numbered in the order they were made, because a computer's clock may be wrong; beside each
lies a small file that says what it holds, written when it had been looked through. A copy without that file is not
counted on, and not removed either. How many of each kind are kept is a table. Contents (images, recordings) are not in
them: those lie in files of their own that are never changed.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

import msgspec

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors, folder_sync, write_atomically
from clinic_app.foundation.errors import DiskFullError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.storage.backups.examining import Holdings, examine, holdings
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.space import Space
from clinic_app.storage.folder.one_instance import alone
from clinic_app.storage.memory import Memory

BackupKind = Literal["hourly", "daily", "weekly", "before-update", "by-hand"]
KEPT: Final[dict[BackupKind, int]] = {"hourly": 24, "daily": 14, "weekly": 53, "before-update": 5, "by-hand": 10}
"""How many of each kind are kept: an hourly one for a day, a daily one for two weeks, a weekly one for a year."""
FOLDER_NAME: Final = "backups"
_ALWAYS_KEPT: Final = 3
"""The newest of all kinds are kept even where the disk runs full."""
_NAME: Final = re.compile(r"(\d{6,9})-(" + "|".join(get_args(BackupKind)) + r")-(\d{8}T\d{6}Z)\.(db|dump)")
DUMP_SUFFIX: Final = ".dump"
"""Of a copy of a database that lies on a server (`clinic_app.storage.backups.server_copies`)."""
_ALONE: Final = "backup.lock"
_COUNTER: Final = "backup-number"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_LARGEST_NOTE: Final = 1 << 16


@dataclass(frozen=True)
class Backup:
    """One copy of the database.

    ``records`` and ``audit_rows`` are what it holds, -1 where nobody has looked; ``is_verified`` says that it was
    looked through when it was made and has not changed its size since.
    """

    path: Path
    kind: BackupKind
    made_at: datetime
    size_bytes: int
    records: int
    audit_rows: int
    is_verified: bool
    history_seq: int = -1
    audit_seq: int = -1

    @property
    def number(self) -> int:
        """Its place in the order of making, from 1."""
        return int(self.path.name.partition("-")[0])


class _Note(msgspec.Struct, frozen=True):
    """What lies beside a copy that was looked through."""

    size_bytes: int
    records: int
    history_seq: int
    audit_rows: int
    audit_seq: int
    audit_head: str


class Server(Protocol):
    """Makes and proves the copies of a database that lies on a server."""

    def copy_to(self, path: Path, should_stop: Callable[[], bool]) -> None:
        """Write a copy of one moment to a file that does not exist yet."""
        ...

    def prove(self, path: Path) -> None:
        """Read a copy from end to end; raise `DamagedError` where it is not whole."""
        ...

    def size_bytes(self) -> int:
        """Return about how much room a copy takes."""
        ...

    def holdings(self) -> Holdings:
        """Return what the database holds now."""
        ...


class Backups:
    """The backups of one data folder. Safe for use from several threads; only one is made at a time.

    Args:
        folder: the data folder.
        file: its database; None where the data lie on a database server, which ``server`` copies, or is backed up
            there.
        key: the data key.
        clock: says when.
        space: the room on the disk.
        memory: counts them, so that numbers go on growing when the folder was lost.
    """

    def __init__(
        self,
        folder: Path,
        file: EncryptedFile | None,
        key: bytes,
        clock: Clock,
        space: Space,
        memory: Memory,
        server: Server | None = None,
    ) -> None:
        self.folder = folder / FOLDER_NAME
        self._file = file
        self._server = server
        self._key = key
        self._clock = clock
        self._space = space
        self._memory = memory
        self._making = threading.Lock()
        self._stopping = threading.Event()

    def make(self, kind: BackupKind) -> Backup:
        """Make a backup and look through it; older ones that are no longer needed go.

        Raises:
            DiskFullError: there is no room for it; the others are as they were.
            DamagedError: the data, or the copy, are not whole.
            StorageError: the disk refused it, another program is making one, or it was broken off by `stop`.
        """
        source = self._file or self._server
        if source is None:
            raise StorageError(Text("These data lie on a database server and are backed up there."))
        with self._making, alone(self.folder.parent / _ALONE):
            self._space.require()
            self._make_room(source.size_bytes())
            with disk_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
            _sweep(self.folder)
            now = self._clock.now().astimezone(UTC)
            suffix = DUMP_SUFFIX if self._file is None else ".db"
            number = max(self._memory.next_number(_COUNTER), *(each.number + 1 for each in self.all()), 1)
            path = self.folder / f"{number:06d}-{kind}-{now.strftime(_STAMP)}{suffix}"
            part = path.with_name(path.name + PART_SUFFIX)
            try:
                note = self._copy(part) if self._file is None else self._copy_file(self._file, part)
                _put_in_place(part, path)
            except DiskFullError:
                self._space.met_full()
                raise
            finally:
                _sweep(self.folder)
            write_atomically(note_path(path), (msgspec.json.encode(note),))
            self.prune()
            return _described(path, kind, now.replace(microsecond=0), note)

    def all(self) -> tuple[Backup, ...]:
        """Return every backup, the newest first."""
        return listed(self.folder)

    def verify(self, backup: Backup) -> Backup:
        """Look through a backup once more; return it as it was found.

        Raises:
            DamagedError: it is not whole.
            NotFoundError: it is not there any more.
        """
        if self._server is None:
            return verified(backup, self._key)
        self._server.prove(backup.path)
        return backup

    def prune(self) -> tuple[Path, ...]:
        """Remove what is older than its kind is kept; return what went. Copies nobody looked through stay."""
        return prune(self.folder)

    def has_news(self) -> bool:
        """Return whether something was written or read since the newest backup."""
        newest = next((backup for backup in self.all() if backup.is_verified), None)
        if newest is None or self._file is None:
            return True
        with self._file.reading() as connection:
            now = holdings(connection)
        return (now.history_seq, now.audit_seq) != (newest.history_seq, newest.audit_seq)

    def stop(self) -> None:
        """Break off a backup that is being made, so that the program can close; none is made any more."""
        self._stopping.set()

    def _copy(self, part: Path) -> _Note:
        """Have the server's copy made; it holds at least what there was before it was begun."""
        assert self._server is not None
        held = self._server.holdings()
        self._server.copy_to(part, self._stopping.is_set)
        self._server.prove(part)
        return _note_of(part, held)

    def _copy_file(self, file: EncryptedFile, part: Path) -> _Note:
        with file.reading() as connection:
            before = holdings(connection)
        file.copy_to(part, self._stopping.is_set)
        found = examine(part, self._key, before, should_stop=self._stopping.is_set)
        return _note_of(part, found)

    def _make_room(self, needed_bytes: int) -> None:
        """Remove the oldest until there is room for one more; the newest few of all stay."""
        while not self._space.has_room_for(needed_bytes):
            spare = [each for each in self.all() if each.is_verified][_ALWAYS_KEPT:]
            if not spare:
                raise DiskFullError(Text("There is no room on the disk for a backup. Make some space free."))
            _removed([min(spare, key=lambda each: (_WORTH.index(each.kind), each.number)).path])


_WORTH: Final[tuple[BackupKind, ...]] = ("hourly", "by-hand", "daily", "before-update", "weekly")
"""Which kinds go first where there is no room."""


def listed(folder: Path) -> tuple[Backup, ...]:
    """Return the backups of a folder, the newest first; it need not be there."""
    with disk_errors(folder):
        try:
            paths = tuple(folder.iterdir())
        except FileNotFoundError:
            return ()
    found = [backup for path in paths if (backup := _backup(path))]
    return tuple(sorted(found, key=lambda each: (each.number, each.made_at), reverse=True))


def prune(folder: Path) -> tuple[Path, ...]:
    """Remove from a folder of backups what is older than its kind is kept; return what went."""
    gone = []
    for kind, most in KEPT.items():
        of_kind = [backup for backup in listed(folder) if backup.kind == kind and backup.is_verified]
        gone += [backup.path for backup in of_kind[most:]]
    return _removed(gone)


def verified(backup: Backup, key: bytes) -> Backup:
    """Look through a backup from end to end; return it as it was found.

    Raises:
        DamagedError: it is not whole, or not under this key.
        NotFoundError: it is not there any more.
    """
    if not backup.path.exists():
        raise NotFoundError(Text("This backup is not there any more."))
    found = examine(backup.path, key)
    return replace(
        backup,
        size_bytes=backup.path.stat().st_size,
        records=found.records,
        audit_rows=found.audit_rows,
        is_verified=True,
        history_seq=found.history_seq,
        audit_seq=found.audit_seq,
    )


def _backup(path: Path) -> Backup | None:
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    try:
        made_at = datetime.strptime(named[3], _STAMP).replace(tzinfo=UTC)
        size_bytes = path.stat().st_size
    except (ValueError, OSError):
        return None
    note = _note(path)
    kind: BackupKind = named[2]  # type: ignore[assignment]
    if note is None or note.size_bytes != size_bytes:
        return Backup(path, kind, made_at, size_bytes, -1, -1, is_verified=False)
    return _described(path, kind, made_at, note)


def _note_of(part: Path, found: Holdings) -> _Note:
    return _Note(
        size_bytes=part.stat().st_size,
        records=found.records,
        history_seq=found.history_seq,
        audit_rows=found.audit_rows,
        audit_seq=found.audit_seq,
        audit_head=found.audit_head,
    )


def _described(path: Path, kind: BackupKind, made_at: datetime, note: _Note) -> Backup:
    return Backup(
        path,
        kind,
        made_at,
        note.size_bytes,
        note.records,
        note.audit_rows,
        is_verified=True,
        history_seq=note.history_seq,
        audit_seq=note.audit_seq,
    )


def _note(path: Path) -> _Note | None:
    try:
        with note_path(path).open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST_NOTE), type=_Note)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def note_path(path: Path) -> Path:
    """Return where the note of a backup lies."""
    return path.with_suffix(".json")


def _put_in_place(part: Path, path: Path) -> None:
    with disk_errors(path):
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
        folder_sync()(path.parent)


def _sweep(folder: Path) -> None:
    """Remove what an interrupted copy left."""
    for part in folder.glob(f"*{PART_SUFFIX}*"):
        with suppress(OSError):
            part.unlink()


def _removed(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Remove backups, the note first: what is left of a half-removed one is not counted on."""
    gone = []
    for path in paths:
        with suppress(OSError):
            note_path(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            gone.append(path)
    return tuple(gone)
