"""The people of the facility: who they are, and letting them in."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, replace
from typing import Final, cast

from clinic_app.access.own import is_enrolled, own_organization
from clinic_app.access.passwords import Passwords, after_failure, seconds_to_wait
from clinic_app.access.permissions import ROLES, Role
from clinic_app.access.session import Session
from clinic_app.access.strangers import Strangers
from clinic_app.access.trail import Trail
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import (
    InvalidInputError,
    KeyLockedError,
    NotAllowedError,
    NotFoundError,
    StorageError,
)
from clinic_app.foundation.ids import new_id
from clinic_app.foundation.texts import Text
from clinic_app.foundation.typed_words import tidy
from clinic_app.keys import KeySlots
from clinic_app.records import HumanName, Practitioner
from clinic_app.storage import Account, Attempts, Store

_LOGIN: Final = re.compile(r"[\w.@-]{2,64}")
_LONGEST_NAME: Final = 200
_log = logging.getLogger(__name__)
_WRONG: Final = Text("The login or the password is wrong.")


@dataclass(frozen=True)
class Person:
    """One member of staff as the list of users shows him."""

    practitioner_id: str
    name: str
    login: str
    role: Role
    is_active: bool


class People:
    """Adds people and lets them in.

    Args:
        store: where they are kept.
        clock: for the time a guesser has to wait.
        passwords: how passwords are hashed; tests take a quicker one.
        slots: lets a person's password unlock the data too; None where it does not.
    """

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords | None = None, slots: KeySlots | None = None
    ) -> None:
        self._store = store
        self._slots = slots
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._trail = Trail(store, clock)
        self._strangers = Strangers(store, clock)
        self._one_try_at_a_time = threading.Lock()

    def is_empty(self) -> bool:
        """Return whether nobody was added yet."""
        return not self._store.accounts.all()

    def facility_name(self) -> str:
        """Return the name of the hospital this workstation belongs to, or an empty string before it is set up."""
        return (own_organization(self._store).name or "") if is_enrolled(self._store) else ""

    def add(self, session: Session | None, login: str, password: str, name: str, role: Role) -> Practitioner:
        """Add somebody who may sign in here.

        Args:
            session: who adds; None only for the very first person.
            login: letters, digits, ``.@-_``; upper and lower case are the same.
            password: as typed.
            name: family and given names.
            role: what he may do.

        Raises:
            NotAllowedError: only an administrator adds people.
            InvalidInputError: one of the values, for its field.
        """
        if session is None and not self.is_empty():
            raise NotAllowedError(Text("Only an administrator adds people."))
        if session is not None:
            self._trail.require(session, "create", "Practitioner")
        practitioner, account = new_person(login, password, name, role, self._passwords)
        audit = (self._trail.event(session, "create", practitioner),) if session else ()
        (saved,) = self._store.records.commit((practitioner,), audit=audit, accounts=(account,))
        self._keep_slot(account, password)
        return cast("Practitioner", saved)

    def all(self, session: Session) -> tuple[Person, ...]:
        """Return everybody who may or might sign in here, by login."""
        self._trail.require(session, "read", "Practitioner")
        return tuple(self._person(account) for account in self._store.accounts.all())

    def set_active(self, session: Session, login: str, *, is_active: bool) -> Person:
        """Let somebody in again, or no longer; his records stay.

        Raises:
            NotFoundError: there is no such login.
            InvalidInputError: an administrator cannot shut himself out.
        """
        self._trail.require(session, "update", "Practitioner")
        account = self._account(login)
        if account.login == session.login and not is_active:
            raise InvalidInputError(Text("You cannot shut yourself out."), "login")
        changed = self._change(session, replace(account, is_active=is_active))
        if self._slots is not None and not is_active:
            self._slots.forget_password(account.login, self._store.key)
        return changed

    def change_password(self, session: Session, old: str, new: str) -> None:
        """Change one's own password.

        Raises:
            NotAllowedError: the old one is wrong.
            InvalidInputError: the new one will not do.
        """
        self._trail.require_signed_in(session)
        account = self._check(session.login, self._account(session.login), old)
        account = replace(account, password_hash=self._passwords.hashed(new))
        self._change(session, account)
        self._keep_slot(account, new)

    def sign_in(self, login: str, password: str) -> Session:
        """Let somebody in. Takes a quarter of a second on purpose: call it off the GUI thread.

        Raises:
            NotAllowedError: login or password are wrong, or it is too soon after a wrong one.
            NotFoundError: the workstation is not set up.
        """
        login = plain_login(login)
        organization = own_organization(self._store)
        account = self._check(login, self._store.accounts.get(login), password)
        self._keep_slot(account, password)
        person = self._person(account)
        event = self._trail.sign_in(person.practitioner_id, person.name, "0")
        self._store.records.commit((), audit=(event,))
        return Session(
            person.practitioner_id, person.name, login, person.role, organization.id, organization.name or ""
        )

    def _keep_slot(self, account: Account, password: str) -> None:
        """Let the password unlock the data; where that cannot be kept now, the next sign-in tries again."""
        if self._slots is None:
            return
        try:
            if not self._slots.has_password(account.login, account.password_hash):
                self._slots.keep_password(account.login, password, self._store.key, account.password_hash)
        except (StorageError, KeyLockedError) as error:
            _log.warning("the password of a user does not unlock the data yet: %s", error)

    def _change(self, session: Session, account: Account) -> Person:
        """Note the change in the trail first: one that cannot be noted does not happen."""
        practitioner = self._store.records.get(Practitioner, account.practitioner_id)
        self._store.records.commit((), audit=(self._trail.event(session, "update", practitioner),))
        self._store.accounts.update(account)
        return self._person(account)

    def _check(self, login: str, account: Account | None, password: str) -> Account:
        """Return the account if the password is its own; count the tries, also over a restart."""
        with self._one_try_at_a_time:
            attempts = self._store.accounts.attempts(login) if account else self._strangers.attempts(login)
            seconds = seconds_to_wait(attempts, self._clock.now())
            if seconds:
                raise NotAllowedError(
                    Text.counted("Wait {count} second and try again.", "Wait {count} seconds and try again.", seconds)
                )
            kept = account.password_hash if account and account.is_active else None
            if not self._passwords.fits(kept, password) or account is None:
                self._note_failure(login, account, attempts)
                raise NotAllowedError(_WRONG)
            if attempts.failures:
                self._store.accounts.set_attempts(login, Attempts(0, None))
        if self._passwords.is_outdated(account.password_hash):
            account = replace(account, password_hash=self._passwords.hashed(password))
            self._store.accounts.update(account)
        return account

    def _note_failure(self, login: str, account: Account | None, attempts: Attempts) -> None:
        attempts = after_failure(attempts, self._clock.now())
        if account is not None:
            self._store.accounts.set_attempts(login, attempts)
            event = self._trail.sign_in(account.practitioner_id, login, "4")
            self._store.records.commit((), audit=(event,))
        elif told := self._strangers.set_attempts(login, attempts):
            self._store.records.commit((), audit=(self._trail.sign_in("", "", "4", told),))

    def _account(self, login: str) -> Account:
        account = self._store.accounts.get(plain_login(login))
        if account is None:
            raise NotFoundError(Text("There is no user “{login}”.", login=login))
        return account

    def _person(self, account: Account) -> Person:
        practitioner = self._store.records.get(Practitioner, account.practitioner_id)
        role = cast("Role", account.role)
        return Person(account.practitioner_id, practitioner.full_name, account.login, role, account.is_active)


def new_person(login: str, password: str, name: str, role: Role, passwords: Passwords) -> tuple[Practitioner, Account]:
    """Return the record and the account of somebody new.

    Raises:
        InvalidInputError: one of the values, for its field.
    """
    login, name = plain_login(login), tidy(name)
    if not _LOGIN.fullmatch(login):
        raise InvalidInputError(Text("A login has 2 to 64 letters, digits or . @ - _."), "login")
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidInputError(Text("Type family name and given name."), "name")
    if role not in ROLES:
        raise InvalidInputError(Text("There is no such role."), "role")
    practitioner = Practitioner(id=new_id(), active=True, name=(HumanName(text=name),))
    return practitioner, Account(login, practitioner.id, role, passwords.hashed(password))


def plain_login(login: str) -> str:
    """Return a login as it is kept: without spaces around it, upper and lower case the same."""
    return tidy(login).casefold()
