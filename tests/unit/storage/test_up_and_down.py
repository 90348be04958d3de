"""The queues between two hubs: what goes up and in which lane, what comes down and whose it is, what is given back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from clinic_app.hub.rules import judge
from clinic_app.records import Attachment, AuditEvent, HumanName, Meta, Patient, Reference, Resource, Task, encode
from clinic_app.records.documents import DocumentReference, DocumentReferenceContent
from clinic_app.storage import Store
from clinic_app.storage.exchange.downward import Downward
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.storage.exchange.giving_back import give_back_refused, try_again, with_given_back
from clinic_app.storage.exchange.upward import Upward, backlog
from clinic_app.storage.feed.content import FeedContent
from clinic_app.storage.feed.feed import Feed, RefusedError
from clinic_app.storage.feed.rows import Caller
from clinic_app.storage.feed.tables import FEED_RECORD
from clinic_app.storage.tables import HISTORY
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import open_store

HERE = "org-here"
NOW = datetime(2026, 3, 5, 7, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("both_databases")
DESK = Caller("desk", HERE)
WARD = Caller("ward", HERE)


@dataclass
class Facility:
    """The store of a facility hub, and what works on it."""

    store: Store
    feed: Feed
    up: Upward
    down: Downward

    def write(self, caller: Caller, *records: Resource, base: str | None = None) -> list[str]:
        """Have a workstation write, and return the versions."""
        versions: list[str] = []

        def answer(written: Sequence[Written]) -> bytes:
            versions.extend(each.version for each in written)
            return b"{}"

        writes = [Write(each.type_name, each.id, encode(each), base) for each in records]
        self.feed.apply(caller, writes, judge, answer, "")
        return versions

    def take(self, *changes: Change) -> tuple[tuple[str, str], ...]:
        """Take in what the hub above says."""
        return self.down.take_in(changes, ("hub-feed", "c"))

    def shown(self, caller: Caller, cursor: str = "") -> tuple[tuple[Change, ...], str]:
        """Return what a workstation is shown, and the cursor behind it."""
        page = self.feed.changes(caller, cursor, 200)
        return with_given_back(self.store.database, page.changes), page.cursor

    def lanes(self) -> dict[str, str]:
        """Return in which lane each record waits."""
        return {row.id: row.lane for row in self.store.outbox.pending()}


@pytest.fixture
def facility(tmp_path: Path) -> Iterator[Facility]:
    clock = FixedClock()
    store = open_store(tmp_path, clock=clock)
    feed = Feed(store.database, clock)
    yield Facility(store, feed, Upward(store), Downward(store, HERE, feed.bell, clock))
    store.close()


def _patient(patient_id: str, family: str, version: str | None = None) -> Patient:
    meta = Meta(version_id=version) if version else None
    return Patient(id=patient_id, meta=meta, name=(HumanName(family=family),))


def _from_above(record: Resource, owner: str = HERE, **more: Any) -> Change:
    return Change(record.type_name, record.id, encode(record), NOW, owner, **more)


def _task(task_id: str, priority: str) -> Task:
    own = Reference(reference=f"Organization/{HERE}")
    return Task(id=task_id, status="draft", intent="order", priority=priority, requester=own)  # type: ignore[arg-type]


def _event(event_id: str) -> AuditEvent:
    body = (
        f'{{"resourceType":"AuditEvent","id":"{event_id}","recorded":"2026-03-05T07:00:00Z",'
        '"action":"R","type":{"code":"rest"},"agent":[{"requestor":true}],"source":{"observer":{"display":"PC"}}}'
    )
    return msgspec.json.decode(body, type=AuditEvent)


def test_what_is_written_together_is_as_pressing_as_the_question_in_it(facility: Facility) -> None:
    facility.write(DESK, _patient("a", "A"), _task("ta", "stat"))
    facility.up.queue(NOW)
    facility.feed._clock.advance(seconds=1)  # type: ignore[attr-defined]
    facility.write(DESK, _patient("b", "B"), _task("tb", "routine"))
    facility.up.queue(NOW)
    facility.feed._clock.advance(seconds=1)  # type: ignore[attr-defined]
    facility.write(DESK, _patient("c", "C"), _event("e"))
    facility.up.queue(NOW)
    lanes = {"a": "emergency", "ta": "emergency", "b": "referral", "tb": "referral", "c": "records", "e": "audit"}
    assert facility.lanes() == lanes
    assert [row.id for row in facility.store.outbox.pending()][:2] == ["a", "ta"]


def test_it_is_queued_once_however_often_one_looks(facility: Facility) -> None:
    facility.write(DESK, *(_patient(f"p{number}", "N") for number in range(30)))
    assert facility.up.has_news()
    assert facility.up.queue(NOW) == 30
    assert facility.up.queue(NOW) == 0
    assert not facility.up.has_news()
    waiting = backlog(facility.store)
    assert (waiting.records, waiting.contents, waiting.not_taken) == (30, 0, 0)
    assert waiting.bytes_waiting > 1000
    assert waiting.oldest_at == NOW.isoformat()


def test_what_came_from_above_does_not_go_up(facility: Facility) -> None:
    assert facility.take(_from_above(_patient("p", "Above", "c1"))) == (("Patient", "p"),)
    assert not facility.up.has_news()
    assert facility.up.queue(NOW) == 0
    assert facility.take(_from_above(_patient("p", "Above", "c1"))) == ()


def test_an_edit_of_what_came_from_above_is_based_on_its_version_there(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Above", "c1")))
    facility.write(DESK, _patient("p", "Here"), base="c1")
    facility.up.queue(NOW)
    (row,) = facility.store.outbox.pending()
    assert row.base_hub_version == "c1"
    facility.store.outbox.acknowledge({row.seq: "c2"})
    (version,) = [row.version_id for row in _newest(facility)]
    facility.write(DESK, _patient("p", "Here again"), base=version)
    facility.up.queue(NOW)
    assert [each.base_hub_version for each in facility.store.outbox.pending()] == ["c2"]


def _newest(facility: Facility) -> list[Any]:
    query = select(HISTORY.c.version_id).where(HISTORY.c.id == "p").order_by(HISTORY.c.seq.desc()).limit(1)
    with facility.store.database.reading() as connection:
        return list(connection.execute(query).all())


def test_owner_and_readers_come_with_the_record(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Theirs", "c1"), "org-there"))
    changes, _ = facility.shown(DESK)
    assert [(change.id, change.owner_id) for change in changes] == [("p", "org-there")]
    facility.take(_from_above(_patient("p", "Theirs, later", "c2"), "org-there"))
    with facility.store.database.reading() as connection:
        assert connection.scalar(select(FEED_RECORD.c.organization_id)) == "org-there"
    assert facility.shown(Caller("x", "org-stranger"))[0] == ()


def test_a_conflict_is_shown_with_the_version_that_won(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Base", "c1")))
    _, cursor = facility.shown(DESK)
    (mine,) = facility.write(DESK, _patient("p", "Here"), base="c1")
    facility.take(_from_above(_patient("p", "Above", "c2")))
    ((change,), _) = facility.shown(DESK, cursor)
    assert [(each.version, each.is_conflict) for each in change.given_back] == [(mine, True)]
    assert b"Above" in change.body
    assert facility.store.records.conflicts() == ()
    assert facility.store.outbox.pending() == ()
    assert facility.store.records.hub_version(Patient, "p") == "c2"
    said = [version.name[0].family for version in facility.store.records.versions(Patient, "p")]
    assert said == ["Base", "Here", "Above"]


def test_an_echo_is_no_conflict(facility: Facility) -> None:
    facility.write(DESK, _patient("p", "Here"))
    facility.take(_from_above(_patient("p", "Here", "c1")))  # the answer to what went up was lost
    assert facility.store.outbox.pending() == ()
    ((change,), _) = facility.shown(WARD)
    assert change.given_back == ()
    assert facility.store.records.hub_version(Patient, "p") == "c1"


def test_what_is_refused_is_shown_again_to_who_wrote_it_and_without_the_word_once_it_is_taken(
    facility: Facility,
) -> None:
    (version,) = facility.write(DESK, _patient("p", "Here"))
    facility.up.queue(NOW)
    _, cursor = facility.shown(DESK)
    (row,) = facility.store.outbox.pending()
    facility.store.outbox.quarantine(row.seq, "no such ward")
    assert _give_back(facility) == 1
    assert _give_back(facility) == 0
    ((change,), cursor) = facility.shown(DESK, cursor)
    assert [(each.version, each.is_conflict, each.words) for each in change.given_back] == [
        (version, False, "no such ward")
    ]
    assert backlog(facility.store).not_taken == 1
    assert try_again(facility.store.database) == 1
    facility.store.outbox.quarantine(row.seq, "still no such ward")
    assert _give_back(facility, was_tried_again=True) == 1
    ((change,), cursor) = facility.shown(DESK, cursor)
    assert [each.words for each in change.given_back] == ["still no such ward"]
    try_again(facility.store.database)
    facility.store.outbox.acknowledge({row.seq: "c1"})
    assert _give_back(facility, was_tried_again=True) == 1
    ((change,), _) = facility.shown(DESK, cursor)
    assert change.given_back == ()


def _give_back(facility: Facility, *, was_tried_again: bool = False) -> int:
    with facility.store.database.writing() as connection:
        return give_back_refused(connection, was_tried_again=was_tried_again)


def test_a_record_shown_again_has_no_new_version(facility: Facility) -> None:
    (version,) = facility.write(DESK, _task("t", "stat"))
    facility.up.queue(NOW)
    assert facility.up.untold() == ("t",)
    _, cursor = facility.shown(DESK)
    facility.down.tell_again(["t"])
    ((change,), cursor) = facility.shown(DESK, cursor)
    assert f'"{version}"'.encode() in change.body
    assert facility.up.untold() == ()
    assert len(facility.store.records.versions(Task, "t")) == 1
    assert facility.shown(DESK, cursor)[0] == ()
    assert not facility.up.has_news()


def test_content_is_wanted_for_its_owner_and_only_if_it_is_not_here(facility: Facility) -> None:
    contents = FeedContent(facility.store.database, facility.store.blobs)
    here, missing = facility.store.blobs.put(b"here"), "ab" * 32
    contents.begin(Caller("above", "org-there"), here, 4)
    contents.append(Caller("above", "org-there"), here, 0, b"here")
    for number, sha256 in enumerate((here, missing)):
        content = (DocumentReferenceContent(attachment=Attachment(url=f"urn:sha256:{sha256}")),)
        document = DocumentReference(id=f"d{number}", meta=Meta(version_id="c1"), status="current", content=content)
        facility.take(_from_above(document, "org-there"))
    assert [each.sha256 for each in facility.store.transfers.pending("down")] == [missing]
    assert facility.down.owners_of(missing) == ("org-there",)


def test_content_handed_in_here_goes_up_when_a_record_points_to_it(facility: Facility) -> None:
    contents = FeedContent(facility.store.database, facility.store.blobs)
    sha256 = facility.store.blobs.put(b"picture")
    contents.begin(DESK, sha256, 7)
    contents.append(DESK, sha256, 0, b"picture")
    facility.up.queue_contents(HERE, NOW)
    assert facility.store.transfers.pending("up") == ()
    content = (DocumentReferenceContent(attachment=Attachment(url=f"urn:sha256:{sha256}")),)
    document = DocumentReference(id="d", status="current", content=content)
    facility.write(DESK, document, _task("t", "stat"))
    facility.up.queue(NOW)
    for _ in range(2):
        facility.up.queue_contents(HERE, NOW)
    assert [(each.sha256, each.lane) for each in facility.store.transfers.pending("up")] == [(sha256, "emergency")]


def test_what_cannot_be_read_changes_nothing(facility: Facility) -> None:
    assert facility.take(Change("Patient", "q", b"\xff{", NOW)) == ()


def test_what_is_no_longer_shown_leaves_this_hospital_and_can_come_again(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Theirs", "c1"), "org-there"))
    _, cursor = facility.shown(DESK)
    assert facility.take(Change("Patient", "p", b"", NOW, kind="evict")) == (("Patient", "p"),)
    ((change,), cursor) = facility.shown(DESK, cursor)
    assert (change.kind, change.body) == ("evict", b"")
    assert facility.store.records.find(Patient) == ()
    assert not facility.up.has_news()
    assert facility.take(Change("Patient", "p", b"", NOW, kind="evict")) == ()
    facility.take(_from_above(_patient("p", "Theirs", "c1"), "org-there", kind="enter"))
    ((change,), _) = facility.shown(DESK, cursor)
    assert b"Theirs" in change.body


def test_what_is_no_longer_shown_stays_while_an_edit_of_it_waits(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Base", "c1")))
    facility.write(DESK, _patient("p", "Here"), base="c1")
    assert facility.take(Change("Patient", "p", b"", NOW, kind="evict")) == ()
    assert [row.id for row in facility.store.outbox.pending()] == ["p"]


def test_what_is_erased_by_order_leaves_everybody_and_its_writer_is_told(facility: Facility) -> None:
    facility.take(_from_above(_patient("p", "Base", "c1")))
    (version,) = facility.write(DESK, _patient("p", "Here"), base="c1")
    _, cursor = facility.shown(WARD)
    facility.take(Change("Patient", "p", b"", NOW, kind="erase"))
    ((change,), _) = facility.shown(WARD, cursor)
    assert change.kind == "erase"
    assert [each.version for each in change.given_back] == [version]
    assert facility.store.outbox.pending() == ()
    with pytest.raises(RefusedError, match="erased"):
        facility.write(DESK, _patient("p", "Again"))


def test_the_audit_trail_never_leaves(facility: Facility) -> None:
    facility.write(DESK, _event("e"))
    assert facility.take(Change("AuditEvent", "e", b"", NOW, kind="erase")) == ()
    assert facility.store.records.find(AuditEvent)


_STEPS = st.lists(st.sampled_from(["desk", "ward", "above", "up", "cut up"]), min_size=1, max_size=12)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, number=st.integers(0, 10**12))
def test_whatever_meets_nothing_is_lost(facility: Facility, steps: list[str], number: int) -> None:
    """Each name that anybody ever gave is in the history, and who lost against the hub above is told."""
    record_id, above, said = f"p-{number}-{len(steps)}-{id(steps)}", "", set()
    for place, step in enumerate(steps):
        newest = facility.store.records.find(Patient, limit=500)
        standing = next((each for each in newest if each.id == record_id), None)
        name = f"{step} {place}"
        if step in ("desk", "ward"):
            caller = DESK if step == "desk" else WARD
            facility.write(caller, _patient(record_id, name), base=standing.version_id if standing else None)
            said.add(name)
        elif step == "above":
            above = f"c{place}"
            facility.take(_from_above(_patient(record_id, name, above)))
            said.add(name)
        else:
            facility.up.queue(NOW)
            for row in facility.store.outbox.rows_for("Patient", record_id):
                if row.state == "queued" and step == "up" and row.base_hub_version == (above or None):
                    above = f"u{place}-{row.seq}"
                    facility.store.outbox.acknowledge({row.seq: above})
    if said:
        kept = [version.name[0].family for version in facility.store.records.versions(Patient, record_id)]
        assert set(kept) == said
    assert facility.store.records.conflicts() == ()
