"""Opening what a disaster left, by the real program's own code, and comparing it with what had been said.

Three things are counted apart: *lost* (said to be saved and not there), *orphans* (one half of a pair that is only
ever written together, or a content nobody refers to that the collection left), *damage* (what is there is not what was
written). A folder that does not open is worse than all.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, text

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.durable_files import PART_SUFFIX
from clinic_app.foundation.errors import ClinicError, DamagedError, NotFoundError
from clinic_app.keys import FileKeyStorage, KeySlots, unlock
from clinic_app.storage import Store
from clinic_app.storage.backups.rekeying import finish_change
from clinic_app.storage.contents.orphans import KEPT_S, collect_orphans
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.store import BLOB_FOLDER
from clinic_app.storage.tables import ACCOUNT, AUDIT_CHAIN, HISTORY, OUTBOX, PATIENT_NUMBER, RECORD, TRANSFER
from tests.drills.claims import Claims
from tests.helpers.stores import PASSWORD

_ADDRESS: Final = re.compile(rb"urn:sha256:([0-9a-f]{64})")
_CHECKS: Final = ("integrity_check", "cipher_integrity_check", "foreign_key_check")


@dataclass
class Found:
    """What a folder looked like; each entry is a short sentence."""

    lost: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing at all is amiss."""
        return not (self.lost or self.orphans or self.damage or self.refusals)

    def add(self, other: Found) -> None:
        """Put what another look found to this; the same thing found again is one thing."""
        for name in ("lost", "orphans", "damage", "refusals"):
            setattr(self, name, list(dict.fromkeys(getattr(self, name) + getattr(other, name))))


def look_into(folder: Path, claims: Claims, key: bytes | None = None) -> Found:
    """Open a data folder as a start after a disaster does, and compare it with what was said.

    Args:
        folder: what the disaster left.
        claims: what was said before.
        key: the data key; None where it is in the slots, as it is for the program.
    """
    try:
        store = Store.open(folder, key or unlock(folder, FileKeyStorage(folder)), SystemClock())
    except ClinicError as error:
        return Found(refusals=[f"{type(error).__name__}: {error}"])
    with closing(store):
        if key is None:
            finish_change(folder, store.key, KeySlots(folder))
        return compare(store, claims)


def compare(store: Store, claims: Claims) -> Found:
    """Compare an open store with what was said; contents nobody refers to are collected on the way."""
    found = Found()
    assert store.file is not None
    store.file.checkpoint()  # a torn page may be whole in the log: first this, then the seals of the pages
    try:
        found.damage += _damage(store.file)
        with store.database.reading() as connection:
            found.lost += _lost(connection, claims)
            found.orphans += _orphans(connection)
            referenced = _referenced(connection)
    except DamagedError as error:
        found.damage.append(str(error))
        return found
    _look_at_contents(store, claims, referenced, found)
    _look_at_backups(store, claims, found)
    _try_passwords(store, claims, found)
    if broken := store.records.broken_audit_row():
        found.damage.append(f"audit chain broken at {broken}")
    found.lost += [f"cursor {name}" for name, n in claims.cursors.items() if int(store.cursor(name) or 0) < n]
    return found


def _damage(file: EncryptedFile) -> Iterator[str]:
    """Look through the file by a connection of its own: one that has searched may take a whole file for damaged."""
    with file._errors(), closing(file._connect()) as connection:
        for check in _CHECKS:
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA {check}")]
            yield from (f"{check}: {row}" for row in rows if row != "ok")


def _lost(connection: Connection, claims: Claims) -> Iterator[str]:
    versions = {(row.type, row.id, row.version_id) for row in connection.execute(_VERSIONS)}
    newest = {(row.type, row.id) for row in connection.execute(_NEWEST)}
    yield from (
        f"record {' '.join(each)}"
        for each in claims.records
        if each[:2] not in newest or (each[2] and each not in versions)
    )
    logins = set(connection.execute(select(ACCOUNT.c.login)).scalars())
    yield from (f"account {login}" for login in claims.accounts - logins)
    values = {row.name: row.value for row in connection.execute(text("SELECT name, value FROM memory"))}
    yield from (f"value {name} {n}" for name, n in claims.values.items() if int(values.get(name, b"0")) < n)
    sent = set(connection.execute(select(OUTBOX.c.seq).where(OUTBOX.c.state == "acked")).scalars())
    yield from (f"hub's word for row {seq}" for seq in claims.sent - sent)
    done = select(TRANSFER.c.sha256).where(TRANSFER.c.direction == "up", TRANSFER.c.state == "done")
    yield from (f"arrival of {sha256}" for sha256 in claims.arrived - set(connection.execute(done).scalars()))


