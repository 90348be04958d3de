"""A data folder whose records lie on a server: the two belong together, and neither is filled by mistake."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.foundation.errors import DamagedError, InvalidInputError, KeyLockedError, NotFoundError, StorageError
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Identifier, Observation, Patient, Reference
from clinic_app.records.datatypes import CodeableConcept
from clinic_app.storage import Store
from clinic_app.storage.engines.migrating import current_revision, newest_revision
from clinic_app.storage.engines.postgres import PostgresDatabase
from clinic_app.storage.finding import bodies_with
from clinic_app.storage.server_store import open_server_store
from tests.helpers.clocks import FixedClock
from tests.helpers.postgres import PostgresServer
from tests.helpers.stores import KEY, opened, patient

OTHER_KEY = bytes(32)


def open_store(folder: Path, address: str, key: bytes = KEY) -> Store:
    return open_server_store(folder, address, key, FixedClock())


def filled(folder: Path, address: str, count: int = 3) -> None:
    store = open_store(folder, address)
    store.records.commit([patient() for _ in range(count)])
    store.close()


def patients(folder: Path, address: str, key: bytes = KEY) -> int:
    store = open_store(folder, address, key)
    try:
        return len(store.records.find(Patient))
    finally:
        store.close()


@pytest.fixture
def bare(postgres: PostgresServer) -> Iterator[str]:
    """The address of a database nobody has made tables in."""
    taken = postgres.take_bare()
    yield taken
    postgres.give_back(taken)


def test_an_empty_database_gets_the_newest_tables(tmp_path: Path, bare: str) -> None:
    store = open_store(tmp_path, bare)
    with store.database.reading() as connection:
        assert current_revision(connection) == newest_revision()
    store.close()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path, address: str) -> None:
    filled(tmp_path, address)
    assert patients(tmp_path, address) == 3


def test_a_restart_of_the_server_keeps_everything(tmp_path: Path, address: str, postgres: PostgresServer) -> None:
    filled(tmp_path, address)
    postgres.stop()
    postgres.start()
    assert patients(tmp_path, address) == 3


def test_the_records_lie_on_the_server_and_the_contents_in_the_folder(tmp_path: Path, address: str) -> None:
    store = open_store(tmp_path, address)
    sha256 = store.blobs.put(b"content" * 100)
    store.records.commit([patient()], uploads=[sha256])
    assert store.file is None
    assert not (tmp_path / DATABASE_NAME).exists()
    assert store.blobs.read(sha256) == b"content" * 100
    assert store.transfers.pending("up")[0].sha256 == sha256
    store.close()


def test_a_wrong_key_for_the_folder_is_told_before_the_server_is_asked(tmp_path: Path, address: str) -> None:
    filled(tmp_path, address)
    with pytest.raises(KeyLockedError, match="on this computer"):
        open_store(tmp_path, "postgresql://nobody@/nothing?host=/nonexistent", OTHER_KEY)


def test_a_database_of_another_folder_is_not_touched(tmp_path: Path, address: str) -> None:
    filled(tmp_path / "one", address)
    with pytest.raises(KeyLockedError, match="belongs to another"):
        open_store(tmp_path / "two", address, OTHER_KEY)
    assert not (tmp_path / "two" / "key.check").exists()
    assert patients(tmp_path / "one", address) == 3


def test_a_folder_that_had_a_database_does_not_fill_an_empty_one(tmp_path: Path, address: str, bare: str) -> None:
    filled(tmp_path, address)
    with pytest.raises(DamagedError, match="restore it from a backup"):
        open_store(tmp_path, bare)
    database = PostgresDatabase(bare)
    with database.reading() as connection:
        assert current_revision(connection) is None
    database.close()
    assert patients(tmp_path, address) == 3


def test_a_folder_with_records_in_a_file_does_not_begin_anew_on_a_server(tmp_path: Path, bare: str) -> None:
    with opened(tmp_path) as store:
        store.records.commit([patient()])
    with pytest.raises(DamagedError, match="empty"):
        open_store(tmp_path, bare)
    with opened(tmp_path) as store:
        assert len(store.records.find(Patient)) == 1


def test_a_folder_with_records_on_a_server_does_not_begin_anew_in_a_file(tmp_path: Path, address: str) -> None:
    filled(tmp_path, address)
    with pytest.raises(DamagedError, match="missing"):
        Store.open(tmp_path, KEY, FixedClock())
    assert not (tmp_path / DATABASE_NAME).exists()


def test_data_of_a_newer_program_are_not_touched(tmp_path: Path, address: str) -> None:
    filled(tmp_path, address)
    database = PostgresDatabase(address)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer version"):
        open_store(tmp_path, address)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def test_a_lost_folder_with_its_key_kept_is_opened_again_without_its_contents(tmp_path: Path, address: str) -> None:
    store = open_store(tmp_path / "hub", address)
    sha256 = store.blobs.put(b"content")
    store.records.commit([patient()], uploads=[sha256])
    store.close()
    shutil.rmtree(tmp_path / "hub")
    store = open_store(tmp_path / "hub", address)
    assert len(store.records.find(Patient)) == 1
    with pytest.raises(NotFoundError):
        store.blobs.read(sha256)
    store.close()


@pytest.mark.parametrize("wrong", ["", "hub", "postgresql://u@db/hub", "sqlite:///x"])
def test_an_address_that_is_none_opens_nothing(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidInputError):
        open_store(tmp_path, wrong)
    assert not (tmp_path / "key.check").exists()


def test_a_server_that_is_not_there_leaves_a_folder_that_can_begin_later(tmp_path: Path, address: str) -> None:
    with pytest.raises(StorageError, match="cannot be reached"):
        open_store(tmp_path, "postgresql://nobody@/nothing?host=/nonexistent")
    assert patients(tmp_path, address) == 0


def test_programs_that_start_at_once_make_the_tables_once(tmp_path: Path, bare: str) -> None:
    errors: list[BaseException] = []
    stores: list[Store] = []

    def start() -> None:
        try:
            stores.append(open_store(tmp_path, bare))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for number, store in enumerate(stores, start=1):
        store.records.commit([patient()])
        assert len(store.records.find(Patient)) == number
    for store in stores:
        store.close()


def test_a_migration_that_dies_leaves_an_empty_database(
    tmp_path: Path, bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic_app.storage import server_store

    def die(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(server_store, "_claim", die)
        with pytest.raises(RuntimeError):
            open_store(tmp_path, bare)
    database = PostgresDatabase(bare)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar() == 0
    database.close()
    assert patients(tmp_path, bare) == 0


def test_closing_does_not_need_the_server_any_more(tmp_path: Path, address: str, postgres: PostgresServer) -> None:
    store = open_store(tmp_path, address)
    store.records.commit([patient()])
    postgres.stop()
    try:
        store.close()
    finally:
        postgres.start()
    assert patients(tmp_path, address) == 1


@pytest.mark.parametrize("length", [400, 500, 501, 3000, 200_000])
def test_a_strangers_endless_value_is_kept_and_found(tmp_path: Path, address: str, length: int) -> None:
    value = "".join(chr(0x410 + (place * 7919) % 32) for place in range(length))
    record = Patient(id="p", identifier=(Identifier(system="s", value=value),))
    store = open_store(tmp_path, address)
    store.records.commit([record])
    assert [each.id for each in store.records.find(Patient, identifier=f"s|{value}")] == ["p"]
    assert store.records.find(Patient, identifier=f"s|{value}x") == ()
    assert [each.id for each in store.records.search_patients(value)] == ["p"]
    store.close()


def test_a_strangers_nul_is_kept_in_the_record_and_found(tmp_path: Path, address: str) -> None:
    record = Patient(id="p", identifier=(Identifier(value="a\0b"), Identifier(value="a\N{REPLACEMENT CHARACTER}b")))
    store = open_store(tmp_path, address)
    store.records.commit([record])
    assert [each.id for each in store.records.find(Patient, identifier="|a\0b")] == ["p"]
    assert store.records.get(Patient, "p").identifier == record.identifier
    store.close()


def test_a_record_whose_very_id_is_endless_is_refused_with_a_sentence(tmp_path: Path, address: str) -> None:
    long = "".join(chr(0x410 + (place * 7919 + place // 32) % 1000) for place in range(9000))
    store = open_store(tmp_path, address)
    with pytest.raises(InvalidInputError, match="too long"):
        store.records.commit([Patient(id=long)])
    assert store.records.find(Patient) == ()
    store.close()


@pytest.mark.parametrize("params", [{"subject": "p7"}, {"subject": "p7", "status": "final"}])
def test_finding_uses_the_index_and_not_the_whole_table(tmp_path: Path, address: str, params: dict[str, str]) -> None:
    store = open_store(tmp_path, address)
    code = CodeableConcept(text="x")
    store.records.commit(
        [
            Observation(id=f"o{n}", status="final", code=code, subject=Reference(reference=f"Patient/p{n % 100}"))
            for n in range(400)
        ],
        send=False,
    )
    with store.database.writing() as connection:
        connection.execute(text("ANALYZE"))
    query = bodies_with("Observation", params, 50)
    with store.database.reading() as connection:
        words = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {words}"))
    assert "pk_index_entry" in plan or "ix_index_entry_type_id" in plan
    assert "Seq Scan on index_entry" not in plan
    store.close()
