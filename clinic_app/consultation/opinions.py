"""The records of an opinion: DiagnosticReport and CarePlan, as drafts and as signed, and the Task that is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from clinic_app.access import Session
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    CarePlan,
    CodeableConcept,
    Coding,
    DiagnosticReport,
    Period,
    Provenance,
    Reference,
    Resource,
    Task,
    TaskOutput,
    reference_to,
    with_audience,
)
from clinic_app.terminology.systems import LOINC, TASK_OUTPUT

LONGEST_OPINION: Final = 20_000
_CONSULT_NOTE: Final = CodeableConcept(coding=(Coding(system=LOINC, code="11488-4", display="Consult note"),))


@dataclass(frozen=True)
class OpinionForm:
    """What the specialist wrote: the opinion itself, and what is to be done (may be empty)."""

    opinion: str
    plan: str = ""


@dataclass(frozen=True)
class Drafts:
    """An opinion that is not signed yet; None for what was not begun."""

    report: DiagnosticReport | None
    plan: CarePlan | None


def check_opinion(form: OpinionForm) -> None:
    """Return if the form can be signed.

    Raises:
        InvalidInputError: no opinion, or one too long; the error names the field.
    """
    if not form.opinion.strip():
        raise InvalidInputError(Text("Write your opinion before you sign."), "opinion")
    for field in ("opinion", "plan"):
        if len(getattr(form, field)) > LONGEST_OPINION:
            raise InvalidInputError(Text("This is too long; {most} characters fit.", most=LONGEST_OPINION), field)


def draft_report(session: Session, task: Task, form: OpinionForm, drafts: Drafts, now: datetime) -> DiagnosticReport:
    """Return the report as a draft: preliminary and for nobody else."""
    report = drafts.report or DiagnosticReport(
        id=new_id(),
        based_on=_request(task),
        status="preliminary",
        code=_CONSULT_NOTE,
        subject=task.for_,
        performer=(_hospital(session),),
    )
    return msgspec.structs.replace(
        report, conclusion=form.opinion, effective_date_time=now, results_interpreter=(_person(session),)
    )


def draft_plan(session: Session, task: Task, form: OpinionForm, drafts: Drafts, now: datetime) -> CarePlan:
    """Return the plan as a draft, for nobody else."""
    plan = drafts.plan or CarePlan(
        id=new_id(), based_on=_request(task), status="draft", intent="proposal", subject=_patient(task), created=now
    )
    return msgspec.structs.replace(plan, description=form.plan, author=_person(session))


def signed_report(report: DiagnosticReport, form: OpinionForm, reader_id: str, now: datetime) -> DiagnosticReport:
    """Return the report as it is signed, meant for the hospital that asked."""
    final = msgspec.structs.replace(report, status="final", issued=now, conclusion=form.opinion.strip())
    return with_audience(final, reader_id)


def signed_plan(plan: CarePlan, form: OpinionForm, reader_id: str, now: datetime) -> CarePlan:
    """Return the plan as it is signed, meant for the hospital that asked."""
    active = msgspec.structs.replace(plan, status="active", description=form.plan.strip(), period=Period(start=now))
    return with_audience(active, reader_id)


def completed_task(task: Task, signed: tuple[Resource, ...], provenance: Provenance, now: datetime) -> Task:
    """Return the Task as done, with everything it brought forth."""
    named = (*((record.type_name, record) for record in signed), ("Provenance", provenance))
    output = tuple(
        TaskOutput(
            type=CodeableConcept(coding=(Coding(system=TASK_OUTPUT, code=code),)), value_reference=reference_to(record)
        )
        for code, record in named
    )
    return msgspec.structs.replace(task, status="completed", last_modified=now, output=output)


def output_id(task: Task, type_name: str) -> str:
    """Return the id of the record of one type a Task brought forth, or an empty string."""
    for output in task.output:
        if output.type.code(TASK_OUTPUT) == type_name and output.value_reference:
            return output.value_reference.id
    return ""


def _request(task: Task) -> tuple[Reference, ...]:
    return (Reference(reference=task.focus.reference),) if task.focus else ()


def _patient(task: Task) -> Reference:
    return task.for_ or Reference()


def _person(session: Session) -> Reference:
    return Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)


def _hospital(session: Session) -> Reference:
    return Reference(reference=f"Organization/{session.organization_id}", display=session.organization_name)
