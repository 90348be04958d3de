"""Who may sign in on this computer, and how long a guesser has to wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from clinic_app.foundation.errors import InvalidInputError, NotFoundError
from clinic_app.foundation.texts import Text
from clinic_app.storage.engines.database import Database
from clinic_app.storage.tables import ACCOUNT

_COLUMNS: Final = tuple(c for c in ACCOUNT.c if c.name not in ("failures", "wait_until"))


@dataclass(frozen=True)
class Account:
    """One person's way in; ``password_hash`` is an Argon2id string with its parameters."""

    login: str
    practitioner_id: str
    role: str
    password_hash: str
    is_active: bool = True


@dataclass(frozen=True)
class Attempts:
    """Wrong passwords in a row, and until when the next try is refused."""

    failures: int
    wait_until: datetime | None


class Accounts:
    """The accounts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, account: Account) -> None:
        """Keep a new account.

        Raises:
            InvalidInputError: the login is taken.
        """
        with self._database.writing() as connection:
            add_accounts(connection, (account,))

    def get(self, login: str) -> Account | None:
        """Return the account of a login, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(ACCOUNT.c.login == login)).mappings().one_or_none()
        return Account(**row) if row else None

    def all(self) -> tuple[Account, ...]:
        """Return every account, by login."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*_COLUMNS).order_by(ACCOUNT.c.login)).mappings()
            return tuple(Account(**row) for row in rows)

    def update(self, account: Account) -> None:
        """Change role, password or activity of an account.

        Raises:
            NotFoundError: there is no such login.
        """
        values = {"role": account.role, "password_hash": account.password_hash, "is_active": account.is_active}
        with self._database.writing() as connection:
            changed = connection.execute(update(ACCOUNT).where(ACCOUNT.c.login == account.login).values(**values))
        if changed.rowcount == 0:
            raise NotFoundError(Text("There is no user “{login}”.", login=account.login))

    def attempts(self, login: str) -> Attempts:
        """Return the wrong tries since the last right one; none for an unknown login."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(ACCOUNT.c.failures, ACCOUNT.c.wait_until).where(ACCOUNT.c.login == login)
            ).one_or_none()
        if row is None:
            return Attempts(0, None)
        return Attempts(row.failures, datetime.fromisoformat(row.wait_until) if row.wait_until else None)

    def set_attempts(self, login: str, attempts: Attempts) -> None:
        """Keep the wrong tries, so that a restart does not forget them."""
        wait_until = attempts.wait_until.isoformat() if attempts.wait_until else None
        values = {"failures": attempts.failures, "wait_until": wait_until}
        with self._database.writing(may_use_reserve=True) as connection:
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.login == login).values(**values))


def add_accounts(connection: Connection, accounts: Iterable[Account]) -> None:
    """Keep new accounts inside a transaction.

    Raises:
        InvalidInputError: a login is taken.
    """
    for account in accounts:
        values = {column.name: getattr(account, column.name) for column in _COLUMNS}
        try:
            connection.execute(insert(ACCOUNT).values(**values, failures=0))
        except IntegrityError as error:
            raise InvalidInputError(Text("The login “{login}” is taken.", login=account.login), "login") from error
