"""What is put into words once is said to each database by itself, and a database outside the tests has its own book."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from clinic_app.records import Patient
from clinic_app.storage import Store
from clinic_app.storage.engines import encrypted_file
from clinic_app.storage.tables import RECORD
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import KEY, patient


@pytest.fixture
def two(tmp_path: Path) -> tuple[Store, Store]:
    return Store.open(tmp_path / "a", KEY, FixedClock()), Store.open(tmp_path / "b", KEY, FixedClock())


def test_two_databases_share_the_words_and_nothing_else(two: tuple[Store, Store]) -> None:
    here, there = two
    hers = patient("Әлібекқызы", "Гүлнұр")
    here.records.commit([hers])
    assert here.records.get(Patient, hers.id).full_name == hers.full_name
    assert there.records.find(Patient) == ()
    assert here.database._engine._compiled_cache is there.database._engine._compiled_cache
    assert here.database._engine.pool is not there.database._engine.pool
    for store in two:
        store.close()


def test_a_statement_that_one_has_said_is_in_the_book_for_the_other(two: tuple[Store, Store]) -> None:
    here, there = two
    statement = select(RECORD.c.id).where(RECORD.c.id == "nobody").order_by(RECORD.c.id)
    for store in two:
        with store.database.reading() as connection:
            assert connection.execute(statement).all() == []
    book = here.database._engine._compiled_cache
    assert book is not None
    pages = len(book)
    with there.database.reading() as connection:
        assert connection.execute(statement).all() == []
    assert len(book) == pages
    for store in two:
        store.close()


def test_what_the_program_makes_its_engines_with_is_as_it_was() -> None:
    made = encrypted_file.create_engine("sqlite://", module=encrypted_file.sqlcipher)
    plain = encrypted_file.create_engine.__wrapped__("sqlite://", module=encrypted_file.sqlcipher)  # type: ignore[attr-defined]
    assert made._compiled_cache is not plain._compiled_cache
    assert (made.dialect.name, made.dialect.driver) == (plain.dialect.name, plain.dialect.driver)
    for engine in (made, plain):
        engine.dispose()