def _orphans(connection: Connection) -> Iterator[str]:
    """Find halves: of record and history, local version and outbox row, audit row and link, patient and search."""
    records = {(row.type, row.id): row for row in connection.execute(_NEWEST)}
    history = list(connection.execute(_VERSIONS))
    last = {(row.type, row.id): row for row in history}
    yield from _apart("record or history", ((*key, row.version_id) for key, row in records.items()),
                      ((*key, row.version_id) for key, row in last.items()))  # fmt: skip
    rows = list(connection.execute(select(OUTBOX.c.type, OUTBOX.c.id)))
    local = [row for row in history if row.origin == "local"]
    yield from _apart("version or outbox row", ((r.type, r.id) for r in local), ((r.type, r.id) for r in rows))
    links = connection.execute(select(AUDIT_CHAIN.c.id)).scalars()
    events = (row.id for key, row in last.items() if key[0] == "AuditEvent")
    yield from _apart("audit row or link", events, links)
    patients = (row.id for key, row in last.items() if key[0] == "Patient")
    yield from _apart("patient or number", patients, connection.execute(select(PATIENT_NUMBER.c.id)).scalars())
    numbers = connection.execute(select(PATIENT_NUMBER.c.number)).scalars()
    yield from _apart(
        "number or names", numbers, connection.execute(text("SELECT rowid FROM patient_search")).scalars()
    )
    people = {row.id for key, row in last.items() if key[0] == "Practitioner"}
    staff = connection.execute(select(ACCOUNT.c.practitioner_id)).scalars()
    yield from (f"account of nobody: {each}" for each in staff if each not in people)


def _apart(what: str, ones: Iterable[object], others: Iterable[object]) -> Iterator[str]:
    left, right = Counter(ones), Counter(others)
    yield from (f"{what} alone: {each}" for each in (left - right) + (right - left))


def _referenced(connection: Connection) -> set[str]:
    bodies = connection.execute(select(HISTORY.c.body)).scalars()
    return {address.decode() for body in bodies for address in _ADDRESS.findall(body)}


def _look_at_contents(store: Store, claims: Claims, referenced: set[str], found: Found) -> None:
    """Look at announced contents, have those collected that nobody refers to, then look at the ones that are needed."""
    for address in claims.attempts:
        with suppress(NotFoundError):
            _read(store, address, found)
    _collect(store)
    with store.database.reading() as connection:
        uploads = set(connection.execute(select(TRANSFER.c.sha256).where(TRANSFER.c.direction == "up")).scalars())
    for address in claims.blobs | referenced | uploads:
        try:
            _read(store, address, found)
        except NotFoundError:
            found.lost += [f"content {address}"] if address in claims.blobs else []
            found.orphans += [f"record without its content {address}"] if address in referenced else []
            found.orphans += [f"upload without its content {address}"] if address in uploads else []
    keys = store.blobs._keys()  # two during a change of the key
    needed = {store.blobs._path(address, key).name for address in referenced | uploads for key in keys}
    here = {path.name for path in _contents(store)}
    found.orphans += [f"content without a record {name}" for name in here - needed]


def _read(store: Store, address: str, found: Found) -> None:
    try:
        store.blobs.read(address)
    except DamagedError as error:
        found.add(Found(damage=[f"content {address}: {error}"]))


def _collect(store: Store) -> None:
    """Do what the keeper does each week, as if everything here were old enough."""
    long_ago_s = time.time() - 2 * KEPT_S
    for path in _contents(store):
        os.utime(path, (long_ago_s, long_ago_s))
    collect_orphans(store.database, store.blobs, SystemClock().now())


def _contents(store: Store) -> list[Path]:
    return [path for path in (store.folder / BLOB_FOLDER).glob("*/*") if path.suffix != PART_SUFFIX]


def _look_at_backups(store: Store, claims: Claims, found: Found) -> None:
    made = {backup.path.name: backup for backup in store.backups.all() if backup.is_verified}
    found.lost += [f"backup {name}" for name in claims.backups - made.keys()]
    for name, backup in made.items():
        try:
            store.backups.verify(backup)
        except ClinicError as error:
            found.damage.append(f"backup {name}: {error}")


def _try_passwords(store: Store, claims: Claims, found: Found) -> None:
    slots = KeySlots(store.folder)
    for login in claims.slots:
        try:
            key = slots.open_with_password(login, PASSWORD)
        except ClinicError:
            found.lost.append(f"slot {login}")
        else:
            found.damage += [f"slot {login} gives another key"] if key != store.key else []


_VERSIONS: Final = select(HISTORY.c.type, HISTORY.c.id, HISTORY.c.version_id, HISTORY.c.origin).order_by(HISTORY.c.seq)
_NEWEST: Final = select(RECORD.c.type, RECORD.c.id, RECORD.c.version_id)
