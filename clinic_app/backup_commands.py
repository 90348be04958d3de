"""Commands of `clinic_app.maintenance` about backups: make one, list them, restore one, look for damage.

``restore`` also works in an empty folder on a new computer: it takes the key slots, the settings and the contents from
the second disk the backup lies on, and asks for the recovery code.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clinic_app.foundation.errors import ClinicError, DamagedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.keys import DATABASE_NAME
from clinic_app.settings import BACKUP_FOLDER, load_settings
from clinic_app.storage import BackupKeeper, Store, restore_backup
from clinic_app.storage.backups.key_check import can_read, look_at_proof, refusal
from clinic_app.storage.backups.restoring import GONE, finish_restoring
from clinic_app.storage.backups.second_disk import bring_back, listed_everywhere
from clinic_app.storage.contents.orphans import named_contents
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.workstation import storage_of

if TYPE_CHECKING:
    from clinic_app.maintenance import Folder

Say = Callable[[str], None]
Ask = Callable[[str], str]
NEWEST: Final = "newest"


def make_backup(folder: Folder, *, say: Say) -> None:
    """Make a backup, look through it and carry it to the second disk.

    Raises:
        ClinicError: it could not be made; a second disk that is missing is told and is no failure.
    """
    with folder.opened() as store:
        folder.note(store, "backup")
        keeper = BackupKeeper(store, folder.clock, _second(folder))
        backup = keeper.make("by-hand")
        say(f"{backup.path}")
        say(f"Records: {backup.records}, audit rows: {backup.audit_rows}, bytes: {backup.size_bytes}")
        problem = keeper.state().second_problem
        if problem is not None:
            say(f"Second disk: {problem.render('en')}")
        elif _second(folder) is not None:
            say("Second disk: everything is there.")


def list_backups(folder: Folder, *, say: Say) -> None:
    """Print the backups here and on the second disk, the newest first."""
    for backup in listed_everywhere(folder.path, _second(folder)):
        state = f"{backup.records} records" if backup.is_verified else "not verified"
        say(f"{backup.made_at:%Y-%m-%d %H:%M} UTC  {backup.kind:13}  {state:>16}  {backup.path}")


def restore(folder: Folder, *, say: Say, ask: Ask) -> None:
    """Put a backup in the place of the database; the former one is kept.

    Raises:
        ClinicError: it could not be; nothing was changed.
    """
    backup = _chosen(folder)
    there = backup.parent.parent
    brought: tuple[Path, ...] = ()
    if not folder.slots.kinds() and (brought := bring_back(there, folder.path)):
        say(f"Key slots and settings were taken from {there}")
    with_code = folder.options.recovery_code
    try:
        storage = storage_of(load_settings(folder.path))
        key = folder.slots.open_with_recovery_code(ask("Recovery code: ")) if with_code else folder.key()
    except ClinicError:
        for path in brought:  # they may be another computer's, and the next try takes those of its own backup
            path.unlink(missing_ok=True)
        raise
    kept = restore_backup(folder.path, backup, key, folder.clock)
    if kept.exists():
        say(f"The former database is kept as {kept}")
    with folder.opened(key) as store:
        folder.note(store, "restore")
        if with_code:
            folder.slots.keep_in(storage, key)
    say(f"Restored from {backup}. What the hub has since then comes with the next exchange.")


def check(folder: Folder, *, say: Say) -> None:
    """Look through database, trail and contents from end to end.

    Raises:
        DamagedError: something is not as it was written, or gone; what is whole was printed before.
        KeyLockedError: the data belong to another key.
    """
    finish_restoring(folder.path)
    key, path = folder.key(), folder.path / DATABASE_NAME
    proof = look_at_proof(folder.path, path, key)
    with closing(EncryptedFile(path, key)) as file:
        try:
            file.check_all()
        except DamagedError as error:
            raise refusal(folder.path, proof, key, is_opened=can_read(path, key)) or error from error
    say("Database: whole")
    with folder.opened() as store:
        folder.note(store, "check")
        broken = store.records.broken_audit_row()
        say(f"Audit trail: {'whole' if broken is None else f'broken at {broken}'}")
        whole, damaged = _checked_contents(store)
    say(f"Contents: {whole} whole, {len(damaged)} damaged")
    for sha256 in damaged:
        say(f"Damaged content: {sha256}")
    if broken is not None or damaged:
        raise DamagedError(Text("Not everything is as it was written. Nothing was changed."))


def needs_backup(parser: argparse.ArgumentParser) -> None:
    """Add what `restore` needs."""
    parser.add_argument("backup", metavar="FILE", help=f"the backup, or “{NEWEST}” for the newest that was verified")
    parser.add_argument("--recovery-code", action="store_true", help="read the recovery code from stdin")


def _chosen(folder: Folder) -> Path:
    if folder.options.backup != NEWEST:
        path = Path(folder.options.backup).absolute()
        if not path.exists():
            raise NotFoundError(GONE)
        return path
    for backup in listed_everywhere(folder.path, _second(folder)):
        if backup.is_verified:
            return backup.path
    raise NotFoundError(Text("There is no backup that was verified."))


def _checked_contents(store: Store) -> tuple[int, tuple[str, ...]]:
    """Read every content that is here; one that is only named is no damage."""
    seen: set[bytes] = set()
    damaged = []
    for digests in named_contents(store.database):
        for digest in digests - seen:
            try:
                store.blobs.verify(digest.decode())
            except DamagedError:
                damaged.append(digest.decode())
            except NotFoundError:
                continue
            seen.add(digest)
    return len(seen), tuple(damaged)


def _second(folder: Folder) -> Path | None:
    second = folder.settings[BACKUP_FOLDER]
    return Path(second) if second else None
