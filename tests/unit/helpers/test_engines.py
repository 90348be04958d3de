"""The tests' own server: gone with its process, left out where it cannot run, and never mixed with files."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clinic_app.records import Patient
from clinic_app.storage.server_store import open_server_store
from tests.helpers import engines, postgres, stores
from tests.helpers.clocks import FixedClock
from tests.helpers.postgres import PostgresServer, name_in, programs
from tests.helpers.stores import opened, patient
from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[3]
STARTS_A_SERVER = """
import sys
from tests.helpers.clocks import FixedClock
from tests.helpers.postgres import PostgresServer
server = PostgresServer()
server.start()
print((server.data / "postmaster.pid").read_text().split()[0], server.folder, flush=True)
sys.stdin.read()
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.usefixtures("postgres")
def test_a_server_ends_with_its_process_even_if_that_is_killed() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert is_running(int(pid))
        starter.kill()
    wait_until(lambda: not is_running(int(pid)), seconds=30, what="the server's end")
    wait_until(lambda: not Path(folder).exists(), seconds=30, what="the end of the server's folder")


def test_a_bare_database_that_is_given_back_is_gone_and_the_next_one_is_empty(postgres: PostgresServer) -> None:
    first = postgres.take_bare()
    names = {name for (name,) in postgres.execute("SELECT datname FROM pg_database")}
    assert name_in(first) in names
    postgres.give_back(first)
    names = {name for (name,) in postgres.execute("SELECT datname FROM pg_database")}
    assert name_in(first) not in names


def test_a_folder_keeps_its_database_until_it_is_forgotten(both_databases: str, tmp_path: Path) -> None:
    with opened(tmp_path / "a") as store:
        store.records.commit([patient()])
        assert (store.file is None) == (both_databases == "server")
    with opened(tmp_path / "a") as store:
        assert len(store.records.find(Patient)) == 1
    with opened(tmp_path / "b") as store:
        assert store.records.find(Patient) == ()


def test_a_copied_folder_is_another_store_from_then_on(both_databases: str, tmp_path: Path) -> None:
    with opened(tmp_path / "a") as store:
        store.records.commit([patient()])
    stores.places.copy(tmp_path / "a", tmp_path / "b")
    with opened(tmp_path / "b") as store:
        store.records.commit([patient()])
        assert len(store.records.find(Patient)) == 2
    with opened(tmp_path / "a") as store:
        assert len(store.records.find(Patient)) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_who_did_not_ask_for_both_has_files(tmp_path: Path, number: int) -> None:
    with opened(tmp_path) as store:
        assert store.file is not None


class Config:
    """What pytest is told of the tests that are left out."""

    def __init__(self) -> None:
        self.left_out: list[Any] = []
        self.hook = SimpleNamespace(pytest_deselected=self._leave_out)

    def _leave_out(self, items: list[Any]) -> None:
        self.left_out += items


def collected() -> list[Any]:
    return [SimpleNamespace(fixturenames=names) for names in (["tmp_path"], ["postgres"], ["address", "postgres"])]


def test_where_no_server_can_run_its_tests_are_left_out_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "why_not", lambda: "there is none")
    config, items, lines = Config(), collected(), list[str]()
    engines.pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
    assert [item.fixturenames for item in items] == [["tmp_path"]]
    assert len(config.left_out) == 2
    engines.pytest_terminal_summary(SimpleNamespace(write_line=lines.append))
    assert engines.pytest_report_header() == lines == ["NOT TESTED HERE: PostgreSQL (there is none)"]


def test_where_a_server_can_run_nothing_is_left_out_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "why_not", lambda: "")
    config, items = Config(), collected()
    engines.pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
    assert len(items) == 3
    assert config.left_out == []
    assert engines.pytest_report_header() == []


@pytest.mark.parametrize(("platform", "words"), [("win32", "Linux"), ("linux", "not installed")])
def test_the_reason_is_named(monkeypatch: pytest.MonkeyPatch, platform: str, words: str) -> None:
    monkeypatch.setattr(postgres.sys, "platform", platform)
    monkeypatch.setattr(postgres, "programs", lambda: None)
    assert words in postgres.why_not.__wrapped__()


def test_the_programs_are_debians_newest() -> None:
    found = programs()
    assert found is None or (found / "postgres").exists()


def rows_of(address: str) -> dict[str, int]:
    """How many rows each table has, and what the next number would be."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        found = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names}
        numbers = connection.execute("SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences").fetchall()
    return {**{name: row[0] for name, row in found.items() if row}, **dict(numbers)}


def test_a_database_that_comes_back_is_handed_out_again_and_nothing_of_the_last_one_is_in_it(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    first = postgres.take()
    untouched = rows_of(first)
    with closing(open_server_store(tmp_path / "a", first, stores.KEY, FixedClock())) as store:
        stores.set_up(store, "doctor")
        store.records.commit([patient()])
        assert rows_of(first) != untouched
        postgres.give_back(first)  # while somebody is still connected to it
    again = postgres.take()
    assert again == first
    assert rows_of(again) == untouched
    with closing(open_server_store(tmp_path / "b", again, stores.KEY, FixedClock())) as store:
        stores.set_up(store, "doctor")
    postgres.give_back(again)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE record ADD COLUMN more text",
        "CREATE INDEX more ON record (version_id)",
        "CREATE TABLE more (a text)",
        "ALTER TABLE record DISABLE TRIGGER ALL",
        "GRANT SELECT ON record TO PUBLIC",
        "DROP POLICY dala_reading ON record",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE outbox",
        "ALTER TABLE memory ALTER COLUMN value DROP NOT NULL",
    ],
)
def test_a_database_whose_tables_were_changed_is_handed_out_to_nobody(postgres: PostgresServer, change: str) -> None:
    import psycopg

    first = postgres.take()
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute(change)
    postgres.give_back(first)
    names = {name for (name,) in postgres.execute("SELECT datname FROM pg_database")}
    assert name_in(first) not in names
