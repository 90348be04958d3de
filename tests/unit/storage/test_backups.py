"""Backups: whole or not counted, made while people work, kept by kind, and never at the cost of the last ones."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import DamagedError, DiskFullError, NotFoundError, StorageError
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient
from clinic_app.storage import Backup, BackupKind, Backups, Store
from clinic_app.storage.backups import backups as module
from clinic_app.storage.backups.backups import FOLDER_NAME, KEPT, listed, note_path
from clinic_app.storage.backups.examining import examine
from clinic_app.storage.backups.second_disk import listed_everywhere
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import KEY, opened, patient


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with opened(tmp_path, clock=clock) as made:
        made.records.commit([patient() for _ in range(20)], audit=[audit_row(), audit_row()])
        yield made


def names(store: Store) -> list[str]:
    return [each.path.name for each in store.backups.all()]


def patients_in(backup: Path) -> int:
    file = EncryptedFile(backup, KEY, is_read_only=True)
    with file.reading() as connection:
        count = connection.execute(text("SELECT count(*) FROM record WHERE type = 'Patient'")).scalar_one()
    file.close()
    return int(count)


def test_a_backup_holds_what_the_store_holds_and_says_so(store: Store, tmp_path: Path) -> None:
    made = store.backups.make("by-hand")
    assert made.path.parent == tmp_path / FOLDER_NAME
    assert (made.kind, made.made_at, made.is_verified) == ("by-hand", NOON, True)
    assert (made.records, made.audit_rows, made.number) == (22, 2, 1)
    assert made.size_bytes == made.path.stat().st_size
    assert store.backups.all() == (made,)
    assert patients_in(made.path) == 20


def test_a_backup_is_as_unreadable_as_the_database(store: Store) -> None:
    made = store.backups.make("hourly")
    content = made.path.read_bytes()
    assert not content.startswith(b"SQLite format 3")
    assert "Қасымов".encode() not in content
    assert "Қасымов" not in note_path(made.path).read_text(encoding="utf-8")
    with pytest.raises(DamagedError, match="other data"):
        examine(made.path, bytes(32))


def test_people_go_on_writing_while_a_backup_is_made(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy holds one moment; whoever writes meanwhile waits for nobody."""
    written: list[str] = []
    original = EncryptedFile.copy_to

    def copy_and_write(file: EncryptedFile, path: Path, *arguments: object) -> None:
        original(file, path, *arguments)  # type: ignore[arg-type]
        thread = threading.Thread(target=lambda: written.append(store.records.commit([patient("New")])[0].id))
        thread.start()
        thread.join()

    monkeypatch.setattr(EncryptedFile, "copy_to", copy_and_write)
    made = store.backups.make("hourly")
    assert len(written) == 1
    assert made.records == 22
    assert len(store.records.find(Patient)) == 21


def test_a_writer_is_not_held_up_by_a_copy_under_way(store: Store, tmp_path: Path) -> None:
    """Asked in the middle of the copy itself, on the same database."""
    assert store.file is not None
    asked: list[int] = []

    def write_instead_of_stopping() -> bool:
        if len(asked) < 3:
            asked.append(len(asked))
            store.records.commit([patient("Meanwhile")])
        return False

    from clinic_app.storage.engines import encrypted_file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encrypted_file, "_STEPS_BETWEEN_QUESTIONS", 100)
        store.file.copy_to(tmp_path / "copy.db", write_instead_of_stopping)
    assert asked == [0, 1, 2]
    assert patients_in(tmp_path / "copy.db") in range(20, 24)
    assert len(store.records.find(Patient)) == 23


@pytest.mark.parametrize("place", [100, -3000, 5000])
def test_a_backup_that_was_changed_is_found_out(store: Store, place: int) -> None:
    made = store.backups.make("daily")
    content = bytearray(made.path.read_bytes())
    content[place] ^= 1
    made.path.write_bytes(content)
    with pytest.raises(DamagedError, match="cannot be used"):
        store.backups.verify(made)
    assert made.path.exists()


