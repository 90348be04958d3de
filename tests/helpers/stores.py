"""Real stores in a temporary folder, closed at the end, and the people and patients that go into them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from clinic_app.access import EnrolmentForm, NewUser, Passwords, Session, enrol, own_organization
from clinic_app.foundation.clock import Clock
from clinic_app.foundation.ids import new_id
from clinic_app.keys import DATABASE_NAME, NodeKeys
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.storage import Store
from clinic_app.storage.engines.database import Database
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from tests.helpers.clocks import FixedClock

KEY = bytes(range(32))
QUICK = Passwords(memory_kib=8, passes=1)
"""Argon2id with the least it takes; for tests only."""
PASSWORD = "correct horse"


class Places:
    """Where stores lie: each in the files of its folder."""

    def open(self, folder: Path, key: bytes, clock: Clock) -> Store:
        """Return the open store of a folder."""
        return Store.open(folder, key, clock)

    def bare(self, folder: Path) -> Database:
        """Return the database of a folder before anybody has made a table in it."""
        return EncryptedFile(folder / DATABASE_NAME, KEY)

    def copy(self, folder: Path, target: Path) -> None:
        """Copy a closed folder, as a backup or back from one; what was at ``target`` is gone."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder, target)

    def forget(self, folder: Path) -> None:
        """Let go of what lies outside of a folder that is being removed."""


places = Places()
"""Those of the running test; `tests.helpers.engines` puts a server in their place."""


def open_store(folder: Path, key: bytes = KEY, clock: Clock | None = None) -> Store:
    """Open the store of a folder; whoever opens it closes it."""
    return places.open(folder, key, clock or FixedClock())


@contextmanager
def opened(folder: Path, key: bytes = KEY, clock: Clock | None = None) -> Iterator[Store]:
    """Open the store of a folder for the length of the block."""
    store = open_store(folder, key, clock)
    try:
        yield store
    finally:
        store.close()


def set_up(store: Store, *roles: str) -> None:
    """Enrol a workstation with an administrator ``admin`` and one user for each role, named as the role."""
    users = [NewUser("admin", PASSWORD, "Ахметова Айгүл", "administrator")]
    users += [NewUser(role, PASSWORD, f"{role} here", role) for role in roles]  # type: ignore[arg-type]
    form = EnrolmentForm("Хромтау аудандық ауруханасы", "Reception", organization_id="org-a", users=tuple(users))
    enrol(store, NodeKeys.create(), form, QUICK)


def tamper(store: Store, record_id: str, old: bytes, new: bytes) -> None:
    """Change the newest version of a record behind the program's back."""
    with store.database.writing() as connection:
        body = connection.execute(text("SELECT body FROM record WHERE id = :id"), {"id": record_id}).scalar_one()
        row = {"id": record_id, "body": body.replace(old, new)}
        connection.execute(text("UPDATE record SET body = :body WHERE id = :id"), row)


def session_of(store: Store, role: str) -> Session:
    """Return somebody of this role, signed in here."""
    account = next(each for each in store.accounts.all() if each.role == role)
    place = own_organization(store)
    return Session(account.practitioner_id, f"{role} here", account.login, role, place.id, place.name or "")  # type: ignore[arg-type]


def patient(family: str = "Қасымов", *given: str, iin: str = "") -> Patient:
    """Return a patient nobody has stored yet."""
    identifier = (Identifier(system="urn:dala:identifier:kz-iin", value=iin),) if iin else ()
    return Patient(id=new_id(), name=(HumanName(family=family, given=given or ("Нұрлан",)),), identifier=identifier)
