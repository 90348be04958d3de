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
        """Return whether this person may do ``action`` to records of one type."""
        return may(self.role, action, type_name)

    def require(self, action: Action, type_name: str) -> None:
        """Return if this person may do ``action`` to records of one type.

        Raises:
            NotAllowedError: he may not.
        """
        if not self.can(action, type_name):
            raise NotAllowedError(Text("Your role ({role}) does not allow this.", role=ROLE_WORDS[self.role]))
