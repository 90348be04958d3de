"""A referral opens what is old and new of one patient for those who are asked, and closes it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_app.records import (
    AllergyIntolerance,
    CodeableConcept,
    DiagnosticReport,
    DocumentReference,
    Observation,
    Patient,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    encode,
    reference_to,
    with_audience,
)
from clinic_app.storage import Store
from clinic_app.storage.exchange.exchange import Change, Write, Written
from clinic_app.storage.feed.buckets import KEPT_AFTER_CLOSING
from clinic_app.storage.feed.feed import Feed
from clinic_app.storage.feed.rows import Caller, StoredRecord
from tests.helpers.clocks import NOON, FixedClock
from tests.helpers.stores import opened

pytestmark = pytest.mark.usefixtures("both_databases")

DISTRICT, COLLEAGUE, CENTRE, STRANGER = (
    Caller(f"pc-{place}", organization)
    for place, organization in enumerate(("district", "district", "centre", "stranger"))
)
PATIENT = Patient(id="p", birth_date="1964-03-05")
ABOUT = reference_to(PATIENT)
ASKED = Reference(reference="Organization/centre")
CODE = CodeableConcept(text="pulse")
OLD: tuple[Resource, ...] = (
    PATIENT,
    Observation(id="o1", status="final", code=CODE, subject=ABOUT),
    AllergyIntolerance(id="a", patient=ABOUT),
    DocumentReference(id="named", status="current", subject=ABOUT, content=()),
    DocumentReference(id="unnamed", status="current", subject=ABOUT, content=()),
    Patient(id="another"),
    Observation(id="of-another", status="final", code=CODE, subject=Reference(reference="Patient/another")),
)
OPENED = ["p", "o1", "a", "named", "r", "t"]


def _yes(_caller: Caller, _stored: StoredRecord | None, _incoming: Resource) -> None:
    return


class Hub:
    """One hub, and how far each of its readers has read."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FixedClock()
        self.feed = Feed(store.database, self.clock)
        self._cursors: dict[Caller, str] = {}
        self.versions: dict[str, str] = {}

    def put(self, caller: Caller, *records: Resource) -> None:
        writes = [Write(each.type_name, each.id, encode(each), self.versions.get(each.id)) for each in records]

        def keep(written: Any) -> bytes:
            self.versions.update({each.id: each.version for each in written if isinstance(each, Written)})
            return b""

        self.feed.apply(caller, writes, _yes, keep, "")

    def news(self, caller: Caller, count: int = 500) -> list[Change]:
        """Return what is new for a reader, page by page, in order."""
        news: list[Change] = []
        while True:
            page = self.feed.changes(caller, self._cursors.get(caller, ""), count)
            self._cursors[caller] = page.cursor
            if not page.changes:
                return news
            news += page.changes

    def refer(self, *, status: str = "requested", performer: str = "centre") -> None:
        """Send the patient's case, or move it on."""
        request = ServiceRequest(
            id="r", status="active", intent="order", subject=ABOUT, supporting_info=(_reference("named"),)
        )
        task = Task(
            id="t",
            status=status,  # type: ignore[arg-type]
            intent="order",
            focus=reference_to(request),
            for_=ABOUT,
            requester=Reference(reference="Organization/district"),
            owner=Reference(reference=f"Organization/{performer}"),
        )
        new = () if "r" in self.versions else (with_audience(request, performer),)
        self.put(DISTRICT, *new, with_audience(task, performer))


def _reference(id: str) -> Reference:
    return Reference(reference=f"DocumentReference/{id}")


def _told(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.id) for change in changes]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with opened(tmp_path / "hub") as store:
        hub = Hub(store)
        hub.put(DISTRICT, *OLD)
        for reader in (CENTRE, STRANGER, COLLEAGUE):
            hub.news(reader)
        yield hub


@pytest.mark.parametrize("count", [1, 2, 500])
def test_a_referral_brings_old_records_to_a_reader_who_is_past_them(hub: Hub, count: int) -> None:
    hub.refer()
    told = hub.news(CENTRE, count)
    assert sorted(_told(told)) == sorted(
        [("enter", each) for each in ("p", "o1", "a", "named")] + [("upsert", "r"), ("upsert", "t")]
    )
    assert next(change.body for change in told if change.id == "p") == hub.store.records.body(Patient, "p")
    assert hub.news(CENTRE) == hub.news(STRANGER) == []
    assert _told(hub.news(COLLEAGUE)) == [("upsert", "r"), ("upsert", "t")]


def test_who_begins_from_the_start_gets_each_record_once(hub: Hub) -> None:
    hub.refer()
    begins = Caller("new-pc", "centre")
    assert sorted(change.id for change in hub.news(begins)) == sorted(OPENED)


