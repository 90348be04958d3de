"""Who did what: AuditEvent (IHE BALP's shape) and Provenance with a signature (FHIR R4, Security)."""

from __future__ import annotations

from typing import Literal

from clinic_app.records.datatypes import CodeableConcept, Coding, Element, Instant, Reference, Signature
from clinic_app.records.resource import Resource


class AuditEventAgent(Element, frozen=True, kw_only=True):
    """Who took part; ``requestor`` started it."""

    who: Reference | None = None
    name: str | None = None
    role: tuple[CodeableConcept, ...] = ()
    requestor: bool
    purpose_of_use: tuple[CodeableConcept, ...] = ()


class AuditEventSource(Element, frozen=True, kw_only=True):
    """Which workstation reports it."""

    site: str | None = None
    observer: Reference


class AuditEventEntity(Element, frozen=True, kw_only=True):
    """What it was about; ``query`` is base64 of what was asked for, in an event of a search."""

    what: Reference | None = None
    type: Coding | None = None
    role: Coding | None = None
    name: str | None = None
    description: str | None = None
    query: str | None = None


class AuditEvent(Resource, frozen=True, kw_only=True, tag=True):
    """One access to patient data. ``action``: Create, Read, Update, Delete or Execute."""

    type: Coding
    subtype: tuple[Coding, ...] = ()
    action: Literal["C", "R", "U", "D", "E"]
    recorded: Instant
    outcome: Literal["0", "4", "8", "12"] | None = None
    outcome_desc: str | None = None
    agent: tuple[AuditEventAgent, ...]
    source: AuditEventSource
    entity: tuple[AuditEventEntity, ...] = ()


class ProvenanceAgent(Element, frozen=True, kw_only=True):
    """Who stands behind a record."""

    type: CodeableConcept | None = None
    who: Reference
    on_behalf_of: Reference | None = None


class Provenance(Resource, frozen=True, kw_only=True, tag=True):
    """Where a record comes from, signed."""

    target: tuple[Reference, ...]
    recorded: Instant
    agent: tuple[ProvenanceAgent, ...]
    signature: tuple[Signature, ...] = ()
