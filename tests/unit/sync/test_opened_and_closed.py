"""A case as both hospitals live it: old records come with the referral, leave after it, and are erased by order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.hub.app import build_app, build_hub
from clinic_app.hub.gate import Hub
from clinic_app.records import (
    CodeableConcept,
    HumanName,
    Observation,
    Patient,
    Reference,
    Task,
    TaskStatus,
    reference_to,
    with_audience,
)
from clinic_app.storage.exchange.leaving import is_erased
from clinic_app.storage.feed.buckets import KEPT_AFTER_CLOSING
from clinic_app.storage.feed.rows import Caller
from tests.helpers.clocks import FixedClock
from tests.helpers.stores import open_store
from tests.helpers.tiers import HERE, THERE, Desk, Line


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def hub(tmp_path: Path, clock: FixedClock) -> Iterator[Hub]:
    store = open_store(tmp_path / "hub", clock=clock)
    yield build_hub(store, clock)
    store.close()


@pytest.fixture
def desks(hub: Hub, tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Desk, Desk]]:
    """A workstation of the district hospital, and one of the specialist's."""
    made = [
        Desk(
            open_store(tmp_path / organization, clock=clock),
            Line(build_app(hub)),
            hub.callers.enrol(organization, "PC"),
            clock,
        )
        for organization in (HERE, THERE)
    ]
    yield made[0], made[1]
    for desk in made:
        desk.store.close()


def _refer(district: Desk, patient: Patient) -> None:
    """Ask the specialist about a patient."""
    task = Task(
        id="t",
        status="requested",
        intent="order",
        for_=reference_to(patient),
        requester=Reference(reference=f"Organization/{HERE}"),
        owner=Reference(reference=f"Organization/{THERE}"),
    )
    district.store.records.commit([with_audience(task, THERE)])
    district.exchange()


def _move(specialist: Desk, status: TaskStatus) -> None:
    task = specialist.store.records.get(Task, "t")
    specialist.store.records.commit([msgspec.structs.replace(task, status=status)])
    specialist.exchange()


@pytest.fixture
def patient(desks: tuple[Desk, Desk]) -> Patient:
    """Somebody who was measured long before anybody asked about him; the specialist has read on since."""
    district, specialist = desks
    patient = district.write("Қасымов", "p")
    pulse = Observation(id="o", status="final", code=CodeableConcept(text="pulse"), subject=reference_to(patient))
    district.store.records.commit([pulse])
    district.exchange()
    district.write("Петров", "somebody-else")
    district.exchange()
    specialist.exchange()
    assert specialist.name("p") is None
    return patient


def test_old_records_of_a_patient_referred_today_arrive(desks: tuple[Desk, Desk], patient: Patient) -> None:
    district, specialist = desks
    _refer(district, patient)
    specialist.exchange()
    assert specialist.name("p") == "Қасымов"
    assert specialist.store.records.get(Observation, "o").code.text == "pulse"
    assert specialist.name("somebody-else") is None
    district.write("Қасымұлы", "p")
    district.exchange()
    specialist.exchange()
    assert specialist.name("p") == "Қасымұлы"


def test_what_leaves_the_specialist_is_deleted_nowhere_else(
    desks: tuple[Desk, Desk], patient: Patient, clock: FixedClock
) -> None:
    district, specialist = desks
    _refer(district, patient)
    specialist.exchange()
    for status in ("received", "rejected"):
        _move(specialist, status)  # type: ignore[arg-type]
    clock.moment += KEPT_AFTER_CLOSING * 2
    district.write("Петров", "a-year-later")
    district.exchange()
    specialist.exchange()
    assert specialist.name("p") is None
    assert specialist.store.records.find(Observation) == ()
    assert specialist.store.records.get(Task, "t").status == "rejected"
    assert specialist.store.outbox.count() == 0
    specialist.exchange()
    district.exchange()
    assert district.name("p") == "Қасымов"
    assert district.store.records.get(Observation, "o").status == "final"


def test_what_is_erased_by_order_leaves_both_and_the_unsent_edit_is_asked_about(
    desks: tuple[Desk, Desk], patient: Patient, hub: Hub
) -> None:
    district, specialist = desks
    _refer(district, patient)
    specialist.exchange()
    district.line.is_cut = True
    district.write("Қасымұлы", "p")
    hub.feed.erasing.erase(hub.feed.erasing.of_patient("p"), "order 17")
    district.line.is_cut = False
    for desk in desks:
        desk.exchange()
    assert specialist.name("p") is None
    assert specialist.store.records.find(Task) == specialist.store.records.find(Observation) == ()
    (question,) = district.questions("p")
    assert is_erased(question.theirs)
    assert question.mine.name == (HumanName(family="Қасымұлы"),)  # type: ignore[attr-defined]
    district.exchange()
    assert district.questions("p") == [question]
    district.store.records.settle(question, question.mine)
    assert district.name("p") is None
    district.exchange()
    assert district.questions("p") == []
    assert [change.id for change in hub.feed.changes(_reader(hub), "", 50).changes if change.body] == ["somebody-else"]


def _reader(hub: Hub) -> Caller:
    caller = hub.callers.caller(hub.callers.enrol(HERE, "reader"))
    assert caller is not None
    return caller
