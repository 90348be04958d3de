"""A row that may be there already: both databases end with the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from clinic_app.storage import Store
from clinic_app.storage.count_tables import COUNT_TASK
from clinic_app.storage.engines.upserts import Addition, Upsert, take_numbers
from clinic_app.storage.feed.tables import FEED_AUDIENCE
from clinic_app.storage.tables import HISTORY, MEMORY, PATIENT_NUMBER, TRANSFER
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


def test_many_rows_go_in_at_once_and_only_standing_ones_are_changed(store: Store) -> None:
    names = [f"многие {number} “'{{}},\\" for number in range(120)]
    with store.database.writing() as connection:
        connection.execute(delete(MEMORY))
        Upsert(MEMORY).run_all(connection, [{"name": name, "value": b"\x00\xff'{}"} for name in names])
        Upsert(MEMORY).run_all(connection, [{"name": name, "value": b"other"} for name in names])
        Upsert(MEMORY, "value").run_all(connection, [{"name": name, "value": b"newest"} for name in names[:20]])
        Upsert(MEMORY, "value").run_all(connection, [])
        kept = {row.name: bytes(row.value) for row in connection.execute(select(MEMORY))}
    assert kept == {name: b"newest" if place < 20 else b"\x00\xff'{}" for place, name in enumerate(names)}


def test_what_may_be_missing_is_missing_in_a_set_too(store: Store) -> None:
    task = {each.name: "" for each in COUNT_TASK.c if each.name != "answered_at"}
    rows = [{**task, "id": "t", "answered_at": None}, {**task, "id": "u", "answered_at": "2026"}]
    with store.database.writing() as connection:
        Upsert(COUNT_TASK, "answered_at").run_all(connection, rows)
        kept = connection.execute(select(COUNT_TASK.c.answered_at).order_by(COUNT_TASK.c.id)).scalars().all()
    assert kept == [None, "2026"]


def test_what_the_database_gave_new_rows_comes_back_with_them(store: Store) -> None:
    rows = [
        {"type": "Patient", "id": f"p{n}", "version_id": "v", "origin": "local", "body": b"{}", "written_at": "2026"}
        for n in range(50)
    ]
    add = Addition(HISTORY, HISTORY.c.seq, HISTORY.c.id)
    with store.database.writing() as connection:
        told = {row.id: row.seq for row in add.run(connection, rows)}
        kept = {row.id: row.seq for row in connection.execute(select(HISTORY.c.id, HISTORY.c.seq))}
        assert add.run(connection, []) == ()
    assert told == kept
    assert sorted(told, key=told.__getitem__) == [row["id"] for row in rows]


def test_a_new_row_that_is_there_already_is_a_fault_and_writes_nothing(store: Store) -> None:
    row = {"type": "Patient", "id": "p", "organization_id": "a", "bucket": "", "seq": 7}
    with pytest.raises(IntegrityError), store.database.writing() as connection:
        Addition(FEED_AUDIENCE).run(connection, [row, {**row, "id": "q"}, row])
    with store.database.reading() as connection:
        assert connection.execute(select(FEED_AUDIENCE)).all() == []


def test_numbers_that_were_taken_are_given_to_no_row(store: Store) -> None:
    row = {"type": "Patient", "version_id": "v", "origin": "local", "body": b"{}", "written_at": "2026"}
    add = Addition(HISTORY, HISTORY.c.seq)
    with store.database.writing() as connection:
        before = add.run(connection, [{**row, "id": "a"}])[0].seq
        taken = list(take_numbers(connection, HISTORY, 3))
        assert taken == [before + 1, before + 2, before + 3]
        assert list(take_numbers(connection, HISTORY, 1)) == [before + 4]
        assert add.run(connection, [{**row, "id": "b"}])[0].seq == before + 5


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
