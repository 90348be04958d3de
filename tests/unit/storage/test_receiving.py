"""What other nodes wrote: taken in once, never over what was not sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.foundation.errors import NotFoundError
from clinic_app.records import Patient, Task, encode
from clinic_app.storage import Store
from tests.helpers.stores import opened, patient

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store


def body(version: str | None = "h1", family: str = "Қасымов", id: str = "p1", at: str = "") -> bytes:
    meta = {"versionId": version} if version else {}
    if at:
        meta["lastUpdated"] = at
    return msgspec.json.encode({"resourceType": "Patient", "id": id, "meta": meta, "name": [{"family": family}]})


def edited(store: Store, family: str, id: str = "p1") -> Patient:
    record = store.records.get(Patient, id)
    name = msgspec.structs.replace(record.name[0], family=family)
    (written,) = store.records.commit([msgspec.structs.replace(record, name=(name,))])
    assert isinstance(written, Patient)
    return written


def family(store: Store, id: str = "p1") -> str | None:
    return store.records.get(Patient, id).name[0].family


def test_a_received_record_keeps_its_bytes_and_is_not_sent_back(store: Store) -> None:
    (changed,) = store.records.receive([body()], cursor=("hub", "c1"))
    assert changed.id == "p1"
    assert store.records.body(Patient, "p1") == body()
    assert store.records.hub_version(Patient, "p1") == "h1"
    assert store.outbox.count() == 0
    assert store.cursor("hub") == "c1"
    assert store.records.search_patients("kasymov") == (changed,)


def test_receiving_again_changes_nothing(store: Store) -> None:
    store.records.receive([body()])
    assert store.records.receive([body()]) == ()
    assert len(store.records.versions(Patient, "p1")) == 1


def test_an_old_version_that_comes_late_changes_nothing(store: Store) -> None:
    store.records.receive([body("h1", "A"), body("h2", "B")])
    assert store.records.receive([body("h1", "A")]) == ()
    assert family(store) == "B"


def test_one_unreadable_record_does_not_stop_the_others(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    bad = (b"{", b'{"resourceType":"Nonsense","id":"x"}', b'{"resourceType":"Patient"}', b"[" * 5000)
    with caplog.at_level(logging.WARNING):
        changed = store.records.receive([*bad, body()], cursor=("hub", "c2"))
    assert [each.id for each in changed] == ["p1"]
    assert len(caplog.records) == len(bad)
    assert store.cursor("hub") == "c2"


def test_a_foreign_version_over_an_unsent_edit_becomes_a_conflict_and_both_are_kept(store: Store) -> None:
    store.records.receive([body("h1", "A")])
    edited(store, "Ours")
    assert store.records.receive([body("h2", "Theirs")]) == ()
    store.records.receive([body("h2", "Theirs")])
    (conflict,) = store.records.conflicts()
    assert isinstance(conflict.mine, Patient)
    assert isinstance(conflict.theirs, Patient)
    assert (conflict.mine.name[0].family, conflict.theirs.name[0].family) == ("Ours", "Theirs")
    assert family(store) == "Ours"
    assert store.outbox.count() == 1


def test_a_settled_conflict_is_sent_as_an_edit_of_theirs(store: Store) -> None:
    store.records.receive([body("h1", "A")])
    edited(store, "Ours")
    store.records.receive([body("h2", "Theirs")])
    (conflict,) = store.records.conflicts()
    store.records.settle(conflict, conflict.mine)
    assert store.records.conflicts() == ()
    (row,) = store.outbox.pending()
    assert row.base_hub_version == "h2"
    assert family(store) == "Ours"
    families = [each.name[0].family for each in store.records.versions(Patient, "p1")]
    assert families == ["A", "Ours", "Theirs", "Ours"]
    with pytest.raises(NotFoundError):
        store.records.settle(conflict, conflict.theirs)


def test_our_own_write_that_comes_back_counts_as_acknowledged(store: Store) -> None:
    (written,) = store.records.commit([patient("Ours")])
    echo = msgspec.json.decode(store.records.body(Patient, written.id))
    echo["meta"] = {"versionId": "h1", "lastUpdated": "2026-03-05T08:00:00Z"}
    assert store.records.receive([msgspec.json.encode(echo)]) == ()
    assert store.outbox.count() == 0
    assert store.records.hub_version(Patient, written.id) == "h1"
    assert store.records.conflicts() == ()


def test_an_echo_of_the_first_of_two_edits_leaves_the_second_based_on_it(store: Store) -> None:
    (written,) = store.records.commit([patient("First")])
    echo = msgspec.json.decode(store.records.body(Patient, written.id))
    edited(store, "Second", written.id)
    echo["meta"] = {"versionId": "h1"}
    store.records.receive([msgspec.json.encode(echo)])
    (row,) = store.outbox.pending()
    assert row.base_hub_version == "h1"
    assert family(store, written.id) == "Second"


def test_a_second_edit_that_was_refused_before_the_echo_of_the_first_came_is_sent_after_it(store: Store) -> None:
    (written,) = store.records.commit([patient("First")])
    echo = msgspec.json.decode(store.records.body(Patient, written.id))
    edited(store, "Second", written.id)
    for row in store.outbox.pending():
        store.outbox.conflicted(row.seq, "changed there")
    echo["meta"] = {"versionId": "h1"}
    store.records.receive([msgspec.json.encode(echo)])
    assert store.records.conflicts() == ()
    (row,) = store.outbox.pending()
    assert (row.base_hub_version, row.state) == ("h1", "queued")
    assert b"Second" in row.body


def test_an_edit_of_a_packages_record_is_based_on_the_hubs_copy_when_that_comes(store: Store) -> None:
    store.records.receive([body("sender-1", "A")], is_from_hub=False)
    assert store.records.hub_version(Patient, "p1") is None
    edited(store, "Ours")
    store.records.receive([body("h1", "A")])
    assert store.records.conflicts() == ()
    (row,) = store.outbox.pending()
    assert row.base_hub_version == "h1"
    assert family(store) == "Ours"


def test_a_package_never_replaces_what_came_from_the_hub(store: Store) -> None:
    store.records.receive([body("h2", "New", at="2026-03-05T08:00:00Z")])
    late = body("s1", "Old", at="2026-03-06T08:00:00Z")
    assert store.records.receive([late], is_from_hub=False) == ()
    assert family(store) == "New"


def test_a_second_package_replaces_the_first_only_if_it_is_later(store: Store) -> None:
    store.records.receive([body("s1", "First", at="2026-03-05T08:00:00Z")], is_from_hub=False)
    earlier = body("s0", "Before", at="2026-03-04T08:00:00Z")
    assert store.records.receive([earlier], is_from_hub=False) == ()
    later = body("s2", "Second", at="2026-03-06T08:00:00Z")
    assert len(store.records.receive([later], is_from_hub=False)) == 1
    assert family(store) == "Second"


def test_a_record_without_a_version_gets_one_so_that_it_can_be_edited(store: Store) -> None:
    store.records.receive([body(None, "A")])
    assert edited(store, "B").version_id
    assert store.records.receive([body(None, "A")]) == ()


def test_the_cursor_stays_where_it_was_when_the_page_cannot_be_written(store: Store) -> None:
    store.records.receive([], cursor=("hub", "c1"))
    with pytest.raises(TypeError):
        store.records.receive([body(), None], cursor=("hub", "c2"))  # type: ignore[list-item]
    assert store.cursor("hub") == "c1"
    assert store.records.find(Patient) == ()


def task(version: str, status: str, minute: int = 0) -> bytes:
    """Return a Task as the hub sends it."""
    made = Task(id="t1", status="requested", intent="order", last_modified=None)
    told = {"resourceType": "Task", **msgspec.json.decode(encode(made)), "status": status}
    told |= {"lastModified": f"2026-03-05T07:{minute:02}:00Z", "meta": {"versionId": version}}
    return msgspec.json.encode(told)


def say(store: Store, status: str) -> None:
    """Move the Task on here, before the hub has heard of it."""
    store.records.commit([msgspec.structs.replace(store.records.get(Task, "t1"), status=status)])


@pytest.mark.parametrize("theirs", ["received", "accepted", "in-progress", "completed"])
def test_what_a_colleague_said_of_a_task_before_us_is_no_question(store: Store, theirs: str) -> None:
    """Two workstations of one hospital say "received" of the same Task; nobody could answer which of them was right."""
    store.records.receive([task("h1", "requested")])
    say(store, "received")
    (changed,) = store.records.receive([task("h2", theirs, minute=9)])
    assert changed.version_id == "h2"
    assert store.records.get(Task, "t1").status == theirs
    assert store.records.hub_version(Task, "t1") == "h2"
    assert store.records.conflicts() == ()
    assert store.outbox.count() == 0
    assert len(store.records.versions(Task, "t1")) == 3


def test_what_was_made_of_a_task_since_both_said_it_had_come_goes_on(store: Store) -> None:
    store.records.receive([task("h1", "requested")])
    for status in ("received", "in-progress", "completed"):
        say(store, status)
    assert store.records.receive([task("h2", "received", minute=9)]) == ()
    assert store.records.get(Task, "t1").status == "completed"
    assert store.records.conflicts() == ()
    assert [(row.base_hub_version, row.state) for row in store.outbox.rows_for("Task", "t1")] == [
        ("h1", "acked"),
        ("h2", "queued"),
        ("h2", "queued"),
    ]


@pytest.mark.parametrize("status", ["accepted", "in-progress", "rejected"])
def test_what_was_begun_while_a_colleague_said_it_had_come_goes_on(store: Store, status: str) -> None:
    store.records.receive([task("h1", "requested")])
    say(store, status)
    (row,) = store.outbox.rows_for("Task", "t1")
    store.outbox.conflicted(row.seq, "another version")
    store.records.receive([task("h2", "received", minute=9)])
    assert store.records.get(Task, "t1").status == status
    assert store.records.conflicts() == ()
    assert [(row.base_hub_version, row.state) for row in store.outbox.rows_for("Task", "t1")] == [("h2", "queued")]


@pytest.mark.parametrize(
    ("ours", "theirs"), [("cancelled", "received"), ("in-progress", "rejected"), ("received", "requested")]
)
def test_a_task_that_was_moved_on_differently_is_a_question(store: Store, ours: str, theirs: str) -> None:
    store.records.receive([task("h1", "requested")])
    say(store, ours)
    store.records.receive([task("h2", theirs, minute=9)])
    assert store.records.get(Task, "t1").status == ours
    assert len(store.records.conflicts()) == 1


def test_a_package_does_not_take_the_word_from_us(store: Store) -> None:
    """What comes on a stick has no version of the hub, so that our own step still has to reach it."""
    store.records.receive([task("h1", "requested")])
    say(store, "received")
    store.records.receive([task("s1", "received", minute=9)], is_from_hub=False)
    assert store.outbox.count() == 1
