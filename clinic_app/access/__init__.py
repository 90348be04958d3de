"""Who may come in, what each may do, and the trail of what they did."""

from clinic_app.access.audit_log import (
    AUDIT_ACTION_WORDS,
    OUTCOME_WORDS,
    AuditFilter,
    AuditLine,
    AuditLog,
    AuditPerson,
    ChainVerdict,
)
from clinic_app.access.break_glass import REASON_WORDS, REASONS, BreakGlass, Emergency, EmergencyReview
from clinic_app.access.drafts import Draft, Drafts
from clinic_app.access.emergencies import ReasonCode
from clinic_app.access.enrolment import EnrolmentForm, NewUser, age_recipient_of, enrol, signing_jwk_of
from clinic_app.access.key_keeping import KeyKeeping
from clinic_app.access.own import hub_token, is_enrolled, node_keys, own_device, own_organization
from clinic_app.access.passwords import Passwords
from clinic_app.access.people import People, Person
from clinic_app.access.permissions import ACTIONS, ROLE_WORDS, ROLES, Action, Relation, Role
from clinic_app.access.preferences import Preferences
from clinic_app.access.recent_people import RecentPeople, RecentPerson
from clinic_app.access.relations import is_restricted
from clinic_app.access.safekeeping import Safekeeping
from clinic_app.access.session import ClosedRecordError, Session
from clinic_app.access.trail import Trail

__all__ = [
    "ACTIONS",
    "AUDIT_ACTION_WORDS",
    "OUTCOME_WORDS",
    "REASONS",
    "REASON_WORDS",
    "ROLES",
    "ROLE_WORDS",
    "Action",
    "AuditFilter",
    "AuditLine",
    "AuditLog",
    "AuditPerson",
    "BreakGlass",
    "ChainVerdict",
    "ClosedRecordError",
    "Draft",
    "Drafts",
    "Emergency",
    "EmergencyReview",
    "EnrolmentForm",
    "KeyKeeping",
    "NewUser",
    "Passwords",
    "People",
    "Person",
    "Preferences",
    "ReasonCode",
    "RecentPeople",
    "RecentPerson",
    "Relation",
    "Role",
    "Safekeeping",
    "Session",
    "Trail",
    "age_recipient_of",
    "enrol",
    "hub_token",
    "is_enrolled",
    "is_restricted",
    "node_keys",
    "own_device",
    "own_organization",
    "signing_jwk_of",
]