def test_a_backup_that_was_cut_is_no_longer_counted_on(store: Store) -> None:
    made = store.backups.make("daily")
    made.path.write_bytes(made.path.read_bytes()[:-4096])
    (found,) = store.backups.all()
    assert not found.is_verified
    assert (found.records, found.audit_rows) == (-1, -1)
    with pytest.raises(DamagedError):
        store.backups.verify(found)


def test_a_whole_backup_without_its_note_is_verified_again(store: Store) -> None:
    made = store.backups.make("daily")
    note_path(made.path).unlink()
    (found,) = store.backups.all()
    assert not found.is_verified
    assert store.backups.verify(found) == made


def test_a_backup_that_went_is_missed_by_name(store: Store) -> None:
    made = store.backups.make("daily")
    made.path.unlink()
    with pytest.raises(NotFoundError):
        store.backups.verify(made)
    assert store.backups.all() == ()


def test_a_copy_that_lacks_something_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = EncryptedFile.copy_to

    def lose_a_row(file: EncryptedFile, path: Path, *arguments: object) -> None:
        original(file, path, *arguments)  # type: ignore[arg-type]
        copy = EncryptedFile(path, KEY)
        with copy.writing() as connection:
            connection.execute(text("DELETE FROM history WHERE seq = (SELECT max(seq) FROM history)"))
        copy.close()

    monkeypatch.setattr(EncryptedFile, "copy_to", lose_a_row)
    with pytest.raises(DamagedError):
        store.backups.make("hourly")
    assert store.backups.all() == ()
    assert list(store.backups.folder.iterdir()) == []


def test_a_copy_with_another_audit_trail_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = EncryptedFile.copy_to

    def forge(file: EncryptedFile, path: Path, *arguments: object) -> None:
        original(file, path, *arguments)  # type: ignore[arg-type]
        copy = EncryptedFile(path, KEY)
        with copy.writing() as connection:
            connection.execute(text("UPDATE audit_chain SET mac = x'00' WHERE seq = 2"))
        copy.close()

    monkeypatch.setattr(EncryptedFile, "copy_to", forge)
    with pytest.raises(DamagedError):
        store.backups.make("hourly")
    assert store.backups.all() == ()


def test_a_disk_that_fails_in_the_copy_leaves_the_others_as_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = store.backups.make("daily")

    def fail(file: EncryptedFile, path: Path, *_arguments: object) -> None:
        path.write_bytes(b"half")
        raise DiskFullError(module.Text("The disk is full. Nothing was saved; free some space and try again."))

    monkeypatch.setattr(EncryptedFile, "copy_to", fail)
    with pytest.raises(DiskFullError):
        store.backups.make("daily")
    assert store.backups.all() == (kept,)
    assert {path.suffix for path in store.backups.folder.iterdir()} == {".db", ".json"}


def test_numbers_go_on_after_a_clock_was_set_back(store: Store, clock: FixedClock) -> None:
    first = store.backups.make("hourly")
    clock.moment = NOON - timedelta(days=9000)
    second = store.backups.make("hourly")
    clock.moment = NOON + timedelta(days=9000)
    third = store.backups.make("hourly")
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert store.backups.all() == (third, second, first)


def test_numbers_go_on_when_the_folder_was_lost(store: Store) -> None:
    store.backups.make("hourly")
    store.backups.make("hourly")
    for path in store.backups.folder.iterdir():
        path.unlink()
    assert store.backups.make("hourly").number == 3


