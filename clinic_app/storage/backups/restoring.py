"""Putting a backup in the place of the database; the one that was there is kept.

The new file is made whole and looked through before anything is moved. What is moved where is written down first, so
that a power cut in the middle is made good at the next start: the old log must never lie beside the new file, SQLite
would take it in. Nothing is deleted.

What came after the backup is partly at the hub. The restored database therefore says of itself that it was restored:
the next exchange asks the hub for everything since, this workstation's own writes too (`RESTORED_PULL`), and numbers
that may have been given since are passed over (`clinic_app.storage.memory`).
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import select

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.durable_files import PART_SUFFIX, disk_errors, folder_sync, write_atomically
from clinic_app.foundation.errors import DamagedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.keys.unlocking import DATABASE_NAME
from clinic_app.storage.backups.backups import FOLDER_NAME as BACKUPS
from clinic_app.storage.backups.examining import examine
from clinic_app.storage.backups.key_check import write_key_check
from clinic_app.storage.backups.second_disk import bring_back_blobs
from clinic_app.storage.engines.encrypted_file import DAMAGED, EncryptedFile
from clinic_app.storage.memory import NUMBERS_PASSED_OVER, put_values
from clinic_app.storage.tables import HISTORY

PLAN_NAME: Final = "restore.json"
RESTORED_PULL: Final = "restored-pull"
"""Kept until the hub has given back everything since the backup."""
RESTORED_NOTE: Final = "restored-note"
"""Kept until the audit trail says so: when, from which backup."""
RESTORED_AT: Final = "restored-at"
IN_USE: Final = "store-in-use"
FRESH_NAME: Final = f"{DATABASE_NAME}.restoring{PART_SUFFIX}"
_PARTS: Final = ("-looked-at", "-looked-at-wal", "-looked-at-shm", "-wal", "-shm", "")
_DAMAGED: Final = ".damaged-"
_COPIES: Final = tuple(f"{DATABASE_NAME}.{what}{PART_SUFFIX}" for what in ("restoring", "upgrading"))
_PART_KEPT_S: Final = 86400.0
_NUMBERS_A_DAY: Final = 1000
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_COPY_BYTES: Final = 1 << 20


GONE: Final = Text("This backup is not there any more.")


class _Plan(msgspec.Struct, frozen=True):
    """Which file of the folder goes into the database's place, and by what name the former one is kept."""

    fresh: str
    kept: str


def restore_backup(folder: Path, backup: Path, key: bytes, clock: Clock) -> Path:
    """Put a backup in the place of the database; return where the former one is kept.

    Args:
        folder: the data folder; its database is closed.
        backup: the copy; it stays where it is.
        key: the data key of both.
        clock: says when.

    Raises:
        DamagedError: the backup is not whole, or not under this key; nothing was changed.
        NotFoundError: there is no such file.
        DiskFullError: no room; nothing was changed.
        StorageError: the disk refused something; the next start goes on with it.
    """
    now = clock.now().astimezone(UTC)
    try:
        finish_restoring(folder)
    except DamagedError:  # nobody can tell what it said; what there is is moved aside below, whatever it is
        _put_aside_plan(folder, now)
    fresh = folder / FRESH_NAME
    _remove(fresh)
    try:
        _copy(backup, fresh)
        examine(fresh, key, name=backup.name)
        _mark(fresh, key, now, len(tuple(folder.glob(f"{DATABASE_NAME}{_DAMAGED}*"))))
        _flush(fresh)
        there = backup.parent.parent
        if backup.parent.name == BACKUPS and there.resolve() != folder.resolve():
            bring_back_blobs(there, folder)
    except BaseException:
        _remove(fresh)
        raise
    write_key_check(folder, key)
    kept = _free_name(folder, f"{DATABASE_NAME}{_DAMAGED}{now.strftime(_STAMP)}")
    write_atomically(folder / PLAN_NAME, (msgspec.json.encode(_Plan(fresh.name, kept)),))
    finish_restoring(folder)
    return folder / kept


