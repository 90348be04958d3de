"""``dev.py drill diskfull``: the disk runs full at random points while real services write.

At each point the room goes at once, as when another program copies a film onto the disk, or little by little. From then
on: what was saved is there and nothing that was refused; the program says so and is read-only; people sign in, search
and read; and as soon as there is room it writes again, in the same run and after a restart.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clinic_app.access import People, Trail
from clinic_app.encounters import Encounters, VitalsForm
from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.errors import ClinicError, DamagedError, DiskFullError, StorageError
from clinic_app.keys import FileKeyStorage, unlock
from clinic_app.records import DocumentReference, Observation, Patient
from clinic_app.registration import PatientForm, Registration
from clinic_app.storage import Store
from tests.drills.mutants import MUTANTS as ALL_MUTANTS
from tests.drills.processes import processes
from tests.drills.small_disk import SmallDisk, Way, best_way, namespace, small_disk
from tests.drills.writing import Ward
from tests.helpers.stores import PASSWORD, QUICK, set_up

ROOT: Final = Path(__file__).parents[2]
MUTANTS: Final = ("says-saved-anyway", "no-reserve")
"""What a full disk must find out: a store that says what is not so, and one that keeps no room for reading."""
_POINTS_OF_A_DISK: Final = 10
_DISK_MB: Final = 96
_RESERVE_BYTES: Final = 16 << 20
"""A quarter of the real one; like that one some times the log that SQLite lets grow (4 MB)."""
_WRITERS: Final = 2
_MOST_WRITES: Final = 400
_REFUSED_WRITES: Final = 5
_LEFT_BYTES: Final = (0, 1, 4096, 30_000, 300_000, 3_000_000, 20_000_000, 34_000_000)
_RESTARTS: Final = 0.3
_CLOCK: Final = SystemClock()


@dataclass
class Points:
    """What some points came to; ``amiss`` holds a sentence for everything that was not as it must be."""

    points: int = 0
    saved: int = 0
    present: int = 0
    refused: int = 0
    read_only: int = 0
    readings: int = 0
    recovered: int = 0
    longest_s: float = 0.0
    sentences: set[str] = field(default_factory=set)
    amiss: list[str] = field(default_factory=list)

    def add(self, other: Points) -> None:
        """Put other points to these."""
        for name in ("points", "saved", "present", "refused", "read_only", "readings", "recovered", "sentences"):
            total = getattr(self, name)
            setattr(self, name, total | getattr(other, name) if name == "sentences" else total + getattr(other, name))
        self.longest_s = max(self.longest_s, other.longest_s)
        self.amiss += other.amiss


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Let the disk run full ``--points`` times; see the module."""
    parser = argparse.ArgumentParser(prog="drill diskfull")
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--inside", action="store_true", help="this is the run inside a name space")
    options = parser.parse_args(arguments)
    way = best_way()
    if way == "none":
        print("drill diskfull: NOTHING WAS TESTED: no disk can be filled on this system", file=sys.stderr)
        return {"points": 0, "way": way}, False
    if way == "namespace" and not options.inside:
        return _run_inside(options.points, options.seed)
    begin = time.monotonic()
    points = fill_disks(options.points, options.seed, way)
    mutants = mutants_of(way)
    caught = [name for name in mutants if fill_disks(_POINTS_OF_A_DISK, options.seed, way, name).amiss]
    figures: dict[str, object] = {
        "way": "namespace" if options.inside else way,
        "points": points.points,
        "acknowledged": points.saved,
        "present": points.present,
        "refused": points.refused,
        "read_only": points.read_only,
        "readings": points.readings,
        "recovered": points.recovered,
        "longest_s": round(points.longest_s, 3),
        "sentences": sorted(points.sentences),
        "mutants_caught": caught,
        "examples": points.amiss[:5],
        "seed": options.seed,
        "seconds": round(time.monotonic() - begin, 1),
    }
    return figures, has_held(points, options.points) and caught == list(mutants)


def mutants_of(way: Way) -> tuple[str, ...]:
    """Return the broken stores that can be found out here: a mere limit on files leaves room for reading."""
    return MUTANTS[:1] if way == "file size limit" else MUTANTS


def has_held(points: Points, wanted: int) -> bool:
    """Return whether every point was as it must be, and enough was done at them."""
    counts = (points.points, points.read_only, points.recovered)
    is_busy = points.saved == points.present > 0 and points.refused > 0 and points.readings > 0
    return counts == (wanted,) * 3 and is_busy and not points.amiss