def test_what_is_written_while_the_case_is_open_comes_too(hub: Hub) -> None:
    hub.refer()
    hub.news(CENTRE)
    later = Observation(id="o2", status="final", code=CODE, subject=ABOUT)
    hub.put(DISTRICT, later, Observation(id="elsewhere", status="final", code=CODE))
    hub.put(STRANGER, Observation(id="not-theirs", status="final", code=CODE, subject=ABOUT))
    hub.put(DISTRICT, Patient(id="p", birth_date="1964-03-06"))
    assert _told(hub.news(CENTRE)) == [("upsert", "o2"), ("upsert", "p")]


def test_evidence_that_is_named_later_is_opened_then(hub: Hub) -> None:
    hub.refer()
    hub.news(CENTRE)
    named = (_reference("named"), _reference("unnamed"))
    request = ServiceRequest(id="r", status="active", intent="order", subject=ABOUT, supporting_info=named)
    hub.put(DISTRICT, with_audience(request, "centre"))
    assert _told(hub.news(CENTRE)) == [("upsert", "r"), ("enter", "unnamed")]


def test_an_organisation_opens_only_what_is_its_own(hub: Hub) -> None:
    hub.put(STRANGER, Observation(id="secret", status="final", code=CODE, subject=ABOUT))
    hub.refer()
    assert "secret" not in {change.id for change in hub.news(CENTRE)}


def test_a_draft_opens_nothing(hub: Hub) -> None:
    hub.refer(status="draft")
    assert {change.kind for change in hub.news(CENTRE)} == {"upsert"}


def test_a_task_for_ones_own_house_opens_nothing(hub: Hub) -> None:
    hub.refer(performer="district")
    assert hub.news(CENTRE) == []


def test_after_closing_records_leave_when_their_time_is_over_and_not_before(hub: Hub) -> None:
    hub.refer()
    hub.refer(status="completed")
    hub.news(CENTRE)
    hub.clock.moment = NOON + KEPT_AFTER_CLOSING - timedelta(seconds=1)
    hub.put(DISTRICT, Observation(id="o2", status="final", code=CODE, subject=ABOUT))
    assert hub.news(CENTRE) == []  # a closed case opens no more
    hub.clock.advance(seconds=2)
    hub.put(DISTRICT, Patient(id="unrelated"))
    assert sorted(_told(hub.news(CENTRE))) == [("evict", each) for each in ("a", "named", "o1", "p")]
    hub.put(DISTRICT, Patient(id="p", birth_date="1970"))
    assert hub.news(CENTRE) == hub.news(STRANGER) == []
    assert sorted(change.id for change in hub.news(Caller("new", "centre")) if change.body) == ["r", "t"]


def test_what_another_case_still_opens_stays(hub: Hub) -> None:
    hub.refer()
    second = Task(
        id="t2", status="requested", intent="order", for_=ABOUT, owner=Reference(reference="Organization/centre")
    )
    hub.put(DISTRICT, with_audience(second, "centre"))
    hub.refer(status="cancelled")
    hub.news(CENTRE)
    hub.clock.moment = NOON + KEPT_AFTER_CLOSING + timedelta(days=1)
    hub.put(DISTRICT, Patient(id="unrelated"))
    assert _told(hub.news(CENTRE)) == [("evict", "named")]


def test_who_wrote_about_a_patient_keeps_who_it_was(hub: Hub) -> None:
    hub.refer()
    opinion = DiagnosticReport(id="opinion", status="final", code=CODE, subject=ABOUT)
    hub.put(CENTRE, with_audience(opinion, "district"))
    hub.refer(status="completed")
    hub.news(CENTRE)
    hub.clock.moment = NOON + KEPT_AFTER_CLOSING + timedelta(days=1)
    hub.put(DISTRICT, Patient(id="p", birth_date="1964-03-07"))
    assert sorted(_told(hub.news(CENTRE))) == [("evict", "a"), ("evict", "named"), ("evict", "o1"), ("upsert", "p")]


def test_a_case_that_is_opened_again_comes_again(hub: Hub) -> None:
    hub.refer()
    hub.refer(status="rejected")
    hub.clock.moment = NOON + KEPT_AFTER_CLOSING + timedelta(days=1)
    hub.put(DISTRICT, Patient(id="unrelated"))
    hub.news(CENTRE)
    task = Task(
        id="t3", status="requested", intent="order", for_=ABOUT, owner=Reference(reference="Organization/centre")
    )
    hub.put(DISTRICT, with_audience(task, "centre"))
    assert sorted(_told(hub.news(CENTRE))) == [("enter", "a"), ("enter", "o1"), ("enter", "p"), ("upsert", "t3")]
