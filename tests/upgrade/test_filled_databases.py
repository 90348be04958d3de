"""A first release's database with a whole clinic's day in it: nothing of it is lost on the way to the newest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import text

from clinic_app.keys import DATABASE_NAME
from clinic_app.records import Patient, Task
from clinic_app.storage import Attempts, Store
from clinic_app.storage.encrypted_file import EncryptedFile
from clinic_app.storage.migrating import current_revision, migrate, newest_revision
from tests.helpers.clocks import NOON
from tests.helpers.stores import KEY, opened

AT: Final = NOON.isoformat()
SHA256: Final = "ab" * 32


def _patient(number: int, version: str) -> bytes:
    return (
        f'{{"resourceType":"Patient","id":"p{number}","meta":{{"versionId":"{version}"}},'
        f'"name":[{{"family":"Қасымов{number}"}}],"foreign":{{"x":72.50}}}}'
    ).encode()


TASK: Final = (
    b'{"resourceType":"Task","id":"t","meta":{"versionId":"v"},"status":"requested","intent":"order",'
    b'"for":{"reference":"Patient/p1"}}'
)
ROWS: Final[dict[str, list[tuple[Any, ...]]]] = {
    "record": [("Patient", f"p{n}", "v2", f"h{n}", _patient(n, "v2"), 2 * n) for n in (1, 2, 3)]
    + [("Task", "t", "v", None, TASK, 7)],
    "history": [
        row
        for n in (1, 2, 3)
        for row in (
            (2 * n - 1, "Patient", f"p{n}", "v1", "received", _patient(n, "v1"), AT),
            (2 * n, "Patient", f"p{n}", "v2", "local", _patient(n, "v2"), AT),
        )
    ]
    + [(7, "Task", "t", "v", "local", TASK, AT)],
    "index_entry": [("Task", "t", "subject", "p1"), ("Task", "t", "status", "requested")],
    "outbox": [
        (1, "op1", "Patient", "p1", _patient(1, "v2"), "h1", None, "records", 2, 3, "queued", "no link", AT),
        (2, "op2", "Task", "t", TASK, None, None, "emergency", 0, 0, "queued", "", AT),
        (3, "op3", "Patient", "p2", _patient(2, "v2"), "h2", None, "records", 2, 1, "quarantined", "refused", AT),
        (9, "op4", "Patient", "p3", _patient(3, "v2"), "h3", "h4", "records", 2, 0, "acked", "", AT),
    ],
    "conflict": [(4, "Patient", "p1", _patient(1, "v2"), _patient(1, "h9"), "h9", AT, None)],
    "transfer": [(SHA256, "up", "images", 3, 1000, 400, "queued", "", AT)],
    "cursor": [("hub", "41")],
    "memory": [("hub-token", b"secret"), ("chart", b"17")],
    "account": [("dariger", "n1", "doctor", "$argon2id$", 1, 2, AT)],
    "patient_number": [(1, "p1"), (2, "p2"), (3, "p3")],
}


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    database = EncryptedFile(tmp_path / DATABASE_NAME, KEY)
    with database.writing() as connection:
        migrate(connection, "0001")
    with database.writing() as connection:
        for table, rows in ROWS.items():
            for row in rows:
                marks = ", ".join(f":v{place}" for place in range(len(row)))
                values = {f"v{place}": value for place, value in enumerate(row)}
                connection.execute(text(f"INSERT INTO {table} VALUES ({marks})"), values)
        connection.execute(text("INSERT INTO patient_search (rowid, keys) VALUES (1, 'kasimov1')"))
    database.close()
    return tmp_path


@pytest.fixture
def store(old_folder: Path) -> Iterator[Store]:
    with opened(old_folder) as store:
        yield store


@pytest.mark.parametrize("table", ROWS)
def test_every_row_of_every_table_is_there_as_it_was(store: Store, table: str) -> None:
    with store.database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    kept = [row for row in rows if row[0] != "store-in-use"]
    assert sorted(kept, key=repr) == sorted(ROWS[table], key=repr)


def test_the_records_are_read_found_and_searched(store: Store) -> None:
    assert [each.id for each in store.records.find(Patient)] == ["p3", "p2", "p1"]
    assert [each.version_id for each in store.records.versions(Patient, "p2")] == ["v1", "v2"]
    assert [each.id for each in store.records.find(Task, subject="p1", status="requested")] == ["t"]
    assert [each.id for each in store.records.search_patients("Касымов1")] == ["p1"]
    assert store.records.hub_version(Patient, "p3") == "h3"


def test_what_waited_still_waits_in_its_order(store: Store) -> None:
    assert [(row.seq, row.lane, row.attempts) for row in store.outbox.pending()] == [
        (2, "emergency", 0),
        (1, "records", 3),
    ]
    assert [row.seq for row in store.outbox.set_aside()] == [3]
    transfer = store.transfers.get(SHA256, "up")
    assert transfer is not None
    assert (transfer.offset, transfer.size) == (400, 1000)
    assert store.transfers.waiting_bytes() == 600


def test_the_small_things_are_remembered(store: Store) -> None:
    assert store.cursor("hub") == "41"
    assert store.memory.get("hub-token") == b"secret"
    assert store.memory.next_number("chart") == 18
    assert store.accounts.attempts("dariger") == Attempts(2, NOON)


def test_an_open_conflict_can_be_settled_after_the_upgrade(store: Store) -> None:
    (conflict,) = store.records.conflicts()
    settled = store.records.settle(conflict, conflict.mine)
    assert store.records.conflicts() == ()
    (row,) = [row for row in store.outbox.pending() if row.type == "Patient"]
    assert (row.id, row.base_hub_version) == ("p1", "h9")
    assert store.records.get(Patient, "p1") == settled


def test_an_old_record_is_edited_without_losing_what_we_do_not_know(store: Store) -> None:
    record = store.records.get(Patient, "p2")
    store.records.commit([msgspec.structs.replace(record, active=True)])
    assert b'"foreign":{"x":72.50}' in store.records.body(Patient, "p2")
    newest = store.outbox.rows_for("Patient", "p2")[-1]
    assert newest.seq == 10
    assert newest.base_hub_version == "h2"


def test_the_copy_made_before_holds_the_old_revision_with_the_same_rows(old_folder: Path) -> None:
    with opened(old_folder):
        pass
    copy = EncryptedFile(old_folder / f"{DATABASE_NAME}.before-{newest_revision()}", KEY)
    with copy.reading() as connection:
        assert current_revision(connection) == "0001"
        assert connection.execute(text("SELECT count(*) FROM history")).scalar() == len(ROWS["history"])
    copy.close()


def test_opening_a_second_time_changes_nothing_and_copies_nothing(old_folder: Path) -> None:
    with opened(old_folder):
        pass
    copy = old_folder / f"{DATABASE_NAME}.before-{newest_revision()}"
    copy.write_bytes(b"kept as it is")
    with opened(old_folder) as store:
        assert store.outbox.count() == 2
    assert copy.read_bytes() == b"kept as it is"