def finish_restoring(folder: Path) -> None:
    """Go on with a restoration that was cut off; do nothing where there was none.

    Raises:
        DamagedError: what was written down cannot be read; `restore_backup` puts it aside.
        StorageError: the disk refused it; it can be tried again.
    """
    path = folder / PLAN_NAME
    if not path.exists():
        return
    with disk_errors(path):
        plan = _plan(path)
        if (folder / plan.fresh).exists():
            for suffix in _PARTS:
                with suppress(FileNotFoundError):
                    os.replace(folder / f"{DATABASE_NAME}{suffix}", folder / f"{plan.kept}{suffix}")
            folder_sync()(folder)
            os.replace(folder / plan.fresh, folder / DATABASE_NAME)
            folder_sync()(folder)
        path.unlink()
        folder_sync()(folder)


def sweep(folder: Path) -> None:
    """Remove copies that were cut off before they came into the database's place; what is whole is never among them.

    Small files that were cut off are left for a day: another program may be writing one.
    """
    oldest_kept = time.time() - _PART_KEPT_S
    for path in folder.glob(f"*{PART_SUFFIX}*"):
        is_copy = path.name.startswith(_COPIES)
        with suppress(OSError):
            if is_copy or path.stat().st_mtime < oldest_kept:
                path.unlink()


def _plan(path: Path) -> _Plan:
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=_Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError(DAMAGED) from error
    is_ours = plan.fresh == FRESH_NAME and plan.kept.startswith(f"{DATABASE_NAME}{_DAMAGED}")
    if not is_ours or Path(plan.kept).name != plan.kept:
        raise DamagedError(DAMAGED)
    return plan


def _put_aside_plan(folder: Path, now: datetime) -> None:
    path = folder / PLAN_NAME
    with disk_errors(path):
        os.replace(path, folder / _free_name(folder, f"{PLAN_NAME}{_DAMAGED}{now.strftime(_STAMP)}"))
        folder_sync()(folder)


def _copy(backup: Path, fresh: Path) -> None:
    """Copy a backup, with the log beside it where somebody made a plain copy of a database that was open."""
    for suffix in ("", "-wal"):
        source = backup.with_name(backup.name + suffix)
        if suffix and not source.exists():
            continue
        try:
            with (
                disk_errors(source),
                source.open("rb") as read,
                fresh.with_name(fresh.name + suffix).open("xb") as file,
            ):
                shutil.copyfileobj(read, file, _COPY_BYTES)
        except FileNotFoundError as error:
            raise NotFoundError(GONE) from error


def _mark(fresh: Path, key: bytes, now: datetime, restorations: int) -> None:
    """Say inside the copy that it was restored, and close it so that no log is left beside it.

    More numbers are passed over than a hospital gives in the time since the backup, and more each time, because the
    same backup may be restored twice.
    """
    file = EncryptedFile(fresh, key)
    try:
        with file.writing() as connection:
            newest = connection.execute(select(HISTORY.c.written_at).order_by(HISTORY.c.seq.desc()).limit(1)).scalar()
            last_at = datetime.fromisoformat(newest) if newest else now
            days = max(0, (now - last_at).days) + 1
            put_values(
                connection,
                {
                    IN_USE: b"",
                    RESTORED_AT: now.isoformat().encode(),
                    RESTORED_NOTE: last_at.isoformat().encode(),
                    RESTORED_PULL: b"1",
                    NUMBERS_PASSED_OVER: f"{now.strftime(_STAMP)} {(days + restorations) * _NUMBERS_A_DAY}".encode(),
                },
            )
        file.checkpoint()
    finally:
        file.close()


def _flush(fresh: Path) -> None:
    with disk_errors(fresh), fresh.open("rb+") as file:
        os.fsync(file.fileno())


def _remove(fresh: Path) -> None:
    for suffix in _PARTS:
        with suppress(OSError):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


def _free_name(folder: Path, wanted: str) -> str:
    """Return a name nothing has, so that what was kept once stays."""
    name, number = wanted, 1
    while any((folder / f"{name}{suffix}").exists() for suffix in _PARTS):
        number += 1
        name = f"{wanted}-{number}"
    return name
