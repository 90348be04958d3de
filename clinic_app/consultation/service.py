"""Consultations as the specialist works on them, and as the district reads the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from clinic_app.access import Action, Session, Trail, node_keys, own_device, own_organization
from clinic_app.access.right_clock import check_clock
from clinic_app.consultation.evidence import Evidence, evidence_of
from clinic_app.consultation.opinions import (
    Drafts,
    OpinionForm,
    check_opinion,
    completed_task,
    draft_plan,
    draft_report,
    output_id,
    signed_plan,
    signed_report,
)
from clinic_app.consultation.signing import is_signed, sign_records
from clinic_app.consultation.summary import summary_content
from clinic_app.documents import Documents, render_consult_summary
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Language, Text
from clinic_app.records import (
    CarePlan,
    CodeableConcept,
    Coding,
    Communication,
    DiagnosticReport,
    DocumentReference,
    Provenance,
    Reference,
    Resource,
    ServiceRequest,
    Task,
    reference_to,
    with_audience,
)
from clinic_app.referral.cases import Case, by_urgency, case_of, permitted_tasks
from clinic_app.referral.sending import lane_of
from clinic_app.referral.states import FINAL, NOT_FINAL, may_move
from clinic_app.storage import Store
from clinic_app.terminology.systems import COMMUNICATION_KIND

R = TypeVar("R", bound=Resource)
READ_NOTE = "answer-read"
MOST_OPEN_CASES: Final = 10_000
"""Asked for state by state: however many answered cases there are, no open one is pushed off the list."""


@dataclass(frozen=True)
class Answer:
    """A signed answer as it is shown.

    Args:
        report: the opinion.
        plan: what to do; None where the specialist wrote none.
        signed_by: who signed, as his hospital names him.
        signed_at: when, by the specialist's clock.
        is_signature_valid: whether the signature was checked here and holds; where not, the screen says so.
    """

    report: DiagnosticReport
    plan: CarePlan | None
    signed_by: str
    signed_at: datetime
    is_signature_valid: bool


class Consultations:
    """The consultations of one workstation, on either side.

    Args:
        store: where they lie.
        trail: writes who did what.
        clock: dates what is written.
    """

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        self._store = store
        self._trail = trail
        self._clock = clock
        self._documents = Documents(store, trail, clock)
        self._noted: frozenset[str] = frozenset()

    def worklist(self, session: Session) -> tuple[Case, ...]:
        """Return the open cases this hospital is asked about, the most pressing and longest waiting first."""
        self._trail.require(session, "read", "Task")
        own = own_organization(self._store).id
        found = (
            task
            for status in sorted(NOT_FINAL)
            for task in self._store.records.find(Task, owner=own, status=status, limit=MOST_OPEN_CASES)
        )
        tasks = permitted_tasks(self._trail, session, found)
        self._note_list(session, tasks)
        return by_urgency(case_of(self._store, task) for task in tasks)

    def open(self, session: Session, task_id: str) -> Case:
        """Open a case to work on it: from now on the district sees that somebody has it in hand.

        Raises:
            NotAllowedError: this person answers no questions.
            NotFoundError: there is no such case here.
        """
        try:
            return self._open(session, task_id)
        except ConflictError:  # this workstation has just noted its arrival, or a colleague has it: as it stands now
            return self._open(session, task_id)

    def _open(self, session: Session, task_id: str) -> Case:
        task = self._trail.require_stored(session, "update", Task, task_id, "DiagnosticReport")
        claimed = self._claimed(task)
        self._store.records.commit(
            [] if claimed is task else [claimed],
            audit=[self._trail.event(session, "read", task)],
            lane=lane_of(task.priority),
        )
        return case_of(self._store, self._store.records.get(Task, task_id))

    def evidence(self, session: Session, task_id: str) -> Evidence:
        """Return what the case brings, as far as it is here."""
        request = self._request(self._trail.require_stored(session, "read", Task, task_id))
        evidence = evidence_of(self._store, request)
        self._note(session, "read", request, *evidence.records)
        return evidence

    def draft(self, session: Session, task_id: str) -> OpinionForm | None:
        """Return what was written and not signed, or None."""
        task = self._trail.require_stored(session, "update", Task, task_id, "DiagnosticReport")
        drafts = self._drafts(task)
        self._note(session, "read", task, *filter(None, (drafts.report, drafts.plan)))
        if drafts.report is None:
            return None
        return OpinionForm(drafts.report.conclusion or "", (drafts.plan.description or "") if drafts.plan else "")

    def save_draft(self, session: Session, task_id: str, form: OpinionForm) -> None:
        """Keep what was written on this workstation; it is never sent anywhere.

        Raises:
            NotAllowedError: another hospital is asked.
            InvalidInputError: the case is answered already.
        """
        task = self._open_task(self._trail.require_stored(session, "update", Task, task_id, "DiagnosticReport"))
        drafts, now = self._drafts(task), self._clock.now()
        records: list[Resource] = [draft_report(session, task, form, drafts, now)]
        if form.plan or drafts.plan:
            records.append(draft_plan(session, task, form, drafts, now))
        audit = [self._trail.event(session, "update", *records)]
        self._store.records.commit(records, audit=audit, send=False)

    def sign(self, session: Session, task_id: str, form: OpinionForm) -> DiagnosticReport:
        """Sign the opinion and hand it to the hospital that asked, in one transaction.

        Raises:
            NotAllowedError: this person may not sign, or another hospital is asked.
            InvalidInputError: there is no opinion, or the case is answered already.
            ClockError: this computer's clock cannot be right, and it is no emergency.
        """
        self._trail.require_stored(session, "sign", Task, task_id, "DiagnosticReport")
        check_opinion(form)
        self.open(session, task_id)
        task = self._open_task(self._store.records.get(Task, task_id))
        if lane_of(task.priority) != "emergency":
            check_clock(self._store, self._clock)
        drafts, now = self._drafts(task), self._clock.now()
        reader_id = task.requester.id if task.requester else ""
        report = signed_report(draft_report(session, task, form, drafts, now), form, reader_id, now)
        signed: tuple[Resource, ...] = (report,)
        if form.plan.strip():
            signed = (report, signed_plan(draft_plan(session, task, form, drafts, now), form, reader_id, now))
        provenance = with_audience(self._signature(session, signed, now), reader_id)
        done = completed_task(task, signed, provenance, now)
        stored = self._store.records.commit(
            [*signed, provenance, done],
            audit=[self._trail.event(session, "sign", report, done)],
            lane=lane_of(task.priority),
        )
        return next(record for record in stored if isinstance(record, DiagnosticReport))

    def answer(self, session: Session, task_id: str) -> Answer | None:
        """Return the signed answer to a case, its signature checked here; None while there is none."""
        task = self._trail.require_stored(session, "read", Task, task_id, "DiagnosticReport")
        found = self._answer(task)
        self._note(
            session,
            "read",
            *((found.report, found.plan) if found and found.plan else (found.report,) if found else (task,)),
        )
        return found

    def make_summary(self, session: Session, task_id: str, language: Language) -> DocumentReference:
        """File the consult summary of an answered case as a PDF of the patient.

        Raises:
            InvalidInputError: there is no answer yet, or a character cannot be printed.
            NotFoundError: the patient's records are not on this workstation.
        """
        case = case_of(self._store, self._trail.require_stored(session, "create", Task, task_id, "DocumentReference"))
        found = self._answer(case.task)
        if found is None:
            raise InvalidInputError(Text("There is no answer to this case yet."))
        self._note(session, "read", found.report)
        document_id = new_id()
        content = summary_content(
            self._store,
            case,
            found.report,
            found.plan,
            evidence_of(self._store, self._request(case.task)),
            document_id=document_id,
            signed_at=found.signed_at,
            is_signature_valid=found.is_signature_valid,
        )
        pdf = render_consult_summary(content, language)
        title = " ".join((Text("Consult summary").render(language), case.number))
        return self._documents.file(
            session, case.patient.id if case.patient else "", pdf, title, language, id=document_id
        )

    def mark_read(self, session: Session, task_id: str) -> Case:
        """Say that the answer was read and close the case; the specialist's hospital is told.

        Raises:
            NotAllowedError: this is not the hospital that asked.
            InvalidInputError: there is no answer yet.
        """
        task = self._trail.require_stored(session, "update", Task, task_id, "ServiceRequest")
        if not self._is_own(task.requester):
            raise NotAllowedError(Text("Only the hospital that asked can close the case."))
        request = self._request(task)
        if request.status == "completed":
            return case_of(self._store, task)
        found = self._answer(task)
        if found is None:
            raise InvalidInputError(Text("There is no answer to this case yet."))
        closed = msgspec.structs.replace(request, status="completed")
        note = self._read_note(session, task, found.report)
        audit = [self._trail.event(session, "update", closed)]
        self._store.records.commit([closed, note], audit=audit, lane="referral")
        return case_of(self._store, task)

    def _claimed(self, task: Task) -> Task:
        is_claimable = may_move(task.status, "in-progress", "performer") and task.status not in (
            "in-progress",
            "on-hold",
        )
        if not is_claimable or not self._is_own(task.owner):
            return task
        return msgspec.structs.replace(task, status="in-progress", last_modified=self._clock.now())

    def _open_task(self, task: Task) -> Task:
        if not self._is_own(task.owner):
            raise NotAllowedError(Text("This case is for another hospital to answer."))
        if task.status in FINAL:
            raise InvalidInputError(Text("This case is answered already."))
        return task

    def _is_own(self, end: Reference | None) -> bool:
        """Whether one end of a case, its asking or its answering hospital, is this one."""
        return end is not None and end.id == own_organization(self._store).id

    def _request(self, task: Task) -> ServiceRequest:
        return self._store.records.get(ServiceRequest, task.focus.id if task.focus else "")

    def _drafts(self, task: Task) -> Drafts:
        request_id = task.focus.id if task.focus else ""
        reports = self._store.records.find(DiagnosticReport, based_on=request_id, status="preliminary")
        plans = self._store.records.find(CarePlan, based_on=request_id, status="draft")
        return Drafts(next(iter(reports), None), next(iter(plans), None))

    def _signature(self, session: Session, signed: tuple[Resource, ...], now: datetime) -> Provenance:
        person = Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)
        hospital = reference_to(own_organization(self._store), session.organization_name)
        return sign_records(signed, node_keys(self._store), own_device(self._store), person, hospital, now)

    def _answer(self, task: Task) -> Answer | None:
        report = self._output(DiagnosticReport, task)
        if task.status != "completed" or report is None or report.status == "preliminary":
            return None
        plan = self._output(CarePlan, task)
        provenance = self._output(Provenance, task)
        signed = (report, plan) if plan else (report,)
        is_about_this = [each.id for each in report.based_on] == [task.focus.id if task.focus else ""]
        return Answer(
            report=report,
            plan=plan,
            signed_by=next((each.display or "" for each in report.results_interpreter), ""),
            signed_at=report.issued or task.last_modified or self._clock.now(),
            is_signature_valid=bool(is_about_this and provenance and is_signed(self._store, provenance, signed, task)),
        )

    def _output(self, kind: type[R], task: Task) -> R | None:
        try:
            return self._store.records.get(kind, output_id(task, kind.__name__))
        except NotFoundError:
            return None

    def _read_note(self, session: Session, task: Task, report: DiagnosticReport) -> Communication:
        note = Communication(
            id=new_id(),
            status="completed",
            category=(CodeableConcept(coding=(Coding(system=COMMUNICATION_KIND, code=READ_NOTE),)),),
            subject=task.for_,
            about=(reference_to(task), reference_to(report)),
            sent=self._clock.now(),
            sender=Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name),
            recipient=(task.owner,) if task.owner else (),
        )
        return with_audience(note, task.owner.id if task.owner else "")

    def _note_list(self, session: Session, tasks: tuple[Task, ...]) -> None:
        """A list that a screen reads again and again is one access for each person and each change of the list."""
        seen = frozenset((session.practitioner_id, *(task.id for task in tasks)))
        if seen != self._noted:
            self._note(session, "read", *tasks)
            self._noted = seen

    def _note(self, session: Session, action: Action, *records: Resource) -> None:
        self._store.records.commit([], audit=[self._trail.event(session, action, *records)], send=False)
