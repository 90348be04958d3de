"""The kept database of every revision, with a clinic's day in it: nothing is lost on the way to the newest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.keys import DATABASE_NAME
from clinic_app.records import AuditEvent, Patient, Task
from clinic_app.storage import Attempts, Store, restore_backup
from clinic_app.storage.backups import upgrading
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import current_revision, newest_revision, revisions
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.kept_databases import FILES, ROWS, SHA256, put_kept_database
from tests.helpers.stores import KEY, opened


@pytest.fixture(params=sorted(ROWS))
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def old_folder(revision: str, tmp_path: Path) -> Path:
    put_kept_database(revision, tmp_path)
    return tmp_path


@pytest.fixture
def store(old_folder: Path) -> Iterator[Store]:
    with opened(old_folder) as store:
        yield store


def test_every_revision_has_a_file_that_was_kept() -> None:
    assert sorted(path.stem for path in FILES.glob("*.db")) == sorted(revisions()) == sorted(ROWS)


def test_every_row_of_every_table_is_there_as_it_was(store: Store, revision: str) -> None:
    for table, before in ROWS[revision].items():
        with store.database.reading() as connection:
            rows = [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
        width = len(before[0]) if before else None  # a later revision may say more of each
        kept = [row[:width] for row in rows if row[0] not in ("store-in-use", "backup-number")]
        assert sorted(kept, key=repr) == sorted(before, key=repr), table


def test_the_audit_trail_is_whole_after_the_upgrade(store: Store) -> None:
    assert store.records.broken_audit_row() is None
    assert [each.id for each in store.records.find(AuditEvent)] == ["e"]
    store.records.commit([], audit=[audit_row()])
    assert store.records.broken_audit_row() is None


def test_the_records_are_read_found_and_searched(store: Store) -> None:
    assert [each.id for each in store.records.find(Patient)] == ["p3", "p2", "p1"]
    assert [each.version_id for each in store.records.versions(Patient, "p2")] == ["v1", "v2"]
    assert [each.id for each in store.records.find(Task, subject="p1", status="requested")] == ["t"]
    assert [each.id for each in store.records.search_patients("Касымов1")] == ["p1"]
    assert store.records.hub_version(Patient, "p3") == "h3"


def test_what_waited_still_waits_in_its_order(store: Store) -> None:
    assert [(row.seq, row.lane, row.attempts) for row in store.outbox.pending()] == [
        (2, "emergency", 0),
        (1, "records", 3),
    ]
    assert [row.seq for row in store.outbox.set_aside()] == [3]
    transfer = store.transfers.get(SHA256, "up")
    assert transfer is not None
    assert (transfer.offset, transfer.size) == (400, 1000)
    assert store.transfers.waiting_bytes() == 600


def test_the_small_things_are_remembered(store: Store) -> None:
    assert store.cursor("hub") == "41"
    assert store.memory.get("hub-token") == b"secret"
    assert store.memory.next_number("chart") == 18
    assert store.accounts.attempts("dariger") == Attempts(2, NOON)


def test_an_open_conflict_can_be_settled_after_the_upgrade(store: Store) -> None:
    (conflict,) = store.records.conflicts()
    settled = store.records.settle(conflict, conflict.mine)
    assert store.records.conflicts() == ()
    (row,) = [row for row in store.outbox.pending() if row.type == "Patient"]
    assert (row.id, row.base_hub_version) == ("p1", "h9")
    assert store.records.get(Patient, "p1") == settled


def test_an_old_record_is_edited_without_losing_what_we_do_not_know(store: Store) -> None:
    record = store.records.get(Patient, "p2")
    store.records.commit([msgspec.structs.replace(record, active=True)])
    assert b'"foreign":{"x":72.50}' in store.records.body(Patient, "p2")
    newest = store.outbox.rows_for("Patient", "p2")[-1]
    assert newest.seq == 10
    assert newest.base_hub_version == "h2"


def test_the_backup_made_before_holds_the_old_revision_with_the_same_rows(old_folder: Path, revision: str) -> None:
    with opened(old_folder) as store:
        backups = store.backups.all()
        assert [each.kind for each in backups] == ["before-update"] * (revision != newest_revision())
        for backup in backups:
            assert store.backups.verify(backup).records == len(ROWS[revision]["record"])
    for backup in backups:
        copy = EncryptedFile(backup.path, KEY, is_read_only=True)
        with copy.reading() as connection:
            assert current_revision(connection) == revision
            assert connection.execute(text("SELECT count(*) FROM history")).scalar() == len(ROWS[revision]["history"])
        copy.close()


def test_opening_a_second_time_changes_nothing_and_copies_nothing(old_folder: Path) -> None:
    with opened(old_folder) as store:
        before = store.backups.all()
    with opened(old_folder) as store:
        assert store.outbox.count() == 2
        assert store.backups.all() == before


def test_a_backup_of_an_old_program_is_restored_and_brought_up_to_date(old_folder: Path, revision: str) -> None:
    if revision == newest_revision():
        revision = "0001"
    put_kept_database(revision, old_folder / "elsewhere")
    with opened(old_folder):
        pass
    restore_backup(old_folder, old_folder / "elsewhere" / DATABASE_NAME, KEY, FixedClock())
    with opened(old_folder) as store:
        assert store.outbox.count() == 2
        assert store.records.broken_audit_row() is None
        with store.database.reading() as connection:
            assert current_revision(connection) == newest_revision()


def test_the_old_log_is_gone_from_the_disk_before_the_new_file_takes_the_databases_place(
    old_folder: Path, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names need not become durable in the order they were changed: SQLite would take the old log into the new file."""
    done: list[object] = []
    replace = os.replace

    def replacing(source: Path, target: Path) -> None:
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", replacing)
    monkeypatch.setattr(upgrading, "folder_sync", lambda: lambda folder: done.append(("flushed", folder)))
    with opened(old_folder):
        pass
    if revision == newest_revision():
        assert ("flushed", old_folder) not in done
    else:
        place = done.index(old_folder / DATABASE_NAME)
        assert done[place - 1] == done[place + 1] == ("flushed", old_folder)
