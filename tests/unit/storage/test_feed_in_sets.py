"""A batch that is stored in sets of rows leaves what its writes would have left one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, event, select

from clinic_app.records import (
    Attachment,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Observation,
    Patient,
    Resource,
    Task,
    encode,
    with_audience,
)
from clinic_app.records.datatypes import CodeableConcept, Reference
from clinic_app.storage import Store
from clinic_app.storage.count_tables import COUNT_FINDING, COUNT_PATIENT, COUNT_TASK
from clinic_app.storage.exchange.exchange import Write, Written
from clinic_app.storage.feed.feed import Feed, PreconditionError, RefusedError
from clinic_app.storage.feed.rows import Caller, StoredRecord
from clinic_app.storage.feed.tables import FEED_AUDIENCE, FEED_RECORD, FEED_REFERENCE
from clinic_app.storage.tables import HISTORY, INDEX_ENTRY, RECORD
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")

OURS, OTHERS = Caller("a1", "org-a"), Caller("a2", "org-a")
SHA = "5" * 64
CODE = CodeableConcept(text="pulse")


def _records() -> tuple[Resource, ...]:
    somebody = Reference(reference="Patient/p")
    content = DocumentReferenceContent(attachment=Attachment(url=f"urn:sha256:{SHA}"))
    task = Task(id="t", status="requested", intent="order", for_=somebody, authored_on=NOON)
    return (
        Patient(id="p", name=(HumanName(family="Қасымов", given=("Нұрлан",)),), birth_date="1964-03-05"),
        Observation(id="o", status="final", code=CODE, subject=somebody, effective_date_time=NOON),
        DocumentReference(id="d", status="current", subject=somebody, content=(content, content)),
        with_audience(task, "org-b", "org-c"),
        Patient(id="q", name=(HumanName(text="Сергей Ким"),)),
    )


def _edited() -> tuple[Resource, ...]:
    """What the same records become: withdrawn, for somebody else, about something else."""
    return (
        Patient(id="p", name=(HumanName(family="Петров", given=("Нұрлан",)),), active=False),
        Observation(id="o", status="entered-in-error", code=CODE),
        DocumentReference(id="d", status="superseded", content=()),
        with_audience(Task(id="t", status="received", intent="order", authored_on=NOON), "org-c"),
        with_audience(Patient(id="q"), "org-b"),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "hub") as made:
        yield made


def _yes(_caller: Caller, _stored: StoredRecord | None, _incoming: Resource) -> None:
    return


def _apply(store: Store, *writes: Write) -> tuple[Written, ...]:
    told: list[Written] = []

    def answer(written: Sequence[Written]) -> bytes:
        told.extend(written)
        return b""

    Feed(store.database, FixedClock()).apply(OURS, writes, _yes, answer, "")
    return tuple(told)


def _write(record: Resource, base: str | None = None) -> Write:
    return Write(record.type_name, record.id, encode(record), base)


def _rows(store: Store, table: Table, *without: str) -> list[tuple[Any, ...]]:
    """Return a table's rows but for what is drawn by lot."""
    columns = [column for column in table.columns if column.name not in without]
    with store.database.reading() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


def _left(store: Store) -> dict[str, Any]:
    drawn = ("version_id", "body", "number")
    tables = (FEED_AUDIENCE, FEED_RECORD, FEED_REFERENCE, INDEX_ENTRY, COUNT_PATIENT, COUNT_FINDING, COUNT_TASK)
    left: dict[str, Any] = {table.name: _rows(store, table) for table in tables}
    left |= {table.name: _rows(store, table, *drawn) for table in (HISTORY, RECORD)}
    found = {word: [each.id for each in store.records.search_patients(word)] for word in ("нурлан", "касымов", "ким")}
    return {**left, "found": found}


