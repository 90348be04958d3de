"""Packages that arrive through the hub's feed: opened once each, and never over somebody else's record."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clinic_app.access import node_keys
from clinic_app.foundation.durable_files import DISK_FULL
from clinic_app.foundation.errors import DiskFullError
from clinic_app.keys import seal
from clinic_app.records import DocumentReference, HumanName, Observation, Patient, Task, encode
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.referral import Case
from clinic_app.referral.cases import PROGRESS, by_urgency, package_of
from tests.helpers.clocks import FixedClock
from tests.helpers.nodes import CENTRE, DISTRICT, OUTSIDER, Node, form, introduce, node, patient_with_evidence


@dataclasses.dataclass
class Network:
    """Three hospitals that know one another."""

    district: Node
    centre: Node
    outsider: Node
    clock: FixedClock


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    clock = FixedClock()
    with (
        node(tmp_path / "district", DISTRICT, clock) as district,
        node(tmp_path / "centre", CENTRE, clock) as centre,
        node(tmp_path / "outsider", OUTSIDER, clock) as outsider,
    ):
        introduce(district, centre, outsider)
        yield Network(district, centre, outsider, clock)


def _send(here: Node, patient: Patient | None = None) -> tuple[Case, bytes]:
    if patient is None:
        patient, evidence = patient_with_evidence(here)
    else:
        evidence = ()
    case = here.referrals.send(here.session("doctor"), patient.id, form(evidence))
    return case, here.store.blobs.read(_document(here, case).content[0].attachment.sha256)


def _document(here: Node, case: Case) -> DocumentReference:
    document = package_of(here.store, case.request)
    assert document is not None
    return document


def _announce(sender: Node, reader: Node, case: Case, sha256: str = "") -> None:
    """Let the reader have request, Task and document, as the hub's feed does."""
    document = _document(sender, case)
    bodies = [sender.store.records.body(type(each), each.id) for each in (case.request, case.task) if each]
    if sha256:
        attachment = msgspec.structs.replace(document.content[0].attachment, url=SHA256_URN + sha256)
        document = msgspec.structs.replace(
            document, content=(msgspec.structs.replace(document.content[0], attachment=attachment),)
        )
    reader.store.records.receive([*bodies, encode(document)])


def test_an_announced_package_is_wanted_once(network: Network) -> None:
    case, sealed = _send(network.district)
    _announce(network.district, network.centre, case)
    for _ in range(2):
        network.centre.referrals.receive_arrivals()
    (transfer,) = network.centre.store.transfers.pending("down")
    assert (transfer.size, transfer.lane) == (len(sealed), "emergency")
    assert network.centre.store.records.get(Task, case.task.id).status == "received"
    assert len(network.centre.store.outbox.rows_for("Task", case.task.id)) == 1


def test_an_arrived_package_is_opened_once(network: Network) -> None:
    case, sealed = _send(network.district)
    _announce(network.district, network.centre, case)
    network.centre.store.blobs.put(sealed)
    network.centre.referrals.receive_arrivals()
    assert network.centre.store.transfers.pending("down") == ()
    network.centre.referrals.open_waiting()
    network.centre.referrals.open_waiting()
    assert len(network.centre.store.records.find(Patient)) == 1
    assert len(network.centre.store.records.find(Observation)) == 1
    seen = network.centre.referrals.case(network.centre.session("specialist"), case.task.id)
    assert seen.patient is not None
    assert network.centre.referrals.package_refusal(seen) is None


def test_a_bad_package_is_a_sentence_and_does_not_hold_up_the_next(network: Network) -> None:
    bad, sealed = _send(network.district)
    good, other = _send(network.district)
    changed = bytes([*sealed[:-1], sealed[-1] ^ 1])
    _announce(network.district, network.centre, bad, network.centre.store.blobs.put(changed))
    _announce(network.district, network.centre, good)
    network.centre.store.blobs.put(other)
    network.centre.referrals.open_waiting()
    specialist = network.centre.session("specialist")
    seen = network.centre.referrals.case(specialist, bad.task.id)
    refusal = network.centre.referrals.package_refusal(seen)
    assert refusal is not None
    assert refusal.render("ru") != ""
    assert seen.patient is None
    assert network.centre.referrals.case(specialist, good.task.id).patient is not None


