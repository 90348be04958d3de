"""``dev.py drill crash --cycles N``: a writing process is killed at any moment, and what it had said must be there.

Folders are killed several times over, as a computer with a bad plug is. A kill cannot tell whether COMMIT flushes (the
system keeps the pages of a dead process); that is for the power-cut drill.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import select
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.drills.claims import Claims
from tests.drills.comparing import Found, look_into
from tests.drills.processes import context as process_context
from tests.drills.processes import processes
from tests.drills.writing import write_to_the_end

CYCLES_OF_A_FOLDER: Final = 5
MUTANTS: Final = ("says-before-commit", "blob-after-the-row")
"""What a kill must find out; what only a power cut finds out is not among them."""
_MUTANT_CYCLES: Final = 6
_MOST_CLAIMS: Final = 80
"""A process lives for fewer: on a busy computer it is slower, and dies no earlier in its work."""
_LAST_MOMENT_S: Final = 0.02
_STILL_OPENING: Final = 0.1
"""How many of the kills come while the store may still be opening."""
_LONGEST_OPENING_S: Final = 0.5
_PATIENCE_S: Final = 60.0
_READ_BYTES: Final = 1 << 16


@dataclass
class Tally:
    """What all cycles of some folders came to."""

    cycles: int = 0
    acked: int = 0
    found: Found = field(default_factory=Found)

    def add(self, other: Tally) -> None:
        """Put the cycles of other folders to these."""
        self.cycles += other.cycles
        self.acked += other.acked
        self.found.add(other.found)


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Kill a writer ``--cycles`` times; see the module."""
    parser = argparse.ArgumentParser(prog="drill crash")
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    tally = kill_writers(options.cycles, options.seed)
    caught = [name for name in MUTANTS if not kill_writers(_MUTANT_CYCLES, options.seed, name).found.is_whole]
    found = tally.found
    figures: dict[str, object] = {
        "cycles": tally.cycles,
        "acked": tally.acked,
        "lost": len(found.lost),
        "orphans": len(found.orphans),
        "integrity_failures": len(found.damage) + len(found.refusals),
        "mutants_caught": caught,
        "examples": [*found.refusals, *found.damage, *found.lost, *found.orphans][:5],
        "seed": options.seed,
        "seconds": round(time.monotonic() - begin, 1),
    }
    return figures, tally.acked > 0 and found.is_whole and len(caught) == len(MUTANTS)


def kill_writers(cycles: int, seed: int, mutant: str = "") -> Tally:
    """Spread the cycles over the processors; return what they came to.

    Args:
        cycles: kills in all.
        seed: of the moments and of what is written.
        mutant: name of a broken store, or empty.
    """
    tally = Tally()
    whole, rest = divmod(cycles, CYCLES_OF_A_FOLDER)
    counts = [CYCLES_OF_A_FOLDER] * whole + [rest] * bool(rest)
    with tempfile.TemporaryDirectory() as base, processes(__name__) as pool:
        jobs = [
            pool.submit(_kill_in_one_folder, Path(base) / str(number), count, f"{seed} {number}", mutant)
            for number, count in enumerate(counts)
        ]
        for job in jobs:
            tally.add(job.result())
    return tally


def _kill_in_one_folder(folder: Path, cycles: int, seed: str, mutant: str) -> Tally:
    rng = random.Random(seed)
    tally, claims = Tally(), Claims()
    for _ in range(cycles):
        _write_and_kill(folder, claims, rng, mutant)
        tally.found.add(look_into(folder, claims))
        tally.cycles += 1
    tally.acked = claims.count
    return tally


def _write_and_kill(folder: Path, claims: Claims, rng: random.Random, mutant: str) -> None:
    """Let a process write, kill it some time after its first word (or while it is still opening), hear it out."""
    context = process_context(__name__)
    reader, writer = context.Pipe(duplex=False)
    words = (folder, writer, rng.randrange(1 << 30), mutant)
    process = context.Process(target=_child, args=words, daemon=True)
    process.start()
    writer.close()
    is_early = rng.random() < _STILL_OPENING
    wanted = 0 if is_early else rng.randrange(1, _MOST_CLAIMS)
    with reader:
        rest = _hear(reader.fileno(), b"", claims, _PATIENCE_S, claims.count + wanted)
        rest = _hear(reader.fileno(), rest, claims, rng.random() * (_LONGEST_OPENING_S if is_early else _LAST_MOMENT_S))
        process.kill()
        process.join()
        while said := os.read(reader.fileno(), _READ_BYTES):
            rest = claims.hear(rest + said)
    if process.exitcode != -signal.SIGKILL:
        raise RuntimeError(f"the writer ended by itself, with {process.exitcode}; see what it wrote above")


def _child(folder: Path, writer: multiprocessing.connection.Connection, seed: int, mutant: str) -> None:
    write_to_the_end(folder, writer.fileno(), seed, mutant)


def _hear(descriptor: int, rest: bytes, claims: Claims, seconds: float, wanted: int | None = None) -> bytes:
    """Listen for some seconds, or until so many claims are there; return the start of a line that is not whole yet."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and (wanted is None or claims.count < wanted):
        if select.select([descriptor], [], [], left)[0]:
            said = os.read(descriptor, _READ_BYTES)
            if not said:
                break
            rest = claims.hear(rest + said)
    return rest
