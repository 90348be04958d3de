"""A backup in the place of the database: nothing is lost of the one that was there, whenever the power goes."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, DiskFullError, KeyLockedError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient
from clinic_app.storage import Backup, Store, restore_backup
from clinic_app.storage.backups import restoring
from clinic_app.storage.backups.restoring import PLAN_NAME, RESTORED_AT, RESTORED_NOTE, RESTORED_PULL, finish_restoring
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.dying import killed_everywhere
from tests.helpers.stores import KEY, opened, patient


def with_backup(folder: Path) -> Backup:
    """Fill a folder: ten patients in the backup, five more since."""
    with opened(folder) as store:
        store.records.commit([patient(f"Old{number}") for number in range(10)])
        backup = store.backups.make("hourly")
        store.records.commit([patient(f"New{number}") for number in range(5)])
    return backup


def families(folder: Path) -> set[str]:
    with opened(folder) as store:
        return {str(each.name[0].family)[:3] for each in store.records.find(Patient)}


def count(folder: Path) -> int:
    with opened(folder) as store:
        return len(store.records.find(Patient))


def database_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(f"{DATABASE_NAME}*"))


def test_the_backup_takes_the_place_and_the_former_database_is_kept(tmp_path: Path) -> None:
    backup = with_backup(tmp_path)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    kept = restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert kept.name == "clinic.db.damaged-20260305T070000Z"
    assert kept.read_bytes() == before
    assert database_files(tmp_path) == [DATABASE_NAME, kept.name]
    assert count(tmp_path) == 10
    assert families(tmp_path) == {"Old"}
    assert backup.path.exists()


def test_the_former_database_can_be_put_back_itself(tmp_path: Path) -> None:
    """What is kept is a database with all that was in it."""
    backup = with_backup(tmp_path)
    kept = restore_backup(tmp_path, backup.path, KEY, FixedClock())
    again = restore_backup(tmp_path, kept, KEY, FixedClock())
    assert count(tmp_path) == 15
    assert again.name == "clinic.db.damaged-20260305T070000Z-2"


def test_the_log_of_the_former_database_goes_with_it(tmp_path: Path) -> None:
    """A log beside another file would be taken into it by SQLite; one that is kept tells what was in it."""
    backup = with_backup(tmp_path)
    store = Store.open(tmp_path, KEY, FixedClock())
    store.records.commit([patient("InTheLog")])
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for path in tmp_path.iterdir():
        if path.is_file():
            shutil.copyfile(path, crashed / path.name)
    store.close()
    assert (crashed / f"{DATABASE_NAME}-wal").stat().st_size > 0
    kept = restore_backup(crashed, backup.path, KEY, FixedClock())
    assert not (crashed / f"{DATABASE_NAME}-wal").exists()
    assert kept.with_name(f"{kept.name}-wal").stat().st_size > 0
    assert count(crashed) == 10
    restore_backup(crashed, kept, KEY, FixedClock())
    assert count(crashed) == 16


@pytest.mark.parametrize("damage", ["cut", "emptied", "overwritten", "gone"])
def test_whatever_happened_to_the_database_the_backup_opens(tmp_path: Path, damage: str) -> None:
    backup = with_backup(tmp_path)
    path = tmp_path / DATABASE_NAME
    body = {"cut": path.read_bytes()[:10_000], "emptied": b"", "overwritten": b"x" * 50_000}.get(damage)
    path.unlink()
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())
    kept = restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert count(tmp_path) == 10
    assert kept.exists() == (body is not None)
    if body is not None:
        assert kept.read_bytes() == body


def test_a_damaged_backup_changes_nothing(tmp_path: Path) -> None:
    backup = with_backup(tmp_path)
    content = bytearray(backup.path.read_bytes())
    content[20_000] ^= 1
    backup.path.write_bytes(content)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    with pytest.raises(DamagedError, match=backup.path.name):
        restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert (tmp_path / DATABASE_NAME).read_bytes() == before
    assert database_files(tmp_path) == [DATABASE_NAME]


def test_a_backup_of_other_data_changes_nothing(tmp_path: Path) -> None:
    with_backup(tmp_path / "a")
    with opened(tmp_path / "b", key=bytes(32)) as other:
        foreign = other.backups.make("hourly")
    with pytest.raises(DamagedError, match="belongs to other data"):
        restore_backup(tmp_path / "a", foreign.path, KEY, FixedClock())
    assert count(tmp_path / "a") == 15


def test_a_backup_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    with_backup(tmp_path)
    with pytest.raises(NotFoundError):
        restore_backup(tmp_path, tmp_path / "nothing.db", KEY, FixedClock())
    assert count(tmp_path) == 15


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = with_backup(tmp_path)

    def no_room(*_arguments: object) -> None:
        raise DiskFullError(Text("The disk is full. Nothing was saved; free some space and try again."))

    monkeypatch.setattr(restoring, "_mark", no_room)
    with pytest.raises(DiskFullError):
        restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert database_files(tmp_path) == [DATABASE_NAME]
    assert count(tmp_path) == 15


def test_the_restored_data_say_so(tmp_path: Path) -> None:
    backup = with_backup(tmp_path)
    restore_backup(tmp_path, backup.path, KEY, FixedClock(NOON + timedelta(days=3)))
    with opened(tmp_path) as store:
        assert store.memory.get(RESTORED_PULL) == b"1"
        assert store.memory.get(RESTORED_AT) == b"2026-03-08T07:00:00+00:00"
        assert store.memory.get(RESTORED_NOTE) == NOON.isoformat().encode()
        assert store.memory.next_number("chart") == 4001


def test_an_empty_backup_can_be_restored(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        backup = store.backups.make("by-hand")
        store.records.commit([patient()])
    restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert count(tmp_path) == 0


def test_an_empty_folder_gets_its_database_from_a_backup(tmp_path: Path) -> None:
    backup = with_backup(tmp_path / "dead")
    (tmp_path / "new").mkdir()
    kept = restore_backup(tmp_path / "new", backup.path, KEY, FixedClock())
    assert not kept.exists()
    assert count(tmp_path / "new") == 10
    with pytest.raises(KeyLockedError):
        Store.open(tmp_path / "new", bytes(32), FixedClock())


def test_a_plain_copy_of_an_open_database_is_taken_with_its_log(tmp_path: Path) -> None:
    """Not a backup of ours: somebody copied the files while the program ran."""
    store = Store.open(tmp_path / "here", KEY, FixedClock())
    store.records.commit([patient() for _ in range(3)])
    shutil.copytree(tmp_path / "here", tmp_path / "copied")
    store.close()
    (tmp_path / "new").mkdir()
    restore_backup(tmp_path / "new", tmp_path / "copied" / DATABASE_NAME, KEY, FixedClock())
    assert count(tmp_path / "new") == 3
    assert (tmp_path / "copied" / f"{DATABASE_NAME}-wal").exists()


def test_finishing_where_nothing_was_begun_does_nothing(tmp_path: Path) -> None:
    with_backup(tmp_path)
    before = database_files(tmp_path)
    finish_restoring(tmp_path)
    assert database_files(tmp_path) == before


def test_a_plan_that_cannot_be_read_stops_the_start_and_changes_nothing(tmp_path: Path) -> None:
    with_backup(tmp_path)
    (tmp_path / PLAN_NAME).write_bytes(b"{")
    with pytest.raises(DamagedError):
        Store.open(tmp_path, KEY, FixedClock())
    assert (tmp_path / DATABASE_NAME).exists()
    (tmp_path / PLAN_NAME).unlink()
    assert count(tmp_path) == 15


def test_a_plan_names_files_of_the_folder_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with_backup(folder)
    (tmp_path / "outside.db").write_bytes(b"not ours")
    (folder / PLAN_NAME).write_bytes(b'{"fresh": "../outside.db", "kept": "../../kept"}')
    with pytest.raises(DamagedError):
        finish_restoring(folder)
    assert (tmp_path / "outside.db").read_bytes() == b"not ours"
    (folder / PLAN_NAME).unlink()
    assert count(folder) == 15


@pytest.mark.parametrize(
    "plan",
    [
        b"",
        b"{nope",
        b"[" * 100_000,
        b'{"fresh":"","kept":""}',
        b'{"fresh":"..","kept":".."}',
        b'{"fresh":"keys.json","kept":"clinic.db.damaged-x"}',
        b'{"fresh":"clinic.db.restoring.part","kept":"clinic.db.damaged-x/../keys.json"}',
    ],
)
def test_a_spoilt_plan_does_not_keep_a_backup_from_being_restored(tmp_path: Path, plan: bytes) -> None:
    """Whatever became of the plan: nothing is moved by it, the restoration goes on, and all of it is kept."""
    backup = with_backup(tmp_path)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    (tmp_path / "keys.json").write_bytes(b"slots")
    (tmp_path / PLAN_NAME).write_bytes(plan)
    with pytest.raises(DamagedError):
        finish_restoring(tmp_path)
    kept = restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert kept.read_bytes() == before
    assert [path.read_bytes() for path in tmp_path.glob(f"{PLAN_NAME}*")] == [plan]
    assert (tmp_path / "keys.json").read_bytes() == b"slots"
    (tmp_path / "keys.json").unlink()
    assert count(tmp_path) == 10


def test_a_small_file_that_was_cut_off_is_left_for_a_day(tmp_path: Path) -> None:
    import os
    import time

    with_backup(tmp_path)
    young, old = tmp_path / "keys.json.0a.part", tmp_path / "keys.json.0b.part"
    for path in (young, old):
        path.write_bytes(b"{")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    (tmp_path / f"{DATABASE_NAME}.restoring.part").write_bytes(b"half a copy")
    with opened(tmp_path):
        assert young.exists()
        assert not old.exists()
        assert not (tmp_path / f"{DATABASE_NAME}.restoring.part").exists()


IMPORTS = """
from clinic_app.storage import Store, restore_backup
from clinic_app.records import Patient
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY
"""
RESTORE = """
backup = next((folder / "backups").glob("*.db"))
restore_backup(folder, backup, KEY, FixedClock())
"""
LOOK = """
store = Store.open(folder, KEY, FixedClock())
store.file.check_all()
patients = len(store.records.find(Patient, limit=1000))
store.close()
kept = sorted(path.name for path in folder.glob("clinic.db.damaged-*"))
return patients, kept
"""


def test_a_kill_at_any_touch_of_the_disk_leaves_the_former_data_or_the_restored(tmp_path: Path) -> None:
    """The former database has a log that was not taken in: it must be lost in none of the cases."""
    template = tmp_path / "template"
    with_backup(template)
    store = Store.open(template, KEY, FixedClock())
    store.records.commit([patient("InTheLog")])
    shutil.copytree(template, tmp_path / "crashed")
    store.close()
    seen = killed_everywhere(tmp_path / "crashed", tmp_path / "work", IMPORTS, RESTORE, LOOK)
    kept = "['clinic.db.damaged-20260305T070000Z', 'clinic.db.damaged-20260305T070000Z-shm', "
    kept += "'clinic.db.damaged-20260305T070000Z-wal']"
    assert set(seen) == {"(16, [])", f"(10, {kept})"}
    assert seen == sorted(seen, reverse=True)
    assert len(seen) >= 12
