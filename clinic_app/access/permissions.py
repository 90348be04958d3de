"""Who may do what: one table of role, action and type of record. What is not in it is denied.

Staff see what their work needs (order KR DSM-54 asks for it): a registrar sees no findings, an administrator no
patient. The rooms' services ask this table through `Session.require`; a screen only hides what would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from clinic_app.foundation.texts import Text

Role = Literal["registrar", "nurse", "doctor", "specialist", "administrator"]
Action = Literal["create", "read", "update", "sign", "send"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
ROLE_WORDS: Final[Mapping[Role, Text]] = {
    "registrar": Text("Registrar"),
    "nurse": Text("Nurse"),
    "doctor": Text("Doctor"),
    "specialist": Text("Specialist"),
    "administrator": Text("Administrator"),
}

Rights = Mapping[Action, frozenset[str]]

_PLACES: Final = frozenset({"Organization", "Practitioner", "Device"})
_FINDINGS: Final = frozenset({"Observation", "AllergyIntolerance", "DocumentReference", "ImagingStudy"})
_QUESTIONS: Final = frozenset({"ServiceRequest", "Task", "Communication", "Composition", "Bundle"})
_ANSWERS: Final = frozenset({"DiagnosticReport", "CarePlan"})
_PATIENT: Final = frozenset({"Patient"})
_PROVENANCE: Final = frozenset({"Provenance"})
_CLINICAL: Final = _PATIENT | _FINDINGS | _QUESTIONS | _ANSWERS | _PROVENANCE

_DOCTOR: Final[Rights] = {
    "create": _PATIENT | _FINDINGS | _QUESTIONS | _PROVENANCE,
    "read": _PLACES | _CLINICAL,
    "update": _PATIENT | _FINDINGS | _QUESTIONS,
    "sign": frozenset({"ServiceRequest", "DocumentReference"}),
    "send": frozenset({"ServiceRequest", "Task", "Communication", "DocumentReference"}),
}
RIGHTS: Final[Mapping[Role, Rights]] = {
    "registrar": {"create": _PATIENT, "read": _PLACES | _PATIENT, "update": _PATIENT},
    "nurse": {
        "create": _PATIENT | _FINDINGS,
        "read": _PLACES | _PATIENT | _FINDINGS | frozenset({"ServiceRequest", "Task"}),
        "update": _PATIENT | _FINDINGS,
    },
    "doctor": _DOCTOR,
    "specialist": {
        "create": _DOCTOR["create"] | _ANSWERS,
        "read": _DOCTOR["read"],
        "update": _DOCTOR["update"] | _ANSWERS,
        "sign": _DOCTOR["sign"] | _ANSWERS,
        "send": _DOCTOR["send"] | _ANSWERS,
    },
    "administrator": {"create": _PLACES, "read": _PLACES | frozenset({"AuditEvent"}), "update": _PLACES},
}


def may(role: str, action: str, type_name: str) -> bool:
    """Return whether ``role`` may do ``action`` to records of one type."""
    return any(
        type_name in types
        for named, rights in RIGHTS.items()
        if named == role
        for allowed, types in rights.items()
        if allowed == action
    )
