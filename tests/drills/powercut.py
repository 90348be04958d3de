"""``dev.py drill powercut --images N``: the power goes at a random instant, and what had been said must be there.

A writer is recorded call by call (`tests.drills.recorded_disk`); then disks are made as a power cut may leave them
(`tests.drills.disk_image`), and the real program opens each. A store with one flush less is recorded and cut in the
same way and must be found out: else the drill has not held.
"""

from __future__ import annotations

import argparse
import pickle  # allowed (code from data): it reads back only what this process wrote itself
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.drills.claims import Claims
from tests.drills.comparing import Found, look_into
from tests.drills.disk_image import Disk
from tests.drills.processes import processes
from tests.drills.recorded_disk import CannotRecordError, Event, record
from tests.drills.stories import KEYS, STORIES

ROOT: Final = Path(__file__).parents[2]
MUTANTS: Final = (
    "synchronous-normal",
    "blobs-without-fsync",
    "rename-before-fsync",
    "folders-without-fsync",
    "slots-without-fsync",
)
"""What a power cut must find out."""
BUSY_DAY: Final = "busy-day"
_SHARES: Final = 8
"""The days when the data folder itself changes get one image of so many, each."""
_STORY_STEPS: Final = 24
_MUTANT_STEPS: Final = 60
_MUTANT_IMAGES: Final = 400
_BATCH: Final = 50
_RARE: Final = ("link", "move", "unlink", "flush")
_CLOSE_EVENTS: Final = 5
_FAST: Final = Path("/dev/shm")


Instant = tuple[int, int]
"""How many events have happened, and the seed of what was kept of them."""


@dataclass
class Cut:
    """What some images came to."""

    images: int = 0
    images_with_losses: int = 0
    found: Found = field(default_factory=Found)
    examples: list[str] = field(default_factory=list)

    def add(self, other: Cut) -> None:
        """Put other images to these."""
        self.images += other.images
        self.images_with_losses += other.images_with_losses
        self.found.add(other.found)
        self.examples += other.examples


