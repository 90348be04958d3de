"""The parts audit events are made of: people, workstations, patients, records, what was asked.

Shape: IHE BALP (Basic Audit Log Patterns) on FHIR R4 AuditEvent; codes of DICOM PS3.16 CID 401 and DICOM PS3.15 A.5.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final, Literal

from clinic_app.access.emergencies import ReasonCode
from clinic_app.access.permissions import Action
from clinic_app.access.session import Session
from clinic_app.records import (
    Appointment,
    AuditEventAgent,
    AuditEventEntity,
    CodeableConcept,
    Coding,
    Patient,
    Reference,
    Resource,
    reference_to,
)
from clinic_app.terminology.systems import (
    ACT_REASON,
    AUDIT_ACTION,
    AUDIT_ENTITY_ROLE,
    AUDIT_ENTITY_TYPE,
    AUDIT_EVENT_TYPE,
    DCM,
    RESTFUL_INTERACTION,
    ROLE,
)

Outcome = Literal["0", "4"]
"""FHIR audit-event-outcome: done, or refused."""
Happening = Literal["login", "search", "emergency", "emergency-end", "audit-log", "export", "import", "join", "keys"]
"""What is noted besides the actions of the table of rights."""

REST: Final = Coding(system=AUDIT_EVENT_TYPE, code="rest", display="RESTful Operation")
AUTHENTICATION: Final = Coding(system=DCM, code="110114", display="User Authentication")
ALERT: Final = Coding(system=DCM, code="110113", display="Security Alert")
LOG_USED: Final = Coding(system=DCM, code="110101", display="Audit Log Used")
IMPORT: Final = Coding(system=DCM, code="110107", display="Import")
SUBTYPES: Final[dict[Happening, Coding]] = {
    "login": Coding(system=DCM, code="110122", display="Login"),
    "search": Coding(system=RESTFUL_INTERACTION, code="search"),
    "emergency": Coding(system=DCM, code="110127", display="Emergency Override Started"),
    "emergency-end": Coding(system=DCM, code="110138", display="Emergency Override Stopped"),
    "audit-log": Coding(system=AUDIT_ACTION, code="audit-log"),
    "export": Coding(system=AUDIT_ACTION, code="export"),
    "import": Coding(system=AUDIT_ACTION, code="import"),
    "join": Coding(system=AUDIT_ACTION, code="join"),
    "keys": Coding(system=AUDIT_ACTION, code="keys"),
}
KINDS: Final[dict[Happening, Coding]] = {
    "login": AUTHENTICATION,
    "search": REST,
    "emergency": ALERT,
    "emergency-end": ALERT,
    "audit-log": LOG_USED,
    "export": LOG_USED,
    "import": IMPORT,
    "join": REST,
    "keys": ALERT,
}
CODES: Final[dict[Action, Literal["C", "R", "U", "E"]]] = {
    "create": "C",
    "read": "R",
    "update": "U",
    "sign": "E",
    "send": "E",
    "restrict": "U",
    "override": "E",
    "review": "E",
    "export": "E",
}
PURPOSES: Final[dict[ReasonCode, tuple[str, ...]]] = {
    "emergency-treatment": ("BTG", "ETREAT"),
    "patient-wish": ("BTG", "PATRQT"),
    "other": ("BTG",),
}
"""HL7 v3 ActReason: break the glass, and why."""
PERSON: Final = Coding(system=AUDIT_ENTITY_TYPE, code="1", display="Person")
OBJECT: Final = Coding(system=AUDIT_ENTITY_TYPE, code="2", display="System Object")
QUERY: Final = Coding(system=AUDIT_ENTITY_ROLE, code="24", display="Query")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LONGEST_QUERY: Final = 500


def subtype_of(action: Action) -> Coding:
    """Return what says in an event which action of the table it was."""
    is_restful = action in ("create", "read", "update")
    return Coding(system=RESTFUL_INTERACTION if is_restful else AUDIT_ACTION, code=action)


def person_agent(session: Session, purposes: tuple[str, ...] = ()) -> AuditEventAgent:
    """Return the person who did it, and why he might where it was an emergency."""
    who = Reference(reference=f"Practitioner/{session.practitioner_id}", display=session.name)
    role = CodeableConcept(coding=(Coding(system=ROLE, code=session.role),))
    purpose = tuple(CodeableConcept(coding=(Coding(system=ACT_REASON, code=code),)) for code in purposes)
    return AuditEventAgent(who=who, name=session.login, role=(role,), requestor=True, purpose_of_use=purpose)


def record_entities(records: tuple[Resource, ...]) -> Iterator[AuditEventEntity]:
    """Yield the patients records are about, then the records."""
    for patient in sorted({reference for record in records for reference in patients_of(record)}):
        yield AuditEventEntity(what=Reference(reference=patient), type=PERSON)
    for record in records:
        if not isinstance(record, Patient):
            yield AuditEventEntity(what=reference_to(record), type=OBJECT)


def patient_entity(patient_id: str) -> Iterator[AuditEventEntity]:
    """Yield the patient somebody asked for; nothing for what can be no id."""
    if _ID.fullmatch(patient_id):
        yield AuditEventEntity(what=Reference(reference=f"Patient/{patient_id}"), type=PERSON)


def query_entity(query: str) -> AuditEventEntity:
    """Return what was asked for, in base64 as FHIR wants it."""
    words = query[:_LONGEST_QUERY].encode("utf-8", "replace")
    return AuditEventEntity(type=OBJECT, role=QUERY, query=base64.b64encode(words).decode())


def patients_of(record: Resource) -> Iterator[str]:
    """Yield the references to the patients a record is about: ``Patient/0190...``."""
    if isinstance(record, Patient):
        yield f"Patient/{record.id}"
    for field in ("subject", "patient", "for_"):
        reference = getattr(record, field, None)
        if isinstance(reference, Reference) and (reference.reference or "").startswith("Patient/"):
            yield reference.reference or ""
    if isinstance(record, Appointment):
        for each in record.participant:
            if each.actor is not None and (each.actor.reference or "").startswith("Patient/"):
                yield each.actor.reference or ""
