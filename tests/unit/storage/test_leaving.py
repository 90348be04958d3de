"""What the hub shows no longer, and what nobody may keep, leaves a workstation; what was not sent never goes unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from clinic_app.foundation.errors import NotFoundError
from clinic_app.records import AuditEvent, HumanName, Observation, Patient, Reference, Resource, Task, decode, encode
from clinic_app.records.datatypes import CodeableConcept, Meta
from clinic_app.storage import Store
from clinic_app.storage.count_tables import COUNT_FINDING, COUNT_PATIENT
from clinic_app.storage.exchange.exchange import Change, ChangeKind
from clinic_app.storage.exchange.leaving import is_erased
from clinic_app.storage.tables import CONFLICT, HISTORY, INDEX_ENTRY, OUTBOX, PATIENT_NUMBER, RECORD
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import NOON
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")

CODE = CodeableConcept(text="pulse")
PATIENT = Patient(id="p", meta=Meta(version_id="h1"), name=(HumanName(family="Қасымов"),))
FINDING = Observation(
    id="o", meta=Meta(version_id="h2"), status="final", code=CODE, subject=Reference(reference="Patient/p")
)
OTHER = Patient(id="q", meta=Meta(version_id="h3"), name=(HumanName(family="Қасымов"),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as made:
        made.records.receive([encode(each) for each in (PATIENT, FINDING, OTHER)])
        yield made


def _leave(store: Store, kind: ChangeKind, *records: Resource, cursor: str = "c") -> None:
    changes = [Change(each.type_name, each.id, b"", NOON, kind=kind) for each in records]
    store.records.receive([], cursor=("hub-feed", cursor), leaving=changes)


def _rows_of(store: Store, id: str) -> int:
    """Return how many rows of any table still name a record."""
    tables = (RECORD, HISTORY, INDEX_ENTRY, OUTBOX, CONFLICT, COUNT_PATIENT, COUNT_FINDING, PATIENT_NUMBER)
    with store.database.reading() as connection:
        return sum(len(connection.execute(select(table).where(table.c.id == id)).all()) for table in tables)


def _edit(store: Store) -> Patient:
    (edited,) = store.records.commit([Patient(id="p", meta=Meta(version_id="h1"), birth_date="1964")])
    assert isinstance(edited, Patient)
    return edited


@pytest.mark.parametrize("kind", ["evict", "erase"])
def test_what_leaves_is_nowhere_and_nothing_goes_up(store: Store, kind: ChangeKind) -> None:
    _leave(store, kind, PATIENT, FINDING)
    assert _rows_of(store, "p") == _rows_of(store, "o") == 0
    assert [each.id for each in store.records.search_patients("касымов")] == ["q"]
    assert store.outbox.count() == 0
    assert store.records.conflicts() == ()
    assert store.cursor("hub-feed") == "c"
    with store.database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM patient_search")).scalar() == 1


@pytest.mark.parametrize("kind", ["evict", "erase"])
def test_to_be_told_twice_or_of_strangers_changes_nothing(store: Store, kind: ChangeKind) -> None:
    for _ in range(2):
        _leave(store, kind, PATIENT, Task(id="unknown", status="draft", intent="order"))
    assert store.records.get(Patient, "q").id == "q"


def test_what_was_opened_again_is_there_as_if_it_had_never_left(store: Store) -> None:
    _leave(store, "evict", PATIENT)
    with pytest.raises(NotFoundError):
        store.records.get(Patient, "p")
    (came,) = store.records.receive([encode(PATIENT)])
    assert came == store.records.get(Patient, "p") == PATIENT
    assert sorted(each.id for each in store.records.search_patients("касымов")) == ["p", "q"]


def test_an_edit_that_was_not_sent_keeps_what_is_shown_no_longer(store: Store) -> None:
    edited = _edit(store)
    _leave(store, "evict", PATIENT)
    assert store.records.get(Patient, "p") == edited
    assert [row.state for row in store.outbox.rows_for("Patient", "p")] == ["queued"]


def test_an_edit_of_what_was_erased_is_a_question_and_is_not_sent(store: Store) -> None:
    edited = _edit(store)
    for _ in range(2):
        _leave(store, "erase", PATIENT)
    (question,) = store.records.conflicts()
    assert is_erased(question.theirs)
    assert not is_erased(question.mine)
    assert question.mine == edited
    assert store.outbox.pending() == ()
    assert [each.version_id for each in store.records.versions(Patient, "p")] == [edited.version_id]


def test_who_has_seen_the_question_lets_the_edit_go_with_the_record(store: Store) -> None:
    _edit(store)
    _leave(store, "erase", PATIENT)
    (question,) = store.records.conflicts()
    store.records.settle(question, question.theirs, audit=[audit_row()], made_from=question.mine.version_id)
    assert _rows_of(store, "p") == 0
    assert store.records.conflicts() == ()
    assert [row.type for row in store.outbox.pending()] == ["AuditEvent"]
    assert store.records.broken_audit_row() is None


def test_what_was_sent_and_taken_is_no_reason_to_ask(store: Store) -> None:
    _edit(store)
    (row,) = store.outbox.pending()
    store.outbox.acknowledge({row.seq: "h9"})
    _leave(store, "erase", PATIENT)
    assert _rows_of(store, "p") == 0


def test_no_hub_can_take_an_event_out_of_the_audit_trail(store: Store) -> None:
    store.records.commit([], audit=[audit_row()])
    (event,) = store.records.find(AuditEvent)
    for kind in ("evict", "erase"):
        _leave(store, kind, event)  # type: ignore[arg-type]
    assert decode(store.records.body(AuditEvent, event.id)) == event
    assert store.records.broken_audit_row() is None
