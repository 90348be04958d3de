"""What was found and what is to be done: Observation, AllergyIntolerance, DiagnosticReport, CarePlan (FHIR R4)."""

from __future__ import annotations

from typing import Literal

from clinic_app.records.datatypes import (
    Annotation,
    Attachment,
    CodeableConcept,
    Element,
    Identifier,
    Instant,
    Period,
    Quantity,
    Reference,
    SampledData,
)
from clinic_app.records.resource import Resource

ReportStatus = Literal[
    "registered",
    "partial",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "appended",
    "cancelled",
    "entered-in-error",
    "unknown",
]


class ObservationComponent(Element, frozen=True, kw_only=True):
    """One part of an observation: the systolic of a blood pressure."""

    code: CodeableConcept
    value_quantity: Quantity | None = None
    value_sampled_data: SampledData | None = None


class Observation(Resource, frozen=True, kw_only=True, tag=True):
    """A measurement or a finding about a patient."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal[
        "registered",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "cancelled",
        "entered-in-error",
        "unknown",
    ]
    category: tuple[CodeableConcept, ...] = ()
    code: CodeableConcept
    subject: Reference | None = None
    effective_date_time: Instant | None = None
    issued: Instant | None = None
    performer: tuple[Reference, ...] = ()
    value_quantity: Quantity | None = None
    value_string: str | None = None
    note: tuple[Annotation, ...] = ()
    device: Reference | None = None
    derived_from: tuple[Reference, ...] = ()
    component: tuple[ObservationComponent, ...] = ()


class AllergyIntolerance(Resource, frozen=True, kw_only=True, tag=True):
    """Something the patient must not get."""

    clinical_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    patient: Reference
    recorded_date: Instant | None = None
    recorder: Reference | None = None


class DiagnosticReport(Resource, frozen=True, kw_only=True, tag=True):
    """A specialist's opinion; ``conclusion`` is the opinion itself. ``preliminary`` is a draft, ``final`` is signed."""

    identifier: tuple[Identifier, ...] = ()
    based_on: tuple[Reference, ...] = ()
    status: ReportStatus
    category: tuple[CodeableConcept, ...] = ()
    code: CodeableConcept
    subject: Reference | None = None
    effective_date_time: Instant | None = None
    issued: Instant | None = None
    performer: tuple[Reference, ...] = ()
    results_interpreter: tuple[Reference, ...] = ()
    result: tuple[Reference, ...] = ()
    imaging_study: tuple[Reference, ...] = ()
    conclusion: str | None = None
    presented_form: tuple[Attachment, ...] = ()


class CarePlanActivityDetail(Element, frozen=True, kw_only=True):
    """One thing to do, in words."""

    status: Literal[
        "not-started",
        "scheduled",
        "in-progress",
        "on-hold",
        "completed",
        "cancelled",
        "stopped",
        "unknown",
        "entered-in-error",
    ]
    description: str | None = None


class CarePlanActivity(Element, frozen=True, kw_only=True):
    """One activity of a plan."""

    detail: CarePlanActivityDetail | None = None


class CarePlan(Resource, frozen=True, kw_only=True, tag=True):
    """What is to be done for a patient; ``description`` is the plan in words."""

    based_on: tuple[Reference, ...] = ()
    status: Literal["draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"]
    intent: Literal["proposal", "plan", "order", "option"]
    title: str | None = None
    description: str | None = None
    subject: Reference
    period: Period | None = None
    created: Instant | None = None
    author: Reference | None = None
    supporting_info: tuple[Reference, ...] = ()
    activity: tuple[CarePlanActivity, ...] = ()
