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
from clinic_app.keys import FileKeyStorage, NodeKeys, unlock
from clinic_app.settings import Settings, save_settings
from clinic_app.storage import Store
from clinic_app.storage.restoring import restore_backup
from tests.drills.link.deaths import OF_A_HUB, OF_A_WORKSTATION, Fate
from tests.drills.link.hub import HubLife, is_listening, serve
from tests.drills.link.ledger import Ledger
from tests.drills.link.mutants import FATAL, OF_THE_HUB
from tests.drills.link.node import Life, Status, live
from tests.drills.processes import context
from tests.helpers.fault_proxy import FaultProxy, make_certificate
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import free_port
from tests.helpers.stores import PASSWORD, QUICK
from tests.helpers.waiting import wait_until

MODULE: Final = "tests.drills.link.preload"
PATIENCE_S: Final = 120.0
DISTRICT, CENTRE = "org-district", "org-centre"


class FaultError(Exception):
    """A process ended by itself and not by our hand: the drill cannot go on, and the program has a fault."""


@dataclass
class Station:
    """One workstation: its data, its line, and the process that is it now.

    Args:
        name: among the others.
        place: counted from 0.
        folder: its data folder.
        line: to the hub.
    """

    name: str
    place: int
    folder: Path
    line: FaultProxy
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
    """Two workstations of a district, a specialist's workstation, and a hub.

    Args:
        base: an empty folder.
        seed: of everything.
        mutant: a promise somebody breaks; empty for the program as it is.
    """

    def __init__(self, base: Path, seed: int, mutant: str = "") -> None:
        self.fatal = FATAL.get(mutant, ())
        self.base = base
        self.rng = random.Random(seed)
        self.ledger = Ledger()
        self.stations: list[Station] = []
        self.deaths: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.hub_folder = base / "hub"
        self._hub: BaseProcess | None = None
        self._hub_pipe: Connection | None = None
        self._hub_fate: Fate | None = None
        self._mutant = mutant
        self._seed = seed
        self._port = free_port()
        self._context = context(MODULE)
        self._authority = Path()

    @contextmanager
    def open(self) -> Iterator[World]:
        """Set everything up; at the end no process of it is left."""
        with ExitStack() as stack:
            self._authority = make_certificate(self.base / "certificates")
            hub = HubProcess(self.hub_folder)
            stack.callback(self.end)
            for place, (name, organization) in enumerate((("A", DISTRICT), ("B", DISTRICT), ("S", CENTRE))):
                folder = self.base / "disks" / name / "data"
                line = FaultProxy(f"http://127.0.0.1:{self._port}", self.base / "certificates", self._seed + place)
                _set_up(folder, organization, name, hub.enrol(organization, name))
                self.stations.append(Station(name, place, folder, stack.enter_context(line)))
            yield self

    def end(self) -> None:
        """Kill every process that is left."""
        for station in self.stations:
            self.kill(station)
        self.kill_hub()

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
        if self._hub_fate is not None and self.rng.random() < chance:
            self._hub_fate.draw(self.rng, OF_A_HUB, self.fatal)

    def spare(self) -> None:
        """From now on nobody dies by himself."""
        for fate in (self._hub_fate, *(station.fate for station in self.stations)):
            if fate is not None:
                fate.spare()

    def revive(self) -> None:
        """Start whatever is dead."""
        if not self.is_hub_alive:
            self.start_hub()
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
            raise FaultError(f"{station.name} ended with {station.process.exitcode}; see {_end_of(self._log(station))}")

    # --- the hub -------------------------------------------------------------------------------------------------

    @property
    def is_hub_alive(self) -> bool:
        """Whether the hub's process runs; one that died by itself is buried on the way."""
        if self._hub is not None and not self._hub.is_alive():
            self._bury_hub()
        return self._hub is not None

    def start_hub(self) -> None:
        """Start the hub and wait until it listens."""
        self._hub_pipe, theirs = self._context.Pipe()
        shared = self._context.Array("i", 2)
        self._hub_fate = Fate(shared)
        life = HubLife(self.hub_folder, self._port, self._mutant if self._mutant in OF_THE_HUB else "")
        self._hub = self._context.Process(target=serve, args=(life, theirs, shared), daemon=True)
        self._hub.start()
        theirs.close()
        process = self._hub
        wait_until(lambda: is_listening(self._port) or not process.is_alive(), PATIENCE_S, "the hub listens")

    def kill_hub(self) -> None:
        """End the hub as a power cut does."""
        if self._hub is not None and self._hub.is_alive():
            self._hub.kill()
            self.deaths["hub at any moment"] += 1
        if self._hub is not None:
            self._bury_hub()

    def _bury_hub(self) -> None:
        assert self._hub is not None
        assert self._hub_pipe is not None
        self._hub.join(PATIENCE_S)
        with suppress(EOFError, OSError):
            while self._hub_pipe.poll():
                self.deaths[f"hub: {self._hub_pipe.recv()[1]}"] += 1
        self._hub_pipe.close()
        code, self._hub = self._hub.exitcode, None
        if code != -9:
            raise FaultError(f"the hub ended with {code}; see {_end_of(self.hub_folder.with_suffix('.log'))}")

    # --- disasters -----------------------------------------------------------------------------------------------

    def restore(self, station: Station, backup: Path) -> int:
        """Put an older backup in the place of a workstation's data; return how many claims went down with the disk.

        What was told since everything was last at the hub lay on that disk alone.
        """
        self.kill(station)
        key = unlock(station.folder, FileKeyStorage(station.folder))
        restore_backup(station.folder, backup, key, SystemClock())
        return self.ledger.forgive(station.told)

    def keep_hub(self) -> Path:
        """Copy the hub's data as a backup does, the hub being stopped for it; return where."""
        self.kill_hub()
        kept = self.base / "hub kept"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.hub_folder, kept)
        return kept

    def restore_hub(self, kept: Path) -> None:
        """Put the hub's older data in the place of what it has now."""
        self.kill_hub()
        shutil.rmtree(self.hub_folder)
        shutil.copytree(kept, self.hub_folder)

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
            quiet = 0 if moved else quiet + 1
            if quiet >= 2:
                for station in self.stations:
                    station.told.clear()
                return ""
            before = now
            for station in self.stations:
                self.ask(station, "settle")
            self._exchange()
        return "; ".join(f"{name}: {status}" for name, status in before.items() if not status.is_quiet) or "restless"

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
    roles: tuple[Any, ...] = ("doctor",) if organization_id == DISTRICT else ("doctor", "specialist")
    users = tuple(NewUser(role, PASSWORD, f"{role} {name}", role) for role in roles)
    store = Store.open(folder, unlock(folder, FileKeyStorage(folder)), SystemClock())
    try:
        form = EnrolmentForm(f"Аурухана {organization_id}", name, organization_id, token, users)
        enrol(store, NodeKeys.create(), form, QUICK)
    finally:
        store.close()


def _end_of(log: Path) -> str:
    words = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""
    return f"{log}:\n{words}"
