"""Tables that are made by saying the revisions' words again are the tables the revisions make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from clinic_app.storage.backups import upgrading
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import migrate
from tests.helpers import quick_tables
from tests.helpers.quick_tables import migrate_quickly
from tests.helpers.stores import KEY, opened

EVERYTHING = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
Rows = list[tuple[object, ...]]


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[EncryptedFile]]:
    made = [EncryptedFile(tmp_path / f"{number}.db", KEY) for number in range(3)]
    yield made
    for file in made:
        file.close()


def rows(file: EncryptedFile, query: str) -> Rows:
    with file.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def contents(file: EncryptedFile) -> dict[str, Rows]:
    """Everything that is in a database: what describes it, and the rows of every table."""
    described = rows(file, EVERYTHING)
    tables = [str(name) for kind, name, *_ in described if kind == "table"]
    return {"": described, **{name: rows(file, f'SELECT * FROM "{name}"') for name in tables}}


def test_what_is_said_again_makes_what_the_revisions_make(files: list[EncryptedFile]) -> None:
    with files[0].writing() as connection:
        migrate(connection)
    for file in files[1:]:
        with file.writing() as connection:
            migrate_quickly(connection)
    first, *others = map(contents, files)
    assert len(first[""]) > 80
    assert first["alembic_version"]
    assert others == [first, first]


def test_a_database_that_is_not_empty_is_left_to_the_revisions(
    files: list[EncryptedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    with files[0].writing() as connection:
        migrate_quickly(connection)
    monkeypatch.setattr(quick_tables, "_said", [("SELECT nonsense", ())])
    with files[1].writing() as connection:
        migrate(connection, "0003")
    with files[1].writing() as connection:
        migrate_quickly(connection)
    assert rows(files[1], "SELECT version_num FROM alembic_version") == rows(
        files[0], "SELECT version_num FROM alembic_version"
    )


def test_an_older_revision_is_made_by_the_revisions(files: list[EncryptedFile]) -> None:
    for file in files:
        with file.writing() as connection:
            migrate_quickly(connection, "0002")
    assert [rows(file, "SELECT version_num FROM alembic_version") for file in files] == [[("0002",)]] * 3


def test_the_stores_of_the_tests_are_made_so(tmp_path: Path) -> None:
    assert upgrading.migrate is migrate_quickly
    with opened(tmp_path / "a"), opened(tmp_path / "b"):
        assert quick_tables._said
