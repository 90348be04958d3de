"""Damaged data are looked at through a copy: nothing of them changes, nothing new is taken, readers leave a trace."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, StorageError
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import AuditEvent, Patient
from clinic_app.storage import Store, restore_backup
from clinic_app.storage.backups.looking import CLOSED, LOOKED_AT_SUFFIX, put_aside_copy
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, opened, patient


def damaged(folder: Path) -> bytes:
    """Fill a folder and damage the last page of its database; return the damaged file."""
    with opened(folder) as store:
        store.records.commit([patient("Readable")])
        store.backups.make("hourly")
        store.memory.put("padding", b"x" * 200_000)
    store = Store.open(folder, KEY, FixedClock())
    store.file.checkpoint()  # type: ignore[union-attr]
    store.database.close()
    path = folder / DATABASE_NAME
    content = bytearray(path.read_bytes())
    content[-2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        Store.open(folder, KEY, FixedClock())
    return path.read_bytes()


def looked_at(folder: Path) -> Store:
    return Store.open(folder, KEY, FixedClock(), is_read_only=True)


def test_what_is_whole_can_be_read_and_the_damaged_file_stays_as_it_is(tmp_path: Path) -> None:
    before = damaged(tmp_path)
    store = looked_at(tmp_path)
    assert [each.name[0].family for each in store.records.find(Patient)] == ["Readable"]
    store.records.commit([], audit=[audit_row()])
    store.close()
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_nothing_new_is_taken_and_the_sentence_says_why(tmp_path: Path) -> None:
    damaged(tmp_path)
    store = looked_at(tmp_path)
    try:
        assert store.space.is_read_only
        assert store.space.reason == CLOSED
        for refused in (
            lambda: store.records.commit([patient()]),
            lambda: store.blobs.put(b"new"),
            lambda: store.memory.next_number("chart"),
            lambda: store.backups.make("by-hand"),
        ):
            with pytest.raises(StorageError, match="can only be read"):
                refused()
        assert len(store.records.find(Patient)) == 1
    finally:
        store.close()


def test_who_looked_is_written_and_still_there_when_somebody_looks_again(tmp_path: Path) -> None:
    damaged(tmp_path)
    for looks in (1, 2):
        store = looked_at(tmp_path)
        store.records.commit([], audit=[audit_row()])
        assert len(store.records.find(AuditEvent)) == looks
        assert store.records.broken_audit_row() is None
        store.close()


def test_the_copy_goes_with_the_damaged_file_when_a_backup_takes_its_place(tmp_path: Path) -> None:
    damaged(tmp_path)
    store = looked_at(tmp_path)
    (backup,) = store.backups.all()
    store.close()
    kept = restore_backup(tmp_path, backup.path, KEY, FixedClock())
    assert kept.with_name(kept.name + LOOKED_AT_SUFFIX).exists()
    assert not (tmp_path / f"{DATABASE_NAME}{LOOKED_AT_SUFFIX}").exists()
    with opened(tmp_path) as store:
        assert not store.space.is_read_only
        store.records.commit([patient()])


def test_a_log_that_was_not_taken_in_is_looked_at_too(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "here", KEY, FixedClock())
    store.records.commit([patient("InTheLog")])
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for path in (tmp_path / "here").iterdir():
        if path.is_file():
            (crashed / path.name).write_bytes(path.read_bytes())
    store.close()
    before = {path.name: path.read_bytes() for path in crashed.iterdir()}
    looking = looked_at(crashed)
    assert len(looking.records.find(Patient)) == 1
    looking.close()
    assert {name: (crashed / name).read_bytes() for name in before} == before


def test_data_of_which_nothing_is_whole_cannot_be_looked_at(tmp_path: Path) -> None:
    damaged(tmp_path)
    path = tmp_path / DATABASE_NAME
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(DamagedError):
        looked_at(tmp_path)
    assert path.read_bytes() == b"x" * path.stat().st_size


def test_data_that_are_gone_cannot_be_looked_at(tmp_path: Path) -> None:
    damaged(tmp_path)
    (tmp_path / DATABASE_NAME).unlink()
    with pytest.raises(DamagedError, match="missing"):
        looked_at(tmp_path)
    assert not (tmp_path / DATABASE_NAME).exists()


def test_whole_data_can_be_looked_at_without_being_changed(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.records.commit([patient()])
    before = (tmp_path / DATABASE_NAME).read_bytes()
    store = looked_at(tmp_path)
    assert len(store.records.find(Patient)) == 1
    store.close()
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_a_copy_from_former_days_is_not_shown_as_the_present(tmp_path: Path) -> None:
    """Damaged, looked at, mended, worked with, damaged again: what is shown is of today, and all is kept."""
    damaged(tmp_path)
    with closing(looked_at(tmp_path)) as store:
        store.records.commit((), audit=(audit_row(),))
    (backup,) = (tmp_path / "backups").glob("*.db")
    for number in (1, 2):
        (tmp_path / DATABASE_NAME).write_bytes(backup.read_bytes())
        with opened(tmp_path) as mended:
            mended.records.commit([patient(f"Since{number}")])
            mended.suspect()
        with closing(looked_at(tmp_path)) as store:
            families = {each.name[0].family for each in store.records.find(Patient)}
            assert families == {"Readable", f"Since{number}"}
    kept = sorted(path.name for path in tmp_path.glob(f"{DATABASE_NAME}.looked-at-*"))
    assert kept == [f"{DATABASE_NAME}.looked-at-1", f"{DATABASE_NAME}.looked-at-2"]


def test_a_copy_that_cannot_be_put_aside_keeps_nobody_from_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as store:
        store.records.commit([patient()])
    looked_at(tmp_path).close()

    def refuse(source: Path, target: Path) -> None:
        raise PermissionError("held by a virus scanner")

    monkeypatch.setattr("clinic_app.storage.backups.looking.os.replace", refuse)
    put_aside_copy(tmp_path)
    assert (tmp_path / f"{DATABASE_NAME}{LOOKED_AT_SUFFIX}").exists()
