"""Somebody who has signed in, and where."""

from __future__ import annotations

from dataclasses import dataclass

from clinic_app.access.permissions import ROLE_WORDS, Action, Role, may
from clinic_app.foundation.errors import NotAllowedError
from clinic_app.foundation.texts import Text


@dataclass(frozen=True)
class Session:
    """One person at one workstation, from sign-in to sign-out."""

    practitioner_id: str
    name: str
    login: str
    role: Role
    organization_id: str
    organization_name: str

    def can(self, action: Action, type_name: str) -> bool:
        """Return whether there is any patient this person may do ``action`` for; for a screen that hides a button."""
        return may(self.role, action, type_name)

    def require(self, action: Action, type_name: str) -> None:
        """Return if `can`; says nothing of a certain patient, so the rooms ask `Trail.require` instead.

        Raises:
            NotAllowedError: he may not.
        """
        if not self.can(action, type_name):
            raise refused(self.role)


def refused(role: Role) -> NotAllowedError:
    """Return the refusal of somebody whose role does not allow what he asked for."""
    return NotAllowedError(Text("Your role ({role}) does not allow this.", role=ROLE_WORDS[role]))


class ClosedRecordError(NotAllowedError):
    """This patient's record is closed to this person, who could open it in an emergency.

    Args:
        patient_id: whose it is; what `clinic_app.access.break_glass.BreakGlass.open` wants to know.
    """

    def __init__(self, patient_id: str) -> None:
        super().__init__(Text("This patient's record is closed to you. In an emergency you can open it and say why."))
        self.patient_id = patient_id
