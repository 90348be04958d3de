"""The records of a new referral: ServiceRequest, Task and the document that stands for the sealed package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clinic_app.access import age_recipient_of
from clinic_app.foundation.errors import InvalidInputError
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.records import (
    Attachment,
    CodeableConcept,
    Coding,
    Device,
    DocumentReference,
    DocumentReferenceContent,
    Identifier,
    Organization,
    Patient,
    Reference,
    ServiceRequest,
    Task,
    Urgency,
    reference_to,
    with_audience,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.referral.package import SEALED_TYPE, package_name
from clinic_app.storage import Lane
from clinic_app.terminology.specialties import URGENCIES, Specialty, specialty
from clinic_app.terminology.systems import CASE_NUMBER, DOCUMENT_KIND, REFERRAL_PACKAGE, TASK_CODE

PACKAGE_KIND: Final = "referral-package"
LONGEST_QUESTION: Final = 4000


@dataclass(frozen=True)
class ReferralForm:
    """What the doctor filled in.

    Args:
        specialty: code of `clinic_app.terminology.specialties`.
        urgency: FHIR's word.
        question: in the doctor's own words.
        performer_organization_id: the hospital that is asked.
        evidence: references to findings, recordings, pictures and studies of this patient.
    """

    specialty: str
    urgency: Urgency
    question: str
    performer_organization_id: str
    evidence: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class NewReferral:
    """The ids and people of a referral that is being made."""

    form: ReferralForm
    specialty: Specialty
    patient: Patient
    requester: Organization
    doctor: Reference
    performer: Organization
    case_number: str
    created_at: datetime
    package_id: str
    request_id: str
    task_id: str
    document_id: str


def checked_specialty(form: ReferralForm) -> Specialty:
    """Return the specialty asked, if the form can be sent.

    Raises:
        InvalidInputError: something is missing; the error names the field.
    """
    chosen = specialty(form.specialty)
    if chosen is None:
        raise InvalidInputError(Text("Choose the specialty to ask."), "specialty")
    if form.urgency not in URGENCIES:
        raise InvalidInputError(Text("Choose how urgent it is."), "urgency")
    if not form.question.strip():
        raise InvalidInputError(Text("Write the question to the specialist."), "question")
    if len(form.question) > LONGEST_QUESTION:
        raise InvalidInputError(
            Text("The question is too long; {most} characters fit.", most=LONGEST_QUESTION), "question"
        )
    if not form.performer_organization_id:
        raise InvalidInputError(Text("Choose the hospital to ask."), "performer_organization_id")
    return chosen


def recipients(devices: Sequence[Device]) -> tuple[str, ...]:
    """Return the keys to seal to: those of every active workstation of a hospital.

    Raises:
        InvalidInputError: it has none that could open the package.
    """
    keys = tuple(key for each in devices if each.status in ("active", None) and (key := age_recipient_of(each)))
    if not keys:
        raise InvalidInputError(
            Text("This hospital has no workstation yet that could open the referral; choose another one."),
            "performer_organization_id",
        )
    return keys


def lane_of(urgency: Urgency | None) -> Lane:
    """Return the lane a referral of this urgency travels in."""
    return "emergency" if urgency == "stat" else "referral"


def request_of(new: NewReferral) -> ServiceRequest:
    """Return the question as it goes to the performer; the patient is named by id only, his name is in the package."""
    document = Reference(reference=f"DocumentReference/{new.document_id}")
    request = ServiceRequest(
        id=new.request_id,
        identifier=_number(new),
        status="active",
        intent="order",
        priority=new.form.urgency,
        code=new.specialty.concept(),
        subject=reference_to(new.patient),
        authored_on=new.created_at,
        requester=new.doctor,
        performer_type=new.specialty.concept(),
        performer=(reference_to(new.performer, new.performer.name),),
        reason_code=(CodeableConcept(text=new.form.question.strip()),),
        supporting_info=(document, *new.form.evidence),
    )
    return with_audience(request, new.performer.id)


def task_of(new: NewReferral) -> Task:
    """Return the Task that asks the performer to answer."""
    request = Reference(reference=f"ServiceRequest/{new.request_id}")
    task = Task(
        id=new.task_id,
        identifier=_number(new),
        based_on=(request,),
        status="requested",
        intent="order",
        priority=new.form.urgency,
        code=CodeableConcept(coding=(Coding(system=TASK_CODE, code="fulfill"),)),
        focus=request,
        for_=reference_to(new.patient),
        authored_on=new.created_at,
        last_modified=new.created_at,
        requester=reference_to(new.requester, new.requester.name),
        owner=reference_to(new.performer, new.performer.name),
    )
    return with_audience(task, new.performer.id)


def document_of(new: NewReferral, sha256: str, size: int) -> DocumentReference:
    """Return the document that stands for the sealed package of ``size`` bytes."""
    attachment = Attachment(
        content_type=SEALED_TYPE,
        url=f"{SHA256_URN}{sha256}",
        size=size,
        title=package_name(new.package_id),
        creation=new.created_at,
    )
    document = DocumentReference(
        id=new.document_id,
        identifier=(Identifier(system=REFERRAL_PACKAGE, value=new.package_id),),
        status="current",
        type=CodeableConcept(coding=(Coding(system=DOCUMENT_KIND, code=PACKAGE_KIND),)),
        subject=reference_to(new.patient),
        date=new.created_at,
        author=(reference_to(new.requester, new.requester.name),),
        content=(DocumentReferenceContent(attachment=attachment),),
    )
    return with_audience(document, new.performer.id)


def new_ids() -> dict[str, str]:
    """Return the ids of a new referral's package and records."""
    return {name: new_id() for name in ("package_id", "request_id", "task_id", "document_id")}


def _number(new: NewReferral) -> tuple[Identifier, ...]:
    return (Identifier(system=CASE_NUMBER, value=new.case_number),)
