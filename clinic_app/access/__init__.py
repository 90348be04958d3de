"""Who may come in, what each may do, and the trail of what they did."""

from clinic_app.access.drafts import Draft, Drafts
from clinic_app.access.enrolment import EnrolmentForm, NewUser, age_recipient_of, enrol, signing_jwk_of
from clinic_app.access.key_keeping import KeyKeeping
from clinic_app.access.own import hub_token, is_enrolled, node_keys, own_device, own_organization
from clinic_app.access.passwords import Passwords
from clinic_app.access.people import People, Person
from clinic_app.access.permissions import ACTIONS, ROLE_WORDS, ROLES, Action, Role
from clinic_app.access.preferences import Preferences
from clinic_app.access.recent_people import RecentPeople, RecentPerson
from clinic_app.access.session import Session
from clinic_app.access.trail import Trail

__all__ = [
    "ACTIONS",
    "ROLES",
    "ROLE_WORDS",
    "Action",
    "Draft",
    "Drafts",
    "EnrolmentForm",
    "KeyKeeping",
    "NewUser",
    "Passwords",
    "People",
    "Person",
    "Preferences",
    "RecentPeople",
    "RecentPerson",
    "Role",
    "Session",
    "Trail",
    "age_recipient_of",
    "enrol",
    "hub_token",
    "is_enrolled",
    "node_keys",
    "own_device",
    "own_organization",
    "signing_jwk_of",
]
