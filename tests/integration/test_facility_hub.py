"""Three tiers as real processes: two workstations of one hospital, its own hub, the central hub, a specialist."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from clinic_app.consultation import OpinionForm
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.version import VERSION
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.records import HumanName, Organization, Patient, Task
from clinic_app.referral.cases import Case, case_of
from clinic_app.storage.feed.callers import DeviceLine
from clinic_app.sync import Failed, SyncService
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
    reader: str
    """Token of one more workstation of the hospital, at the central hub."""

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

        wait_until(looked, 30, what)

    def upstream(self) -> dict[str, Any]:
        """Return what the facility hub says of its way up."""
        said: dict[str, Any] = httpx.get(f"{self.facility.url}/health").json()["upstream"]
        return said

    def case(self, here: Node, task_id: str) -> Case | None:
        """Return a case as it is known somewhere."""
        found = [task for task in here.store.records.find(Task) if task.id == task_id]
        return case_of(here.store, found[0]) if found else None


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    tmp_path = tmp_path_factory.mktemp("hospital")
    clock = SystemClock()
    central = HubProcess(tmp_path / "central")
    tokens = [central.enrol(*each) for each in ((CENTRE, "C"), (DISTRICT, "Reader"))]
    with ExitStack() as stack:
        stack.enter_context(central)
        line = stack.enter_context(Link(central.url))
        facility = HubProcess(tmp_path / "facility", upstream=line.url)
        facility.connect_by_code(DISTRICT, *central.code(DISTRICT, "Facility hub"))
        inside = [facility.enrol(DISTRICT, name) for name in ("Desk", "Ward")]
        stack.enter_context(facility)
        desk = stack.enter_context(node(tmp_path / "desk", DISTRICT, clock))
        ward = stack.enter_context(node(tmp_path / "ward", DISTRICT, clock))
        centre = stack.enter_context(node(tmp_path / "centre", CENTRE, clock))
        syncs = [
            desk.sync(facility.url, inside[0], interval_s=2),
            ward.sync(facility.url, inside[1], interval_s=2),
            centre.sync(central.url, tokens[0], interval_s=2),
        ]
        made = Hospital(facility, central, line, desk, ward, centre, syncs, tokens[1])
        made.start()
        yield made


def _named(here: Node, patient_id: str) -> str | None:
    found = [each for each in here.store.records.find(Patient) if each.id == patient_id]
    return found[0].name[0].family if found else None


def test_a_hospital_without_a_line_works_and_its_question_is_answered_when_there_is_one(hospital: Hospital) -> None:
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
    hospital.wait(lambda: hospital.upstream()["status"] == "broken off", "the facility hub has noticed")
    assert hospital.upstream()["waiting_records"] > 0
    restored_at = datetime.now(UTC) - timedelta(seconds=1)
    hospital.line.restore()
    hospital.wait(lambda: hospital.case(hospital.centre, case.task.id), "the question is at the centre")

    def is_seen() -> bool:
        cases = [hospital.case(here, case.task.id) for here in (hospital.desk, hospital.ward, hospital.centre)]
        return len({each.hub_received_at if each else None for each in cases}) == 1 and cases[0] is not None

    hospital.wait(is_seen, "everybody knows the second clock, and it is the same")
    hospital.wait(lambda: (it := hospital.case(hospital.centre, case.task.id)) and it.patient, "the package is open")
    known = hospital.case(hospital.ward, case.task.id)
    assert known is not None
    assert known.hub_received_at is not None
    assert known.hub_received_at >= restored_at, "the second clock is that of the last hub"
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


def test_a_question_to_the_hospital_comes_down_with_its_package_though_the_power_goes(hospital: Hospital) -> None:
    hospital.line.restore()
    hospital.wait(
        lambda: DISTRICT in {each.id for each in hospital.centre.store.records.find(Organization)}, "we are known"
    )
    patient, evidence = patient_with_evidence(hospital.centre)
    asked = dataclasses.replace(form(evidence), performer_organization_id=DISTRICT)
    case = hospital.centre.referrals.send(hospital.centre.session("doctor"), patient.id, asked)
    hospital.wait(lambda: hospital.case(hospital.ward, case.task.id), "the question is in the ward")
    hospital.facility.kill()
    hospital.facility.start()
    for here in (hospital.desk, hospital.ward):
        hospital.wait(lambda here=here: (it := hospital.case(here, case.task.id)) and it.patient, "the package is open")
    hospital.line.cut()
    session = hospital.ward.session("specialist")
    hospital.ward.consultations.open(session, case.task.id)
    hospital.ward.consultations.sign(session, case.task.id, OpinionForm("Қалыпты"))
    hospital.wait(lambda: hospital.ward.store.outbox.count() == 0, "the facility hub has the answer")
    hospital.line.restore()
    hospital.wait(
        lambda: (it := hospital.case(hospital.centre, case.task.id)) and it.task.status == "completed",
        "the answer is at the centre",
    )


def test_what_was_written_is_above_once_and_nobody_is_asked(hospital: Hospital) -> None:
    hospital.line.restore()
    written = [new_id() for _ in range(12)]
    for number, patient_id in enumerate(written):
        here = (hospital.desk, hospital.ward)[number % 2]
        here.store.records.commit([Patient(id=patient_id, name=(HumanName(family=f"N{number}"),))])
        if number in (3, 7):
            hospital.line.cut()
        elif number == 5:
            hospital.line.restore()
    hospital.line.restore()
    for here in (hospital.desk, hospital.ward):
        hospital.wait(
            lambda here=here: set(written) <= {each.id for each in here.store.records.find(Patient)}, "all are here"
        )
    hospital.wait(lambda: hospital.upstream()["waiting_records"] == 0, "nothing waits")
    assert hospital.upstream()["not_taken"] == 0
    with httpx.Client(base_url=hospital.central.url, headers={"Authorization": f"Bearer {hospital.reader}"}) as reader:
        for number, patient_id in enumerate(written):
            past = reader.get(f"/Patient/{patient_id}/_history").json()
            assert [each["resource"]["name"][0]["family"] for each in past["entry"]] == [f"N{number}"]
    for here in (hospital.desk, hospital.ward):
        assert here.store.records.conflicts() == ()
        assert here.store.outbox.set_aside() == ()


def test_the_hub_above_knows_how_it_stands_with_the_hub_below(hospital: Hospital) -> None:
    hospital.line.restore()

    def line() -> DeviceLine | None:
        with closing(open_hub_store(hospital.central.folder, None)) as store:
            devices = build_hub(store, SystemClock()).callers.devices()
        return next((each for each in devices if each.name == "Facility hub" and each.program), None)

    hospital.wait(line, "it told of itself")
    seen = line()
    assert seen is not None
    assert (seen.algorithm, seen.program) == ("Ed25519", VERSION)


def test_a_hub_that_is_shut_out_serves_its_hospital_erases_nothing_and_can_come_in_again(hospital: Hospital) -> None:
    hospital.line.restore()
    hospital.wait(lambda: hospital.upstream()["status"] == "ok", "all is well")
    hospital.central.shut_out("Facility hub")
    patient_id = new_id()
    hospital.desk.store.records.commit([Patient(id=patient_id, name=(HumanName(family="Inside"),))])
    hospital.wait(lambda: hospital.upstream()["status"] == "shut out", "it says so")
    assert "Nothing was erased" in hospital.upstream()["reason"]
    hospital.wait(lambda: _named(hospital.ward, patient_id), "its workstations go on")
    hospital.facility.stop()
    hospital.facility.start()
    hospital.wait(lambda: hospital.upstream()["status"] == "shut out", "so it is after the next start")
    assert hospital.upstream()["waiting_records"] > 0
    with httpx.Client(base_url=hospital.central.url, headers={"Authorization": f"Bearer {hospital.reader}"}) as reader:
        assert reader.get(f"/Patient/{patient_id}").status_code == 404
        hospital.facility.connect_by_code(DISTRICT, *hospital.central.code(DISTRICT, "Facility hub, again"))
        hospital.facility.stop()
        hospital.facility.start()
        hospital.wait(lambda: reader.get(f"/Patient/{patient_id}").status_code == 200, "what waited is above")
    hospital.wait(lambda: hospital.upstream()["waiting_records"] == 0, "nothing waits")
    for here in (hospital.desk, hospital.ward):
        assert here.store.records.conflicts() == ()
