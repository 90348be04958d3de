"""Hubs as the drill starts and kills them: the central one, and one in the district's hospital below it."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, Final

from clinic_app.hub.folder import open_hub_store
from clinic_app.hub.upstream_account import UpstreamAccount, keep_account
from tests.drills.link.deaths import OF_A_HUB, Fate
from tests.drills.link.hub import HubLife, is_listening, serve
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.hub_process import HubProcess
from tests.helpers.provisioning import free_port
from tests.helpers.waiting import wait_until

PATIENCE_S: Final = 120.0
_ANSWER_S: Final = 10.0
_KILLED: Final = -9


class FaultError(Exception):
    """A process ended by itself and not by our hand: the drill cannot go on, and the program has a fault."""


class HubNode:
    """One hub: its data, and the process that is it now.

    Args:
        name: among the hubs.
        folder: its data folder.
        context: how processes are made.
        deaths: counts who died where.
        authority: the file of who vouches for its line upwards.
        mutant: a promise it breaks; empty for the program as it is.
    """

    def __init__(
        self, name: str, folder: Path, context: Any, deaths: Counter[str], authority: Path, mutant: str = ""
    ) -> None:
        self.name = name
        self.folder = folder
        self.port = free_port()
        self.upward: FaultProxy | None = None
        """The line to the hub above; None for the last hub."""
        self._context = context
        self._deaths = deaths
        self._authority = authority
        self._mutant = mutant
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._fate: Fate | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs; one that died by itself is buried on the way."""
        if self._process is not None and not self._process.is_alive():
            self._bury()
        return self._process is not None

    def enrol(self, organization_id: str, name: str) -> str:
        """Return the token of one more workstation, before the hub is started."""
        return HubProcess(self.folder).enrol(organization_id, name)

    def put_below(self, line: FaultProxy, organization_id: str, token: str) -> None:
        """Put this hub below another one; it is not running.

        Args:
            line: to the other one.
            organization_id: whom this hub serves.
            token: what it shows there.
        """
        self.upward = line
        with closing(open_hub_store(self.folder, None)) as store:
            keep_account(store, UpstreamAccount(line.url, organization_id, token))

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._pipe, theirs = self._context.Pipe()
        shared = self._context.Array("i", 2)
        self._fate = Fate(shared)
        words: Sequence[str] = ()
        if self.upward is not None:
            words = ("--upstream", self.upward.url, "--upstream-interval-s", "1")
        life = HubLife(self.folder, self.port, self._mutant, tuple(words), self._authority)
        process = self._context.Process(target=serve, args=(life, theirs, shared), daemon=True)
        self._process = process
        process.start()
        theirs.close()
        wait_until(lambda: is_listening(self.port) or not process.is_alive(), PATIENCE_S, f"{self.name} listens")

    def doom(self, rng: Random, wanted: Sequence[str]) -> None:
        """Let it die at the nth time it comes to some step of the protocol."""
        if self._fate is not None:
            self._fate.draw(rng, OF_A_HUB, wanted)

    def spare(self) -> None:
        """Let it live."""
        if self._fate is not None:
            self._fate.spare()

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._deaths[f"{self.name} at any moment"] += 1
        if self._process is not None:
            self._bury()

    def unrest(self) -> str:
        """Return what still waits for the hub above, or nothing."""
        if self.upward is None:
            return ""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=_ANSWER_S) as answer:
                said = json.loads(answer.read())["upstream"]
        except (OSError, KeyError, ValueError) as error:
            return f"{self.name} says nothing: {error}"
        waits = said["waiting_records"] or said["waiting_contents"] or said["not_taken"]
        return f"{self.name}: {said}" if waits or said["status"] != "ok" else ""

    def _bury(self) -> None:
        assert self._process is not None
        assert self._pipe is not None
        self._process.join(PATIENCE_S)
        with suppress(EOFError, OSError):
            while self._pipe.poll():
                self._deaths[f"{self.name}: {self._pipe.recv()[1]}"] += 1
        self._pipe.close()
        code, self._process = self._process.exitcode, None
        if code != _KILLED:
            raise FaultError(f"{self.name} ended with {code}; see {end_of(self.folder.with_suffix('.log'))}")


def end_of(log: Path) -> str:
    """Return where a log lies, and its last words."""
    words = log.read_text(encoding="utf-8", errors="replace")[-6000:] if log.exists() else ""
    return f"{log}:\n{words}"
