"""Every revision leads to the newest one, and the newest one is what the program expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from clinic_app.records import Patient
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.migrating import current_revision, migrate, newest_revision
from clinic_app.storage.feed import account_tables as feed_account_tables
from clinic_app.storage.feed import tables as feed_tables
from clinic_app.storage.tables import METADATA
from tests.helpers import stores
from tests.helpers.stores import opened

BODY = b'{"resourceType":"Patient","id":"p1","meta":{"versionId":"v1"},"name":[{"family":"\xd2\x9a"}],"x":72.50}'


@pytest.fixture
def database(both_databases: str, tmp_path: Path) -> Iterator[Database]:
    database = stores.places.bare(tmp_path)
    yield database
    database.close()


def test_the_revisions_make_the_tables_the_program_describes(database: Database) -> None:
    assert feed_tables.METADATA is feed_account_tables.METADATA is METADATA
    with database.writing() as connection:
        migrate(connection)
        context = MigrationContext.configure(connection, opts={"include_name": belongs_to_us})
        assert compare_metadata(context, METADATA) == []


def belongs_to_us(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith("patient_search")


def test_a_database_of_the_first_revision_opens_at_the_newest_with_its_records(
    tmp_path: Path, database: Database
) -> None:
    with database.writing() as connection:
        migrate(connection, "0001")
    with database.writing() as connection:
        assert current_revision(connection) == "0001"
        row = {"body": BODY}
        connection.execute(text("INSERT INTO record VALUES ('Patient', 'p1', 'v1', NULL, :body, 1)"), row)
        connection.execute(
            text("INSERT INTO history VALUES (1, 'Patient', 'p1', 'v1', 'local', :body, '2026-03-05T07:00:00+00:00')"),
            row,
        )
    database.close()
    with opened(tmp_path) as store:
        assert store.records.body(Patient, "p1") == BODY
        with store.database.reading() as connection:
            assert current_revision(connection) == newest_revision()
        copies = ["before-update"] if store.file else []  # a server is copied by its own programs
        assert [each.kind for each in store.backups.all()] == copies


def test_a_migration_that_dies_leaves_the_old_revision(database: Database) -> None:
    with database.writing() as connection:
        migrate(connection, "0001")

    def migrate_and_die() -> None:
        with database.writing() as connection:
            migrate(connection)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        migrate_and_die()
    with database.reading() as connection:
        assert current_revision(connection) == "0001"
        assert not [name for name in inspect(connection).get_table_names() if name.startswith("feed")]
