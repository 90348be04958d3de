"""The hospitals of the drill and the lines between them: real processes that are started, spoken to, and killed."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from clinic_app.access import EnrolmentForm, NewUser, enrol
from clinic_app.foundation.clock import SystemClock
from clinic_app.keys import DATABASE_NAME, FileKeyStorage, NodeKeys, unlock
from clinic_app.settings import Settings, save_settings
from clinic_app.storage import Store
from clinic_app.storage.backups.restoring import restore_backup
from tests.drills.link.deaths import OF_A_WORKSTATION, Fate
from tests.drills.link.hubs import PATIENCE_S, FaultError, HubNode, end_of
from tests.drills.link.ledger import Ledger
from tests.drills.link.mutants import FATAL, OF_THE_HUB
from tests.drills.link.node import Life, Status, live
from tests.drills.processes import context
from tests.helpers.fault_proxy import FaultProxy, make_certificate
from tests.helpers.stores import PASSWORD, QUICK
from tests.helpers.waiting import wait_until

MODULE: Final = "tests.drills.link.preload"
DISTRICT, CENTRE = "org-district", "org-centre"


@dataclass
class Station:
    """One workstation: its data, its line, and the process that is it now.

    Args:
        name: among the others.
        place: counted from 0.
        folder: its data folder.
        line: to its hub.
        hub: its hub.
    """

    name: str
    place: int
    folder: Path
    line: FaultProxy
    hub: HubNode
    clock_offset_s: float = 0.0
    lives: int = 0
    process: BaseProcess | None = None
    pipe: Connection | None = None
    fate: Fate | None = None
    told: list[str] = field(default_factory=list)
    """Operations acknowledged since the last moment everything was at the hub."""

    @property
    def is_alive(self) -> bool:
        """Whether a process is there that can be spoken to."""
        return self.pipe is not None


class World:
    """Two workstations of a district, a specialist's workstation, and the hubs between them.

    Args:
        base: an empty folder.
        seed: of everything.
        mutant: a promise somebody breaks; empty for the program as it is.
        has_facility: whether the district has a hub of its own below the central one.
    """

    def __init__(self, base: Path, seed: int, mutant: str = "", *, has_facility: bool = True) -> None:
        self.fatal = FATAL.get(mutant, ())
        self.base = base
        self.rng = random.Random(seed)
        self.ledger = Ledger()
        self.stations: list[Station] = []
        self.deaths: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.hubs: list[HubNode] = []
        self._mutant = mutant
        self._seed = seed
        self._has_facility = has_facility
        self._context = context(MODULE)
        self._authority = Path()

    @property
    def central(self) -> HubNode:
        """The last hub."""
        return self.hubs[0]

    @property
    def lines(self) -> list[FaultProxy]:
        """Every line there is."""
        upward = [hub.upward for hub in self.hubs if hub.upward is not None]
        return [*(station.line for station in self.stations), *upward]

    @contextmanager
    def open(self) -> Iterator[World]:
        """Set everything up; at the end no process of it is left."""
        with ExitStack() as stack:
            self._authority = make_certificate(self.base / "certificates")
            stack.callback(self.end)
            central = self._hub("central hub")
            facility = central
            if self._has_facility:
                facility = self._hub("facility hub")
                facility.put_below(self._line(central, stack), DISTRICT, central.enrol(DISTRICT, "facility hub"))
            for name, organization, hub in (
                ("A", DISTRICT, facility),
                ("B", DISTRICT, facility),
                ("S", CENTRE, central),
            ):
                folder = self.base / "disks" / name / "data"
                _set_up(folder, organization, name, hub.enrol(organization, name))
                self.stations.append(Station(name, len(self.stations), folder, self._line(hub, stack), hub))
            yield self

    def end(self) -> None:
        """Kill every process that is left."""
        for station in self.stations:
            self.kill(station)
        for hub in self.hubs:
            hub.kill()

    def _hub(self, name: str) -> HubNode:
        mutant = self._mutant if self._mutant in OF_THE_HUB else ""
        folder = self.base / name.replace(" ", "-")
        self.hubs.append(HubNode(name, folder, self._context, self.deaths, self._authority, mutant))
        return self.hubs[-1]

    def _line(self, hub: HubNode, stack: ExitStack) -> FaultProxy:
        seed = self._seed + hub.port
        return stack.enter_context(FaultProxy(hub.url, self.base / "certificates", seed))

    # --- workstations --------------------------------------------------------------------------------------------

    def start(self, station: Station) -> None:
        """Start a workstation."""
        station.lives += 1
        station.pipe, theirs = self._context.Pipe()
        shared = self._context.Array("i", 2)
        station.fate = Fate(shared)
        life = Life(
            name=f"{station.name}{station.lives}",
            place=station.place,
            folder=station.folder,
            hub_url=station.line.url,
            authority=self._authority,
            log=self._log(station),
            seed=f"{self._seed} {station.name} {station.lives}",
            clock_offset_s=station.clock_offset_s,
            mutant=self._mutant if self._mutant not in OF_THE_HUB else "",
        )
        station.process = self._context.Process(target=live, args=(life, theirs, shared), daemon=True)
        station.process.start()
        theirs.close()
        self._hear(station, "up")

    def ask(self, station: Station, *words: Any) -> Any:
        """Ask a workstation for something and return its answer, or None if it died first."""
        if self.send(station, *words):
            return self._hear(station, "done")
        return None

    def send(self, station: Station, *words: Any) -> bool:
        """Ask a workstation for something without waiting; return whether it could be asked."""
        if station.pipe is None:
            return False
        try:
            station.pipe.send(words)
        except OSError:
            self._bury(station)
            return False
        return True

    def wait(self, station: Station) -> Any:
        """Wait for the answer to what was sent; None if it died first."""
        return self._hear(station, "done") if station.pipe is not None else None

    def kill(self, station: Station) -> None:
        """End a workstation as a power cut does, whatever it was at; what it had said before is heard."""
        if station.process is not None and station.process.is_alive():
            station.process.kill()
            self.deaths["workstation at any moment"] += 1
        if station.pipe is not None:
            self._hear(station, "the end")

    def doom(self, chance: float) -> None:
        """Let each process, with some chance, die at the nth time it comes to some step of the protocol."""
        for station in self.stations:
            if station.fate is not None and self.rng.random() < chance:
                station.fate.draw(self.rng, OF_A_WORKSTATION, self.fatal)
        for hub in self.hubs:
            if self.rng.random() < chance:
                hub.doom(self.rng, self.fatal)

    def spare(self) -> None:
        """From now on nobody dies by himself."""
        for hub in self.hubs:
            hub.spare()
        for station in self.stations:
            if station.fate is not None:
                station.fate.spare()

    def revive(self) -> None:
        """Start whatever is dead."""
        for hub in self.hubs:
            if not hub.is_alive:
                hub.start()
        for station in self.stations:
            if not station.is_alive:
                self.start(station)

    def _hear(self, station: Station, wanted: str) -> Any:
        """Listen until a word comes; everything else that is said goes into the books."""
        end_s = time.monotonic() + PATIENCE_S
        while station.pipe is not None:
            try:
                if not station.pipe.poll(max(0.0, end_s - time.monotonic())):
                    raise FaultError(f"{station.name} says nothing; see {self._log(station)}")
                word, what = station.pipe.recv()
            except (EOFError, OSError):
                self._bury(station)
                return None
            if word == wanted:
                return what
            self._note(station, word, what)
        return None

    def _note(self, station: Station, word: str, what: Any) -> None:
        if word == "trying":
            self.ledger.trying(*what)
        elif word == "saved":
            self.ledger.saved(*what)
            station.told.append(what[0])
        elif word == "refused":
            self.ledger.refused(what[0])
            self.refusals[what[1]] += 1
        elif word == "died":
            self.deaths[f"workstation: {what}"] += 1

    def _bury(self, station: Station) -> None:
        assert station.process is not None
        station.process.join(PATIENCE_S)
        if station.pipe is not None:
            station.pipe.close()
        station.pipe = None
        if station.process.exitcode != -9:
            raise FaultError(f"{station.name} ended with {station.process.exitcode}; see {end_of(self._log(station))}")

    # --- disasters -----------------------------------------------------------------------------------------------

    def restore(self, station: Station, backup: Path) -> int:
        """Put an older backup in the place of a workstation's data; return how many claims went down with the disk.

        What was told since everything was last at the hub lay on that disk alone.
        """
        self.kill(station)
        key = unlock(station.folder, FileKeyStorage(station.folder))
        restore_backup(station.folder, backup, key, SystemClock())
        return self.ledger.forgive(station.told)

    def keep(self, hub: HubNode) -> Path:
        """Copy a hub's data as a backup does, the hub being stopped for it; return where."""
        hub.kill()
        kept = self.base / f"{hub.name} kept"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(hub.folder, kept)
        return kept

    def put_back(self, hub: HubNode, kept: Path) -> None:
        """Put a hub's older database in the place of what it has now, as its restoration does; contents stay."""
        hub.kill()
        key = unlock(hub.folder, FileKeyStorage(hub.folder))
        restore_backup(hub.folder, kept / DATABASE_NAME, key, SystemClock())

    # --- peace ---------------------------------------------------------------------------------------------------

    def calm(self, seconds: float = PATIENCE_S) -> str:
        """Let everybody come to rest: nothing under way, every question answered; return what did not, or nothing."""
        self.spare()
        self.revive()
        end_s = time.monotonic() + seconds
        quiet = 0
        before: dict[str, Status] = {}
        while time.monotonic() < end_s:
            now = self._statuses()
            moved = [name for name, status in now.items() if not _rests(before.get(name), status)]
            moved += filter(None, (hub.unrest() for hub in self.hubs))
            quiet = 0 if moved else quiet + 1
            if quiet >= 2:
                for station in self.stations:
                    station.told.clear()
                return ""
            before = now
            for station in self.stations:
                self.ask(station, "settle")
            self._exchange()
        unrest = [f"{name}: {status}" for name, status in before.items() if not status.is_quiet]
        unrest += filter(None, (hub.unrest() for hub in self.hubs))
        return "; ".join(unrest) or "restless"

    def _exchange(self) -> None:
        """Have every workstation end one exchange well, or wait a little while it cannot."""
        before = self._statuses()
        for station in self.stations:
            self.ask(station, "sync")

        def have_met() -> bool:
            return all(status.contact != before[name].contact for name, status in self._statuses().items())

        with suppress(AssertionError):
            wait_until(have_met, 5, "an exchange")

    def _statuses(self) -> dict[str, Status]:
        self.revive()
        return {station.name: self.ask(station, "status") for station in self.stations}

    def _log(self, station: Station) -> Path:
        return self.base / f"{station.name}.log"  # not on the workstation's own disk, which may be full


def _rests(before: Status | None, now: Status) -> bool:
    return before is not None and now.is_quiet and now.position == before.position and now.contact != before.contact


def _set_up(folder: Path, organization_id: str, name: str, token: str) -> None:
    """Set up a workstation as IT does, but for the price of the passwords."""
    folder.mkdir(parents=True)
    save_settings(Settings(folder, {"key_storage": "file", "sync_interval_s": 1, "reserve_mb": 16}))
    roles: tuple[Any, ...] = ("doctor", "administrator", *(() if organization_id == DISTRICT else ("specialist",)))
    users = tuple(NewUser(role, PASSWORD, f"{role} {name}", role) for role in roles)
    store = Store.open(folder, unlock(folder, FileKeyStorage(folder)), SystemClock())
    try:
        form = EnrolmentForm(f"Аурухана {organization_id}", name, organization_id, token, users)
        enrol(store, NodeKeys.create(), form, QUICK)
    finally:
        store.close()
