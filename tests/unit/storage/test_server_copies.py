"""Sealed dumps of a database server: made, proved, put back, and refused without anything being lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clinic_app.foundation.errors import DamagedError, KeyLockedError, NotFoundError, StorageError
from clinic_app.records import HumanName, Patient
from clinic_app.storage.backups import server_copies
from clinic_app.storage.backups.backups import Backup
from clinic_app.storage.backups.server_copies import SERVER_RESTORED, program, prove_dump
from clinic_app.storage.backups.server_restoring import restore_dump
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.folder.one_instance import alone
from clinic_app.storage.server_store import open_server_store
from clinic_app.storage.store import Store
from tests.helpers.clocks import FixedClock
from tests.helpers.postgres import PostgresServer

KEY = bytes(range(32))
FAMILY = "Құпиябеков"


@pytest.fixture
def address(postgres: PostgresServer) -> Iterator[str]:
    taken = postgres.take_bare()
    yield taken
    postgres.give_back(taken)


@pytest.fixture
def made(address: str, tmp_path: Path) -> Backup:
    """A copy that holds one patient."""
    with opened(tmp_path, address) as store:
        put(store, "before")
        return store.backups.make("by-hand")


def opened(tmp_path: Path, address: str) -> closing[Store]:
    return closing(open_server_store(tmp_path / "hub", address, KEY, FixedClock()))


def put(store: Store, id: str) -> None:
    store.records.commit([Patient(id=id, name=(HumanName(family=FAMILY),))])


def ids(store: Store) -> set[str]:
    return {each.id for each in store.records.find(Patient)}


def restored(tmp_path: Path, address: str, dump: Path, key: bytes = KEY) -> tuple[set[str], str, str]:
    """Put a dump back; return who is there, the schema of the former and the epoch."""
    store, kept = restore_dump(tmp_path / "hub", address, dump, key, FixedClock())
    with closing(store):
        return ids(store), kept, Feed(store.database, FixedClock()).epoch


def test_a_dump_is_sealed_proved_and_counted(made: Backup, tmp_path: Path) -> None:
    assert made.is_verified
    assert made.path.suffix == ".dump"
    assert made.records == 1
    sealed = made.path.read_bytes()
    assert FAMILY.encode() not in sealed
    assert b"PGDMP" not in sealed
    prove_dump(made.path, KEY)
    assert not list((tmp_path / "hub" / "backups").glob("*.part*"))


def test_what_came_since_goes_and_is_kept_aside_and_another_life_begins(
    made: Backup, address: str, tmp_path: Path
) -> None:
    with opened(tmp_path, address) as store:
        epoch = Feed(store.database, FixedClock()).epoch
        put(store, "since")
    found, kept, epoch_then = restored(tmp_path, address, made.path)
    assert found == {"before"}
    assert epoch_then != epoch
    assert not (tmp_path / "hub" / SERVER_RESTORED).exists()
    with opened(tmp_path, address) as store, store.database.reading() as connection:
        aside = connection.exec_driver_sql(f"SELECT id FROM {kept}.record ORDER BY id").scalars().all()
        assert aside == ["before", "since"]
        assert Feed(store.database, FixedClock()).epoch == epoch_then, "and it lives on"


def test_a_server_that_lost_everything_gets_it_back(made: Backup, postgres: PostgresServer, tmp_path: Path) -> None:
    empty = postgres.take_bare()
    try:
        with pytest.raises(DamagedError):
            open_server_store(tmp_path / "hub", empty, KEY, FixedClock())
        found, kept, _epoch = restored(tmp_path, empty, made.path)
        assert found == {"before"}
        assert kept == ""
    finally:
        postgres.give_back(empty)


@pytest.mark.parametrize("place", [0, 60, -1])
def test_a_dump_that_was_changed_is_refused_and_nothing_moves(
    made: Backup, address: str, tmp_path: Path, place: int
) -> None:
    sealed = bytearray(made.path.read_bytes())
    sealed[place] ^= 1
    wrong = tmp_path / "wrong.dump"
    wrong.write_bytes(sealed)
    with pytest.raises(DamagedError):
        restored(tmp_path, address, wrong)
    with opened(tmp_path, address) as store:
        assert ids(store) == {"before"}


def test_a_dump_under_another_key_and_one_that_went_are_refused(made: Backup, tmp_path: Path) -> None:
    with pytest.raises(DamagedError):
        prove_dump(made.path, bytes(32))
    with pytest.raises(NotFoundError):
        prove_dump(tmp_path / "gone.dump", KEY)


def test_another_folders_database_is_left_alone(made: Backup, postgres: PostgresServer, tmp_path: Path) -> None:
    theirs = postgres.take_bare()
    try:
        with closing(open_server_store(tmp_path / "theirs", theirs, bytes(32), FixedClock())) as store:
            put(store, "theirs")
        with pytest.raises(KeyLockedError):
            restored(tmp_path, theirs, made.path)
        with closing(open_server_store(tmp_path / "theirs", theirs, bytes(32), FixedClock())) as store:
            assert ids(store) == {"theirs"}
    finally:
        postgres.give_back(theirs)


def test_while_a_hub_works_nothing_is_put_back(made: Backup, address: str, tmp_path: Path) -> None:
    with opened(tmp_path, address) as store:
        put(store, "since")
        with pytest.raises(StorageError, match="Stop every hub"):
            restored(tmp_path, address, made.path)
        assert ids(store) == {"before", "since"}
    assert not (tmp_path / "hub" / SERVER_RESTORED).exists()


def test_a_restoration_the_server_refuses_leaves_what_was_there(
    made: Backup, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, address) as store:
        put(store, "since")
        epoch = Feed(store.database, FixedClock()).epoch
    monkeypatch.setattr("clinic_app.storage.backups.server_restoring._RESTORE", ("--no-such-option",))
    with pytest.raises(StorageError, match="pg_restore"):
        restored(tmp_path, address, made.path)
    with opened(tmp_path, address) as store:
        assert ids(store) == {"before", "since"}
        assert Feed(store.database, FixedClock()).epoch == epoch


def test_a_missing_client_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="pg_nothing"):
        program("pg_nothing")
    monkeypatch.setattr(server_copies.shutil, "which", lambda _name: None)
    assert program("pg_dump").endswith("/bin/pg_dump"), "Debian's own folder is looked into too"


def test_a_password_is_in_no_command(address: str, tmp_path: Path) -> None:
    with opened(tmp_path, address) as store:
        way, environment = store.database.client_options()  # type: ignore[attr-defined]
    assert "password" not in way
    assert set(environment) <= {"PGPASSWORD"}


def test_two_programs_do_not_copy_at_once(tmp_path: Path) -> None:
    with alone(tmp_path / "backup.lock"), pytest.raises(StorageError), alone(tmp_path / "backup.lock"):
        pass
    with alone(tmp_path / "backup.lock"):
        assert (tmp_path / "backup.lock").exists()
