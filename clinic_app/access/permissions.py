"""Who may do what to whose record: one table of role, action, type of record and relation to the patient.

Deny by default: what no line allows is refused, and so is a role, an action or a type the table does not know. A line
that denies wins over every line that allows, whatever their order (a clinic system once ignored its deny rules:
CVE-2026-33302). Staff see what their work needs (order KR DSM-54 asks for it): a registrar sees no findings, an
administrator no patient, a statistician nobody at all. The rooms' services ask through
`clinic_app.access.trail.Trail.require`; a screen only hides what would be refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args

from clinic_app.foundation.texts import Text

T = TypeVar("T", bound=str)
Role = Literal["registrar", "nurse", "doctor", "specialist", "laboratory", "administrator", "statistician", "auditor"]
Action = Literal["create", "read", "update", "sign", "send", "restrict", "override", "review", "export"]
Relation = Literal["own", "referred", "emergency", "restricted"]
"""How somebody stands to a patient; several may hold at once.

* ``own``: the patient is our organisation's.
* ``referred``: another hospital asked ours about him, and the question is open or was closed lately.
* ``emergency``: this person has broken the glass for him.
* ``restricted``: the patient's record is closed to all but those who treat him, and this person does not.
"""
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
ROLE_WORDS: Final[Mapping[Role, Text]] = {
    "registrar": Text("Registrar"),
    "nurse": Text("Nurse"),
    "doctor": Text("Doctor"),
    "specialist": Text("Specialist"),
    "laboratory": Text("Laboratory"),
    "administrator": Text("Administrator"),
    "statistician": Text("Statistician"),
    "auditor": Text("Auditor"),
}


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    Args:
        roles: whom it is about.
        actions: what they may, or may not, do.
        types: FHIR types it may be done to.
        relations: to which patients; none means all of them, and records about nobody.
        is_denied: whether it forbids, over every line that allows.
    """

    roles: frozenset[Role]
    actions: frozenset[Action]
    types: frozenset[str]
    relations: frozenset[Relation]
    is_denied: bool = False

    def fits(self, role: str, action: str, type_name: str) -> bool:
        """Return whether the line speaks of this, for whatever patient."""
        return role in self.roles and action in self.actions and type_name in self.types


def _rule(roles: str, actions: str, types: Collection[str], relations: str = "", *, is_denied: bool = False) -> Rule:
    return Rule(
        _chosen(roles, ROLES), _chosen(actions, ACTIONS), frozenset(types), _chosen(relations, RELATIONS), is_denied
    )


def _chosen(words: str, known: tuple[T, ...]) -> frozenset[T]:
    named = set(known) if words == "*" else set(words.split())
    if unknown := named - set(known):
        raise ValueError(f"the table of rights names {', '.join(sorted(unknown))}")
    return frozenset(each for each in known if each in named)


PLACES: Final = ("Organization", "Practitioner", "Device")
_PATIENT: Final = ("Patient",)
_FINDINGS: Final = ("Observation", "AllergyIntolerance", "DocumentReference", "ImagingStudy")
_VISITS: Final = ("Encounter", "Appointment")
_QUESTIONS: Final = ("ServiceRequest", "Task", "Communication", "Composition", "Bundle")
_ANSWERS: Final = ("DiagnosticReport", "CarePlan")
_SENT: Final = ("ServiceRequest", "Task", "Communication", "DocumentReference")
_SIGNED: Final = ("ServiceRequest", "DocumentReference")
CLINICAL: Final = (*_FINDINGS, *_VISITS, *_QUESTIONS, *_ANSWERS, "Provenance")
PERSONAL: Final = (*_PATIENT, *CLINICAL)
"""Types whose records are about a patient; they are always asked for with the patient."""
_DOCTORS: Final = "doctor specialist"

RULES: Final[tuple[Rule, ...]] = (
    _rule("registrar nurse doctor specialist laboratory administrator auditor", "read", PLACES),
    _rule("statistician", "read", ("Organization",)),
    _rule("administrator", "create update", PLACES),
    _rule("auditor", "read review", ("AuditEvent",)),
    _rule("statistician auditor", "read", ("MeasureReport",)),
    # our own patients
    _rule("registrar", "create read update", _PATIENT, "own"),
    _rule("registrar nurse doctor specialist", "create read update", _VISITS, "own"),
    _rule("nurse", "create read update", (*_PATIENT, *_FINDINGS), "own"),
    _rule("nurse", "read", ("ServiceRequest", "Task"), "own"),
    _rule("laboratory", "read", (*_PATIENT, "ServiceRequest", "Task"), "own referred"),
    _rule("laboratory", "create read update", ("Observation",), "own referred"),
    _rule(_DOCTORS, "create read update", (*_PATIENT, *_FINDINGS, *_QUESTIONS), "own"),
    _rule(_DOCTORS, "create read", ("Provenance",), "own"),
    _rule(_DOCTORS, "read", _ANSWERS, "own"),
    _rule(_DOCTORS, "sign", _SIGNED, "own"),
    _rule(_DOCTORS, "send", _SENT, "own"),
    _rule(_DOCTORS, "export", ("ImagingStudy",), "own"),
    _rule(_DOCTORS, "restrict", _PATIENT, "own"),
    _rule("specialist", "create update sign send", _ANSWERS, "own"),
    # patients we were asked about
    _rule("registrar", "read", _PATIENT, "referred"),
    _rule(_DOCTORS, "read", PERSONAL, "referred"),
    _rule("specialist", "create update", (*_FINDINGS, "Task", "Communication"), "referred"),
    _rule("specialist", "create update sign send", _ANSWERS, "referred"),
    _rule("specialist", "create", ("Provenance",), "referred"),
    _rule("specialist", "export", ("ImagingStudy",), "referred"),
    _rule("specialist", "sign send", ("DocumentReference",), "referred"),
    _rule("specialist", "send", ("ServiceRequest",), "referred"),
    # whose glass was broken
    _rule("nurse doctor specialist", "override", _PATIENT),
    _rule("nurse", "read", (*_PATIENT, *_FINDINGS), "emergency"),
    _rule(_DOCTORS, "read", PERSONAL, "emergency"),
    _rule("nurse doctor specialist", "create", _FINDINGS, "emergency"),
    # never, whatever stands above
    _rule("*", "create read update sign send restrict export", PERSONAL, "restricted", is_denied=True),
    _rule("*", "export", PERSONAL, "emergency", is_denied=True),
    _rule("administrator statistician auditor", "*", PERSONAL, is_denied=True),
    _rule("statistician", "*", ("Practitioner", "AuditEvent"), is_denied=True),
    _rule("administrator", "*", ("AuditEvent", "MeasureReport"), is_denied=True),
    _rule("*", "create update sign send", ("AuditEvent",), is_denied=True),
)


def may(role: str, action: str, type_name: str, relations: Collection[Relation] | None = None) -> bool:
    """Return whether the table allows something.

    Args:
        role: of the person.
        action: what he wants to do.
        type_name: FHIR type of the record.
        relations: how he stands to the patient; None asks whether there is any patient at all he may do it to.
    """
    lines = [rule for rule in RULES if rule.fits(role, action, type_name)]
    if relations is None:
        denied = any(rule.is_denied and not rule.relations for rule in lines)
        return not denied and any(not rule.is_denied for rule in lines)
    held = frozenset(relations)
    lines = [rule for rule in lines if not rule.relations or rule.relations & held]
    return bool(lines) and not any(rule.is_denied for rule in lines)
