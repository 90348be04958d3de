"""Who may do what to a case from which side, signatures that were tampered with, and a worklist that forgets nobody."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clinic_app.access import node_keys, own_device
from clinic_app.consultation import Answer, OpinionForm
from clinic_app.consultation.signing import SignedContent, content_digest, is_signed, sign_records
from clinic_app.foundation.errors import ClinicError, InvalidInputError, NotAllowedError
from clinic_app.foundation.texts import LANGUAGES
from clinic_app.keys import NodeKeys
from clinic_app.records import (
    CarePlan,
    CodeableConcept,
    Device,
    DiagnosticReport,
    Observation,
    Patient,
    Provenance,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    TaskStatus,
    Urgency,
    encode,
    reference_to,
)
from clinic_app.referral.cases import package_of
from clinic_app.referral.states import NOT_FINAL
from tests.helpers.clocks import NOON
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, introduce, node, patient_with_evidence

OPINION = OpinionForm("STEMI нижней стенки, ST ≥ 2 мм.", "Тромболизис.")
_CODE = CodeableConcept(text="Сынама")
SECRET = "мүмкін қате ойладым"


class Pair:
    """The district that asked, and the centre that has its case."""

    def __init__(self, district: Node, centre: Node) -> None:
        self.district = district
        self.centre = centre
        patient, evidence = patient_with_evidence(district)
        case = district.referrals.send(district.session("doctor"), patient.id, form(evidence))
        document = package_of(district.store, case.request)
        assert document is not None
        centre.referrals.open_package(district.store.blobs.read(document.content[0].attachment.sha256))
        centre.referrals.receive_arrivals()
        self.task_id = case.task.id

    def sign(self) -> None:
        """Let the specialist sign, and give the district what he wrote."""
        self.centre.consultations.sign(self.centre.session("specialist"), self.task_id, OPINION)
        rows = [row for row in self.centre.store.outbox.pending(1000) if row.type != "AuditEvent"]
        self.district.store.outbox.acknowledge({row.seq: "hub" for row in self.district.store.outbox.pending(1000)})
        self.district.store.records.receive([row.body for row in rows])

    def answer(self) -> Answer:
        """Return the answer as the district reads it."""
        found = self.district.consultations.answer(self.district.session("doctor"), self.task_id)
        assert found is not None
        return found

    def forge(self, kind: type[Resource], **changes: Any) -> None:
        """Let the hub hand the district another version of a record."""
        (record,) = self.district.store.records.find(kind)
        meta = msgspec.structs.replace(record.meta, version_id=f"forged-{kind.__name__}-{sorted(changes)}")
        self.district.store.records.receive([encode(msgspec.structs.replace(record, meta=meta, **changes))])


@contextmanager
def _pair(folder: Path) -> Iterator[Pair]:
    with node(folder / "district", DISTRICT) as district, node(folder / "centre", CENTRE) as centre:
        introduce(district, centre)
        yield Pair(district, centre)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with _pair(tmp_path) as made:
        yield made


@pytest.fixture
def signed(pair: Pair) -> Pair:
    pair.sign()
    assert pair.answer().is_signature_valid
    return pair


def _waiting(here: Node) -> list[int]:
    return [row.seq for row in here.store.outbox.pending(1000) if row.type != "AuditEvent"]


def test_the_hospital_that_asked_does_not_answer_itself(pair: Pair) -> None:
    specialist, rooms = pair.district.session("specialist"), pair.district.consultations
    waiting = _waiting(pair.district)
    for act in (rooms.sign, rooms.save_draft):
        with pytest.raises(NotAllowedError) as refusal:
            act(specialist, pair.task_id, OPINION)
        assert len({refusal.value.text.render(language) for language in LANGUAGES}) == 3
    assert rooms.open(specialist, pair.task_id).task.status == "requested"
    assert _waiting(pair.district) == waiting
    assert pair.district.store.records.find(DiagnosticReport) == ()


def test_the_hospital_that_answered_does_not_close_the_case(signed: Pair) -> None:
    waiting = _waiting(signed.centre)
    with pytest.raises(NotAllowedError) as refusal:
        signed.centre.consultations.mark_read(signed.centre.session("specialist"), signed.task_id)
    assert len({refusal.value.text.render(language) for language in LANGUAGES}) == 3
    assert _waiting(signed.centre) == waiting
    assert signed.centre.referrals.case(signed.centre.session("specialist"), signed.task_id).progress == "answered"


@pytest.mark.parametrize("role", ["registrar", "nurse", "doctor"])
def test_only_a_specialist_opens_drafts_and_signs(pair: Pair, role: Any) -> None:
    session, rooms = pair.centre.session(role), pair.centre.consultations
    waiting = _waiting(pair.centre)
    for act in (rooms.sign, rooms.save_draft):
        with pytest.raises(NotAllowedError):
            act(session, pair.task_id, OPINION)
    for look in (rooms.open, rooms.draft):
        with pytest.raises(NotAllowedError):
            look(session, pair.task_id)
    assert _waiting(pair.centre) == waiting


@pytest.mark.parametrize("task_id", ["", "unheard", "'; DROP TABLE record; --", "../x", "\x00"])
def test_a_case_that_is_not_here_is_a_sentence(pair: Pair, task_id: str) -> None:
    session, rooms = pair.centre.session("specialist"), pair.centre.consultations
    for look in (rooms.open, rooms.draft, rooms.evidence, rooms.answer, rooms.mark_read):
        with pytest.raises(ClinicError) as refusal:
            look(session, task_id)
        assert all(refusal.value.text.render(language) for language in LANGUAGES)


def test_the_words_of_a_draft_are_in_no_row_that_is_sent_whatever_follows(pair: Pair) -> None:
    specialist, rooms = pair.centre.session("specialist"), pair.centre.consultations
    rooms.open(specialist, pair.task_id)
    for number in range(3):
        rooms.save_draft(specialist, pair.task_id, OpinionForm(f"{SECRET} {number}", f"{SECRET} жоспар"))
    rooms.sign(specialist, pair.task_id, OpinionForm("Бәрі дұрыс.", ""))
    rows = pair.centre.store.outbox.pending(1000)
    assert {row.type for row in rows} >= {"DiagnosticReport", "Provenance", "Task", "AuditEvent"}
    assert not any(SECRET.encode() in row.body for row in rows)
    assert "CarePlan" not in {row.type for row in rows}
    assert rooms.draft(specialist, pair.task_id) is None


def test_a_draft_is_offered_again_after_a_refused_signature(pair: Pair) -> None:
    specialist, rooms = pair.centre.session("specialist"), pair.centre.consultations
    rooms.save_draft(specialist, pair.task_id, OPINION)
    for wrong in (OpinionForm(""), OpinionForm(" \n"), OpinionForm("x" * 20_001), OpinionForm("x", "y" * 20_001)):
        with pytest.raises(InvalidInputError) as refusal:
            rooms.sign(specialist, pair.task_id, wrong)
        assert refusal.value.field in ("opinion", "plan")
    assert rooms.draft(specialist, pair.task_id) == OPINION


REPORT_CHANGES: list[dict[str, Any]] = [
    {"conclusion": "Норма."},
    {"conclusion": None},
    {"status": "amended"},
    {"issued": NOON + timedelta(days=1)},
    {"subject": Reference(reference="Patient/other")},
    {"based_on": (Reference(reference="ServiceRequest/other"),)},
    {"results_interpreter": (Reference(reference="Practitioner/x", display="Профессор"),)},
    {"results_interpreter": ()},
    {"performer": ()},
]


def _ids(changes: dict[str, Any]) -> str:
    return "-".join(changes)


@pytest.mark.parametrize("changes", REPORT_CHANGES, ids=_ids)
def test_whatever_is_changed_in_a_signed_opinion_unmakes_the_signature(signed: Pair, changes: dict[str, Any]) -> None:
    signed.forge(DiagnosticReport, **changes)
    assert not signed.answer().is_signature_valid


@pytest.mark.parametrize(
    "changes", [{"description": "Бақылау."}, {"status": "draft"}, {"author": None}, {"intent": "order"}], ids=_ids
)
def test_whatever_is_changed_in_a_signed_plan_unmakes_the_signature(signed: Pair, changes: dict[str, Any]) -> None:
    signed.forge(CarePlan, **changes)
    assert not signed.answer().is_signature_valid


def test_an_answer_that_lost_its_plan_on_the_way_is_not_valid(signed: Pair) -> None:
    (task,) = signed.district.store.records.find(Task)
    signed.forge(Task, output=tuple(each for each in task.output if "CarePlan" not in str(each.value_reference)))
    answer = signed.answer()
    assert answer.plan is None
    assert not answer.is_signature_valid


def _resigned(pair: Pair, records: tuple[Resource, ...], keys: NodeKeys, device: Device, who: str = "") -> None:
    (before,) = pair.district.store.records.find(Provenance)
    person = Reference(reference=who) if who else before.agent[0].who
    made = sign_records(records, keys, device, person, Reference(reference=f"Organization/{CENTRE}"), NOON)
    pair.forge(Provenance, signature=made.signature, agent=made.agent, target=made.target)


def _signed_records(pair: Pair) -> tuple[Resource, ...]:
    answer = pair.answer()
    assert answer.plan is not None
    return answer.report, answer.plan


def test_a_signature_made_anew_with_the_right_key_holds(signed: Pair) -> None:
    centre = signed.centre.store
    _resigned(signed, _signed_records(signed), node_keys(centre), own_device(centre))
    assert signed.answer().is_signature_valid


def test_a_wrong_key_in_the_right_workstations_name_does_not_hold(signed: Pair) -> None:
    for keys in (NodeKeys.create(), node_keys(signed.district.store)):
        _resigned(signed, _signed_records(signed), keys, own_device(signed.centre.store))
        assert not signed.answer().is_signature_valid


def test_a_signature_over_only_a_part_or_over_more_does_not_hold(signed: Pair) -> None:
    centre = signed.centre.store
    report, plan = _signed_records(signed)
    for records in ((report,), (plan,), (), (report, plan, Patient(id="more"))):
        _resigned(signed, records, node_keys(centre), own_device(centre))
        assert not signed.answer().is_signature_valid


def test_the_signature_of_one_answer_does_not_hold_for_another(signed: Pair) -> None:
    answer = signed.answer()
    other = msgspec.structs.replace(answer.report, id="other-report")
    (task,) = signed.district.store.records.find(Task)
    (provenance,) = signed.district.store.records.find(Provenance)
    signed.district.store.records.receive([encode(other)])
    assert not is_signed(signed.district.store, provenance, (other,), task)


@pytest.mark.parametrize(("status", "holds"), [("active", True), ("inactive", True), ("entered-in-error", False)])
def test_what_a_retired_workstation_signed_stands_and_what_a_mistaken_one_signed_does_not(
    signed: Pair, status: str, holds: bool
) -> None:
    device = own_device(signed.centre.store)
    meta = msgspec.structs.replace(device.meta, version_id=status)
    signed.district.store.records.receive([encode(msgspec.structs.replace(device, status=status, meta=meta))])
    assert signed.answer().is_signature_valid is holds


GARBAGE = ["", "=", "é", "🙂", "AAAA", "A" * 10_001, base64.b64encode(b"\xff" * 30).decode(), "e30uZTMwLg=="]
GARBAGE += [base64.b64encode(text.encode()).decode() for text in ("..", "a.b.c", "e30.e30.e30", "{}", "." * 1000)]


@pytest.mark.parametrize("data", [*GARBAGE, None])
def test_garbage_in_place_of_a_signature_is_no_signature_and_no_fault(signed: Pair, data: str | None) -> None:
    (provenance,) = signed.district.store.records.find(Provenance)
    signed.forge(Provenance, signature=(msgspec.structs.replace(provenance.signature[0], data=data),))
    assert not signed.answer().is_signature_valid


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[" * 100_000, b"null", b'{"contents":{},"by":"","device":"","at":"2026"}', b"\xff"]
)
def test_a_real_signature_over_nonsense_is_no_signature(signed: Pair, payload: bytes) -> None:
    (provenance,) = signed.district.store.records.find(Provenance)
    data = base64.b64encode(node_keys(signed.centre.store).sign_jws(payload).encode()).decode()
    signed.forge(Provenance, signature=(msgspec.structs.replace(provenance.signature[0], data=data),))
    assert not signed.answer().is_signature_valid


@pytest.mark.parametrize("changes", [{"signature": ()}, {"agent": ()}], ids=_ids)
def test_a_provenance_without_signer_or_signature_is_none(signed: Pair, changes: dict[str, Any]) -> None:
    signed.forge(Provenance, **changes)
    assert not signed.answer().is_signature_valid


def test_a_signature_says_who_signed_and_nobody_elses_name_fits(signed: Pair) -> None:
    (provenance,) = signed.district.store.records.find(Provenance)
    other = msgspec.structs.replace(provenance.agent[0], who=Reference(reference="Practitioner/other"))
    signed.forge(Provenance, agent=(other, *provenance.agent[1:]))
    assert not signed.answer().is_signature_valid


def test_what_is_signed_is_the_content_and_not_where_it_lies() -> None:
    report = DiagnosticReport(id="r", status="final", code=_CODE, conclusion="x")
    body = encode(report)
    moved = body[:-1] + b',"meta":{"versionId":"9","source":"elsewhere"}}'
    assert content_digest(body) == content_digest(moved)
    assert content_digest(body) != content_digest(body.replace(b'"x"', b'"y"'))
    assert msgspec.json.decode(
        msgspec.json.encode(SignedContent({"a": "b"}, "p", "d", NOON)), type=SignedContent
    ) == SignedContent({"a": "b"}, "p", "d", NOON)


def test_an_answer_without_a_time_can_still_be_read_and_printed(signed: Pair) -> None:
    signed.forge(DiagnosticReport, issued=None)
    answer = signed.answer()
    assert not answer.is_signature_valid
    assert answer.signed_at is not None
    doctor = signed.district.session("doctor")
    assert signed.district.consultations.make_summary(doctor, signed.task_id, "kk").id


def test_evidence_of_another_patient_is_not_shown_though_the_question_names_it(pair: Pair) -> None:
    specialist, records = pair.centre.session("specialist"), pair.centre.store.records
    before = pair.centre.consultations.evidence(specialist, pair.task_id)
    stranger = Observation(
        id="theirs", status="final", code=_CODE, subject=Reference(reference="Patient/other"), value_string="HIV+"
    )
    records.commit([stranger], send=False)
    (request,) = records.find(ServiceRequest)
    meta = msgspec.structs.replace(request.meta, version_id="longer")
    named = (*request.supporting_info, reference_to(stranger))
    records.receive([encode(msgspec.structs.replace(request, supporting_info=named, meta=meta))])
    after = pair.centre.consultations.evidence(specialist, pair.task_id)
    assert after.vitals == before.vitals
    assert after.missing == before.missing + 1


def _task(number: int, status: TaskStatus, priority: Urgency | None = "routine", minutes: float | None = 0) -> Task:
    return Task(
        id=f"task-{number}",
        status=status,
        intent="order",
        priority=priority,
        authored_on=None if minutes is None else NOON + timedelta(minutes=minutes),
        requester=Reference(reference=f"Organization/{DISTRICT}"),
        owner=Reference(reference=f"Organization/{CENTRE}"),
    )


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "centre", CENTRE) as made:
        yield made


def test_an_open_case_stays_on_the_worklist_however_many_were_answered_since(centre: Node) -> None:
    centre.store.records.receive([encode(_task(0, "received", "stat"))])
    centre.store.records.receive([encode(_task(number, "completed")) for number in range(1, 551)])
    assert [case.task.id for case in centre.consultations.worklist(centre.session("specialist"))] == ["task-0"]


@pytest.mark.parametrize("status", sorted(NOT_FINAL))
def test_every_state_that_is_not_final_is_on_the_worklist(centre: Node, status: TaskStatus) -> None:
    centre.store.records.receive([encode(_task(0, status)), encode(_task(1, "rejected")), encode(_task(2, "failed"))])
    assert [case.task.status for case in centre.consultations.worklist(centre.session("specialist"))] == [status]


def test_the_worklist_is_by_urgency_then_by_waiting_time_whatever_the_order_of_arrival(centre: Node) -> None:
    tasks = [
        _task(0, "received", "routine", -5000),
        _task(1, "accepted", "stat", 30),
        _task(2, "in-progress", "urgent", 10),
        _task(3, "requested", "asap", 5),
        _task(4, "on-hold", "stat", 20),
        _task(5, "received", None, -9000),
        _task(6, "received", "stat", None),
        _task(7, "received", "routine", 60 * 24 * 365 * 50),
    ]
    centre.store.records.receive([encode(task) for task in tasks])
    listed = [case.task.id for case in centre.consultations.worklist(centre.session("specialist"))]
    assert listed == [f"task-{number}" for number in (6, 4, 1, 3, 2, 0, 7, 5)]
