"""A row that may be there already: both databases end with the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from clinic_app.storage import Store
from clinic_app.storage.tables import MEMORY, PATIENT_NUMBER, TRANSFER
from clinic_app.storage.upserts import Upsert
from tests.helpers.stores import opened

ROW = {
    "sha256": "a",
    "direction": "up",
    "lane": "bulk",
    "lane_rank": 4,
    "size": 7,
    "offset": 0,
    "state": "queued",
    "last_error": "",
    "queued_at": "2026-03-05",
}


@pytest.fixture(scope="module")
def store(both_databases: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with opened(tmp_path_factory.mktemp("upserts")) as store:
        yield store


def test_a_new_row_is_written_with_every_value(store: Store) -> None:
    with store.database.writing() as connection:
        Upsert(TRANSFER, "size").run(connection, ROW)
        assert dict(connection.execute(select(TRANSFER)).mappings().one()) == ROW


def test_a_standing_row_takes_only_the_columns_that_are_named(store: Store) -> None:
    with store.database.writing() as connection:
        Upsert(TRANSFER).run(connection, ROW)
        Upsert(TRANSFER, "offset", "state").run(connection, {**ROW, "offset": 5, "state": "done", "size": 9})
        row = connection.execute(select(TRANSFER)).one()
    assert (row.offset, row.state, row.size) == (5, "done", 7)


def test_with_no_column_named_the_standing_row_stays(store: Store) -> None:
    with store.database.writing() as connection:
        Upsert(TRANSFER, "offset").run(connection, {**ROW, "offset": 5})
        Upsert(TRANSFER).run(connection, {**ROW, "offset": 6})
        assert connection.execute(select(TRANSFER.c.offset)).scalar_one() == 5


def test_a_row_that_is_unique_in_another_way_is_met_too(store: Store) -> None:
    with store.database.writing() as connection:
        for _ in range(3):
            Upsert(PATIENT_NUMBER).run(connection, {"id": "p"})
        Upsert(PATIENT_NUMBER).run(connection, {"id": "q"})
        numbers = connection.execute(select(PATIENT_NUMBER.c.number, PATIENT_NUMBER.c.id)).all()
    assert sorted(row.id for row in numbers) == ["p", "q"]
    assert len({row.number for row in numbers}) == 2


WRITES = st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=4), st.booleans()), max_size=20)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WRITES)
def test_any_order_of_writes_ends_as_in_a_dictionary(store: Store, writes: list[tuple[str, bytes, bool]]) -> None:
    expected: dict[str, bytes] = {}
    with store.database.writing() as connection:
        connection.execute(delete(MEMORY))
        for name, value, replaces in writes:
            if replaces:
                Upsert(MEMORY, "value").run(connection, {"name": name, "value": value})
                expected[name] = value
            else:
                Upsert(MEMORY).run(connection, {"name": name, "value": value})
                expected.setdefault(name, value)
        kept = {row.name: bytes(row.value) for row in connection.execute(select(MEMORY))}
    assert kept == expected
