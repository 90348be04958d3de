"""A case between two workstations, carried by hand: drafts, signatures, reading, the summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from pypdf import PdfReader

from clinic_app.consultation import OpinionForm
from clinic_app.consultation.signing import content_digest
from clinic_app.consultation.summary import picture_pixels
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError, UnreadableFileError
from clinic_app.foundation.texts import LANGUAGES, Language
from clinic_app.records import (
    CarePlan,
    Communication,
    DiagnosticReport,
    Provenance,
    ServiceRequest,
    Task,
    audience_of,
)
from clinic_app.referral.cases import package_of
from clinic_app.storage import OutboxRow
from tests.helpers.nodes import CENTRE, DISTRICT, Node, form, introduce, node, patient_with_evidence

OPINION = OpinionForm("STEMI нижней стенки, ST ≥ 2 мм.", "Тромболизис, затем перевод.")


@dataclass
class Pair:
    """The district that asked and the centre that has the case."""

    district: Node
    centre: Node
    task_id: str

    def carry(self, sender: Node, reader: Node) -> None:
        """Carry what waits in one outbox to the other hospital, as a hub would: only what it may see."""
        from clinic_app.records import decode

        reader_id = reader.organization_id
        rows = _waiting(sender)
        bodies = [row.body for row in rows if row.type == "Task" or reader_id in audience_of(decode(row.body))]
        reader.store.records.receive(bodies)
        sender.store.outbox.acknowledge({row.seq: f"hub-{row.seq}" for row in _waiting(sender)})


def _waiting(here: Node) -> tuple[OutboxRow, ...]:
    return here.store.outbox.pending(1000)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with node(tmp_path / "district", DISTRICT) as district, node(tmp_path / "centre", CENTRE) as centre:
        introduce(district, centre)
        patient, evidence = patient_with_evidence(district)
        case = district.referrals.send(district.session("doctor"), patient.id, form(evidence))
        document = package_of(district.store, case.request)
        assert document is not None
        made = Pair(district, centre, case.task.id)
        made.carry(district, centre)
        centre.referrals.open_package(district.store.blobs.read(document.content[0].attachment.sha256))
        centre.referrals.receive_arrivals()
        yield made


def _answered(pair: Pair, opinion: OpinionForm = OPINION) -> None:
    pair.centre.consultations.sign(pair.centre.session("specialist"), pair.task_id, opinion)
    pair.carry(pair.centre, pair.district)


def test_an_arrived_case_says_received_and_stands_in_the_worklist(pair: Pair) -> None:
    (case,) = pair.centre.consultations.worklist(pair.centre.session("specialist"))
    assert case.task.status == "received"
    assert case.patient is not None


def test_opening_claims_the_case_once(pair: Pair) -> None:
    specialist = pair.centre.session("specialist")
    assert pair.centre.consultations.open(specialist, pair.task_id).progress == "opened"
    versions = len(pair.centre.store.records.versions(Task, pair.task_id))
    pair.centre.consultations.open(specialist, pair.task_id)
    assert len(pair.centre.store.records.versions(Task, pair.task_id)) == versions


def test_a_case_whose_arrival_is_noted_while_somebody_opens_it_opens_all_the_same(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = pair.centre.store.records
    commit = records.commit

    def noted_first(*args: object, **how: object) -> object:
        monkeypatch.undo()
        task = records.get(Task, pair.task_id)
        commit([msgspec.structs.replace(task, description="noted meanwhile")])
        return commit(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "commit", noted_first)
    case = pair.centre.consultations.open(pair.centre.session("specialist"), pair.task_id)
    assert (case.progress, case.task.description) == ("opened", "noted meanwhile")


def test_a_draft_is_kept_here_and_queued_for_nobody(pair: Pair) -> None:
    specialist = pair.centre.session("specialist")
    pair.centre.consultations.save_draft(specialist, pair.task_id, OpinionForm("сначала", "план"))
    pair.centre.consultations.save_draft(specialist, pair.task_id, OpinionForm("потом", "план 2"))
    assert pair.centre.consultations.draft(specialist, pair.task_id) == OpinionForm("потом", "план 2")
    assert len(pair.centre.store.records.find(DiagnosticReport)) == 1
    assert not [row for row in _waiting(pair.centre) if row.type in ("DiagnosticReport", "CarePlan")]
    assert all("потом".encode() not in row.body for row in _waiting(pair.centre))


def test_signing_sends_report_plan_signature_and_task_together(pair: Pair) -> None:
    specialist = pair.centre.session("specialist")
    pair.centre.consultations.save_draft(specialist, pair.task_id, OpinionForm("Черновик"))
    report = pair.centre.consultations.sign(specialist, pair.task_id, OPINION)
    assert report.status == "final"
    sent = [row.type for row in _waiting(pair.centre) if row.type != "AuditEvent"]
    assert {"DiagnosticReport", "CarePlan", "Provenance", "Task"} <= set(sent)
    assert all("Черновик".encode() not in row.body for row in _waiting(pair.centre))
    for record in (report, *pair.centre.store.records.find(CarePlan), *pair.centre.store.records.find(Provenance)):
        assert audience_of(record) == {DISTRICT}
    assert pair.centre.consultations.draft(specialist, pair.task_id) is None


def test_the_district_reads_a_valid_answer_and_closes_the_case(pair: Pair) -> None:
    _answered(pair)
    doctor = pair.district.session("doctor")
    answer = pair.district.consultations.answer(doctor, pair.task_id)
    assert answer is not None
    assert (answer.report.conclusion, answer.plan and answer.plan.description) == (OPINION.opinion, OPINION.plan)
    assert answer.is_signature_valid
    assert answer.signed_by == "specialist Серікбай"
    assert pair.district.consultations.mark_read(doctor, pair.task_id).progress == "closed"
    pair.carry(pair.district, pair.centre)
    assert pair.centre.store.records.find(ServiceRequest)[0].status == "completed"
    assert len(pair.centre.store.records.find(Communication)) == 1
    assert pair.centre.consultations.worklist(pair.centre.session("specialist")) == ()


def test_reading_twice_tells_once(pair: Pair) -> None:
    _answered(pair)
    doctor = pair.district.session("doctor")
    pair.district.consultations.mark_read(doctor, pair.task_id)
    pair.district.consultations.mark_read(doctor, pair.task_id)
    assert len(pair.district.store.records.find(Communication)) == 1


def test_without_an_answer_there_is_nothing_to_read(pair: Pair) -> None:
    doctor = pair.district.session("doctor")
    assert pair.district.consultations.answer(doctor, pair.task_id) is None
    with pytest.raises(InvalidInputError):
        pair.district.consultations.mark_read(doctor, pair.task_id)
    with pytest.raises(InvalidInputError):
        pair.district.consultations.make_summary(doctor, pair.task_id, "kk")


@pytest.mark.parametrize("kind", [DiagnosticReport, CarePlan])
def test_a_changed_word_makes_the_signature_invalid(pair: Pair, kind: type[DiagnosticReport | CarePlan]) -> None:
    _answered(pair)
    record = pair.district.store.records.find(kind)[0]
    body = pair.district.store.records.body(kind, record.id)
    forged = body.replace(b"ST", b"XX").replace("Тромболизис".encode(), "Наблюдение".encode())
    forged = forged.replace(f'"{record.version_id}"'.encode(), b'"forged"')
    pair.district.store.records.receive([forged])
    answer = pair.district.consultations.answer(pair.district.session("doctor"), pair.task_id)
    assert answer is not None
    assert not answer.is_signature_valid


def test_an_answer_without_its_signature_is_shown_as_unsigned(pair: Pair) -> None:
    pair.centre.consultations.sign(pair.centre.session("specialist"), pair.task_id, OPINION)
    bodies = [row.body for row in _waiting(pair.centre) if row.type not in ("Provenance", "AuditEvent")]
    pair.district.store.records.receive(bodies)
    answer = pair.district.consultations.answer(pair.district.session("doctor"), pair.task_id)
    assert answer is not None
    assert not answer.is_signature_valid


def test_a_signature_by_another_hospital_is_not_valid(pair: Pair) -> None:
    _answered(pair)
    (provenance,) = pair.district.store.records.find(Provenance)
    from clinic_app.access import own_device

    own = own_device(pair.district.store)
    signature = msgspec.structs.replace(
        provenance.signature[0],
        who=msgspec.structs.replace(provenance.signature[0].who, reference=f"Device/{own.id}"),
    )
    meta = msgspec.structs.replace(provenance.meta, version_id="forged")
    from clinic_app.records import encode

    pair.district.store.records.receive(
        [encode(msgspec.structs.replace(provenance, signature=(signature,), meta=meta))]
    )
    answer = pair.district.consultations.answer(pair.district.session("doctor"), pair.task_id)
    assert answer is not None
    assert not answer.is_signature_valid


def test_an_empty_opinion_cannot_be_signed(pair: Pair) -> None:
    with pytest.raises(InvalidInputError) as caught:
        pair.centre.consultations.sign(pair.centre.session("specialist"), pair.task_id, OpinionForm("  "))
    assert caught.value.field == "opinion"
    assert pair.centre.store.records.find(DiagnosticReport) == ()


def test_nobody_signs_twice(pair: Pair) -> None:
    _answered(pair)
    with pytest.raises(InvalidInputError):
        pair.centre.consultations.sign(pair.centre.session("specialist"), pair.task_id, OPINION)
    with pytest.raises(InvalidInputError):
        pair.centre.consultations.save_draft(pair.centre.session("specialist"), pair.task_id, OPINION)


def test_a_doctor_of_the_district_cannot_answer(pair: Pair) -> None:
    with pytest.raises(NotAllowedError):
        pair.centre.consultations.sign(pair.centre.session("doctor"), pair.task_id, OPINION)


def test_an_opinion_without_a_plan_has_none(pair: Pair) -> None:
    _answered(pair, OpinionForm("Норма."))
    answer = pair.district.consultations.answer(pair.district.session("doctor"), pair.task_id)
    assert answer is not None
    assert answer.plan is None
    assert answer.is_signature_valid


def test_a_digest_does_not_hang_on_versions_or_order() -> None:
    one = b'{"resourceType":"CarePlan","id":"1","meta":{"versionId":"a"},"x":72.50}'
    same = b'{"id":"1","x":72.50,"resourceType":"CarePlan"}'
    other = b'{"id":"1","x":72.5,"resourceType":"CarePlan"}'
    assert content_digest(one) == content_digest(same)
    assert content_digest(one) != content_digest(other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_holds_question_opinion_and_signer(pair: Pair, language: Language) -> None:
    _answered(pair)
    doctor = pair.district.session("doctor")
    document = pair.district.consultations.make_summary(doctor, pair.task_id, language)
    pdf = PdfReader(BytesIO(pair.district.store.blobs.read(document.content[0].attachment.sha256)))
    words = " ".join(" ".join(page.extract_text().split()) for page in pdf.pages)
    for wanted in (
        "Қасымов",
        "Ырғағы қалай?",
        "STEMI нижней стенки",
        "Тромболизис",
        "specialist Серікбай",
        "Пенициллин",
    ):
        assert wanted in words
    assert len(pdf.pages) >= 2, "the ECG is on a page of its own"


def test_the_specialist_can_make_the_summary_too(pair: Pair) -> None:
    _answered(pair)
    document = pair.centre.consultations.make_summary(pair.centre.session("specialist"), pair.task_id, "ru")
    assert document.subject is not None


def test_pictures_are_read_with_bounds() -> None:
    buffer = BytesIO()
    Image.new("RGB", (3, 2), (255, 0, 0)).save(buffer, "PNG")
    assert picture_pixels(buffer.getvalue()).shape == (2, 3, 3)
    for data in (b"", b"GIF89a" + bytes(50), buffer.getvalue()[:40]):
        with pytest.raises(UnreadableFileError):
            picture_pixels(data)


def test_two_people_at_one_draft_do_not_overwrite_silently(pair: Pair) -> None:
    specialist = pair.centre.session("specialist")
    pair.centre.consultations.save_draft(specialist, pair.task_id, OpinionForm("один"))
    (stale,) = pair.centre.store.records.find(DiagnosticReport)
    pair.centre.consultations.save_draft(specialist, pair.task_id, OpinionForm("два"))
    with pytest.raises(ConflictError):
        pair.centre.store.records.commit([msgspec.structs.replace(stale, conclusion="три")], send=False)
