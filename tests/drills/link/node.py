"""One workstation as a process of its own: the whole core without its windows, told what to do over a pipe."""

from __future__ import annotations

import faulthandler
import logging
import os
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import certifi
from sqlalchemy import func, select

from clinic_app.foundation.clock import SystemClock
from clinic_app.settings import Settings, load_settings
from clinic_app.storage.tables import HISTORY
from clinic_app.sync import Failed
from clinic_app.workstation import Workstation, build_workstation
from tests.drills.link.deaths import Fate, hang_on_commits, hang_on_requests, strike_at
from tests.drills.link.mutants import MUTANTS
from tests.drills.link.people import People

FAULT: Final = 3


@dataclass(frozen=True)
class Life:
    """One life of a workstation, from its start to its end.

    Args:
        name: begins the number of every operation; never the same for two lives.
        place: of the workstation among the others.
        folder: its data folder.
        hub_url: where the hub seems to be.
        log: the file of what it has to say.
        authority: the file of who vouches for the line's certificate.
        seed: of what its people do.
        clock_offset_s: how far its clock is from the right time.
        mutant: a promise it breaks; empty for the program as it is.
    """

    name: str
    place: int
    folder: Path
    hub_url: str
    authority: Path
    log: Path
    seed: str
    clock_offset_s: float
    mutant: str


@dataclass(frozen=True)
class Status:
    """How a workstation stands.

    Args:
        waiting: records and contents under way, both directions.
        questions: conflicts that wait for a person.
        set_aside: why the hub did not take what it refused.
        contact: the moment of the last exchange that ended well.
        position: the last place of its history.
        problem: why the last exchange failed; empty when it did not.
    """

    waiting: int
    questions: int
    set_aside: tuple[str, ...]
    contact: datetime | None
    position: int
    problem: str

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way here."""
        return not (self.waiting or self.questions or self.set_aside)


class JumpingClock:
    """A clock with a bad battery.

    Args:
        offset_s: how far it is from the right time.
    """

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self._clock = SystemClock()

    def now(self) -> datetime:
        """Return what it shows."""
        return self._clock.now() + timedelta(seconds=self.offset_s)


def live(life: Life, pipe: Connection, fate: Any) -> None:
    """Be a workstation until somebody says ``stop``; a fault ends the process with `FAULT`.

    Args:
        life: which one.
        pipe: to whoever says what is to be done.
        fate: what `Fate` shares.
    """
    try:
        _log_into(life.log)
        faulthandler.enable()
        certifi.where = lambda: str(life.authority)
        if life.mutant:
            MUTANTS[life.mutant]()
        strike = strike_at(Fate(fate), lambda step: pipe.send(("died", step)))
        hang_on_commits(strike)
        hang_on_requests(strike)
        clock = JumpingClock(life.clock_offset_s)
        settings = load_settings(life.folder)
        values = {**settings.values, "hub_url": life.hub_url}
        workstation = build_workstation(Settings(life.folder, values), clock)
        pipe.send(("up", None))
        Desk(workstation, clock, life, pipe).serve()
        workstation.close()
    except (EOFError, BrokenPipeError):
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the end of a process
        traceback.print_exc()
        os._exit(FAULT)


class Desk:
    """Does what comes over the pipe.

    Args:
        workstation: at which.
        clock: its clock.
        life: which life this is.
        pipe: the other end asks and hears.
    """

    def __init__(self, workstation: Workstation, clock: JumpingClock, life: Life, pipe: Connection) -> None:
        self._workstation = workstation
        self._store = workstation._store
        self._clock = clock
        self._pipe = pipe
        tell = lambda word, number, what: pipe.send((word, (number, what)))  # noqa: E731
        self._people = People(workstation, life.name, life.place, random.Random(life.seed), tell)
        self._ways: dict[str, Callable[..., Any]] = {
            "work": self._people.work,
            "do": self._people.do,
            "settle": self._people.settle_everything,
            "sync": self._sync,
            "clock": self._jump,
            "status": self._status,
            "back up": lambda: self._store.backups.make("by-hand").path,
        }

    def serve(self) -> None:
        """Answer until ``stop``."""
        while (asked := self._pipe.recv())[0] != "stop":
            self._pipe.send(("done", self._ways[asked[0]](*asked[1:])))

    def _sync(self) -> None:
        assert self._workstation.sync is not None
        self._workstation.sync.sync_now()

    def _jump(self, offset_s: float) -> None:
        self._clock.offset_s = offset_s

    def _status(self) -> Status:
        sync, store = self._workstation.sync, self._store
        assert sync is not None
        up, down = store.transfers.pending("up"), store.transfers.pending("down")
        failed = [each for each in store.transfers.unfinished(50) if each.state == "failed"]
        refused = [f"{row.type}/{row.id}: {row.state}: {row.last_error}" for row in store.outbox.set_aside()]
        state = sync.state()
        with store.database.reading() as connection:
            position = connection.scalar(select(func.max(HISTORY.c.seq))) or 0
        return Status(
            waiting=store.outbox.count() + len(up) + len(down),
            questions=len(store.records.conflicts()),
            set_aside=(*refused, *(f"content {each.sha256}: {each.last_error}" for each in failed)),
            contact=sync.last_contact_at,
            position=position,
            problem=str(state.reason) if isinstance(state, Failed) else "",
        )


def _log_into(path: Path) -> None:
    logging.basicConfig(filename=path, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", force=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)
