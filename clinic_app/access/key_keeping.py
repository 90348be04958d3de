"""The ways into the data beside the usual ones: the printed recovery code and the organisation's escrow.

Only an administrator makes them, and the trail tells that he did, before it is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from clinic_app.access.enrolment import NewUser
from clinic_app.access.own import own_device
from clinic_app.access.people import plain_login
from clinic_app.access.session import Session
from clinic_app.access.trail import Trail
from clinic_app.keys import KeySlots
from clinic_app.storage import Store

_RECOVERY: Final = "recovery"


class KeyKeeping:
    """Makes ways into the data of one workstation.

    Args:
        store: the opened data.
        slots: the ways into them.
        trail: tells who made one.
    """

    def __init__(self, store: Store, slots: KeySlots, trail: Trail) -> None:
        self._store = store
        self._slots = slots
        self._trail = trail

    def ways(self) -> frozenset[str]:
        """Return the kinds of ways there are: ``keyring``, ``file``, ``user``, ``recovery``, ``escrow``.

        Raises:
            KeyLockedError: the file that holds them is damaged.
        """
        return self._slots.kinds()

    def has_recovery_code(self) -> bool:
        """Return whether a recovery code was made; whether anybody still has the paper is not known."""
        return _RECOVERY in self.ways()

    def new_recovery_code(self, session: Session) -> str:
        """Return a fresh recovery code, to be printed and locked away; the former one opens no longer.

        Raises:
            NotAllowedError: only an administrator makes one.
            DiskFullError: no room; the former one still opens.
        """
        self._note(session, "new-recovery-code")
        return self._slots.new_recovery_code(self._store.key)

    def escrow_recipient(self, session: Session) -> str:
        """Return the organisation's public key the data key is left with, or an empty string.

        Raises:
            NotAllowedError: only an administrator asks.
        """
        self._trail.require(session, "update", "Device")
        return self._slots.escrow_recipient(self._store.key)

    def keep_escrow(self, session: Session, recipient: str) -> None:
        """Leave the data key with the organisation: sealed to its public key (``age1…``).

        Raises:
            NotAllowedError: only an administrator does.
            InvalidInputError: this is no public key.
            DiskFullError: no room.
        """
        self._note(session, "keep-escrow")
        self._slots.keep_escrow(recipient, self._store.key)

    def _note(self, session: Session, what: str) -> None:
        self._trail.require(session, "update", "Device")
        event = self._trail.happening(session, "keys", own_device(self._store), description=what)
        self._store.records.commit((), audit=(event,))


def keep_passwords(store: Store, slots: KeySlots, users: Iterable[NewUser]) -> None:
    """Let the passwords of people who were just enrolled unlock the data, whichever account of the system they use.

    Raises:
        DiskFullError: no room; each of them is asked for again at his first sign-in.
    """
    for user in users:
        account = store.accounts.get(plain_login(user.login))
        if account is not None:
            slots.keep_password(user.login, user.password, store.key, account.password_hash)
