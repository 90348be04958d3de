"""What the drill of scale multiplies is what the feed would have left: readable, found, in order, and open to more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic_app.foundation.clock import SystemClock
from clinic_app.records import Patient, Task, decode
from clinic_app.storage import Store
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.server_store import open_server_store
from clinic_app.sync.wire import encode_transaction
from tests.drills.multiplying import count, multiply
from tests.drills.scale import Side, hand_in
from tests.drills.visits import ORGANIZATIONS, REFERRED, VISIT_RECORDS, organization, visits

READER = Caller("reader", organization(0))


@pytest.fixture
def store(address: str, tmp_path: Path) -> Iterator[Store]:
    made = open_server_store(tmp_path / "hub", address, bytes(32), SystemClock())
    hand_in(Feed(made.database, SystemClock()), 0, encode_transaction(visits(0, 0, 2)))
    yield made
    made.close()


def _read(feed: Feed) -> list[str]:
    seen, cursor = [], ""
    while page := feed.changes(READER, cursor, 60).changes:
        cursor = feed.changes(READER, cursor, 60).cursor
        for change in page:
            record = decode(change.body)
            assert (record.type_name, record.id) == (change.type_name, change.id)
            seen.append(change.id)
    return seen


def test_copies_are_records_of_their_own(store: Store, address: str) -> None:
    notes: list[str] = []
    multiply(address, 3 * 2 * VISIT_RECORDS, notes.append)
    assert count(address) == 3 * 2 * VISIT_RECORDS
    assert notes
    feed = Feed(store.database, SystemClock())
    seen = _read(feed)
    assert len(seen) == len(set(seen)) == 3 * 2 * VISIT_RECORDS
    patients = store.records.find(Patient)
    assert len(patients) == 6
    for patient in patients:
        assert len(store.records.versions(Patient, patient.id)) == 1
        assert patient in store.records.search_patients(patient.name[0].family or "")
    assert all(
        store.records.find(Task, subject=(task.for_.id if task.for_ else "")) for task in store.records.find(Task)
    )


def test_the_feed_goes_on_behind_the_copies(store: Store, address: str) -> None:
    multiply(address, 2 * 2 * VISIT_RECORDS, lambda _: None)
    feed = Feed(store.database, SystemClock())
    before = _read(feed)
    hand_in(feed, 0, encode_transaction(visits(0, 7, 1)))
    assert len(_read(feed)) == len(before) + VISIT_RECORDS


def test_a_side_of_the_drill_measures_what_it_does(store: Store) -> None:
    side = Side(Feed(store.database, SystemClock()), Feed(store.database, SystemClock()), 100)
    side.take_batch()
    side.reader = side.writer  # no listener here: one process's bell
    side.tell_one()
    figures = side.figures(50, 7 << 20)
    assert figures["database_mb"] == 7
    assert all(float(str(figures[name])) > 0 for name in ("ingest_per_s", "told_ms", "idle_poll_ms", "first_page_ms"))


def test_visits_are_as_many_and_as_mixed_as_they_are_said_to_be() -> None:
    written = visits(3, 0, REFERRED)
    assert len(written) == REFERRED * VISIT_RECORDS
    assert len({write.id for write in written}) == len(written)
    assert [write.type_name for write in written].count("Task") == 1
    assert [decode(write.body).id for write in written] == [write.id for write in written]
    assert organization(3) == organization(3 + ORGANIZATIONS)
