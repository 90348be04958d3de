"""What is erased by order is nowhere at the hub, leaves whoever had it, and never comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from clinic_app.foundation.errors import ConflictError, NotFoundError
from clinic_app.records import AuditEvent, Observation, Patient, Reference, Resource, Task, encode, with_audience
from clinic_app.records.datatypes import CodeableConcept
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Write
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.feed import ErasedError, Feed, RefusedError
from clinic_app.storage.feed.rows import Caller, StoredRecord
from clinic_app.storage.feed.tables import FEED_TOMBSTONE
from clinic_app.storage.tables import METADATA
from tests.helpers.audit_rows import audit_row
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")

WRITER, COLLEAGUE, CENTRE = Caller("a1", "org-a"), Caller("a2", "org-a"), Caller("b1", "org-b")
CONTENT = b"a letter about the patient"
SHA = hashlib.sha256(CONTENT).hexdigest()
ABOUT = Reference(reference="Patient/gone")
FINDING = Observation(id="finding", status="final", code=CodeableConcept(text=f"see {SHA}"), subject=ABOUT)
RECORDS: tuple[Resource, ...] = (
    with_audience(Patient(id="gone"), "org-b"),
    FINDING,
    Task(id="task", status="requested", intent="order", for_=ABOUT, owner=Reference(reference="Organization/org-b")),
    Patient(id="stays"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "hub") as made:
        content = FeedContent(made.database, made.blobs)
        content.begin(WRITER, SHA, len(CONTENT))
        content.append(WRITER, SHA, 0, CONTENT)
        _apply(made, *RECORDS)
        yield made


def _yes(_caller: Caller, _stored: StoredRecord | None, _incoming: Resource) -> None:
    return


def _apply(store: Store, *records: Resource) -> None:
    writes = [Write(each.type_name, each.id, encode(each), None) for each in records]
    Feed(store.database, FixedClock()).apply(WRITER, writes, _yes, lambda _: b"", "")


def _erase(store: Store) -> list[tuple[str, str]]:
    erasing = Feed(store.database, FixedClock()).erasing
    there = erasing.there(erasing.of_patient("gone"))
    assert erasing.erase(erasing.of_patient("gone"), "order 17 of the court") == there
    return sorted(there)


def _naming(store: Store, word: str) -> set[str]:
    """Return the tables in which a word is found anywhere."""
    found = set()
    with store.database.reading() as connection:
        for table in METADATA.tables.values():
            values = (each for row in connection.execute(select(table)) for each in row)
            if any(word.encode() in (each if isinstance(each, bytes) else str(each).encode()) for each in values):
                found.add(table.name)
    return found


def test_a_patient_goes_with_every_record_about_him(store: Store) -> None:
    assert _erase(store) == [("Observation", "finding"), ("Patient", "gone"), ("Task", "task")]
    for word in ("gone", "finding", "task"):
        assert _naming(store, word) == {"history", "feed_gone", "feed_tombstone"}
    assert _naming(store, SHA) == set()
    with store.database.reading() as connection:
        bodies = connection.execute(text("SELECT body FROM history WHERE id <> 'stays'")).scalars().all()
        assert {bytes(each) for each in bodies} == {b""}
        assert connection.execute(text("SELECT count(*) FROM patient_search")).scalar() == 1
    assert store.records.get(Patient, "stays").id == "stays"


def test_everybody_is_told_each_once_and_whoever_begins_anew_too(store: Store) -> None:
    feed = Feed(store.database, FixedClock())
    cursors = {reader: feed.changes(reader, "", 500).cursor for reader in (WRITER, COLLEAGUE, CENTRE)}
    _erase(store)
    for reader, cursor in cursors.items():
        page = feed.changes(reader, cursor, 500)
        assert sorted((each.kind, each.id) for each in page.changes) == [
            ("erase", "finding"),
            ("erase", "gone"),
            ("erase", "task"),
        ]
        assert feed.changes(reader, page.cursor, 500).changes == ()
    anew = feed.changes(COLLEAGUE, "", 500).changes
    assert sorted((each.kind, each.id) for each in anew if each.kind == "upsert") == [("upsert", "stays")]
    assert len(anew) == 4


def test_a_cursor_at_an_erased_place_still_leads_on(store: Store) -> None:
    feed = Feed(store.database, FixedClock())
    cursor = feed.changes(COLLEAGUE, "", 2).cursor
    _erase(store)
    assert "stays" in {each.id for each in feed.changes(COLLEAGUE, cursor, 500).changes}


def test_what_was_erased_cannot_be_written_again_by_anybody(store: Store) -> None:
    _erase(store)
    with pytest.raises(RefusedError) as caught:
        _apply(store, Patient(id="new"), FINDING)
    assert caught.value.entry == 1
    assert isinstance(caught.value.cause, ErasedError)
    assert isinstance(caught.value.cause, ConflictError)
    with pytest.raises(NotFoundError):
        store.records.get(Patient, "new")
    _apply(store, Patient(id="finding"))  # another record that happens to have its number


def test_of_the_reason_only_a_digest_is_kept(store: Store) -> None:
    _erase(store)
    with store.database.reading() as connection:
        reasons = set(connection.execute(select(FEED_TOMBSTONE.c.reason_sha256)).scalars())
    assert reasons == {hashlib.sha256(b"order 17 of the court").hexdigest()}
    assert _naming(store, "court") == set()


def test_content_that_others_point_to_stays(store: Store) -> None:
    _apply(store, Task(id="another", status="draft", intent="order", description=SHA))
    _erase(store)
    assert b"".join(FeedContent(store.database, store.blobs).read(WRITER, SHA, 0, len(CONTENT))) == CONTENT


def test_nobody_who_is_not_there_is_erased(store: Store) -> None:
    erasing = Feed(store.database, FixedClock()).erasing
    with pytest.raises(NotFoundError):
        erasing.erase(erasing.of_patient("nobody"), "")
    _erase(store)
    with pytest.raises(NotFoundError):
        _erase(store)


def test_who_looked_at_what_stays_provable(store: Store) -> None:
    store.records.commit([], audit=[audit_row()])
    (event,) = store.records.find(AuditEvent)
    with pytest.raises(NotFoundError):
        Feed(store.database, FixedClock()).erasing.erase([("AuditEvent", event.id)], "")
    assert store.records.broken_audit_row() is None
