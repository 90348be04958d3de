"""A process that writes as a busy ward does, from several threads, and says after each COMMIT what it has saved.

The drills start it, watch it and end it. What it writes goes through the real store; a mutant (`tests.drills.mutants`)
is made here, in this process, before the store is opened.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.keys import FileKeyStorage, KeySlots, SlotCost, unlock
from clinic_app.records import (
    Attachment,
    AuditEvent,
    AuditEventAgent,
    AuditEventSource,
    Coding,
    DocumentReference,
    DocumentReferenceContent,
    HumanName,
    Meta,
    Patient,
    Practitioner,
    Reference,
    encode,
)
from clinic_app.records.datatypes import SHA256_URN
from clinic_app.storage import Account, Store
from tests.drills.claims import Claim, line_of
from tests.drills.mutants import MUTANTS
from tests.helpers.stores import PASSWORD

Say = Callable[[Claim], None]
FAULT: Final = 3
_LARGEST_BLOB: Final = 150_000
_THREADS: Final = 3
_STEPS_FOR_EVER: Final = 1 << 62
_BACKUP_EVERY: Final = 60
QUICK_SLOTS: Final = SlotCost(memory_kib=8, passes=1)
"""Argon2id with the least it takes; for drills only."""
_CLOCK: Final = SystemClock()


class Ward:
    """One thread's work on a store.

    Args:
        store: where it is written.
        slots: where passwords open the data.
        say: called with a claim after each write has returned.
        rng: chooses what is done next.
    """

    def __init__(self, store: Store, slots: KeySlots, say: Say, rng: random.Random) -> None:
        self._store = store
        self._slots = slots
        self._say = say
        self._rng = rng
        self._name = secrets.token_hex(4)
        self._number = 0
        self._patients: list[Patient] = []
        self._uploads: list[str] = []
        often = {self.register: 30, self.amend: 20, self.picture: 15, self.staff: 4, self.password: 2, self.arrive: 4}
        often |= {self.remember: 6, self.number: 6, self.receive: 6, self.send: 6}
        self._works, self._weights = tuple(often), tuple(often.values())

    @classmethod
    def on(cls, store: Store, rng: random.Random) -> Ward:
        """Return one that tells nobody."""
        return cls(store, KeySlots(store.folder, QUICK_SLOTS), lambda claim: None, rng)

    def step(self) -> None:
        """Do one thing a ward does, and say so."""
        (work,) = self._rng.choices(self._works, self._weights)
        self.do(work)
        if self._number % _BACKUP_EVERY == 0:
            self.back_up()

    def do(self, work: Callable[[], None]) -> None:
        """Do what was chosen; names and numbers are new each time."""
        self._number += 1
        work()

    def register(self) -> None:
        """Save a new patient and who did it."""
        patient, event = self._patient(), _event("C")
        (saved,) = self._store.records.commit([patient], audit=[event])
        self._patients.append(msgspec.structs.replace(patient, meta=saved.meta))
        self._say(Claim(records=(_named(saved), _named(event))))

    def amend(self) -> None:
        """Change a patient of one's own."""
        if not self._patients:
            return self.register()
        index = self._rng.randrange(len(self._patients))
        old, event = self._patients[index], _event("U")
        changed = msgspec.structs.replace(old, birth_date=f"19{self._rng.randrange(40, 99)}-03-05")
        (saved,) = self._store.records.commit([changed], audit=[event])
        self._patients[index] = msgspec.structs.replace(changed, meta=saved.meta)
        return self._say(Claim(records=(_named(saved), _named(event))))

    def picture(self) -> None:
        """Save a content, then the document that points to it, on its way to the hub."""
        data = self._rng.randbytes(self._rng.choice((300, 5_000, 70_000, _LARGEST_BLOB)))
        address = _address(data)
        self._say(Claim(attempts=(address,)))
        self._store.blobs.put(data)
        attachment = Attachment(content_type="image/png", url=f"{SHA256_URN}{address}", size=len(data))
        document = DocumentReference(
            id=new_id(), status="current", content=(DocumentReferenceContent(attachment=attachment),)
        )
        event = _event("C")
        (saved,) = self._store.records.commit([document], audit=[event], uploads=[address], lane="images")
        self._uploads.append(address)
        self._say(Claim(records=(_named(saved), _named(event)), blobs=(address,)))

    def staff(self) -> None:
        """Save somebody new together with his account."""
        person = Practitioner(id=new_id(), active=True, name=(HumanName(text="Сәдуақасова Айгүл"),))
        account = Account(f"{self._name}-{self._number}", person.id, "nurse", "not a hash")
        (saved,) = self._store.records.commit([person], accounts=[account])
        self._say(Claim(records=(_named(saved),), accounts=(account.login,)))

    def remember(self) -> None:
        """Keep a small value that only grows."""
        name = f"drill {self._name}"
        self._store.memory.put(name, str(self._number).encode())
        self._say(Claim(values={name: self._number}))

    def number(self) -> None:
        """Take a chart number."""
        self._say(Claim(values={"drill chart": self._store.memory.next_number("drill chart")}))

    def receive(self) -> None:
        """Take in what the hub has, and how far its feed was read."""
        patient = msgspec.structs.replace(self._patient(), meta=Meta(version_id=secrets.token_hex(4)))
        name = f"drill {self._name}"
        self._store.records.receive([encode(patient)], cursor=(name, str(self._number)))
        self._say(Claim(records=(_named(patient),), cursors={name: self._number}))

    def send(self) -> None:
        """Note that the hub has what was registered."""
        if not self._patients:
            return self.register()
        rows = self._store.outbox.rows_for("Patient", self._rng.choice(self._patients).id)
        self._store.outbox.acknowledge({row.seq: secrets.token_hex(4) for row in rows})
        return self._say(Claim(sent=tuple(row.seq for row in rows)))

    def arrive(self) -> None:
        """Note that a content has reached the hub."""
        if not self._uploads:
            return self.picture()
        address = self._rng.choice(self._uploads)
        self._store.transfers.done(address, "up")
        return self._say(Claim(arrived=(address,)))

    def password(self) -> None:
        """Let somebody's password open the data."""
        login = f"{self._name}-{self._number}"
        self._slots.keep_password(login, PASSWORD, self._store.key)
        self._say(Claim(slots=(login,)))

    def back_up(self) -> None:
        """Make a backup, as is done every hour."""
        self._say(Claim(backups=(self._store.backups.make("by-hand").path.name,)))

    def _patient(self) -> Patient:
        return Patient(id=new_id(), name=(HumanName(family=f"Қасымов{self._rng.random()}", given=("Нұрлан",)),))


