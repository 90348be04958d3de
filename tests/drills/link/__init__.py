"""``dev.py drill link --operations N``: three workstations and two hubs on the worst lines, and nothing may be lost.

Two workstations of one district hospital, the hub in its house, the central hub above it and the workstation of a
specialist there are processes of their own. Their
people work at random while the lines between them break in every way a line breaks, processes are killed at every step
of the protocol, clocks jump, disks run full, and backups are put back. Now and then everybody comes to rest. At the end
whatever a person was told to be saved must be there once, what nobody saw must not be gone, and all must have the same.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.drills.link.comparing import judge
from tests.drills.link.hubs import HubNode
from tests.drills.link.ledger import Verdict
from tests.drills.link.mutants import FATAL, MUTANTS
from tests.drills.link.world import Station, World
from tests.drills.small_disk import SmallDisk, best_way, small_disk
from tests.helpers.fault_proxy import FAULTS, Weather

_MUTANT_OPERATIONS: Final = 240
_MUTANT_TRIES: Final = 6
_DISK_MB: Final = 900
_LEFT_BYTES: Final = 200_000
_DOOMED: Final = 0.5
_KILLED_WORKSTATIONS: Final = 0.5
_KILLED_HUBS: Final = 0.15
"""How often, in each round, one is fated to die at a step of the protocol, or killed at any moment."""
_8_KBIT_S: Final = 1000
_CLOCKS_S: Final = (0.0, 0.0, 90.0, -600.0, 7200.0, -86_400.0 * 3, 86_400.0 * 40, -86_400.0 * 365 * 20)
"""Where a clock jumps to: right, a little wrong, and as wrong as a dead battery makes it."""

DISASTERS: Final = ("clock", "backup", "restored hub", "full disk", "restored workstation")


@dataclass(frozen=True)
class Pace:
    """How much happens between two changes.

    Args:
        batch: operations of each workstation under one weather.
        rounds_to_a_rest: changes of the weather until everybody comes to rest.
        rest_s: how long they may take for that; after a hub was restored a row waits some forty exchanges for what it
            was made from, whose writer may never come.
        has_facility: whether the district has a hub of its own.
        disasters: in turn, one after each rest.
        weathers: of which each line has one.
    """

    batch: int = 30
    rounds_to_a_rest: int = 8
    rest_s: float = 600.0
    has_facility: bool = True
    disasters: tuple[str, ...] = DISASTERS
    weathers: tuple[str, ...] = ("clear", "cut", "portal", "slow", "delay", *FAULTS, *FAULTS)


SHORT: Final = Pace(12, 4, 60.0)
BREATHLESS: Final = Pace(5, 6, 30.0, False, ("clock",), ("clear", "clear", "clear", "reset", "half-close"))
"""For broken promises that a death brings to light: many exchanges, because each may show it."""
CROWDED: Final = Pace(14, 2, 30.0, False, ("clock",), ("clear", "cut", "cut"))
"""For those that two desks bring to light which edit the same cards apart."""


@dataclass
class Outcome:
    """What a run came to."""

    operations: int = 0
    acknowledged: int = 0
    forgiven: int = 0
    names: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    disasters: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    restless: list[str] = field(default_factory=list)

    @property
    def has_held(self) -> bool:
        """Whether everything came to rest and nothing is amiss."""
        return self.acknowledged > 0 and self.verdict.is_clean and not self.restless


def run(arguments: Sequence[str]) -> tuple[dict[str, object], bool]:
    """Let ``--operations`` happen; then see that a link which breaks a promise is found out."""
    parser = argparse.ArgumentParser(prog="drill link")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="only this broken link, to see how it is found out")
    parser.add_argument("--without-mutants", action="store_true", help="only the link as it is")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    begin = time.monotonic()
    if options.mutant:
        outcome = rehearse(options.operations, options.seed, options.mutant, BREATHLESS)
        return _figures(outcome, options.seed, begin), not outcome.has_held
    outcome = rehearse(options.operations, options.seed)
    wanted = [] if options.without_mutants else list(MUTANTS)
    caught = [name for name in wanted if is_found_out(name, options.seed)]
    figures = {**_figures(outcome, options.seed, begin), "mutants_caught": caught}
    return figures, outcome.has_held and caught == wanted


def rehearse(operations: int, seed: int, mutant: str = "", pace: Pace | None = None) -> Outcome:
    """Let so many operations happen and return what came of them.

    Args:
        operations: of all people together.
        seed: of everything that is drawn.
        mutant: a promise somebody breaks; empty for the program as it is.
        pace: how much happens between two changes.
    """
    with tempfile.TemporaryDirectory(prefix="dala-link-") as folder:
        return Rehearsal(Path(folder), operations, seed, mutant, pace or Pace()).go_through()


def is_found_out(mutant: str, seed: int) -> bool:
    """Return whether some short runs tell a broken link from a sound one."""
    pace = BREATHLESS if mutant in FATAL else CROWDED
    tries = (rehearse(_MUTANT_OPERATIONS, seed + number, mutant, pace) for number in range(_MUTANT_TRIES))
    return any(not each.verdict.is_clean for each in tries)


class Rehearsal:
    """One run.

    Args:
        base: an empty folder.
        operations: after so many it ends.
        seed: of everything that is drawn.
        mutant: a promise somebody breaks.
        pace: how much happens between two changes.
    """

    def __init__(self, base: Path, operations: int, seed: int, mutant: str, pace: Pace) -> None:
        self._world = World(base, seed, mutant, has_facility=pace.has_facility)
        self._operations = operations
        self._rng = random.Random(f"{seed} weather")
        self._pace = pace
        self._outcome = Outcome()
        self._backups: dict[str, Path] = {}
        self._kept: tuple[HubNode, Path] | None = None
        self._disk: SmallDisk | None = None

    def go_through(self) -> Outcome:
        """Do everything and return what came of it."""
        world, outcome = self._world, self._outcome
        with ExitStack() as stack:
            self._disk = stack.enter_context(_disk(world.base / "disks" / "A"))
            stack.enter_context(world.open())
            world.revive()
            self._rest("the beginning")
            turn = 0
            while world.ledger.tried < self._operations and not outcome.restless:
                turn += 1
                self._round(turn)
                if turn % self._pace.rounds_to_a_rest == 0:
                    self._rest(f"round {turn}")
                    self._disaster(turn // self._pace.rounds_to_a_rest)
            self._rest("the end")
            for line in world.lines:
                outcome.faults.update(line.done)
            world.end()
            below = {each.name: (each.folder, each.hub.folder) for each in world.stations}
            outcome.verdict = judge(world.ledger, [hub.folder for hub in world.hubs], below)
        outcome.operations, outcome.acknowledged = world.ledger.tried, len(world.ledger.acknowledged)
        outcome.deaths, outcome.refusals, outcome.names = world.deaths, world.refusals, world.ledger.names
        return outcome

    def _round(self, turn: int) -> None:
        """Let everybody work for a while under some weather, with a kill here and there."""
        world = self._world
        for line in world.lines:
            line.change(self._weather())
        world.revive()
        world.doom(_DOOMED)
        working = [station for station in world.stations if world.send(station, "work", self._pace.batch, turn)]
        for station in working:
            world.wait(station)
        for _ in range(self._rng.randrange(1, 4)):
            for station in world.stations:
                world.ask(station, "sync")
            time.sleep(self._rng.uniform(0.05, 0.4))
        if self._rng.random() < _KILLED_WORKSTATIONS:
            world.kill(self._rng.choice(world.stations))
        if self._rng.random() < _KILLED_HUBS:
            self._rng.choice(world.hubs).kill()

    def _weather(self) -> Weather:
        kind = self._rng.choice(self._pace.weathers)
        delay_s = self._rng.choice((0.0, 0.0, 0.02, 0.1))
        if kind in FAULTS:
            within = self._rng.choice((2_000, 10_000, 60_000))
            return Weather(delay_s, fault=kind, within_bytes=within, stall_s=self._rng.uniform(0.1, 1.0))  # type: ignore[arg-type]
        if kind == "portal":
            return Weather(portal=self._rng.choice(("page", "redirect", "plain")))
        return {
            "clear": Weather(),
            "cut": Weather(is_cut=True),
            "slow": Weather(bytes_per_s=_8_KBIT_S),
            "delay": Weather(delay_s=0.3),
        }[kind]

    def _rest(self, when: str) -> None:
        """Let the lines be good, the disks empty and the clocks right until nothing moves any more."""
        if self._disk is not None:
            self._disk.empty()
        for line in self._world.lines:
            line.change(Weather())
        for station in self._world.stations:
            self._jump(station, 0.0)
        if words := self._world.calm(self._pace.rest_s):
            self._outcome.restless.append(f"{when}: {words}")

    def _disaster(self, number: int) -> None:
        """Let one of the things happen that happen to a computer once in its life."""
        kind = self._pace.disasters[number % len(self._pace.disasters)]
        station = self._rng.choice(self._world.stations)
        if kind == "full disk":
            self._fill_disk()
        elif kind == "restored workstation":
            self._restore()
        elif kind == "restored hub":
            self._restore_hub()
        elif kind == "backup":
            path = self._world.ask(station, "back up")
            if path is not None:
                self._backups = {station.name: path}
                self._outcome.disasters[kind] += 1
            hub = self._rng.choice(self._world.hubs)
            self._kept = (hub, self._world.keep(hub))
        else:
            for each in self._world.stations:
                self._jump(each, self._rng.choice(_CLOCKS_S))
            self._outcome.disasters[kind] += 1

    def _jump(self, station: Station, offset_s: float) -> None:
        station.clock_offset_s = offset_s
        self._world.ask(station, "clock", offset_s)

    def _fill_disk(self) -> None:
        if self._disk is not None:
            self._disk.fill(self._rng.randrange(_LEFT_BYTES))
            self._outcome.disasters["full disk"] += 1

    def _restore_hub(self) -> None:
        """Put an older backup of a hub back: what came after it is only where it was written, or where it was read."""
        if self._kept is not None:
            self._world.put_back(*self._kept)
            self._kept = None
            self._outcome.disasters["restored hub"] += 1

    def _restore(self) -> None:
        """Put an older backup back after some more work that may not have reached the hub."""
        for station in self._world.stations:
            path = self._backups.pop(station.name, None)
            if path is not None:
                self._world.ask(station, "work", self._pace.batch, 1)
                self._outcome.forgiven += self._world.restore(station, path)
                self._outcome.disasters["restored workstation"] += 1


def _disk(root: Path) -> Any:
    """Return a disk that can be filled, where this computer has one to give."""
    root.mkdir(parents=True)
    if best_way() != "tmpfs":
        print("NOT TESTED HERE: a full disk, because nothing can be mounted", flush=True)
        return nullcontext()
    return small_disk(root, "tmpfs", _DISK_MB)


def _figures(outcome: Outcome, seed: int, begin: float) -> dict[str, object]:
    verdict = outcome.verdict
    return {
        "operations": outcome.operations,
        "acknowledged": outcome.acknowledged,
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "overwritten_silently": len(verdict.overwritten_silently),
        "unequal": len(verdict.unequal),
        "set_aside": len(verdict.set_aside),
        "restless": outcome.restless[:3],
        "went_down_with_a_disk": outcome.forgiven,
        "done": dict(outcome.names),
        "refused": dict(outcome.refusals.most_common(8)),
        "killed": dict(outcome.deaths),
        "faults": dict(outcome.faults),
        "disasters": dict(outcome.disasters),
        "examples": verdict.amiss[:8],
        "seed": seed,
        "seconds": round(time.monotonic() - begin, 1),
    }


__all__ = [
    "BREATHLESS",
    "CROWDED",
    "DISASTERS",
    "SHORT",
    "Outcome",
    "Pace",
    "Rehearsal",
    "is_found_out",
    "rehearse",
    "run",
]
