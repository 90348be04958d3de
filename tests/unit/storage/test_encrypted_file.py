"""The encrypted database: settings, two writers, damage, a full disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from clinic_app.foundation.errors import DamagedError, DiskFullError, StorageError
from clinic_app.storage.engines import encrypted_file as module
from clinic_app.storage.engines.encrypted_file import EncryptedFile, check_engine
from tests.helpers.stores import KEY


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EncryptedFile]:
    database = EncryptedFile(tmp_path / "x.db", KEY)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"))
    yield database
    database.close()


def count(database: EncryptedFile) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0), ("busy_timeout", 5000)],
)
def test_every_connection_is_set_for_keeping_what_it_says(database: EncryptedFile, pragma: str, value: object) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_nothing_readable_lies_on_the_disk(tmp_path: Path, database: EncryptedFile) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('marker-in-plain-sight')"))
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"marker-in-plain-sight" not in content
        assert not content.startswith(b"SQLite format 3")


def test_a_failed_write_leaves_no_trace(database: EncryptedFile) -> None:
    def write_and_die() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_die()
    assert count(database) == 0


def test_a_reader_does_not_wait_for_a_writer(database: EncryptedFile) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
        assert count(database) == 0
    assert count(database) == 1


def test_eight_threads_write_without_losing_or_refusing_anything(database: EncryptedFile) -> None:
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(25):
                with database.writing() as connection:
                    number = connection.execute(text("SELECT count(*) FROM t")).scalar_one()
                    connection.execute(text("INSERT INTO t (b) VALUES (:b)"), {"b": str(number)})
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(DISTINCT b) FROM t")).scalar_one() == 200


def test_a_second_program_that_holds_the_database_is_named(
    database: EncryptedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PRAGMAS", ("journal_mode = WAL", "busy_timeout = 10"))
    other = EncryptedFile(database.path, KEY)
    with database.writing(), pytest.raises(StorageError, match="Another program"), other.writing():
        pass
    other.close()
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))


def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(database: EncryptedFile) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('kept')"))
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection: object, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall()  # type: ignore[attr-defined]

    rows = [{"b": f"{number}" * 2000} for number in range(50)]
    event.listen(database._engine, "checkout", limit)
    with pytest.raises(DiskFullError), database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES (:b)"), rows)
    event.remove(database._engine, "checkout", limit)
    assert count(database) == 1
    database.check()


def test_a_bug_of_ours_is_not_dressed_up_as_the_disk(database: EncryptedFile) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("INSERT INTO t (a) VALUES (1), (1)"))


@pytest.mark.parametrize("cut", ["half", "changed"])
def test_a_file_that_was_cut_or_changed_is_called_damaged_and_left_alone(tmp_path: Path, cut: str) -> None:
    path = tmp_path / "x.db"
    database = EncryptedFile(path, KEY)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"))
        connection.execute(text("INSERT INTO t (b) VALUES (:b)"), {"b": "x" * 60_000})
    database.checkpoint()
    database.close()
    content = bytearray(path.read_bytes())
    if cut == "half":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)
    again = EncryptedFile(path, KEY)
    with pytest.raises(DamagedError):
        again.check()
    again.close()
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("version", [(3, 51, 2), (3, 7, 0)])
def test_a_sqlite_that_can_damage_the_data_is_refused(
    version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlcipher, "sqlite_version_info", version)
    with pytest.raises(StorageError):
        check_engine()


def test_a_sqlite_without_encryption_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.setattr(sqlcipher, "connect", sqlite3.connect)
    with pytest.raises(StorageError):
        check_engine()


def test_a_copy_has_the_same_content_under_the_same_key(tmp_path: Path, database: EncryptedFile) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
    database.copy_to(tmp_path / "copy.db")
    copy = EncryptedFile(tmp_path / "copy.db", KEY)
    assert count(copy) == 1
    copy.close()


def test_a_file_system_that_cannot_keep_a_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a log SQLite goes on in another mode and says so only to whoever asks."""
    monkeypatch.setattr(module, "_PRAGMAS", ("journal_mode = DELETE", "busy_timeout = 10"))
    file = EncryptedFile(tmp_path / "x.db", KEY)
    with pytest.raises(StorageError, match="journal_mode"), file.reading():
        pass
    file.close()


def test_a_file_opened_to_read_is_not_changed_by_it(tmp_path: Path, database: EncryptedFile) -> None:
    database.checkpoint()
    database.close()
    before = (tmp_path / "x.db").read_bytes()
    file = EncryptedFile(tmp_path / "x.db", KEY, is_read_only=True)
    assert count(file) == 0
    file.check_all()
    with pytest.raises(StorageError, match="cannot be written"), file.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
    file.close()
    assert (tmp_path / "x.db").read_bytes() == before


def test_a_statement_is_broken_off_when_somebody_says_so(database: EncryptedFile, tmp_path: Path) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES (:b)"), [{"b": "x" * 100}] * 2000)
    database.checkpoint()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_STEPS_BETWEEN_QUESTIONS", 10)
        with pytest.raises(StorageError, match="broken off"):
            database.copy_to(tmp_path / "copy.db", lambda: True)
        stopped = EncryptedFile(tmp_path / "x.db", KEY, is_read_only=True, should_stop=lambda: True)
        with pytest.raises(StorageError, match="broken off"):
            stopped.check_all()
        stopped.close()
    assert count(database) == 2000


def test_the_size_counts_the_log(database: EncryptedFile, tmp_path: Path) -> None:
    log = tmp_path / "x.db-wal"
    assert log.stat().st_size > 0
    assert database.size_bytes() == (tmp_path / "x.db").stat().st_size + log.stat().st_size
    database.checkpoint()
    assert database.size_bytes() == (tmp_path / "x.db").stat().st_size


def test_a_whole_file_is_not_called_damaged_by_who_searched_it_before_others_wrote(
    tmp_path: Path, database: EncryptedFile
) -> None:
    """SQLite 3.53 remembers the search index of a connection and compares the file with what it remembers."""
    words = text("INSERT INTO search (keys) VALUES (:keys)")
    with database.writing() as connection:
        connection.execute(text("CREATE VIRTUAL TABLE search USING fts5 (keys)"))
        connection.execute(words, [{"keys": f"name{number}"} for number in range(5)])
    with database.reading() as connection:
        connection.execute(text("SELECT count(*) FROM search WHERE search MATCH 'name1'")).scalar()
    other = EncryptedFile(tmp_path / "x.db", KEY)
    for number in range(200):
        with other.writing() as connection:
            connection.execute(words, {"keys": f"name{number} word{number * 7}"})
    other.close()
    database.check()
    database.check_all()


def test_what_looks_damaged_is_looked_at_again_while_nobody_writes(
    database: EncryptedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []

    def once_torn(self: EncryptedFile, *checks: str) -> None:
        looks.append(database._write_lock._is_owned())
        if len(looks) == 1:
            raise DamagedError(module.DAMAGED)

    monkeypatch.setattr(EncryptedFile, "_look_through", once_torn)
    database.check_all()
    assert looks == [False, True]


def test_what_is_damaged_the_second_time_too_is_damaged(
    database: EncryptedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> None:
        raise DamagedError(module.DAMAGED)

    monkeypatch.setattr(EncryptedFile, "_look_through", torn)
    with pytest.raises(DamagedError):
        database.check_all()
