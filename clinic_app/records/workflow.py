"""A question on its way: ServiceRequest, Task, Communication (FHIR R4, Workflow).

The requester owns the ServiceRequest; the performer owns the Task from ``received`` on. No state has two writers.
"""

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
    Reference,
)
from clinic_app.records.resource import Resource

Urgency = Literal["routine", "urgent", "asap", "stat"]
"""FHIR request-priority: planned = routine, urgent = urgent, emergency = stat."""
TaskStatus = Literal[
    "draft",
    "requested",
    "received",
    "accepted",
    "rejected",
    "ready",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
]


class ServiceRequest(Resource, frozen=True, kw_only=True, tag=True):
    """A question to a specialty, with its evidence in ``supporting_info``; or an order of images (`imaging.orders`)."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal["draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"]
    intent: Literal["proposal", "plan", "directive", "order", "original-order"]
    category: tuple[CodeableConcept, ...] = ()
    priority: Urgency | None = None
    code: CodeableConcept | None = None
    subject: Reference
    occurrence_date_time: Instant | None = None
    authored_on: Instant | None = None
    requester: Reference | None = None
    performer_type: CodeableConcept | None = None
    performer: tuple[Reference, ...] = ()
    reason_code: tuple[CodeableConcept, ...] = ()
    body_site: tuple[CodeableConcept, ...] = ()
    supporting_info: tuple[Reference, ...] = ()
    note: tuple[Annotation, ...] = ()


class TaskOutput(Element, frozen=True, kw_only=True):
    """What a task brought forth."""

    type: CodeableConcept
    value_reference: Reference | None = None


class Task(Resource, frozen=True, kw_only=True, tag=True):
    """The work on a referral: where it stands and whose turn it is."""

    identifier: tuple[Identifier, ...] = ()
    based_on: tuple[Reference, ...] = ()
    status: TaskStatus
    status_reason: CodeableConcept | None = None
    business_status: CodeableConcept | None = None
    intent: Literal["unknown", "proposal", "plan", "order", "original-order", "option"]
    priority: Urgency | None = None
    code: CodeableConcept | None = None
    description: str | None = None
    focus: Reference | None = None
    for_: Reference | None = None
    execution_period: Period | None = None
    authored_on: Instant | None = None
    last_modified: Instant | None = None
    requester: Reference | None = None
    owner: Reference | None = None
    note: tuple[Annotation, ...] = ()
    output: tuple[TaskOutput, ...] = ()


class CommunicationPayload(Element, frozen=True, kw_only=True):
    """What was said or sent."""

    content_string: str | None = None
    content_attachment: Attachment | None = None


class Communication(Resource, frozen=True, kw_only=True, tag=True):
    """A message about a case: a question back, an answer, "the opinion was read"."""

    based_on: tuple[Reference, ...] = ()
    status: Literal[
        "preparation",
        "in-progress",
        "not-done",
        "on-hold",
        "stopped",
        "completed",
        "entered-in-error",
        "unknown",
    ]
    category: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    about: tuple[Reference, ...] = ()
    sent: Instant | None = None
    received: Instant | None = None
    recipient: tuple[Reference, ...] = ()
    sender: Reference | None = None
    payload: tuple[CommunicationPayload, ...] = ()
