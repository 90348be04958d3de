"""Our own hub, spoken to by its plain FHIR API alone: what any FHIR client may rely on, a workstation may too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.access import Trail
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.hub.app import build_app
from clinic_app.records import CarePlan, CodeableConcept, ContactPoint, Observation, Patient, Reference, Resource
from clinic_app.storage import Store
from clinic_app.sync.foreign import ForeignLink
from clinic_app.sync.pull import Pull
from clinic_app.sync.push import Push
from clinic_app.sync.settling import Settling
from tests.helpers.hub_clients import running_hub
from tests.helpers.stores import opened, set_up

ONE, TWO, THREE = (ContactPoint(system="phone", value=each) for each in "123")


@dataclass
class Desk:
    """One workstation that takes the hub for a stranger."""

    store: Store
    link: ForeignLink
    runner: asyncio.Runner

    def exchange(self) -> None:
        for _ in range(2):
            self.runner.run(Push(self.store, self.link, lambda _done: None).run())
            self.runner.run(Pull(self.store, self.link).run())

    def settle(self) -> int:
        return self.runner.run(Settling(self.store, self.link, Trail(self.store, SystemClock())).run())

    def edit(self, record: Resource, **changed: Any) -> None:
        now = self.store.records.get(type(record), record.id)
        self.store.records.commit([msgspec.structs.replace(now, **changed)])


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    with ExitStack() as stack:
        hub = stack.enter_context(running_hub(tmp_path / "hub", SystemClock())).hub
        runner = stack.enter_context(asyncio.Runner())
        made = []
        for name in ("one", "other"):
            store = stack.enter_context(opened(tmp_path / name, clock=SystemClock()))
            set_up(store)
            store.outbox.acknowledge({row.seq: "h" for row in store.outbox.pending(1000)})
            transport = httpx.ASGITransport(build_app(hub))
            link = ForeignLink(store, "http://hub.test", hub.callers.enrol("org-a", name), SystemClock(), transport)
            made.append(Desk(store, link, runner))
        yield made[0], made[1]
        for desk in made:
            runner.run(desk.link.close())


def test_records_go_up_come_down_and_are_edited_by_both_under_their_own_names(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    patient = Patient(id=new_id(), telecom=(ONE,))
    pulse = Observation(
        id=new_id(),
        status="final",
        code=CodeableConcept(text="x"),
        subject=Reference(reference=f"Patient/{patient.id}"),
    )
    plan = CarePlan(id=new_id(), status="draft", intent="plan", subject=pulse.subject)
    one.store.records.commit([patient, pulse, plan])
    one.exchange()
    other.exchange()
    assert other.store.records.get(CarePlan, plan.id).subject == pulse.subject
    assert b"tag" not in other.store.records.body(CarePlan, plan.id)
    assert other.store.records.get(Observation, pulse.id).subject == pulse.subject
    other.edit(patient, telecom=(ONE, TWO))
    other.exchange()
    one.exchange()
    assert one.store.records.get(Patient, patient.id).telecom == (ONE, TWO)
    assert len(one.store.records.find(Patient)) == len(other.store.records.find(Patient)) == 1
    assert not [row for desk in desks for row in desk.store.outbox.set_aside()]


def test_edits_that_meet_are_no_overwriting(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    patient = Patient(id=new_id(), telecom=(ONE,))
    one.store.records.commit([patient])
    one.exchange()
    other.exchange()
    one.edit(patient, telecom=(ONE, TWO))
    other.edit(patient, telecom=(ONE, THREE))
    one.exchange()
    other.exchange()
    assert [row.state for row in other.store.outbox.set_aside()] == ["conflict"]
    assert other.settle() == 1
    other.exchange()
    one.exchange()
    for desk in desks:
        assert {each.value for each in desk.store.records.get(Patient, patient.id).telecom} == {"1", "2", "3"}