def put_fake(folder: Path, number: int, kind: BackupKind, *, is_noted: bool = True) -> Path:
    """Put a file that is listed as a backup; what is in it nobody asks here."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{number:06d}-{kind}-20260305T070000Z.db"
    path.write_bytes(b"x" * 10)
    if is_noted:
        note_path(path).write_bytes(msgspec.json.encode(module._Note(10, 1, 1, 1, 1, "")))
    return path


def test_of_each_kind_the_newest_are_kept(store: Store) -> None:
    number = 0
    for kind, most in KEPT.items():
        for _ in range(most + 3):
            number += 1
            put_fake(store.backups.folder, number, kind)
    gone = store.backups.prune()
    assert len(gone) == 3 * len(KEPT)
    left = store.backups.all()
    for kind, most in KEPT.items():
        of_kind = [each.number for each in left if each.kind == kind]
        assert len(of_kind) == most
        first = min(of_kind)
        assert all(int(path.name[:6]) < first for path in gone if f"-{kind}-" in path.name)
    assert store.backups.prune() == ()


def test_copies_nobody_looked_through_and_foreign_files_are_never_removed(store: Store) -> None:
    unnoted = [put_fake(store.backups.folder, number, "hourly", is_noted=False) for number in range(1, 40)]
    foreign = store.backups.folder / "holiday.db"
    foreign.write_bytes(b"")
    store.backups.make("hourly")
    assert all(path.exists() for path in (*unnoted, foreign))


def test_what_an_interrupted_copy_left_is_removed_by_the_next(store: Store) -> None:
    store.backups.make("hourly")
    for name in ("000009-hourly-20260305T070000Z.db.part", "000009-hourly-20260305T070000Z.db.part-journal"):
        (store.backups.folder / name).write_bytes(b"half")
    store.backups.make("hourly")
    assert not list(store.backups.folder.glob("*.part*"))


@pytest.mark.parametrize(
    "name",
    [
        "000001-hourly-20260305T070000Z.db.part",
        "1-hourly-20260305T070000Z.db",
        "000001-yearly-20260305T070000Z.db",
        "000001-hourly-20269905T070000Z.db",
        "000001-hourly-20260305T070000Z.json",
        "../000001-hourly-20260305T070000Z.db.txt",
        "clinic.db",
    ],
)
def test_what_is_no_backup_by_its_name_is_not_listed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"x")
    assert listed(folder) == ()


@pytest.mark.parametrize("note", [b"", b"{}", b"[" * 5000, b"\xff\xfe", b'{"size_bytes": "ten"}', b"x" * 70_000])
def test_a_note_that_cannot_be_read_is_none(store: Store, note: bytes) -> None:
    made = store.backups.make("hourly")
    note_path(made.path).write_bytes(note)
    (found,) = store.backups.all()
    assert not found.is_verified


def test_a_folder_that_is_not_there_has_no_backups(tmp_path: Path) -> None:
    assert listed(tmp_path / "nowhere") == ()
    assert listed_everywhere(tmp_path, tmp_path / "nowhere") == ()
    assert listed_everywhere(tmp_path, None) == ()


def test_backups_of_both_disks_are_listed_once_each(store: Store, tmp_path: Path) -> None:
    made = store.backups.make("hourly")
    there = tmp_path / "second" / "dala-1" / FOLDER_NAME
    there.mkdir(parents=True)
    (there / made.path.name).write_bytes(made.path.read_bytes())
    other = put_fake(there, 77, "weekly")
    found = listed_everywhere(tmp_path, tmp_path / "second")
    assert {each.path for each in found} == {made.path, other}


def test_there_is_news_after_writing_and_after_reading_but_not_before(store: Store) -> None:
    assert store.backups.has_news()
    store.backups.make("hourly")
    assert not store.backups.has_news()
    store.records.commit([], audit=[audit_row()])
    assert store.backups.has_news()
    store.backups.make("hourly")
    assert not store.backups.has_news()
    store.records.commit([patient()])
    assert store.backups.has_news()


def test_where_there_is_no_room_the_least_worthy_go_and_the_newest_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, kind in enumerate(("weekly", "hourly", "daily", "hourly", "hourly", "daily"), start=1):
        put_fake(store.backups.folder, number, kind)  # type: ignore[arg-type]
    store.memory.put("backup-number", b"6")
    monkeypatch.setattr(store.space, "has_room_for", lambda _size: len(store.backups.all()) <= 4)
    store.backups.make("hourly")
    assert [(each.number, each.kind) for each in store.backups.all()] == [
        (7, "hourly"),
        (6, "daily"),
        (5, "hourly"),
        (4, "hourly"),
        (1, "weekly"),
    ]


def test_where_there_is_no_room_at_all_the_last_three_stay_and_it_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        store.backups.make("hourly")
    monkeypatch.setattr(store.space, "has_room_for", lambda _size: False)
    with pytest.raises(DiskFullError, match="no room on the disk for a backup"):
        store.backups.make("hourly")
    assert [each.number for each in store.backups.all()] == [5, 4, 3]


def test_only_one_backup_is_made_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = []
    most: list[int] = []
    original = EncryptedFile.copy_to

    def counted(file: EncryptedFile, path: Path, *arguments: object) -> None:
        under_way.append(1)
        most.append(len(under_way))
        original(file, path, *arguments)  # type: ignore[arg-type]
        under_way.pop()

    monkeypatch.setattr(EncryptedFile, "copy_to", counted)
    threads = [threading.Thread(target=store.backups.make, args=("by-hand",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
    assert [each.number for each in store.backups.all()] == [4, 3, 2, 1]


def test_a_backup_is_broken_off_when_the_program_closes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from clinic_app.storage.engines import encrypted_file

    monkeypatch.setattr(encrypted_file, "_STEPS_BETWEEN_QUESTIONS", 50)
    kept = store.backups.make("hourly")
    store.backups.stop()
    with pytest.raises(StorageError, match="being closed"):
        store.backups.make("hourly")
    assert store.backups.all() == (kept,)
    assert not list(store.backups.folder.glob("*.part*"))


def test_data_on_a_server_are_backed_up_there(store: Store, tmp_path: Path) -> None:
    backups = Backups(tmp_path, None, KEY, FixedClock(), store.space, store.memory)
    with pytest.raises(StorageError, match="database server"):
        backups.make("hourly")
    assert backups.all() == ()


def test_damage_in_the_database_is_found_by_the_backup(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.records.commit([patient("Family" * 100) for _ in range(200)])
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 2, len(content) - 4096, 4096):
        content[place] ^= 1
    path.write_bytes(content)
    store = Store.open(tmp_path, KEY, FixedClock())
    try:
        with pytest.raises(DamagedError):
            store.backups.make("hourly")
        assert [each for each in store.backups.all() if isinstance(each, Backup)] == []
    finally:
        store.database.close()


def test_a_file_in_the_place_of_the_folder_is_told(store: Store) -> None:
    store.backups.folder.write_bytes(b"")
    with pytest.raises(StorageError, match="backups"):
        store.backups.make("hourly")


def test_a_backup_is_on_the_disk_before_it_gets_its_name(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name before its bytes would be an empty backup after a power cut, with a note that praises it."""
    happened: list[str] = []
    flush, replace = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        happened.append(f"flushed {os.fstat(descriptor).st_ino}")
        flush(descriptor)

    def named(source: Path, target: Path) -> None:
        if target.suffix == ".db":
            happened.append(f"named {source.stat().st_ino}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", named)
    inode = store.backups.make("hourly").path.stat().st_ino
    assert happened.index(f"flushed {inode}") < happened.index(f"named {inode}")


def test_the_newest_is_the_last_that_was_made_whatever_the_clock_said(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    """A computer whose battery is empty begins in the past: its last backup is the newest all the same."""
    second = tmp_path / "second"
    (second / "dala-1").mkdir(parents=True)
    for years in (20, -45, 30):
        store.backups.make("hourly")
        clock.advance(days=365 * years)
    clock.advance(days=-365 * 60)
    last = store.backups.make("hourly")
    for place in (None, second):
        assert [each.number for each in listed_everywhere(tmp_path, place)] == [4, 3, 2, 1]
        assert listed_everywhere(tmp_path, place)[0] == last


def test_backups_of_several_computers_are_told_apart_by_their_time(tmp_path: Path) -> None:
    """Where the key files are gone nobody knows which are ours, and the numbers of each begin with one."""
    made = [(1, 9, "20260305"), (2, 3, "20260307"), (2, 4, "20260306")]
    for site, number, day in made:
        folder = tmp_path / "second" / f"dala-{site}" / FOLDER_NAME
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:06d}-hourly-{day}T070000Z.db").write_bytes(b"a backup")
    assert [each.number for each in listed_everywhere(tmp_path / "data", tmp_path / "second")] == [3, 4, 9]
