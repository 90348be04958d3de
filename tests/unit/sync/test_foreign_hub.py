"""A server that is not ours: nothing is written blindly, sent twice or missed, whatever its habits are."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest

from clinic_app.access import Trail
from clinic_app.foundation.errors import LinkError
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    AuditEvent,
    CarePlan,
    CodeableConcept,
    ContactPoint,
    Identifier,
    Observation,
    Patient,
    Provenance,
    ProvenanceAgent,
    Quantity,
    Reference,
    Resource,
    ServiceRequest,
    Task,
)
from clinic_app.storage import Store
from clinic_app.storage.exchange.foreign_ids import ForeignIds
from clinic_app.sync.foreign import ForeignLink
from clinic_app.sync.foreign_bodies import RECORD_SYSTEM
from clinic_app.sync.foreign_news import RECONCILED_EVERY
from clinic_app.sync.pull import Pull
from clinic_app.sync.push import Push
from clinic_app.sync.settling import Settling
from tests.helpers.clocks import FixedClock
from tests.helpers.foreign_hub import URL, ForeignHub
from tests.helpers.stores import opened, set_up

T = TypeVar("T")
ONE, TWO, THREE = (ContactPoint(system="phone", value=each) for each in "123")


@dataclass
class Desk:
    """One workstation and its conversation with the server."""

    store: Store
    hub: ForeignHub
    runner: asyncio.Runner
    link: ForeignLink

    def restart(self) -> None:
        """End the program and begin anew."""
        self.do(self.link.close())
        self.link = _link(self.store, self.hub)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def push(self) -> None:
        self.do(Push(self.store, self.link, lambda _done: None).run())

    def pull(self) -> bool:
        return self.do(Pull(self.store, self.link).run())

    def settle(self) -> int:
        return self.do(Settling(self.store, self.link, Trail(self.store, FixedClock())).run())

    def exchange(self) -> None:
        self.push()
        self.pull()
        self.settle()
        self.push()

    def save(self, *records: Resource) -> None:
        self.store.records.commit(records)

    def edit(self, record_id: str = "p", kind: type[Resource] = Patient, **changed: Any) -> None:
        self.save(msgspec.structs.replace(self.store.records.get(kind, record_id), **changed))

    def patient(self, record_id: str = "p") -> Patient:
        return self.store.records.get(Patient, record_id)

    def waiting(self) -> list[str]:
        return [f"{row.type}/{row.id}" for row in self.store.outbox.pending(1000) if row.lane != "audit"]


def _link(store: Store, hub: ForeignHub) -> ForeignLink:
    return ForeignLink(store, URL, "token", FixedClock(), httpx.ASGITransport(hub.app()))


@pytest.fixture
def hub() -> ForeignHub:
    return ForeignHub()


def _desk(folder: Path, hub: ForeignHub, runner: asyncio.Runner) -> Iterator[Desk]:
    with opened(folder) as store:
        set_up(store)
        store.outbox.acknowledge({row.seq: "h" for row in store.outbox.pending(1000)})
        desk = Desk(store, hub, runner, _link(store, hub))
        yield desk
        desk.do(desk.link.close())


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def desk(tmp_path: Path, hub: ForeignHub, runner: asyncio.Runner) -> Iterator[Desk]:
    yield from _desk(tmp_path / "one", hub, runner)


@pytest.fixture
def other(tmp_path: Path, hub: ForeignHub, runner: asyncio.Runner) -> Iterator[Desk]:
    yield from _desk(tmp_path / "other", hub, runner)


def _pulse(of: str = "p", record_id: str = "o") -> Observation:
    return Observation(
        id=record_id,
        status="final",
        code=CodeableConcept(text="pulse"),
        subject=Reference(reference=f"Patient/{of}"),
        value_quantity=Quantity(value=Decimal("72.50"), unit="/min"),
    )


def _foreign_patient(hub: ForeignHub, record_id: str = "77", **elements: Any) -> None:
    hub.put("Patient", record_id, {"resourceType": "Patient", "name": [{"family": "Ким"}], **elements})


def test_a_new_record_gets_the_servers_name_and_references_are_written_in_it(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p", telecom=(ONE,)), _pulse())
    desk.push()
    patient, pulse = hub.only("Patient"), hub.only("Observation")
    assert patient["id"].isdigit()
    assert patient["identifier"] == [{"system": RECORD_SYSTEM, "value": "Patient/p"}]
    assert pulse["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert desk.waiting() == []
    assert hub.blind_puts == 0
    assert desk.store.records.hub_version(Patient, "p") == patient["meta"]["versionId"]


def test_an_edit_goes_onto_its_version_and_keeps_its_digits(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p"), _pulse())
    desk.push()
    desk.edit("o", Observation, status="amended")
    desk.push()
    (kept,) = hub.current("Observation")
    assert (kept.body or {})["status"] == "amended"
    assert b"72.50" in desk.store.records.body(Observation, "o")
    assert hub.blind_puts == 0
    assert len([v for v in hub.versions if v.type == "Observation"]) == 2


def test_what_was_written_here_does_not_come_back_as_news(desk: Desk) -> None:
    desk.save(Patient(id="p"), _pulse())
    desk.push()
    before = len(desk.store.records.versions(Patient, "p"))
    assert not desk.pull()
    assert len(desk.store.records.versions(Patient, "p")) == before


@pytest.mark.parametrize("has_transactions", [True, False])
@pytest.mark.parametrize("creates_once", [True, False])
def test_a_lost_answer_makes_no_double(desk: Desk, hub: ForeignHub, has_transactions: bool, creates_once: bool) -> None:
    hub.has_transactions, hub.creates_once = has_transactions, creates_once
    desk.save(Patient(id="p", telecom=(ONE,)), _pulse())
    for _ in range(2):
        hub.loses_answers = 1
        with suppress(LinkError):
            desk.push()
    hub.loses_answers = 0
    desk.restart()
    desk.push()
    assert (len(hub.current("Patient")), len(hub.current("Observation")), hub.doubles) == (1, 1, 0)
    assert desk.waiting() == []
    assert desk.store.outbox.set_aside() == ()


def test_an_edit_whose_answer_was_lost_is_found_to_have_arrived(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p"))
    desk.push()
    desk.edit(active=True)
    hub.loses_answers = 1
    with pytest.raises(LinkError):
        desk.push()
    desk.exchange()
    assert (desk.waiting(), desk.store.outbox.set_aside(), desk.store.records.conflicts()) == ([], (), ())
    assert len(hub.versions) == 2
    desk.edit(active=False)
    desk.push()
    assert hub.only("Patient")["active"] is False


def test_a_new_record_that_somebody_edited_before_we_learned_of_it_is_ours_and_his_edit_comes(
    desk: Desk, hub: ForeignHub
) -> None:
    desk.save(Patient(id="p", telecom=(ONE,)))
    hub.loses_answers = 1
    with pytest.raises(LinkError):
        desk.push()
    hub.edit("Patient", hub.current("Patient")[0].id, gender="female")
    desk.edit(active=True)
    desk.exchange()
    desk.exchange()
    assert (desk.patient().gender, desk.patient().active, desk.waiting()) == (None, True, [])
    (question,) = desk.store.records.conflicts()
    assert question.base is not None, "a sex is asked about, by what both began with"


def test_edits_of_both_are_joined_and_neither_is_overwritten(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p", telecom=(ONE,)))
    desk.push()
    theirs = hub.current("Patient")[0]
    phones = [{"system": "phone", "value": each} for each in "13"]
    hub.edit("Patient", theirs.id, telecom=phones, strange={"weight": 1})
    desk.edit(telecom=(ONE, TWO))
    desk.exchange()
    assert {each["value"] for each in hub.only("Patient")["telecom"]} == {"1", "2", "3"}
    assert hub.only("Patient")["strange"] == {"weight": 1}
    assert {each.value for each in desk.patient().telecom} == {"1", "2", "3"}
    assert (hub.blind_puts, desk.waiting(), desk.store.records.conflicts()) == (0, [], ())
    assert not any(each.system == RECORD_SYSTEM for each in desk.patient().identifier)


def test_two_workstations_share_one_record_under_one_name_of_ours(desk: Desk, other: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p", telecom=(ONE,), identifier=(Identifier(system="iin", value="1"),)), _pulse())
    desk.push()
    assert other.pull()
    assert other.patient().identifier == (Identifier(system="iin", value="1"),)
    assert other.store.records.get(Observation, "o").subject == Reference(reference="Patient/p")
    other.edit(telecom=(ONE, TWO))
    other.push()
    desk.pull()
    assert desk.patient().telecom == (ONE, TWO)
    assert len(hub.current("Patient")) == 1


def test_a_record_of_the_server_is_known_by_its_name_and_can_be_edited(desk: Desk, hub: ForeignHub) -> None:
    _foreign_patient(hub, strange={"kept": 1})
    hub.put("Observation", "5", {**msgspec.json.decode(msgspec.json.encode(_pulse())), "subject": {
        "reference": f"{URL}/Patient/77"}})  # fmt: skip
    assert desk.pull()
    assert desk.store.records.get(Observation, "5").subject == Reference(reference="Patient/77")
    desk.edit("77", active=True)
    desk.push()
    assert (hub.only("Patient")["active"], hub.only("Patient")["strange"]) == (True, {"kept": 1})
    assert not desk.pull()


@pytest.mark.parametrize("has_history", [True, False])
def test_no_news_is_missed_where_a_page_ends_between_equal_moments(
    desk: Desk, hub: ForeignHub, has_history: bool
) -> None:
    hub.has_history = has_history
    for number in range(10):
        _foreign_patient(hub, str(number))
    assert desk.pull()
    assert len(desk.store.records.find(Patient)) == 10
    for number in range(10, 20):
        _foreign_patient(hub, str(number))
    hub.edit("Patient", "3", active=True)
    hub.edit("Patient", "3", active=False)
    assert desk.pull()
    assert len(desk.store.records.find(Patient)) == 20
    assert desk.patient("3").active is False, "the newest version counts, not the last one of the page"
    assert not desk.pull()


def test_a_record_that_was_committed_late_is_caught_by_the_overlap(desk: Desk, hub: ForeignHub) -> None:
    _foreign_patient(hub)
    desk.pull()
    hub.later(minutes=9)
    desk.pull()
    late, hub.now = hub.now, hub.now.replace(minute=hub.now.minute - 5)
    _foreign_patient(hub, "late")
    hub.now = late
    assert desk.pull()
    assert desk.patient("late")


def test_a_page_that_was_not_stored_comes_again(desk: Desk, hub: ForeignHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        _foreign_patient(hub, str(number))
    receive = desk.store.records.receive

    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError("full")

    monkeypatch.setattr(desk.store.records, "receive", full)
    with pytest.raises(OSError, match="full"):
        desk.pull()
    monkeypatch.setattr(desk.store.records, "receive", receive)
    assert desk.pull()
    assert len(desk.store.records.find(Patient)) == 7


@pytest.mark.parametrize("step", [1, 3, 5, 8])
def test_a_round_may_break_off_at_any_page(desk: Desk, hub: ForeignHub, step: int) -> None:
    for number in range(7):
        _foreign_patient(hub, str(number))
    ask, count = desk.link.bundle, 0

    async def broken(url: str) -> Any:
        nonlocal count
        count += 1
        if count == step:
            raise LinkError(Text("The hub cannot be reached."))
        return await ask(url)

    desk.link.bundle = broken  # type: ignore[method-assign]
    with pytest.raises(LinkError):
        desk.pull()
    desk.pull()
    assert len(desk.store.records.find(Patient)) == 7


def test_a_cache_that_tells_an_older_state_changes_nothing(desk: Desk, hub: ForeignHub) -> None:
    hub.has_history = False
    _foreign_patient(hub)
    desk.pull()
    hub.later(seconds=5)
    hub.edit("Patient", "77", active=True)
    desk.pull()
    hub.stale_search = 1
    desk.pull()
    assert desk.patient("77").active is True
    assert all(headers.get("cache-control") == "no-cache" for method, _, headers in hub.requests[1:] if method == "GET")


def test_a_server_that_sends_us_to_another_host_is_not_followed(desk: Desk, hub: ForeignHub) -> None:
    for number in range(7):
        _foreign_patient(hub, str(number))
    hub.next_host = "http://evil.test/fhir"
    with pytest.raises(LinkError) as refusal:
        desk.pull()
    assert "evil.test" in str(refusal.value)


def test_pages_of_large_records_are_read_one_by_one_and_a_record_beyond_all_measure_stops_no_other(
    desk: Desk, hub: ForeignHub
) -> None:
    hub.page_size = 100
    for number in range(4):
        _foreign_patient(hub, str(number), photo=[{"data": "A" * (3 << 20)}])
    _foreign_patient(hub, "small")
    monster = {"resourceType": "Organization", "name": "x", "alias": ["A" * (9 << 20)]}
    hub.put("Organization", "monster", monster)
    task = {"resourceType": "Task", "status": "requested", "intent": "order"}
    hub.put("Task", "t", task)
    for _ in range(4):
        with suppress(LinkError):
            desk.pull()
    assert len(desk.store.records.find(Patient)) == 5
    assert desk.store.records.get(Task, "t").status == "requested"


def test_a_server_that_leads_in_circles_is_left(desk: Desk, hub: ForeignHub) -> None:
    _foreign_patient(hub)
    hub.leads_in_circles = True
    with pytest.raises(LinkError):
        desk.pull()


def test_a_server_that_cannot_unpack_is_asked_once_and_that_is_remembered(desk: Desk, hub: ForeignHub) -> None:
    hub.refuses_gzip = True
    desk.pull()
    for turn in range(2):
        desk.save(*(Patient(id=f"p{turn}{number}", telecom=(ONE,) * 3) for number in range(20)))
        desk.push()
    packed = [1 for _, _, headers in hub.requests if headers.get("content-encoding", "identity") != "identity"]
    assert (len(hub.current("Patient")), len(packed)) == (40, 1)


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize("has_transactions", [True, False])
def test_one_record_it_does_not_take_stops_no_other(
    desk: Desk, hub: ForeignHub, status: int, has_transactions: bool
) -> None:
    hub.poison, hub.poison_status, hub.has_transactions = "пенициллин", status, has_transactions or status == 500
    desk.save(Patient(id="p"), _pulse(), Patient(id="q", telecom=(ContactPoint(value="пенициллин"),)), _pulse("q", "r"))
    desk.push()
    assert [(row.id, row.state) for row in desk.store.outbox.set_aside()] == [("q", "quarantined")]
    assert (len(hub.current("Patient")), len(hub.current("Observation"))) == (1, 2)
    subject = next(each.body for each in hub.current("Observation") if "q" in str(each.body))
    assert subject is not None
    assert subject["subject"] == {"identifier": {"system": RECORD_SYSTEM, "value": "Patient/q"}}, (
        "no address into nothing"
    )


def test_a_server_that_falls_over_everything_is_out_of_order_and_nothing_is_set_aside(
    desk: Desk, hub: ForeignHub
) -> None:
    hub.poison, hub.poison_status = "resourceType", 500
    desk.save(Patient(id="p"), Patient(id="q"))
    for _ in range(3):
        with pytest.raises(LinkError):
            desk.push()
    assert desk.store.outbox.set_aside() == ()
    hub.poison = ""
    desk.push()
    assert len(hub.current("Patient")) == 2


def test_what_it_fell_over_once_is_tried_again_when_somebody_asks(desk: Desk, hub: ForeignHub) -> None:
    hub.poison, hub.poison_status = "пенициллин", 500
    desk.save(Patient(id="p"), Patient(id="q", telecom=(ContactPoint(value="пенициллин"),)))
    desk.push()
    (row,) = desk.store.outbox.set_aside()
    hub.poison = ""
    desk.store.outbox.release(row.seq)
    desk.push()
    assert len(hub.current("Patient")) == 2


def test_what_is_pointed_to_before_it_has_come_bears_our_name_all_the_same(
    desk: Desk, other: Desk, hub: ForeignHub
) -> None:
    plan = CarePlan(
        id="c",
        status="draft",
        intent="plan",
        subject=Reference(reference="Patient/p"),
        based_on=(Reference(reference="ServiceRequest/r"),),
    )
    question = ServiceRequest(id="r", status="active", intent="order", subject=Reference(reference="Patient/p"))
    desk.save(Patient(id="p"), question, plan)
    desk.push()
    other.pull()
    assert other.store.records.get(CarePlan, "c").based_on == (Reference(reference="ServiceRequest/r"),)
    assert other.store.records.get(ServiceRequest, "r").subject == Reference(reference="Patient/p")


def test_a_record_another_hub_had_is_new_to_this_one(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p"))
    desk.store.outbox.acknowledge({row.seq: "elsewhere" for row in desk.store.outbox.pending(1000)})
    desk.edit(active=True)
    desk.push()
    assert hub.only("Patient")["active"] is True
    assert (desk.waiting(), desk.store.outbox.set_aside()) == ([], ())


def test_a_refusal_without_a_reason_is_a_refusal(desk: Desk, hub: ForeignHub) -> None:
    hub.gives_reasons, hub.poison = False, "x-ray"
    desk.save(Patient(id="p", telecom=(ContactPoint(value="x-ray"),)))
    desk.push()
    assert [row.state for row in desk.store.outbox.set_aside()] == ["quarantined"]


def test_what_the_server_does_not_keep_is_set_aside_with_the_reason(desk: Desk, hub: ForeignHub) -> None:
    event = desk.store.records.find(AuditEvent, limit=1)
    assert event == () or event
    desk.save(
        Patient(id="p"), CarePlan(id="c", status="draft", intent="plan", subject=Reference(reference="Patient/p"))
    )
    from tests.helpers import foreign_hub

    kept, foreign_hub.TYPES = foreign_hub.TYPES, ("Patient",)
    try:
        desk.push()
    finally:
        foreign_hub.TYPES = kept
    (row,) = desk.store.outbox.set_aside()
    assert (row.type, row.state) == ("CarePlan", "quarantined")
    assert "CarePlan" in row.last_error
    assert len(hub.current("Patient")) == 1


def test_a_type_without_identifiers_is_created_once_by_its_tag(desk: Desk, hub: ForeignHub) -> None:
    who = ProvenanceAgent(who=Reference(reference="Practitioner/x"))
    desk.save(Provenance(id="s", target=(Reference(reference="Patient/p"),), recorded=FixedClock().now(), agent=(who,)))
    hub.loses_answers = 1
    with pytest.raises(LinkError):
        desk.push()
    desk.push()
    assert [each["code"] for each in hub.only("Provenance")["meta"]["tag"]] == ["Provenance/s"]


def test_what_the_server_deleted_stays_here_and_an_edit_of_it_is_told(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p"))
    desk.push()
    hub.later(minutes=1)
    desk.pull()
    hub.put("Patient", hub.current("Patient")[0].id, None)
    desk.pull()
    assert desk.patient()
    desk.edit(active=True)
    desk.push()
    assert [row.state for row in desk.store.outbox.set_aside()] == ["quarantined"]
    assert hub.current("Patient") == []


def test_once_a_week_everything_is_compared_so_that_nothing_stays_missed(desk: Desk, hub: ForeignHub) -> None:
    hub.has_history = False
    for number in range(5):
        _foreign_patient(hub, str(number))
    desk.pull()
    hub.later(days=1)
    desk.pull()
    long_ago, hub.now = hub.now, hub.now.replace(year=2020)
    _foreign_patient(hub, "skipped")
    hub.edit("Patient", "2", active=True)
    hub.put("Patient", "4", None)
    hub.now = long_ago
    hub.later(minutes=5)
    assert not desk.pull(), "a search by time cannot know"
    hub.later(seconds=RECONCILED_EVERY.total_seconds())
    assert desk.pull()
    assert desk.patient("skipped")
    assert desk.patient("2").active is True
    known = ForeignIds(desk.store.database, URL).get("Patient", "4")
    assert known is not None
    assert known.is_gone
    asked = len(hub.requests)
    hub.later(minutes=5)
    desk.pull()
    assert not any("_elements" in path for _, path, _ in hub.requests[asked:])


def test_without_a_clock_of_the_server_everything_is_read_again_and_changes_nothing(
    desk: Desk, hub: ForeignHub
) -> None:
    hub.tells_time = False
    _foreign_patient(hub)
    assert desk.pull()
    assert not desk.pull()
    hub.edit("Patient", "77", active=True)
    assert desk.pull()
    assert desk.patient("77").active is True


def test_a_stranger_that_claims_the_name_of_a_record_of_ours_gets_another_one(desk: Desk, hub: ForeignHub) -> None:
    desk.save(Patient(id="p", telecom=(ONE,)))
    desk.push()
    _foreign_patient(hub, "evil", identifier=[{"system": RECORD_SYSTEM, "value": "Patient/p"}])
    desk.pull()
    assert desk.patient().telecom == (ONE,)
    assert desk.patient("evil").name[0].family == "Ким"


def test_a_record_can_be_had_as_it_was_and_by_our_name_alone(desk: Desk, other: Desk) -> None:
    desk.save(Patient(id="p", telecom=(ONE,)))
    desk.push()
    first = desk.store.records.hub_version(Patient, "p") or ""
    desk.edit(telecom=(TWO,))
    desk.push()
    then, now = (desk.do(desk.link.record("Patient", "p", version)) for version in (first, ""))
    assert b'"1"' in (then or b"")
    assert b'"2"' in (now or b"")
    assert b'"2"' in (other.do(other.link.record("Patient", "p")) or b"")
    assert other.do(other.link.record("Patient", "nobody")) is None
