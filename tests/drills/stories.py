"""What a writing process lives through in a drill: a busy day, or one of the days when the data folder itself changes.

``python -m tests.drills.stories FOLDER --story NAME``; claims go to standard output. A story ends as a killed program
does: nothing is closed in order that the story itself does not close.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from clinic_app.foundation.clock import SystemClock
from clinic_app.keys import DATABASE_NAME, FileKeyStorage, KeySlots, unlock
from clinic_app.records import Patient
from clinic_app.storage import Store, restore_backup
from clinic_app.storage.backups.rekeying import change_key
from clinic_app.storage.engines.migrating import newest_revision
from tests.drills.claims import Claim
from tests.drills.mutants import MUTANTS
from tests.drills.writing import QUICK_SLOTS, Say, Ward, sayer, write
from tests.helpers.kept_databases import FILES, KEPT_KEY

Story = Callable[[Path, Say, int, int], None]
_THREADS: Final = 3
_AFTERWARDS: Final = 5
_CLOCK: Final = SystemClock()


def busy_day(folder: Path, say: Say, steps: int, seed: int) -> None:
    """Write from several threads."""
    write(folder, say, steps=steps, threads=_THREADS, seed=seed)


def restoration(folder: Path, say: Say, steps: int, seed: int) -> None:
    """Write, make a backup, put it in the place of the database, write on."""
    key = unlock(folder, FileKeyStorage(folder))
    with closing(Store.open(folder, key, _CLOCK)) as store:
        _work(store, say, steps, seed)
        backup = store.backups.make("by-hand")
        say(Claim(backups=(backup.path.name,)))
    restore_backup(folder, backup.path, key, _CLOCK)
    _write_on(folder, key, say, seed)


def change_of_the_key(folder: Path, say: Say, steps: int, seed: int) -> None:
    """Write, give the data another key, write on."""
    storage, slots = FileKeyStorage(folder), KeySlots(folder, QUICK_SLOTS)
    key = unlock(folder, storage)
    with closing(Store.open(folder, key, _CLOCK)) as store:
        _work(store, say, steps, seed)
    changed = change_key(folder, key, slots, [storage], _CLOCK, tell_code=lambda code: None)
    _write_on(folder, changed.key, say, seed)


def upgrade(folder: Path, say: Say, steps: int, seed: int) -> None:
    """Bring the data of the first program to the newest revision, write on. Only the key of the tests opens them."""
    first, path = min(FILES.glob("*.db")), folder / DATABASE_NAME
    assert first.stem != newest_revision()
    path.write_bytes(first.read_bytes())
    for each in (path, folder):
        descriptor = os.open(each, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    say(Claim(records=tuple(("Patient", f"p{number}", "v2") for number in (1, 2, 3))))
    _write_on(folder, KEPT_KEY, say, seed)


STORIES: Final[dict[str, Story]] = {
    "busy-day": busy_day,
    "restoration": restoration,
    "change-of-the-key": change_of_the_key,
    "upgrade": upgrade,
}
KEYS: Final = {"upgrade": KEPT_KEY}
"""What opens the data of a story; of the others a file beside them does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Live through one story."""
    parser = argparse.ArgumentParser(prog="stories")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--story", choices=STORIES, default="busy-day")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutant", choices=["", *MUTANTS], default="")
    options = parser.parse_args(arguments)
    if options.mutant:
        MUTANTS[options.mutant](options.folder)
    STORIES[options.story](options.folder, sayer(sys.stdout.fileno()), options.steps, options.seed)
    return 0


def _work(store: Store, say: Say, steps: int, seed: int) -> None:
    """Do what a change of the data folder must keep; people's passwords are asked for anew after some of them."""
    ward = Ward(store, KeySlots(store.folder, QUICK_SLOTS), say, random.Random(seed))
    works = (ward.register, ward.picture, ward.amend, ward.staff, ward.remember, ward.number, ward.receive, ward.send)
    for step in range(steps):
        ward.do(works[step % len(works)])


def _write_on(folder: Path, key: bytes, say: Say, seed: int) -> None:
    store = Store.open(folder, key, _CLOCK)
    ward = Ward(store, KeySlots(folder, QUICK_SLOTS), say, random.Random(seed))
    for _ in range(_AFTERWARDS):
        ward.do(ward.register)
        say(Claim(records=tuple(("Patient", each.id, each.version_id or "") for each in store.records.find(Patient))))


if __name__ == "__main__":
    sys.exit(main())
