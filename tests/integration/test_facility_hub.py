"""Three tiers as real processes: two workstations of one hospital, its own hub, the central hub, a specialist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from clinic_app.consultation import OpinionForm
from clinic_app.records import HumanName, Organization, Patient, Task
from clinic_app.referral.cases import Case, case_of
from clinic_app.sync import Failed, SyncService
from tests.helpers.clocks import FixedClock
from tests.helpers.hub_process import HubProcess
from tests.helpers.link import Link
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, node, patient_with_evidence
from tests.helpers.waiting import wait_until


@dataclass
class Hospital:
    """The whole way from a reception desk to a specialist; the hospital's line outwards can be cut."""

    facility: HubProcess
    central: HubProcess
    line: Link
    desk: Node
    ward: Node
    centre: Node
    syncs: list[SyncService]

    def start(self) -> None:
        """Start every exchange."""
        for sync in self.syncs:
            sync.start()

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Wait for something, and do not wait out the back-off after a failure."""

        def looked() -> object:
            for sync in self.syncs:
                if isinstance(sync.state(), Failed):
                    sync.sync_now()
            return holds()

        wait_until(looked, 60, what)

    def upstream(self) -> dict[str, Any]:
        """Return what the facility hub says of its way up."""
        said: dict[str, Any] = httpx.get(f"{self.facility.url}/health").json()["upstream"]
        return said

    def case(self, here: Node, task_id: str) -> Case | None:
        """Return a case as it is known somewhere."""
        found = [task for task in here.store.records.find(Task) if task.id == task_id]
        return case_of(here.store, found[0]) if found else None


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    clock = FixedClock()
    central = HubProcess(tmp_path / "central")
    tokens = [central.enrol(DISTRICT, "Facility hub"), central.enrol(CENTRE, "C")]
    with ExitStack() as stack:
        stack.enter_context(central)
        line = stack.enter_context(Link(central.url))
        facility = HubProcess(tmp_path / "facility", upstream=line.url)
        facility.connect(DISTRICT, tokens[0])
        inside = [facility.enrol(DISTRICT, name) for name in ("Desk", "Ward")]
        stack.enter_context(facility)
        desk = stack.enter_context(node(tmp_path / "desk", DISTRICT, clock))
        ward = stack.enter_context(node(tmp_path / "ward", DISTRICT, clock))
        centre = stack.enter_context(node(tmp_path / "centre", CENTRE, clock))
        syncs = [
            desk.sync(facility.url, inside[0], interval_s=0.2),
            ward.sync(facility.url, inside[1], interval_s=0.2),
            centre.sync(central.url, tokens[1], interval_s=0.2),
        ]
        yield Hospital(facility, central, line, desk, ward, centre, syncs)


def _named(here: Node, patient_id: str) -> str | None:
    found = [each for each in here.store.records.find(Patient) if each.id == patient_id]
    return found[0].name[0].family if found else None


def _rename(here: Node, patient_id: str, family: str) -> None:
    patient = here.store.records.get(Patient, patient_id)
    here.store.records.commit([msgspec.structs.replace(patient, name=(HumanName(family=family),))])


def test_a_hospital_without_a_line_works_and_its_question_is_answered_when_there_is_one(hospital: Hospital) -> None:
    hospital.start()
    hospital.wait(
        lambda: CENTRE in {each.id for each in hospital.desk.store.records.find(Organization)}, "the centre is known"
    )
    hospital.line.cut()
    patient, evidence = patient_with_evidence(hospital.desk)
    hospital.wait(lambda: _named(hospital.ward, patient.id), "the ward sees the patient without a line")
    case = hospital.desk.referrals.send(hospital.desk.session("doctor"), patient.id, form(evidence))
    hospital.wait(lambda: hospital.case(hospital.ward, case.task.id), "the ward sees the question")
    hospital.wait(lambda: hospital.desk.store.outbox.count() == 0, "the facility hub has all of it")
    for here in (hospital.desk, hospital.ward):
        waiting = hospital.case(here, case.task.id)
        assert waiting is not None
        assert waiting.hub_received_at is None, "a hub on the way is not the second clock"
    assert hospital.upstream()["waiting_records"] > 0
    hospital.line.restore()
    hospital.wait(lambda: hospital.case(hospital.centre, case.task.id), "the question is at the centre")

    def is_seen() -> bool:
        cases = [hospital.case(here, case.task.id) for here in (hospital.desk, hospital.ward, hospital.centre)]
        return len({each.hub_received_at if each else None for each in cases}) == 1 and cases[0] is not None

    hospital.wait(is_seen, "everybody knows the second clock, and it is the same")
    hospital.wait(lambda: (it := hospital.case(hospital.centre, case.task.id)) and it.patient, "the package is open")
    session = hospital.centre.session("specialist")
    consultations = hospital.centre.consultations
    consultations.open(session, case.task.id)
    consultations.sign(session, case.task.id, OpinionForm("STEMI"))
    hospital.wait(
        lambda: (it := hospital.case(hospital.ward, case.task.id)) and it.task.status == "completed",
        "the answer is in the ward",
    )
    hospital.wait(lambda: hospital.upstream()["waiting_records"] == 0, "nothing waits")
    assert hospital.upstream()["not_taken"] == 0