def test_a_batch_leaves_what_its_writes_leave_one_by_one(tmp_path: Path) -> None:
    with opened(tmp_path / "set") as in_sets, opened(tmp_path / "single") as singly:
        first = {each.id: each.version for each in _apply(in_sets, *map(_write, _records()))}
        versions = {each.id: _apply(singly, _write(each))[0].version for each in _records()}
        assert _left(in_sets) == _left(singly)
        assert _left(in_sets)["feed_reference"] == [(SHA, "DocumentReference", "d")]
        _apply(in_sets, *(_write(each, first[each.id]) for each in _edited()))
        for each in _edited():
            _apply(singly, _write(each, versions[each.id]))
        left = _left(in_sets)
        assert left == _left(singly)
    assert left["found"] == {"нурлан": ["p"], "касымов": [], "ким": []}
    assert left["feed_audience"] == [("Patient", "q", "org-b", "", 10), ("Task", "t", "org-c", "", 9)]
    assert left["feed_reference"] == left["count_finding"] == []


@pytest.mark.parametrize("is_edit", [False, True], ids=["new", "edited"])
def test_how_many_statements_a_batch_takes_does_not_depend_on_how_many_records_it_has(
    store: Store, is_edit: bool
) -> None:
    taken: list[int] = []
    statements: list[str] = []
    event.listen(store.database._engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for size in (3, 300):
        records = [Patient(id=f"{size}-{number}", birth_date="1964") for number in range(size)]
        versions = [each.version for each in _apply(store, *map(_write, records))] if is_edit else [None] * size
        edited = [Patient(id=each.id, birth_date="1970") for each in records]
        statements.clear()
        _apply(store, *map(_write, edited, versions))
        taken.append(len(statements))
    assert taken[1] <= taken[0] + 2


def test_the_feed_tells_a_batch_in_its_order(store: Store) -> None:
    many = [Patient(id=f"{number * 7919 % 1000:03}") for number in range(300)]
    _apply(store, *map(_write, many))
    feed = Feed(store.database, FixedClock())
    assert [change.id for change in feed.changes(OTHERS, "", 500).changes] == [each.id for each in many]


def test_new_and_edited_records_mix_in_one_batch(store: Store) -> None:
    (old,) = _apply(store, _write(Patient(id="old")))
    told = _apply(store, _write(Patient(id="new")), _write(Patient(id="old", birth_date="1964"), old.version))
    assert [(each.id, each.is_new) for each in told] == [("new", True), ("old", False)]
    assert store.records.get(Patient, "old").birth_date == "1964"
    assert store.records.get(Patient, "old").version_id == told[1].version


def test_the_same_write_twice_in_one_batch_is_one_version(store: Store) -> None:
    first, again = _apply(store, _write(Patient(id="p")), _write(Patient(id="p")))
    assert (first.is_new, again.is_new) == (True, False)
    assert first.version == again.version
    assert len(store.records.versions(Patient, "p")) == 1


def test_two_different_writes_of_one_record_are_no_batch(store: Store) -> None:
    with pytest.raises(RefusedError) as caught:
        _apply(store, _write(Patient(id="p")), _write(Patient(id="p", birth_date="1964")))
    assert caught.value.entry == 1
    assert isinstance(caught.value.cause, PreconditionError)
    assert _rows(store, RECORD) == []


def test_the_first_wrong_entry_is_the_one_that_is_named(store: Store) -> None:
    """Entries are read before anything is looked up, but it is their order that counts."""
    with pytest.raises(RefusedError) as caught:
        _apply(store, _write(Patient(id="p"), "stale"), Write("Patient", "q", b"{", None))
    assert caught.value.entry == 0


def test_what_the_hub_wrote_beside_the_feed_is_not_met_twice(store: Store) -> None:
    """A record that is in the tables but not in the feed has index entries already."""
    store.records.commit((Patient(id="p", birth_date="1964"),))
    (told,) = _apply(store, _write(Patient(id="p", birth_date="1965")))
    assert told.is_new
    assert ("Patient", "p", "birth_date", "1964") not in _rows(store, INDEX_ENTRY)


def test_a_batch_that_is_sent_again_changes_nothing(store: Store) -> None:
    first = _apply(store, *map(_write, _records()))
    left = _left(store)
    again = _apply(store, *map(_write, _records()))
    assert [each.version for each in again] == [each.version for each in first]
    assert not any(each.is_new for each in again)
    assert _left(store) == left
