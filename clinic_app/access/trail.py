"""The audit trail: who did what to whose record, when, at which workstation.

Shape: IHE BALP (Basic Audit Log Patterns) on FHIR R4 AuditEvent; codes of DICOM PS3.15 A.5 for signing in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from clinic_app.access.own import own_device, own_organization
from clinic_app.access.permissions import Action
from clinic_app.access.session import Session
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.ids import new_id
from clinic_app.records import (
    AuditEvent,
    AuditEventAgent,
    AuditEventEntity,
    AuditEventSource,
    CodeableConcept,
    Coding,
    Patient,
    Reference,
    Resource,
    reference_to,
)
from clinic_app.storage import Store
from clinic_app.terminology.systems import (
    AUDIT_ACTION,
    AUDIT_ENTITY_TYPE,
    AUDIT_EVENT_TYPE,
    DCM,
    RESTFUL_INTERACTION,
    ROLE,
)

Outcome = Literal["0", "4"]
"""FHIR audit-event-outcome: done, or refused."""

_CODES: Final[dict[Action, Literal["C", "R", "U", "E"]]] = {
    "create": "C",
    "read": "R",
    "update": "U",
    "sign": "E",
    "send": "E",
}
_REST: Final = Coding(system=AUDIT_EVENT_TYPE, code="rest", display="RESTful Operation")
_AUTHENTICATION: Final = Coding(system=DCM, code="110114", display="User Authentication")
_PERSON: Final = Coding(system=AUDIT_ENTITY_TYPE, code="1", display="Person")
_OBJECT: Final = Coding(system=AUDIT_ENTITY_TYPE, code="2", display="System Object")


class Trail:
    """Makes audit events; the services commit them with what they tell of.

    Args:
        store: knows this workstation.
        clock: says when.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def event(self, session: Session, action: Action, *records: Resource) -> AuditEvent:
        """Return the event of one person doing one thing to records; the patients they are about are named first."""
        restful = action in ("create", "read", "update")
        return AuditEvent(
            id=new_id(),
            type=_REST,
            subtype=(Coding(system=RESTFUL_INTERACTION if restful else AUDIT_ACTION, code=action),),
            action=_CODES[action],
            recorded=self._clock.now(),
            outcome="0",
            agent=(_person(session), self._workstation()),
            source=self._source(),
            entity=tuple(_entities(records)),
        )

    def sign_in(self, practitioner_id: str, name: str, outcome: Outcome) -> AuditEvent:
        """Return the event of somebody signing in, or trying to."""
        who = Reference(reference=f"Practitioner/{practitioner_id}", display=name)
        return AuditEvent(
            id=new_id(),
            type=_AUTHENTICATION,
            subtype=(Coding(system=DCM, code="110122", display="Login"),),
            action="E",
            recorded=self._clock.now(),
            outcome=outcome,
            agent=(AuditEventAgent(who=who, name=name, requestor=True), self._workstation()),
            source=self._source(),
        )

    def _workstation(self) -> AuditEventAgent:
        return AuditEventAgent(who=reference_to(own_device(self._store)), requestor=False)

    def _source(self) -> AuditEventSource:
        organization = own_organization(self._store)
        return AuditEventSource(site=organization.id, observer=reference_to(own_device(self._store)))


def _person(session: Session) -> AuditEventAgent:
    who = Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)
    role = CodeableConcept(coding=(Coding(system=ROLE, code=session.role),))
    return AuditEventAgent(who=who, name=session.login, role=(role,), requestor=True)


def _entities(records: tuple[Resource, ...]) -> Iterator[AuditEventEntity]:
    for patient in sorted({reference for record in records for reference in _patients_of(record)}):
        yield AuditEventEntity(what=Reference(reference=patient), type=_PERSON)
    for record in records:
        if not isinstance(record, Patient):
            yield AuditEventEntity(what=reference_to(record), type=_OBJECT)


def _patients_of(record: Resource) -> Iterator[str]:
    if isinstance(record, Patient):
        yield f"Patient/{record.id}"
    for field in ("subject", "patient", "for_"):
        reference = getattr(record, field, None)
        if isinstance(reference, Reference) and (reference.reference or "").startswith("Patient/"):
            yield reference.reference or ""
