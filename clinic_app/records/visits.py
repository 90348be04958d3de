"""When somebody comes: Encounter, a visit or stay as it is, and Appointment, as it is agreed (FHIR R4, Administration).

Several people of a hospital edit these, so that two edits may meet: see `clinic_app.sync.merging`.
"""

from __future__ import annotations

from typing import Literal

from clinic_app.records.datatypes import (
    CodeableConcept,
    Coding,
    Element,
    Identifier,
    Instant,
    Period,
    Reference,
)
from clinic_app.records.resource import Resource


class EncounterParticipant(Element, frozen=True, kw_only=True):
    """Who cares for the patient during a visit."""

    type: tuple[CodeableConcept, ...] = ()
    period: Period | None = None
    individual: Reference | None = None


class EncounterLocation(Element, frozen=True, kw_only=True):
    """Where the patient is during a visit: ward, bed."""

    location: Reference
    period: Period | None = None


class Encounter(Resource, frozen=True, kw_only=True, tag=True):
    """A visit or a stay; ``class`` says which kind (HL7 v3 ActCode: AMB, EMER, IMP, VR)."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal[
        "planned",
        "arrived",
        "triaged",
        "in-progress",
        "onleave",
        "finished",
        "cancelled",
        "entered-in-error",
        "unknown",
    ]
    class_: Coding
    type: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    participant: tuple[EncounterParticipant, ...] = ()
    period: Period | None = None
    reason_code: tuple[CodeableConcept, ...] = ()
    location: tuple[EncounterLocation, ...] = ()
    service_provider: Reference | None = None


class AppointmentParticipant(Element, frozen=True, kw_only=True):
    """Who is to come, the patient too, and whether he agreed."""

    type: tuple[CodeableConcept, ...] = ()
    actor: Reference | None = None
    status: Literal["accepted", "declined", "tentative", "needs-action"]


class Appointment(Resource, frozen=True, kw_only=True, tag=True):
    """A visit that is agreed, or asked for: what was booked without a link is ``proposed`` until the hub has it."""

    identifier: tuple[Identifier, ...] = ()
    status: Literal[
        "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error",
        "checked-in", "waitlist",
    ]  # fmt: skip
    reason_code: tuple[CodeableConcept, ...] = ()
    description: str | None = None
    start: Instant | None = None
    end: Instant | None = None
    comment: str | None = None
    based_on: tuple[Reference, ...] = ()
    participant: tuple[AppointmentParticipant, ...]
