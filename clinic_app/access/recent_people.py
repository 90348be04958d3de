"""Who worked at this workstation last, for the large buttons of a shared computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import msgspec

from clinic_app.access.permissions import Role
from clinic_app.access.session import Session
from clinic_app.records import Practitioner
from clinic_app.storage import Store

MOST: Final = 6
_NAME: Final = "recent-people"


@dataclass(frozen=True)
class RecentPerson:
    """Somebody who signed in here lately and may sign in again."""

    login: str
    name: str
    role: Role


class RecentPeople:
    """Remembers the logins of the last few people; whoever was shut out is not shown.

    Args:
        store: keeps them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, session: Session) -> None:
        """Put somebody first."""
        logins = [session.login, *(login for login in self._logins() if login != session.login)]
        self._store.memory.put(_NAME, msgspec.json.encode(logins[:MOST]))

    def all(self) -> tuple[RecentPerson, ...]:
        """Return them, whoever came last first."""
        accounts = (self._store.accounts.get(login) for login in self._logins())
        return tuple(
            RecentPerson(
                account.login,
                self._store.records.get(Practitioner, account.practitioner_id).full_name,
                cast("Role", account.role),
            )
            for account in accounts
            if account is not None and account.is_active
        )

    def _logins(self) -> list[str]:
        try:
            return msgspec.json.decode(self._store.memory.get(_NAME) or b"[]", type=list[str])
        except msgspec.DecodeError:
            return []