def test_a_full_disk_leaves_nothing_half_taken(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    case, sealed = _send(network.district)
    _announce(network.district, network.centre, case)
    network.centre.store.blobs.put(sealed)

    def full(_data: bytes) -> str:
        raise DiskFullError(DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(network.centre.store.blobs, "put", full)
        with pytest.raises(DiskFullError):
            network.centre.referrals.open_waiting()
    assert network.centre.store.records.find(Patient) == ()
    network.centre.referrals.open_waiting()
    assert len(network.centre.store.records.find(Patient)) == 1


def test_a_full_disk_when_sending_saves_no_half_referral(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    patient, evidence = patient_with_evidence(network.district)
    waiting = network.district.store.outbox.count()

    def full(_data: bytes) -> str:
        raise DiskFullError(DISK_FULL)

    with monkeypatch.context() as patch:
        patch.setattr(network.district.store.blobs, "put", full)
        with pytest.raises(DiskFullError):
            network.district.referrals.send(network.district.session("doctor"), patient.id, form(evidence))
    assert network.district.store.records.find(Task) == ()
    assert network.district.store.outbox.count() == waiting


def test_a_package_never_overwrites_a_record_of_this_hospital(network: Network) -> None:
    patient, _ = patient_with_evidence(network.district)
    own = Patient(id=patient.id, name=(HumanName(family="Біздің"),))
    network.centre.store.records.commit([own])
    network.clock.advance(hours=1)
    _, sealed = _send(network.district, patient)
    network.centre.referrals.open_package(sealed)
    assert network.centre.store.records.get(Patient, patient.id).full_name == "Біздің"
    assert network.centre.store.records.conflicts() == ()


def test_a_third_hospital_cannot_replace_what_another_sent(network: Network) -> None:
    case, sealed = _send(network.district)
    network.centre.referrals.open_package(sealed)
    patient_id = case.task.for_.id if case.task.for_ else ""
    network.clock.advance(hours=1)
    fake = Patient(id=patient_id, name=(HumanName(family="Жалған"),))
    network.outsider.store.records.commit([fake])
    _, forged = _send(network.outsider, fake)
    network.centre.referrals.open_package(forged)
    assert network.centre.store.records.get(Patient, patient_id).full_name == "Қасымов Нұрлан"


def test_the_same_hospital_may_send_a_newer_version(network: Network) -> None:
    case, sealed = _send(network.district)
    network.centre.referrals.open_package(sealed)
    network.clock.advance(hours=1)
    patient = network.district.store.records.get(Patient, case.task.for_.id if case.task.for_ else "")
    amended = msgspec.structs.replace(patient, name=(HumanName(family="Қасымова"),))
    network.district.store.records.commit([amended])
    _, newer = _send(network.district, amended)
    network.centre.referrals.open_package(newer)
    assert network.centre.store.records.get(Patient, patient.id).full_name == "Қасымова"


def test_an_older_package_that_comes_late_does_not_turn_back_time(network: Network) -> None:
    case, old = _send(network.district)
    network.clock.advance(hours=1)
    patient = network.district.store.records.get(Patient, case.task.for_.id if case.task.for_ else "")
    amended = msgspec.structs.replace(patient, name=(HumanName(family="Қасымова"),))
    network.district.store.records.commit([amended])
    _, new = _send(network.district, amended)
    network.centre.referrals.open_package(new)
    network.centre.referrals.open_package(old)
    assert network.centre.store.records.get(Patient, patient.id).full_name == "Қасымова"


def test_a_package_does_not_turn_back_a_task_that_moved_on(network: Network) -> None:
    case, sealed = _send(network.district)
    _announce(network.district, network.centre, case)
    network.centre.referrals.receive_arrivals()
    network.centre.consultations.open(network.centre.session("specialist"), case.task.id)
    assert network.centre.referrals.open_package(sealed).task.status == "in-progress"


def test_a_package_that_names_another_performer_is_refused(network: Network) -> None:
    _, sealed = _send(network.district)
    from clinic_app.foundation.errors import ClinicError

    inner = node_keys(network.centre.store).unseal(sealed)
    with pytest.raises(ClinicError):
        network.outsider.referrals.open_package(seal(inner, [node_keys(network.outsider.store).age_recipient]))


def test_destinations_are_the_other_hospitals_by_name(network: Network) -> None:
    found = network.district.referrals.destinations(network.district.session("doctor"))
    assert [each.id for each in found] == [CENTRE, OUTSIDER]


def test_cases_are_listed_newest_first_and_worklists_by_urgency(network: Network) -> None:
    patient, _ = patient_with_evidence(network.district)
    doctor = network.district.session("doctor")
    sent = []
    for urgency in ("routine", "stat", "urgent"):
        network.clock.advance(minutes=1)
        wanted = dataclasses.replace(form(()), urgency=urgency)  # type: ignore[arg-type]
        sent.append(network.district.referrals.send(doctor, patient.id, wanted))
    listed = network.district.referrals.cases(doctor)
    assert [case.task.id for case in listed] == [case.task.id for case in reversed(sent)]
    assert [case.task.priority for case in by_urgency(listed)] == ["stat", "urgent", "routine"]


def test_a_list_that_is_read_again_and_again_is_one_access(network: Network) -> None:
    _send(network.district)
    doctor = network.district.session("doctor")
    network.district.referrals.cases(doctor)
    count = network.district.store.outbox.count()
    for _ in range(5):
        network.district.referrals.cases(doctor)
    assert network.district.store.outbox.count() == count


def test_case_numbers_are_of_the_month_and_never_the_same(network: Network) -> None:
    numbers = [_send(network.district)[0].number for _ in range(3)]
    assert len(set(numbers)) == 3
    assert all(number.startswith("2603-") for number in numbers)


def test_a_case_the_hub_refused_says_so(network: Network) -> None:
    case, _ = _send(network.district)
    row = network.district.store.outbox.rows_for("Task", case.task.id)[0]
    network.district.store.outbox.quarantine(row.seq, "no")
    seen = network.district.referrals.case(network.district.session("doctor"), case.task.id)
    assert seen.problem is not None
    assert seen.progress in PROGRESS


def test_the_package_that_waits_keeps_the_case_from_being_called_received(network: Network) -> None:
    from clinic_app.referral.hub_times import remember_hub_time

    case, sealed = _send(network.district)
    store = network.district.store
    store.outbox.acknowledge({row.seq: "hub-1" for row in store.outbox.pending(1000)})
    remember_hub_time(store, case.task.id, network.clock.now())
    doctor = network.district.session("doctor")
    assert network.district.referrals.case(doctor, case.task.id).progress == "queued"
    (upload,) = store.transfers.pending("up")
    assert upload.size == len(sealed)
    store.transfers.done(upload.sha256, "up")
    assert network.district.referrals.case(doctor, case.task.id).progress == "received-by-hub"
