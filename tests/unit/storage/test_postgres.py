"""A PostgreSQL server as the database: moments, writers, errors, and a server that goes away and comes back."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from clinic_app.foundation.errors import (
    ClinicError,
    DamagedError,
    DiskFullError,
    InvalidInputError,
    StorageError,
)
from clinic_app.storage.engines import postgres as module
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.engines.postgres_errors import known_error
from tests.helpers.postgres import GUARDED, PASSWORD, PostgresServer, name_in
from tests.helpers.waiting import wait_until


@pytest.fixture
def database(address: str) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(address)
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a BIGSERIAL PRIMARY KEY, b TEXT)"))
    yield database
    database.close()


def count(database: PostgresDatabase) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


def put(database: PostgresDatabase, word: str = "x") -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES (:b)"), {"b": word})


def backends(postgres: PostgresServer, database: str, *, state: str) -> list[int]:
    rows = postgres.execute(
        f"SELECT pid FROM pg_stat_activity WHERE datname = '{name_in(database)}' AND state LIKE '{state}'"
    )
    return [pid for (pid,) in rows]


# --- transactions ----------------------------------------------------------------------------------------------------


def test_a_failed_write_leaves_no_trace(database: PostgresDatabase) -> None:
    def write_and_die() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_die()
    assert count(database) == 0


def test_a_reader_does_not_wait_for_a_writer(database: PostgresDatabase) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
        assert count(database) == 0
    assert count(database) == 1


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(database: PostgresDatabase) -> None:
    with database.reading() as connection:
        counted = text("SELECT count(*) FROM t")
        assert connection.execute(counted).scalar_one() == 0
        put(database)
        assert connection.execute(counted).scalar_one() == 0
    assert count(database) == 1


def test_a_reader_cannot_write_and_the_connection_can_again_afterwards(database: PostgresDatabase) -> None:
    with pytest.raises(StorageError, match="only be read"), database.reading() as connection:
        connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
    put(database)
    assert count(database) == 1


def test_eight_threads_write_without_losing_or_refusing_anything(database: PostgresDatabase) -> None:
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(20):
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
        assert connection.execute(text("SELECT count(DISTINCT b) FROM t")).scalar_one() == 160


def test_writers_of_two_programs_wait_for_one_another(address: str, database: PostgresDatabase) -> None:
    other = PostgresDatabase(address)
    numbers: list[int] = []

    def write(mine: PostgresDatabase) -> None:
        for _ in range(20):
            with mine.writing() as connection:
                number = connection.execute(text("SELECT count(*) FROM t")).scalar_one()
                connection.execute(text("INSERT INTO t (b) VALUES (:b)"), {"b": str(number)})
                numbers.append(int(number))

    threads = [threading.Thread(target=write, args=(each,)) for each in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert numbers == list(range(40))


def test_a_writer_that_waits_too_long_is_told(
    address: str, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SETTLE", "SELECT set_config('lock_timeout', '20ms', false)")
    other = PostgresDatabase(address)
    with database.writing(), pytest.raises(StorageError, match="too busy"), other.writing():
        pass
    with other.writing():
        pass
    other.close()


# --- what every connection is told -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("statement_timeout", "1min"),
        ("lock_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("synchronous_commit", "on"),
        ("client_encoding", "UTF8"),
        ("application_name", "dala-hub"),
    ],
)
def test_every_connection_is_set_for_keeping_what_it_says(database: PostgresDatabase, setting: str, value: str) -> None:
    with database.reading() as connection:
        assert connection.exec_driver_sql(f"SHOW {setting}").scalar() == value


@pytest.mark.parametrize(("before", "after"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_a_commit_that_is_not_on_a_disk_yet_is_never_called_one(
    postgres: PostgresServer, address: str, before: str, after: str
) -> None:
    postgres.execute(f"ALTER DATABASE {name_in(address)} SET synchronous_commit = {before}")
    database = PostgresDatabase(address)
    with database.reading() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == after
    database.close()


@pytest.mark.parametrize("word", ["a\0b", "\0", "Қасымов\0", "\0\0", "ends\0"])
def test_a_nul_in_a_strangers_word_is_kept_as_a_sign_that_something_was_there(
    database: PostgresDatabase, word: str
) -> None:
    put(database, word)
    with database.reading() as connection:
        query = text("SELECT b FROM t WHERE b = :b")
        assert connection.execute(query, {"b": word}).scalar_one() == word.replace("\0", "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("body", [b"", b"\0", bytes(range(256)), "Ұлы".encode(), b"\\x00"])
def test_bytes_are_kept_as_they_are(database: PostgresDatabase, body: bytes) -> None:
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE bodies (body BYTEA)"))
        connection.execute(text("INSERT INTO bodies VALUES (:body)"), {"body": body})
        assert connection.execute(text("SELECT body FROM bodies")).scalar_one() == body


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_good_server_is_taken_and_told_what_a_power_cut_would_do_to_it(
    database: PostgresDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        database.check_server()
    assert "power cut" in caplog.text  # the tests' own server has fsync off


def test_an_old_server_is_refused_with_both_versions(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLDEST_SERVER", 99)
    with pytest.raises(StorageError, match=r"PostgreSQL 99 or newer is needed; this is \d"):
        database.check_server()


def test_a_database_in_another_encoding_is_refused(postgres: PostgresServer) -> None:
    postgres.execute(
        "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' STRATEGY file_copy"
    )
    database = PostgresDatabase(postgres.address("latin"))
    with pytest.raises(StorageError, match="UTF8"):
        database.check_server()
    database.close()
    postgres.give_back(postgres.address("latin"))


def test_a_server_that_is_not_there_is_one_sentence(postgres: PostgresServer) -> None:
    database = PostgresDatabase("postgresql://somebody@/nothing?host=/nonexistent")
    with pytest.raises(StorageError, match="cannot be reached"), database.reading():
        pass
    with pytest.raises(StorageError, match="cannot be reached"), database.writing():
        pass
    database.close()


def test_a_database_that_does_not_exist_is_told_apart_from_a_server_that_does_not(postgres: PostgresServer) -> None:
    database = PostgresDatabase(postgres.address("nothing"))
    with pytest.raises(StorageError, match="does not let the hub in"), database.reading():
        pass
    database.close()


def test_a_server_that_went_away_and_came_back_is_used_as_if_nothing_had_been(
    postgres: PostgresServer, database: PostgresDatabase
) -> None:
    put(database)
    postgres.stop()
    try:
        with pytest.raises(StorageError, match="cannot be reached"):
            put(database)
        with pytest.raises(StorageError, match="cannot be reached"):
            count(database)
    finally:
        postgres.start()
    put(database)
    assert count(database) == 2


def test_a_server_that_goes_away_in_the_middle_takes_the_write_with_it(
    postgres: PostgresServer, database: PostgresDatabase
) -> None:
    def write() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('half')"))
            postgres.stop()
            connection.execute(text("INSERT INTO t (b) VALUES ('done')"))

    try:
        with pytest.raises(StorageError, match="cannot be reached"):
            write()
    finally:
        postgres.start()
    assert count(database) == 0
    put(database)
    assert count(database) == 1


def test_a_connection_the_administrator_ended_is_replaced(
    postgres: PostgresServer, address: str, database: PostgresDatabase
) -> None:
    put(database)
    idle = backends(postgres, address, state="idle%")
    assert idle
    for pid in idle:
        postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)")
    put(database)
    assert count(database) == 2


def test_a_writer_whose_connection_is_ended_lets_the_next_one_write(
    postgres: PostgresServer, address: str, database: PostgresDatabase
) -> None:
    other = PostgresDatabase(address)

    def write_and_be_ended() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('ended')"))
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres.execute(f"SELECT pg_terminate_backend({pid}, 10000)")

    with pytest.raises(StorageError, match="cannot be reached"):
        write_and_be_ended()
    put(other, "next")
    assert count(other) == 1
    other.close()


def test_a_program_that_stands_still_in_a_write_does_not_stop_the_others_for_ever(
    postgres: PostgresServer, address: str, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = "SELECT set_config('idle_in_transaction_session_timeout', '50ms', false)"
    monkeypatch.setattr(module, "_SETTLE", settle)
    still = PostgresDatabase(address)

    def stand_still() -> None:
        with still.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('never')"))
            wait_until(lambda: not backends(postgres, address, state="idle in transaction"))
            put(database, "other")
            connection.execute(text("INSERT INTO t (b) VALUES ('never')"))

    with pytest.raises(StorageError):
        stand_still()
    still.close()
    assert count(database) == 1


def test_a_question_that_takes_too_long_is_broken_off(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SETTLE", "SELECT set_config('statement_timeout', '20ms', false)")
    database = PostgresDatabase(address)
    with pytest.raises(StorageError, match="too busy"), database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    with database.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.close()


def test_no_connection_left_is_a_sentence(database: PostgresDatabase) -> None:
    def refuse(*_: object) -> None:
        raise NoConnectionError

    event.listen(database._engine, "checkout", refuse)
    with pytest.raises(StorageError, match="busy"):
        count(database)
    event.remove(database._engine, "checkout", refuse)
    assert count(database) == 0


# --- what the server says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("53100", DiskFullError, "disk of the database server is full"),
        ("53200", StorageError, "too busy"),
        ("53300", StorageError, "too busy"),
        ("40001", StorageError, "too busy"),
        ("40P01", StorageError, "too busy"),
        ("55P03", StorageError, "too busy"),
        ("57014", StorageError, "too busy"),
        ("25006", StorageError, "only be read"),
        ("42501", StorageError, "owner"),
        ("54000", InvalidInputError, "too long"),
        ("58030", StorageError, "server's log"),
        ("XX001", DamagedError, "damaged"),
        ("XX002", DamagedError, "damaged"),
        ("08006", StorageError, "cannot be reached"),
        ("57P01", StorageError, "cannot be reached"),
        ("57P03", StorageError, "cannot be reached"),
        ("28P01", StorageError, "does not let the hub in"),
        ("3D000", StorageError, "does not let the hub in"),
    ],
)
def test_what_the_server_refuses_is_said_by_what_can_be_done_about_it(
    database: PostgresDatabase, code: str, kind: type[ClinicError], words: str
) -> None:
    def meet(statement: str) -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
            connection.exec_driver_sql(statement)

    with pytest.raises(kind, match=words) as caught:
        meet(f"DO $$ BEGIN RAISE EXCEPTION 'the words of the server' USING ERRCODE = '{code}'; END $$")
    assert type(caught.value) is kind
    assert "words of the server" not in str(caught.value)
    assert count(database) == 0


def test_a_bug_of_ours_is_not_dressed_up_as_the_server(database: PostgresDatabase) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("INSERT INTO t (a) VALUES (1), (1)"))
    with pytest.raises(ProgrammingError), database.reading() as connection:
        connection.execute(text("SELECT nothing FROM nowhere"))


@pytest.mark.parametrize("error", [None, ValueError("x"), KeyError("sqlstate")])
def test_an_error_of_nobodys_is_not_explained(error: BaseException | None) -> None:
    assert known_error(error) is None


def test_the_values_of_a_statement_never_come_into_a_message(database: PostgresDatabase) -> None:
    with pytest.raises(ProgrammingError) as caught, database.reading() as connection:
        connection.execute(text("SELECT :word FROM nowhere"), {"word": "Қасымов"})
    assert "Қасымов" not in str(caught.value)


@pytest.mark.parametrize("password", ["guess-4711", "", "k7p/R@t:secret2"])
def test_a_wrong_password_is_told_without_repeating_it(
    postgres: PostgresServer, address: str, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
    database = PostgresDatabase(postgres.address(name_in(address), GUARDED, password))
    with caplog.at_level(logging.DEBUG), pytest.raises(StorageError) as caught, database.reading():
        pass
    database.close()
    postgres.execute(f"DROP ROLE {GUARDED}")
    assert not password or password not in f"{caught.value} {caplog.text}"
    assert PASSWORD not in f"{caught.value} {caught.value.__cause__} {caplog.text}"


def test_the_right_password_is_let_in(postgres: PostgresServer, address: str) -> None:
    postgres.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
    database = PostgresDatabase(postgres.address(name_in(address), GUARDED, PASSWORD))
    with database.reading() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == GUARDED
    database.close()
    postgres.execute(f"DROP ROLE {GUARDED}")


def test_a_role_that_may_only_look_is_told_to_be_made_the_owner(postgres: PostgresServer, address: str) -> None:
    postgres.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
    database = PostgresDatabase(postgres.address(name_in(address), GUARDED, PASSWORD))
    with pytest.raises(StorageError, match="owner of the database"), database.writing() as connection:
        connection.execute(text("INSERT INTO memory VALUES ('a', '')"))
    database.close()
    postgres.execute(f"DROP ROLE {GUARDED}")


def test_a_computer_without_the_driver_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match="psycopg"):
        PostgresDatabase("postgresql:///hub")