@dataclass(frozen=True)
class Film:
    """A recording of one writer.

    Args:
        story: what the writer lived through.
        folder: what was recorded.
        events: what happened there.
        path: the same in a file, for other processes.
    """

    story: str
    folder: Path
    events: tuple[Event, ...]
    path: Path

    def instants(self, images: int, rng: random.Random, *, is_from_the_start: bool) -> list[Instant]:
        """Return moments at which the power goes, in order: from the first event on, or after the first claim.

        Every other one is close to a new, moved or removed name or to a flush, which are few among the writes.
        """
        said = next(place for place, event in enumerate(self.events) if event.kind == "said")
        first = 0 if is_from_the_start else said
        places = {
            kind: [p for p, event in enumerate(self.events) if event.kind == kind and p >= first] for kind in _RARE
        }
        rare = [each for each in places.values() if each]
        moments = []
        for number in range(images):
            anywhere = rng.randrange(first, len(self.events))
            close = rng.choice(rng.choice(rare)) + rng.randrange(_CLOSE_EVENTS)
            moments.append((min(close, len(self.events) - 1) if number % 2 else anywhere, rng.randrange(1 << 30)))
        return sorted(moments)

    def count(self, kind: str) -> int:
        """Return how many events are of this kind."""
        return sum(event.kind == kind for event in self.events)

    def said(self) -> Claims:
        """Return all that the writer had said at the end."""
        claims = Claims()
        claims.hear(b"".join(event.data for event in self.events if event.kind == "said"))
        return claims


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Cut the power of a writer ``--images`` times, and of each broken store until it is found out; see the module."""
    parser = argparse.ArgumentParser(prog="drill powercut")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=300, help="things written on the busy day")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    try:
        return _drill(options.images, options.steps, options.seed, begin)
    except CannotRecordError as error:
        print(f"drill powercut: NOTHING WAS TESTED: {error}", file=sys.stderr)
        return {"images": 0, "reason": str(error)}, False


def _drill(images: int, steps: int, seed: int, begin: float) -> tuple[dict[str, object], bool]:
    with tempfile.TemporaryDirectory(dir=_FAST if _FAST.is_dir() else None) as base, processes(__name__) as pool:
        cut, films = Cut(), []
        for story, count in _shares(images).items():
            films.append(shoot(Path(base) / story, story, steps if story == BUSY_DAY else _STORY_STEPS, seed))
            cut.add(cut_power(pool, films[-1], count, seed))
        betrayals = pool.map(partial(betrayal, Path(base), seed), MUTANTS)
        caught = [name for name, how in zip(MUTANTS, map(_told, betrayals), strict=True) if how]
    found = cut.found
    figures: dict[str, object] = {
        "images": cut.images,
        "stories": [film.story for film in films],
        "acked": sum(film.said().count for film in films),
        "writes": sum(film.count("write") for film in films),
        "flushes": sum(film.count("flush") for film in films),
        "lost": len(found.lost),
        "corrupt": len(found.damage),
        "orphans": len(found.orphans),
        "open_failures": len(found.refusals),
        "mutants_caught": caught,
        "examples": cut.examples[:5],
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
    }
    return figures, cut.images == images and found.is_whole and caught == list(MUTANTS)


def _shares(images: int) -> dict[str, int]:
    """Return how many images each story gets: most of them the busy day."""
    each = images // _SHARES
    return {BUSY_DAY: images - each * (len(STORIES) - 1), **{story: each for story in STORIES if story != BUSY_DAY}}


def shoot(base: Path, story: str, steps: int, seed: int, mutant: str = "") -> Film:
    """Record a writer from the first call in an empty folder to its last.

    Args:
        base: a folder of this recording's own; it is made.
        story: what the writer lives through.
        steps: things it writes.
        seed: of what it writes.
        mutant: name of a broken store, or empty.

    Raises:
        CannotRecordError: this computer has no way to record a process.
    """
    folder = base / "data"
    folder.mkdir(parents=True)
    words = [str(folder), "--story", story, "--steps", str(steps), "--seed", str(seed), "--mutant", mutant]
    command = [sys.executable, "-m", "tests.drills.stories", *words]
    events = tuple(record(command, folder, base / "strace.log", ROOT))
    (base / "strace.log").unlink()
    _check_recording(folder, events)
    path = base / "events.pickle"
    path.write_bytes(pickle.dumps(events))
    return Film(story, folder, events, path)


def _check_recording(folder: Path, events: Sequence[Event]) -> None:
    """Compare what was recorded with what lies there: with a write overlooked the drill would prove nothing."""
    disk = Disk(folder)
    for event in events:
        disk.take(event)
    recorded = disk.everything()
    real = {
        str(path): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.name.endswith("-shm")
    }
    if wrong := [name for name in recorded.keys() | real.keys() if recorded.get(name, 0) != real.get(name, 0)]:
        raise CannotRecordError(f"what was recorded is not what lies there: {sorted(wrong)[:3]}")


def cut_power(pool: ProcessPoolExecutor, film: Film, images: int, seed: int) -> Cut:
    """Make and open images at random instants of a recording, on all processors."""
    instants = film.instants(images, random.Random(seed), is_from_the_start=film.story not in KEYS)
    parts = [instants[start : start + _BATCH] for start in range(0, images, _BATCH)]
    cut = Cut()
    for part in pool.map(partial(_cut_some, film.path, film.folder, film.story), parts):
        cut.add(part)
    return cut


def _cut_some(path: Path, folder: Path, story: str, instants: list[Instant]) -> Cut:
    """Make and open some images of a recording; the instants come in order."""
    events: tuple[Event, ...] = pickle.loads(path.read_bytes())
    disk, claims, cut, rest, done = Disk(folder), Claims(), Cut(), b"", 0
    for instant, seed in instants:
        while done <= instant:
            disk.take(events[done])
            if events[done].kind == "said":
                rest = claims.hear(rest + events[done].data)
            done += 1
        with tempfile.TemporaryDirectory(dir=path.parent) as image:
            kept = disk.write_image(Path(image), random.Random(seed))
            found = look_into(Path(image), claims, KEYS.get(story))
            found.orphans = [] if story in KEYS else found.orphans  # a kept database holds examples, not whole pairs
        cut.images += 1
        cut.images_with_losses += bool(found.lost)
        cut.found.add(found)
        if not found.is_whole:
            amiss = [*found.refusals, *found.damage, *found.lost, *found.orphans]
            cut.examples.append(f"{story}, after event {instant} of {len(events)} ({kept}): {amiss[0]}")
    return cut


def betrayal(base: Path, seed: int, mutant: str) -> tuple[str, str]:
    """Return a broken store's name and what gives it away; nothing where it stands every cut.

    The power goes after the first thing was said.
    """
    film = shoot(base / mutant, BUSY_DAY, _MUTANT_STEPS, seed, mutant)
    rng = random.Random(seed)
    for _ in range(_MUTANT_IMAGES // _BATCH):
        cut = _cut_some(film.path, film.folder, film.story, film.instants(_BATCH, rng, is_from_the_start=False))
        if cut.examples:
            return mutant, cut.examples[0]
    return mutant, ""


def _told(mutant_and_how: tuple[str, str]) -> str:
    mutant, how = mutant_and_how
    print(f"{mutant}: {how or 'NOT FOUND OUT'}", flush=True)
    return how
