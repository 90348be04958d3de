"""A hub's backups on the command line: make one while it works, put one back while it stands still.

``backup --to FOLDER`` makes a copy of the records, looks through it, and carries it with the contents to a second
disk; ``restore --backup FILE`` puts one back. A restored hub begins another life: every workstation notices it with its
next exchange and sends again what the hub had taken since (`clinic_app.sync.round`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError, KeyLockedError, NotFoundError, StorageError
from clinic_app.foundation.texts import Text
from clinic_app.hub.folder import key_storage_of, open_hub_store
from clinic_app.keys import KeySlots
from clinic_app.storage import BackupKeeper, Store, one_instance, restore_backup
from clinic_app.storage.backups.backups import DUMP_SUFFIX
from clinic_app.storage.backups.restoring import GONE
from clinic_app.storage.backups.second_disk import bring_back, bring_back_blobs, listed_everywhere
from clinic_app.storage.backups.server_restoring import restore_dump
from clinic_app.storage.exchange.former_hub import Former, take_over
from clinic_app.storage.feed.feed import Feed

BACKUP: Final = "Make a copy of the records, look through it and carry it to a second disk; the hub goes on meanwhile."
RESTORE: Final = "Put a copy in the place of the records; the hub has to be stopped. What was there is kept."
NEWEST: Final = "newest"


def ask_backup(parser: argparse.ArgumentParser) -> None:
    """Add what `backup` needs."""
    parser.add_argument("--to", type=Path, help="folder on a second disk, for the copy and the contents")


def ask_restore(parser: argparse.ArgumentParser) -> None:
    """Add what `restore` needs."""
    parser.add_argument("--backup", required=True, help=f"the copy, or “{NEWEST}”")
    parser.add_argument("--from", dest="second", type=Path, help="folder on a second disk, for “newest”")


def backup(options: argparse.Namespace) -> Iterator[str]:
    """Make a backup; yield the lines to print.

    Raises:
        ClinicError: it could not be made, or the second disk did not take it: then it lies in the data folder.
    """
    with closing(open_hub_store(options.data, options.key_file, options.database)) as store:
        keeper = BackupKeeper(store, SystemClock(), options.to.absolute() if options.to else None)
        made = keeper.make("by-hand")
        yield f"{made.path}"
        yield f"records: {made.records}, bytes: {made.size_bytes}"
        problem = keeper.state().second_problem
        if problem is not None:
            raise StorageError(problem)
        if options.to:
            yield f"on the second disk: {options.to}"


def restore(options: argparse.Namespace) -> Iterator[str]:
    """Put a backup back; yield the lines to print.

    Raises:
        ClinicError: it could not be; nothing was changed.
    """
    with one_instance(options.data):
        chosen = _chosen(options)
        there = chosen.parent.parent
        key = _key(options, there)
        if chosen.suffix == DUMP_SUFFIX:
            store, former = _restored_on_server(options, chosen, key)
        else:
            store, former = _restored_file(options, chosen, key)
        with closing(store):
            if there.resolve() != options.data.resolve():
                bring_back_blobs(there, options.data)
            Feed(store.database, SystemClock())  # begins the other life
            yield f"restored from {chosen}"
            if former is not None:
                yield f"what was there is kept as {former.name}"
                yield _taken_over(store, former)


def _key(options: argparse.Namespace, there: Path) -> bytes:
    """Return the key of the data; a folder that has none yet gets the sealed ones from the second disk."""
    brought = bring_back(there, options.data)
    slots = KeySlots(options.data)
    if not slots.exist():
        raise KeyLockedError(Text("The key of these data is not here. Put the key files back first."))
    try:
        return slots.open_from(key_storage_of(options.data, options.key_file))
    except ClinicError:
        for path in brought:  # they may be another hub's
            path.unlink(missing_ok=True)
        raise


def _taken_over(store: Store, former: Former) -> str:
    try:
        kept = take_over(store, former, SystemClock())
    except ClinicError as error:
        return (
            f"LOOK AT THE ACCOUNTS: {error} Whoever was shut out since the backup is let in again, "
            "and what was erased by order is back."
        )
    return f"taken over from it: {kept.devices} devices, {kept.revoked} shut out; {kept.erased} records erased again"


def _chosen(options: argparse.Namespace) -> Path:
    if options.backup != NEWEST:
        path = Path(options.backup).absolute()
        if not path.exists():
            raise NotFoundError(GONE)
        return path
    for each in listed_everywhere(options.data, options.second):
        if each.is_verified:
            return each.path
    raise NotFoundError(Text("There is no backup that was verified."))


def _restored_file(options: argparse.Namespace, chosen: Path, key: bytes) -> tuple[Store, Former | None]:
    kept = restore_backup(options.data, chosen, key, SystemClock())
    store = open_hub_store(options.data, options.key_file)
    return store, Former(kept.name, kept, "") if kept.exists() else None


def _restored_on_server(options: argparse.Namespace, chosen: Path, key: bytes) -> tuple[Store, Former | None]:
    if not options.database:
        raise NotFoundError(Text("This copy is of a database on a server: say --database."))
    store, kept = restore_dump(options.data, options.database, chosen, key, SystemClock())
    return store, Former(kept, None, kept) if kept else None
