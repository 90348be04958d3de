"""Two workstations of one hospital edit one patient without knowing of each other, over a real hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from clinic_app.access import Trail
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    Address,
    Appointment,
    AppointmentParticipant,
    AuditEvent,
    CarePlan,
    CarePlanActivity,
    CarePlanActivityDetail,
    Coding,
    ContactPoint,
    Encounter,
    EncounterLocation,
    HumanName,
    Identifier,
    Patient,
    Reference,
    Resource,
    encode,
)
from clinic_app.storage import AuditQuery
from clinic_app.sync import Exchange, Failed, SyncService
from tests.helpers.clocks import NOON
from tests.helpers.hub_process import HubProcess
from tests.helpers.link import Link
from tests.helpers.nodes import DISTRICT, Node, node
from tests.helpers.waiting import wait_until

HOME, WORK = ContactPoint(system="phone", value="+7 701"), ContactPoint(system="phone", value="+7 702")


@dataclass
class Desk:
    """One workstation and its link to the hub."""

    node: Node
    link: Link
    service: SyncService

    def edit(self, id: str, kind: type[Resource] = Patient, **changed: Any) -> None:
        record = self.node.store.records.get(kind, id)
        self.node.store.records.commit([msgspec.structs.replace(record, **changed)])

    def get(self, id: str) -> Patient:
        return self.node.store.records.get(Patient, id)

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.node.store, Trail(self.node.store, self.node.clock), self.service, self.node.clock)

    def joinings(self) -> list[AuditEvent]:
        return [row.event for row in self.node.store.audit.page(AuditQuery(action="join"), 100)]


@dataclass
class Hospital:
    """Two desks."""

    reception: Desk
    ward: Desk

    @property
    def desks(self) -> tuple[Desk, Desk]:
        return self.reception, self.ward

    def apart(self) -> None:
        for desk in self.desks:
            desk.link.cut()

    def together(self, first: Desk) -> None:
        """Let the first one reach the hub and be done, then the other one."""
        other = next(each for each in self.desks if each is not first)
        first.link.restore()
        self.wait(lambda: first.node.store.outbox.count() == 0, "the first has sent")
        other.link.restore()

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        def nudged() -> bool:
            for desk in self.desks:
                if desk.link.is_up and isinstance(desk.service.state(), Failed):
                    desk.service.sync_now()
            return holds()

        wait_until(nudged, 60, what)

    def both(self, holds: Callable[[Patient], bool], id: str, what: str) -> None:
        def hold() -> bool:
            found = [desk.node.store.records.find(Patient) for desk in self.desks]
            same = [next((each for each in patients if each.id == id), None) for patients in found]
            return all(each is not None and holds(each) for each in same)

        self.wait(hold, what)

    def register(self, **elements: Any) -> str:
        patient = Patient(id=new_id(), **{"name": (HumanName(use="official", family="Қасымов"),), **elements})
        self.reception.node.store.records.commit([patient])
        self.both(lambda _found: True, patient.id, "both desks have the patient")
        return patient.id


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    hub = HubProcess(folder / "hub")
    tokens = [hub.enrol(DISTRICT, name) for name in ("reception", "ward")]
    with (
        hub,
        Link(hub.url) as one, Link(hub.url) as other,
        node(folder / "reception", DISTRICT, SystemClock()) as reception,
        node(folder / "ward", DISTRICT, SystemClock()) as ward,
    ):  # fmt: skip
        desks = [
            Desk(here, link, here.sync(link.url, token, interval_s=0.2))
            for here, link, token in zip((reception, ward), (one, other), tokens, strict=True)
        ]
        for desk in desks:
            desk.service.start()
        made = Hospital(*desks)
        yield made
        for desk in desks:
            desk.service.stop()


@pytest.mark.parametrize("first", ["reception", "ward"])
def test_what_each_changed_apart_stands_at_both_and_each_parent_is_named(hospital: Hospital, first: str) -> None:
    patient_id = hospital.register(telecom=(HOME,))
    before = [len(desk.joinings()) for desk in hospital.desks]
    hospital.apart()
    hospital.reception.edit(patient_id, address=(Address(text="Ырғыз, Абай 5"),), telecom=(HOME, WORK))
    hospital.ward.edit(patient_id, active=True, telecom=(ContactPoint(system="email", value="a@b.kz"), HOME))
    ours = [desk.get(patient_id).version_id or "" for desk in hospital.desks]
    hospital.together(getattr(hospital, first))
    hospital.both(
        lambda each: bool(each.address and each.active and len(each.telecom) == 3), patient_id, "both have everything"
    )
    bodies = [desk.node.store.records.body(Patient, patient_id) for desk in hospital.desks]
    contents = [{**msgspec.json.decode(each), "meta": None} for each in bodies]
    assert contents[0] == contents[1]
    hospital.wait(lambda: all(desk.node.store.outbox.count() == 0 for desk in hospital.desks), "all is sent")
    assert not any(desk.node.store.records.conflicts() for desk in hospital.desks)
    joined = [len(desk.joinings()) - count for desk, count in zip(hospital.desks, before, strict=True)]
    assert sorted(joined) == [0, 1], "one of them joined, the other took what came"
    place = joined.index(1)
    desk = hospital.desks[place]
    names = {entity.name: entity.description for entity in desk.joinings()[0].entity if entity.name}
    versions = [each.version_id or "" for each in desk.node.store.records.versions(Patient, patient_id)]
    theirs = versions[versions.index(ours[place]) + 1]
    assert set(names) == {f"Patient/{patient_id}/_history/{version}" for version in (ours[place], theirs)}
    assert "telecom" in (names[f"Patient/{patient_id}/_history/{theirs}"] or "")
    assert desk.joinings()[0].agent[0].who is not None
    assert (desk.joinings()[0].agent[0].who.reference or "").startswith("Device/")


def test_a_birth_date_is_asked_and_the_answer_keeps_what_nobody_asked_about(hospital: Hospital) -> None:
    patient_id = hospital.register(birth_date="1964-03-05")
    hospital.apart()
    hospital.reception.edit(patient_id, birth_date="1964-05-03")
    hospital.ward.edit(patient_id, telecom=(WORK,))
    hospital.together(hospital.reception)
    ward = hospital.ward
    hospital.wait(lambda: bool(ward.node.store.records.conflicts()), "the ward is asked")
    doctor = ward.node.session("doctor")
    (question,) = ward.exchange.conflicts(doctor)
    assert [(each.field, each.is_safety) for each in question.fields] == [("birthDate", True)]
    ward.exchange.settle(doctor, question, {"birthDate": "theirs"})
    hospital.both(
        lambda each: (each.birth_date, each.telecom) == ("1964-05-03", (WORK,)), patient_id, "both have the answer"
    )


def test_numbers_from_both_desks_are_kept_when_a_person_says_so(hospital: Hospital) -> None:
    chart, other = (Identifier(system="urn:x", value=each) for each in "12")
    patient_id = hospital.register()
    hospital.apart()
    hospital.reception.edit(patient_id, identifier=(chart,))
    hospital.ward.edit(patient_id, identifier=(other,))
    hospital.together(hospital.ward)
    reception = hospital.reception
    hospital.wait(lambda: bool(reception.node.store.records.conflicts()), "the reception is asked")
    registrar = reception.node.session("registrar")
    (question,) = reception.exchange.conflicts(registrar)
    assert [(each.field, each.can_keep_both) for each in question.fields] == [("identifier", True)]
    reception.exchange.settle(registrar, question, {"identifier": "both"})
    hospital.both(lambda each: set(each.identifier) == {chart, other}, patient_id, "both desks have both numbers")


def test_a_stay_is_ended_at_one_desk_and_moved_to_another_bed_at_the_other(hospital: Hospital) -> None:
    patient_id = hospital.register()
    about = Reference(reference=f"Patient/{patient_id}")
    stay = Encounter(id=new_id(), status="in-progress", class_=Coding(code="IMP"), subject=about)
    visit = Appointment(
        id=new_id(),
        status="booked",
        start=NOON,
        end=NOON + timedelta(minutes=20),
        participant=(AppointmentParticipant(actor=about, status="accepted"),),
    )
    hospital.reception.node.store.records.commit([stay, visit])
    ward, reception = hospital.ward, hospital.reception
    hospital.wait(lambda: bool(ward.node.store.records.find(Appointment, subject=patient_id)), "the ward has both")
    hospital.apart()
    bed = EncounterLocation(location=Reference(display="Bed 4"))
    reception.edit(stay.id, Encounter, status="finished")
    ward.edit(stay.id, Encounter, location=(bed,))
    reception.edit(visit.id, Appointment, start=NOON - timedelta(hours=1))
    ward.edit(visit.id, Appointment, end=NOON + timedelta(hours=1))
    hospital.together(reception)

    def is_joined() -> bool:
        found = [desk.node.store.records.get(Encounter, stay.id) for desk in hospital.desks]
        return all((each.status, each.location) == ("finished", (bed,)) for each in found)

    hospital.wait(is_joined, "both changes of the stay stand at both desks")
    doctor = ward.node.session("doctor")
    questions = [each for each in ward.exchange.conflicts(doctor) if each.record_id == visit.id]
    assert [each.field for each in questions[0].fields] == ["start"], "one beginning and another end are no appointment"
    ward.exchange.settle(doctor, questions[0], {"start": "mine"})

    def is_answered() -> bool:
        found = [desk.node.store.records.get(Appointment, visit.id) for desk in hospital.desks]
        return all((each.start, each.end) == (NOON, NOON + timedelta(hours=1)) for each in found)

    hospital.wait(is_answered, "both desks have the answer")


def test_edits_of_a_plan_meet_again_and_again_and_no_step_is_lost(hospital: Hospital) -> None:
    def step(what: str) -> CarePlanActivity:
        return CarePlanActivity(detail=CarePlanActivityDetail(status="scheduled", description=what))

    patient_id = hospital.register()
    plan = CarePlan(id=new_id(), status="draft", intent="plan", subject=Reference(reference=f"Patient/{patient_id}"))
    hospital.reception.node.store.records.commit([plan])
    hospital.wait(
        lambda: bool(hospital.ward.node.store.records.find(CarePlan, subject=patient_id)), "the ward has the plan"
    )
    for turn in range(3):
        hospital.apart()
        for desk, name in zip(hospital.desks, "ab", strict=True):
            now = desk.node.store.records.get(CarePlan, plan.id)
            desk.edit(plan.id, CarePlan, activity=(*now.activity, step(f"{name}{turn}")))
        hospital.together(hospital.desks[turn % 2])

        def has_all(steps: int = 2 * turn + 2) -> bool:
            return all(len(d.node.store.records.get(CarePlan, plan.id).activity) == steps for d in hospital.desks)

        hospital.wait(has_all, "both have the steps of both")
    one, other = (desk.node.store.records.get(CarePlan, plan.id) for desk in hospital.desks)
    assert one.activity == other.activity
    assert len({encode(each) for each in one.activity}) == 6