def write(folder: Path, say: Say, *, steps: int, threads: int, seed: int) -> None:
    """Open a data folder and write until ``steps`` things are done; the store is left as a killed program leaves it.

    Args:
        folder: the data folder.
        say: is handed each claim; called from several threads.
        steps: things done in all.
        threads: how many do them.
        seed: of the choices.
    """
    store = Store.open(folder, unlock(folder, FileKeyStorage(folder)), _CLOCK)
    slots = KeySlots(folder, QUICK_SLOTS)
    left = iter(range(steps))
    turn = threading.Lock()

    def work(number: int) -> None:
        ward = Ward(store, slots, say, random.Random(f"{seed} {number}"))
        while True:
            with turn:
                if next(left, None) is None:
                    return
            _or_end(ward.step)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def write_to_the_end(folder: Path, descriptor: int, seed: int, mutant: str) -> None:
    """Write until somebody kills this process; ``mutant`` is one of `MUTANTS`, or empty for the program as it is."""
    if mutant:
        MUTANTS[mutant](folder)
    _or_end(lambda: write(folder, sayer(descriptor), steps=_STEPS_FOR_EVER, threads=_THREADS, seed=seed))


def _or_end(work: Callable[[], None]) -> None:
    """Do some work; a fault ends the whole process with `FAULT`, so that no drill takes it for its own kill."""
    try:
        work()
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
        os._exit(FAULT)


def sayer(descriptor: int) -> Say:
    """Return what puts a claim on a pipe in one piece (POSIX: up to 512 bytes at least, Linux: 4096)."""

    def say(claim: Claim) -> None:
        line = line_of(claim)
        assert os.write(descriptor, line) == len(line)

    return say


def _address(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _named(record: Patient | AuditEvent | Practitioner | DocumentReference) -> tuple[str, str, str]:
    return (record.type_name, record.id, record.version_id or "")


def _event(action: str) -> AuditEvent:
    return AuditEvent(
        id=new_id(),
        type=Coding(code="rest"),
        action=action,
        recorded=_CLOCK.now(),
        agent=(AuditEventAgent(who=Reference(reference="Practitioner/1"), requestor=True),),
        source=AuditEventSource(observer=Reference(reference="Device/1")),
        entity=(),
    )
