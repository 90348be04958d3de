"""The door to damaged data: the backups of both disks, and one of them in the place of the database."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, KeyLockedError, StorageError
from clinic_app.keys import DATABASE_NAME, KeySlots, key_storage, unlock
from clinic_app.opening import Opening
from clinic_app.records import Patient
from clinic_app.settings import Settings, settings_from
from clinic_app.storage import BackupKeeper, Store, one_instance
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened, patient


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "second").mkdir()
    return settings_from(tmp_path / "data", {"key_storage": "file", "backup_folder": str(tmp_path / "second")})


@pytest.fixture
def key(settings: Settings) -> bytes:
    settings.folder.mkdir()
    return unlock(settings.folder, key_storage("file", settings.folder))


@pytest.fixture
def fill(settings: Settings, key: bytes, tmp_path: Path) -> Callable[[int], None]:
    """Return what puts patients in and makes a backup of all that are there, here and on the second disk."""

    def more(count: int) -> None:
        with opened(settings.folder, key=key) as store:
            store.records.commit([patient() for _ in range(count)])
            BackupKeeper(store, FixedClock(), tmp_path / "second").make("hourly")

    return more


def count(settings: Settings, key: bytes) -> int:
    with opened(settings.folder, key=key) as store:
        return len(store.records.find(Patient))


def damage(settings: Settings) -> None:
    path = settings.folder / DATABASE_NAME
    path.write_bytes(path.read_bytes()[:5000])


def test_damaged_data_are_restored_from_the_newest_backup_here(
    settings: Settings, key: bytes, fill: Callable[[int], None]
) -> None:
    fill(3)
    fill(2)
    damage(settings)
    with pytest.raises(DamagedError):
        Store.open(settings.folder, key, FixedClock())
    door = Opening(settings, clock=FixedClock())
    newest, older = door.backups()
    assert (newest.records, older.records) == (5, 3)
    assert newest.path.is_relative_to(settings.folder)
    kept = door.restore(newest, door.with_key_storage())
    assert kept.stat().st_size == 5000
    assert count(settings, key) == 5


def test_when_the_folder_of_backups_is_gone_those_of_the_second_disk_are_shown(
    settings: Settings, key: bytes, fill: Callable[[int], None], tmp_path: Path
) -> None:
    fill(4)
    shutil.rmtree(settings.folder / "backups")
    damage(settings)
    door = Opening(settings)
    (backup,) = door.backups()
    assert backup.path.is_relative_to(tmp_path / "second")
    door.restore(backup, key)
    assert count(settings, key) == 4


def test_a_second_disk_that_is_missing_hides_nothing_of_this_one(
    settings: Settings, fill: Callable[[int], None], tmp_path: Path
) -> None:
    fill(1)
    shutil.rmtree(tmp_path / "second")
    assert len(Opening(settings).backups()) == 1


def test_a_folder_without_backups_says_so(settings: Settings, key: bytes) -> None:
    assert Opening(settings).backups() == ()


def test_the_way_of_this_computer_opens_and_another_one_does_not(settings: Settings, key: bytes) -> None:
    door = Opening(settings)
    assert door.with_key_storage() == key
    (settings.folder / "unsealed.key").unlink()
    with pytest.raises(KeyLockedError):
        door.with_key_storage()


def test_the_recovery_code_restores_where_the_key_storage_was_lost(
    settings: Settings, key: bytes, fill: Callable[[int], None]
) -> None:
    fill(2)
    code = KeySlots(settings.folder).new_recovery_code(key)
    (settings.folder / "unsealed.key").unlink()
    damage(settings)
    door = Opening(settings)
    door.restore(door.backups()[0], door.with_recovery_code(code))
    assert count(settings, key) == 2


def test_nothing_is_restored_under_a_running_program(
    settings: Settings, key: bytes, fill: Callable[[int], None]
) -> None:
    fill(1)
    door = Opening(settings)
    (backup,) = door.backups()
    with one_instance(settings.folder), pytest.raises(StorageError, match="already running"):
        door.restore(backup, key)
    assert count(settings, key) == 1


def test_a_damaged_backup_is_refused_and_an_older_one_is_taken(
    settings: Settings, key: bytes, fill: Callable[[int], None]
) -> None:
    fill(1)
    fill(1)
    newest, older = Opening(settings).backups()
    content = bytearray(newest.path.read_bytes())
    content[10_000] ^= 1
    newest.path.write_bytes(content)
    with pytest.raises(DamagedError):
        Opening(settings).restore(newest, key)
    assert count(settings, key) == 2
    Opening(settings).restore(older, key)
    assert count(settings, key) == 1
