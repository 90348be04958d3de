"""What encryption costs the store: the same code on the same engine with and without a key, in turns in one run.

Only the ratios are worth comparing on a shared machine. Contents (images, recordings) stand beside plain files that
are flushed in the same way; they have a goal of their own in megabytes a second. The targets are those of decision
0003: an insert at most twice as long, a lookup at most three times, contents at 300 MB/s.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlcipher3.dbapi2 as sqlcipher

from clinic_app.foundation.clock import SystemClock
from clinic_app.foundation.ids import new_id
from clinic_app.keys import DATABASE_NAME
from clinic_app.records import HumanName, Identifier, Patient
from clinic_app.storage import Store
from clinic_app.storage.engines import encrypted_file
from clinic_app.storage.engines.encrypted_file import EncryptedFile
from clinic_app.storage.engines.migrating import migrate
from clinic_app.terminology.systems import IIN

BATCHES = 40
BATCH_ROWS = 250
COMMITS = 300
LOOKUPS = 500
SEARCHES = 200
BLOB_MB = 32
BLOBS = 8
SLOWEST_INSERT: Final = 2.0
SLOWEST_LOOKUP: Final = 3.0
SLOWEST_BLOB_MB_PER_S: Final = 300.0
SLOWEST_OF_DISK: Final = 1.1
_FAMILIES: Final = ("Қасымов", "Өмірзақов", "Сәдуақасова", "Жүнісова", "Нұрмағамбетов", "Петров", "Ким", "Әлібекқызы")
_GIVEN: Final = ("Нұрлан", "Айгүл", "Қайрат", "Іңкәр", "Ерғали", "Сергей", "Гүлнұр", "Дмитрий")


@dataclass(frozen=True)
class Pair:
    """Seconds of each run with a key and without one, taken in turn."""

    ours_s: tuple[float, ...]
    plain_s: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times the plain way ours takes, by the medians."""
        return round(statistics.median(self.ours_s) / statistics.median(self.plain_s), 2)

    def rates(self, units: float) -> dict[str, float]:
        """Return units a second where each run does so many of them, by the medians."""
        ours, plain = (round(units / statistics.median(each), 1) for each in (self.ours_s, self.plain_s))
        return {"ours": ours, "plain": plain, "ratio": self.ratio}

    def milliseconds(self) -> dict[str, float]:
        """Return the medians and the 99th percentiles."""
        p99 = [sorted(each)[-(-len(each) * 99 // 100) - 1] for each in (self.ours_s, self.plain_s)]
        p50 = [statistics.median(each) for each in (self.ours_s, self.plain_s)]
        names = ("ours_p50", "plain_p50", "ours_p99", "plain_p99")
        return {name: round(s * 1000, 3) for name, s in zip(names, (*p50, *p99), strict=True)} | {"ratio": self.ratio}


class PlainFile(EncryptedFile):
    """The same database without a key. For this benchmark only: nothing in the program can make one."""

    def _connect(self) -> Any:
        connection = sqlcipher.connect(str(self.path), isolation_level=None, check_same_thread=False)
        for pragma in encrypted_file._PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection


def bench_storage(json_file: Path | None) -> int:
    """Measure, print and return the exit code: 0 if the targets are met."""
    figures = measure_storage()
    for name, value in figures.items():
        print(f"{name}: {value}")
    line = json.dumps(figures)
    if json_file:
        json_file.write_text(line + "\n", encoding="utf-8")
    print(line)
    return 0 if figures["ok"] else 1


def measure_storage() -> dict[str, Any]:
    """Return all figures; ``ok`` says whether the targets are met."""
    with tempfile.TemporaryDirectory() as base, _store(Path(base) / "ours", EncryptedFile) as ours:
        with _store(Path(base) / "plain", PlainFile) as plain:
            people = [_patient(number) for number in range(BATCHES * BATCH_ROWS + COMMITS)]
            inserted = _insert(ours, plain, people[: BATCHES * BATCH_ROWS])
            committed = _commit(ours, plain, people[BATCHES * BATCH_ROWS :])
            looked_up = _look_up(ours, plain, people)
            searched = _search(ours, plain)
            is_readable = _shows(Path(base) / "ours", people[0].name[0].given[0])
        written, read = _contents(ours, Path(base))
    figures: dict[str, Any] = {
        "bench": "storage",
        "patients": len(people),
        "is_readable_without_key": is_readable,
        "insert_rows_per_s": inserted.rates(BATCH_ROWS),
        "commit_ms": committed.milliseconds(),
        "lookup_ms": looked_up.milliseconds(),
        "search_ms": searched.milliseconds(),
        "blob_write_mb_per_s": written.rates(BLOB_MB),
        "blob_read_mb_per_s": read.rates(BLOB_MB),
    }
    return {"ok": not is_readable and _are_met(inserted, looked_up, written, read), **figures}


def _shows(folder: Path, word: str) -> bool:
    """Return whether a word can be read in the database or its log."""
    return any(word.encode() in path.read_bytes() for path in folder.glob(f"{DATABASE_NAME}*"))


def _are_met(inserted: Pair, looked_up: Pair, written: Pair, read: Pair) -> bool:
    is_fast = _is_fast(written) and _is_fast(read)
    return inserted.ratio <= SLOWEST_INSERT and looked_up.ratio <= SLOWEST_LOOKUP and is_fast


def _is_fast(contents: Pair) -> bool:
    """Return whether contents reach their goal, or all that the disk gives: a plain file is not faster."""
    return min(contents.ours_s) <= BLOB_MB / SLOWEST_BLOB_MB_PER_S or contents.ratio <= SLOWEST_OF_DISK


@contextmanager
def _store(folder: Path, kind: type[EncryptedFile]) -> Iterator[Store]:
    folder.mkdir()
    key = secrets.token_bytes(32)
    database = kind(folder / DATABASE_NAME, key)
    try:
        with database.writing() as connection:
            migrate(connection)
        yield Store(folder, database, key, SystemClock())
    finally:
        database.close()


def _insert(ours: Store, plain: Store, people: Sequence[Patient]) -> Pair:
    batches = [people[start : start + BATCH_ROWS] for start in range(0, len(people), BATCH_ROWS)]
    return _in_turn(batches, ours.records.commit, plain.records.commit)


def _commit(ours: Store, plain: Store, people: Sequence[Patient]) -> Pair:
    return _in_turn([[person] for person in people], ours.records.commit, plain.records.commit)


def _look_up(ours: Store, plain: Store, people: Sequence[Patient]) -> Pair:
    def find(store: Store) -> Callable[[str], object]:
        return lambda iin: _one(store.records.find(Patient, identifier=f"{IIN}|{iin}"))

    chosen = random.Random(1).choices([person.identifier[0].value or "" for person in people], k=LOOKUPS)
    return _in_turn(chosen, find(ours), find(plain))


def _search(ours: Store, plain: Store) -> Pair:
    rng = random.Random(2)
    words = [f"{rng.choice(_FAMILIES)[:4]} {rng.choice(_GIVEN)[:3]}" for _ in range(SEARCHES)]
    return _in_turn(words, ours.records.search_patients, plain.records.search_patients)


def _contents(store: Store, base: Path) -> tuple[Pair, Pair]:
    """Write and read large contents in turn with plain files of the same bytes."""
    contents = [random.Random(number).randbytes(BLOB_MB * 1_000_000) for number in range(BLOBS)]
    places = {id(content): base / f"plain-{number}" for number, content in enumerate(contents)}
    addresses: dict[int, str] = {}

    def put(content: bytes) -> None:
        addresses[id(content)] = store.blobs.put(content)

    def write(content: bytes) -> None:
        with places[id(content)].open("wb") as file:
            file.write(content)
            os.fsync(file.fileno())

    written = _in_turn(contents, put, write)
    read = _in_turn(
        contents,
        lambda content: _same(store.blobs.read(addresses[id(content)]), content),
        lambda content: _same(places[id(content)].read_bytes(), content),
    )
    return written, read


def _in_turn(items: Sequence[Any], ours: Callable[[Any], object], plain: Callable[[Any], object]) -> Pair:
    """Do the same with both, item by item; who begins changes."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number, item in enumerate(items):
        for side in (0, 1) if number % 2 else (1, 0):
            begin = time.perf_counter()
            (plain if side else ours)(item)
            seconds[side].append(time.perf_counter() - begin)
    return Pair(tuple(seconds[0]), tuple(seconds[1]))


def _one(found: Sequence[object]) -> None:
    if len(found) != 1:
        raise RuntimeError(f"a lookup found {len(found)} patients")


def _same(read: bytes, written: bytes) -> None:
    if read != written:
        raise RuntimeError("what was read is not what was written")


def _patient(number: int) -> Patient:
    rng = random.Random(number)
    return Patient(
        id=new_id(),
        identifier=(Identifier(system=IIN, value=f"{number:012}"),),
        name=(HumanName(family=rng.choice(_FAMILIES), given=(rng.choice(_GIVEN), f"Marker{number}")),),
        gender="female",
        birth_date="1964-03-05",
    )