def fill_disks(points: int, seed: int, way: Way, mutant: str = "") -> Points:
    """Spread the points over disks and processors; return what they came to.

    Args:
        points: how often a disk runs full.
        seed: of the moments.
        way: how a disk is had here.
        mutant: name of a broken store, or empty.
    """
    whole, rest = divmod(points, _POINTS_OF_A_DISK)
    counts = [_POINTS_OF_A_DISK] * whole + [rest] * bool(rest)
    total = Points()
    with processes(__name__, is_fresh=True) as pool:
        for part in pool.map(_fill_one, counts, [f"{seed} {n}" for n in range(len(counts))],
                             [way] * len(counts), [mutant] * len(counts)):  # fmt: skip
            total.add(part)
    return total


def _run_inside(points: int, seed: int) -> tuple[dict[str, object], bool]:
    words = [sys.executable, "-m", "tests.drills", "diskfull", "--inside", "--points", str(points), "--seed", str(seed)]
    done = subprocess.run([*namespace(), *words], check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    *_, last = done.stdout.splitlines() or ["{}"]
    figures: dict[str, object] = json.loads(last)
    figures.pop("drill", None)
    return figures, bool(figures.pop("ok", False))


def _fill_one(points: int, seed: str, way: Way, mutant: str) -> Points:
    logging.disable(logging.WARNING)  # this process ends with the disk
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as base, small_disk(Path(base), way, _DISK_MB) as disk:
        if mutant in ALL_MUTANTS:
            ALL_MUTANTS[mutant](disk.folder)
        with Clinic(disk, 0 if mutant == "no-reserve" else _RESERVE_BYTES, way) as clinic:
            for _ in range(points):
                try:
                    clinic.run_full(rng)
                except ClinicError as error:
                    clinic.points.amiss.append(f"{type(error).__name__} where none may come: {error}")
                    break
            clinic.count_present()
    return clinic.points


class Clinic:
    """A clinic on a small disk; use it in a ``with`` block.

    Args:
        disk: where its data lie.
        reserve_bytes: room it keeps for the worst day.
        way: how the disk is made full; with a mere limit on files nobody knows that the disk is full.
    """

    def __init__(self, disk: SmallDisk, reserve_bytes: int, way: Way) -> None:
        self.points = Points()
        self._disk = disk
        self._reserve_bytes = reserve_bytes
        self._is_real = way != "file size limit"
        self._expected: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> Clinic:
        """Set the clinic up while there is room."""
        disk_folder = self._disk.folder
        disk_folder.mkdir()
        self._open()
        set_up(self._store, "registrar", "nurse")
        self._sign_in()
        return self

    def __exit__(self, *_: object) -> None:
        """Make room and close."""
        self._disk.empty()
        self._store.close()

    def run_full(self, rng: random.Random) -> None:
        """Let the disk run full while people work, look at everything, and make room again."""
        self.points.points += 1
        self._store.space.keep_reserve()
        self._patients = [self._registration.register(self._registrar, _form(rng))]
        self._note_saved("Patient", 1)
        self._work_until_refused(rng)
        self._look_at_refusal(rng)
        self._read(rng)
        self._compare()
        if self._is_real and rng.random() < _RESTARTS:
            self._restart(rng)
        self._recover(rng)

    def count_present(self) -> None:
        """Count at the end what is there of what people wrote."""
        self.points.present = sum(self._present().values())

    def _open(self) -> None:
        folder = self._disk.folder
        key = unlock(folder, FileKeyStorage(folder))
        self._store = Store.open(folder, key, _CLOCK, reserve_bytes=self._reserve_bytes)
        self._people = People(self._store, _CLOCK, QUICK)
        trail = Trail(self._store, _CLOCK)
        self._registration = Registration(self._store, trail, _CLOCK, lambda: "7F3A")
        self._encounters = Encounters(self._store, trail, _CLOCK)

    def _sign_in(self) -> None:
        self._registrar = self._people.sign_in("registrar", PASSWORD)
        self._nurse = self._people.sign_in("nurse", PASSWORD)

    def _work_until_refused(self, rng: random.Random) -> None:
        """Let people work, and fill the disk in the middle of it."""
        is_refused = threading.Event()
        left, wait_s = rng.choice(_LEFT_BYTES), rng.random() * 0.05
        filler = threading.Timer(wait_s, self._disk.fill, (rng.randrange(left + 1),))
        filler.start()
        try:
            with ThreadPoolExecutor(_WRITERS) as pool:
                seeds = [rng.random() for _ in range(_WRITERS)]
                list(pool.map(lambda seed: self._work(random.Random(seed), is_refused), seeds))
        finally:
            filler.join()
        if not is_refused.is_set():
            self.points.amiss.append(f"{_MOST_WRITES} writes on a full disk were all taken")

    def _work(self, rng: random.Random, is_refused: threading.Event) -> None:
        ward = Ward.on(self._store, rng)
        for _ in range(_MOST_WRITES):
            if is_refused.is_set():
                return
            if not self._write_once(rng, ward):
                is_refused.set()

    def _write_once(self, rng: random.Random, ward: Ward) -> bool:
        """Write something; count it if it was saved, return whether it was."""
        kind, count, work = self._a_write(rng, ward)
        begin = time.monotonic()
        try:
            work()
        except StorageError as error:
            self._note_refusal(error, time.monotonic() - begin)
            return False
        self._note_saved(kind, count)
        return True

    def _a_write(self, rng: random.Random, ward: Ward) -> tuple[str, int, Callable[[], object]]:
        choice = rng.random()
        if choice < 0.4:
            return "Patient", 1, lambda: self._registration.register(self._registrar, _form(rng))
        if choice < 0.7:
            vitals = VitalsForm("120", "80", "70", "98", "36,6", "16", "5,1")
            patient = self._patients[0].id
            return "Observation", 6, lambda: self._encounters.record_vitals(self._nurse, patient, vitals)
        return "DocumentReference", 1, ward.picture

    def _note_saved(self, kind: str, count: int) -> None:
        with self._lock:
            self.points.saved += count
            self._expected[kind] += count

    def _note_refusal(self, error: StorageError, seconds: float) -> None:
        with self._lock:
            self.points.refused += 1
            self.points.longest_s = max(self.points.longest_s, seconds)
            self.points.sentences.add(error.text.msgid)
            if self._is_real and not isinstance(error, DiskFullError):
                self.points.amiss.append(f"a full disk was called {type(error).__name__}: {error}")

    def _look_at_refusal(self, rng: random.Random) -> None:
        """See that the program knows and says it, and takes nothing more."""
        if not self._is_real:
            self.points.read_only += 1
            return
        space = self._store.space
        ward = Ward.on(self._store, rng)
        taken = sum(self._write_once(rng, ward) for _ in range(_REFUSED_WRITES))
        if taken or not space.is_read_only or space.reason is None:
            self.points.amiss.append(f"on a full disk {taken} writes were taken, the state was {space.state}")
        else:
            self.points.read_only += 1

    def _read(self, rng: random.Random) -> None:
        """See that people still sign in, search and read; there is no room kept for their audit rows in a file."""
        patient = self._patients[0]
        if not self._is_real:
            self.points.readings += self._store.records.get(Patient, patient.id) == patient
            return
        try:
            self._sign_in()
            found = self._registration.search(self._registrar, patient.name[0].given[0])
            self._encounters.vitals(self._nurse, patient.id)
        except ClinicError as error:
            self.points.amiss.append(f"on a full disk nobody can read: {type(error).__name__}: {error}")
            return
        if patient.id not in {each.id for each in found}:
            self.points.amiss.append("a saved patient was not found on a full disk")
        self.points.readings += 1

    def _compare(self) -> None:
        """See that what is there is what was saved: nothing less, and nothing that was refused."""
        present = self._present()
        expected = {name: self._expected[name] for name in present}
        if present != expected:
            self.points.amiss.append(f"saved {expected}, present {present}")
        assert self._store.file is not None
        try:
            self._store.file.check_all()
        except DamagedError as error:
            self.points.amiss.append(f"the data are damaged: {error}")
        except StorageError:  # moving the log into the file needs room; it is looked through when there is some
            pass
        if broken := self._store.records.broken_audit_row():
            self.points.amiss.append(f"the audit chain is broken at {broken}")

    def _present(self) -> dict[str, int]:
        kinds = (Patient, Observation, DocumentReference)
        return {kind.__name__: len(self._store.records.find(kind, limit=1_000_000)) for kind in kinds}

    def _restart(self, rng: random.Random) -> None:
        """Close and open again while the disk is full."""
        self._store.close()
        try:
            self._open()
        except ClinicError as error:
            self.points.amiss.append(f"on a full disk the data do not open: {error}")
            self._disk.empty()
            self._open()
            return
        self._read(rng)
        self._compare()

    def _recover(self, rng: random.Random) -> None:
        """Make room; see that the program notices by itself and writes again."""
        self._disk.empty()
        self._store.space.keep_reserve()
        self._write_once(rng, Ward.on(self._store, rng))
        is_written = self._write_once(rng, Ward.on(self._store, rng))
        self._compare()
        if is_written and not self._store.space.is_read_only:
            self.points.recovered += 1
        else:
            self.points.amiss.append(f"with room again the state is {self._store.space.state}")


def _form(rng: random.Random) -> PatientForm:
    given = "".join(rng.choices("абвгдежзиклмнопрст", k=12)).capitalize()
    return PatientForm("Өмірзақов", given, birth_date="01.01.1985", gender="male")
