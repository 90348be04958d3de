"""The hub as its own process on a free loopback port, for tests and the tour."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from clinic_app.foundation.clock import SystemClock
from clinic_app.hub import __main__ as hub_commands
from clinic_app.hub.app import build_hub
from clinic_app.hub.folder import open_hub_store
from clinic_app.storage.feed.accounts import Admission
from tests.helpers.loaded_program import HUB, LoadedProgram, Start

ROOT = Path(__file__).parents[2]


class HubProcess:
    """One hub. Use it in a ``with`` block; it is stopped by its own process id.

    Args:
        folder: its data folder; its log lies beside it.
        database: address of its PostgreSQL database; empty for a file in the folder.
        upstream: address of the hub above it; `connect` comes before the start.
        options: what else it is started with.
    """

    loaded: ClassVar[Callable[[], LoadedProgram] | None] = None
    """Where the hub stands loaded for all its starts; without it each start loads it anew, as in a clinic."""

    def __init__(self, folder: Path, database: str = "", *, upstream: str = "", options: Sequence[str] = ()) -> None:
        self._options = options
        self.folder = folder
        self._upstream = upstream
        self._database = database
        self._process: subprocess.Popen[str] | Start | None = None
        self.url = ""

    def __enter__(self) -> HubProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def enrol(self, organization_id: str, name: str) -> str:
        """Return the token of one more workstation."""
        if self._process is None:
            store = open_hub_store(self.folder, None, self._database)
            try:
                return build_hub(store, SystemClock()).callers.enrol(organization_id, name)
            finally:
                store.close()
        return self.run("enrol", "--organization", organization_id, "--name", name).strip()

    def run(self, word: str, *options: str) -> str:
        """Return what one of its commands prints; it has to succeed.

        The command runs beside the hub's process, in this one: `say` starts a process for it, as IT would.
        """
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            code = hub_commands.main([*self._words(word), *options])
        assert code == 0, f"the command {word} ended with {code}: {complained.getvalue()}"
        return said.getvalue()

    def say(self, command: str, *words: str) -> str:
        """Return what one of its commands prints, in a process of its own, as IT would read it."""
        done = subprocess.run(
            [*self._command(command), *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def code(self, organization_id: str, name: str) -> tuple[str, str]:
        """Return a code that lets one device in, and the fingerprint that is told with it."""
        with closing(open_hub_store(self.folder, None, self._database)) as store:
            accounts = build_hub(store, SystemClock()).accounts
            return accounts.devices.new_code(Admission(organization_id, name))[0], accounts.identity()["fingerprint"]

    def shut_out(self, name: str) -> None:
        """Shut out whoever has this name, and order him to erase his keys."""
        with closing(open_hub_store(self.folder, None, self._database)) as store:
            callers = build_hub(store, SystemClock()).callers
            for device in callers.devices():
                if device.name == name and device.revoked_at is None:
                    callers.revoke(device.id, "ұрланған", is_to_be_erased=True)

    def connect(self, organization_id: str, token: str) -> None:
        """Put it below the hub above with a token, by its own command as IT would."""
        self._connect(organization_id, (), token)

    def connect_by_code(self, organization_id: str, code: str, fingerprint: str) -> str:
        """Put it below the hub above by a code, by its own command as IT would; return what that says."""
        return self._connect(organization_id, ("--code", code, "--fingerprint", fingerprint), "")

    def _connect(self, organization_id: str, how: Sequence[str], typed: str) -> str:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [*self._command("connect"), "--upstream", self._upstream, "--organization", organization_id, *how],
            cwd=ROOT,
            input=typed,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        """Start it and wait until it listens; after the first time on the same port."""
        port = self.url.rpartition(":")[2] or "0"
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        words = ["--port", port, "--reserve-mb", "0", *self._above(), *self._options]
        if HubProcess.loaded is not None:
            self._process = HubProcess.loaded().start(HUB, *self._words(*words), log=self.folder.with_suffix(".log"))
            self.url = self._process.first_line().strip()
        else:
            self._process = self._begin(words)
            assert self._process.stdout is not None
            self.url = self._process.stdout.readline().strip()
        assert self.url, f"the hub did not start: {self.folder.with_suffix('.log').read_text(encoding='utf-8')}"

    def _begin(self, words: Sequence[str]) -> subprocess.Popen[str]:
        with self.folder.with_suffix(".log").open("a", encoding="utf-8") as log:
            command = [*self._command(), *words]
            return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is not None:
            self._process.terminate()
            self._end()

    def kill(self) -> None:
        """End it without asking, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait(timeout=30)
        if not isinstance(self._process, Start) and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _above(self) -> list[str]:
        return ["--upstream", self._upstream, "--upstream-interval-s", "1"] if self._upstream else []

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "clinic_app.hub", *self._words(*words)]

    def _words(self, *words: str) -> list[str]:
        database = ["--database", self._database] if self._database else []
        return [*words, "--data", str(self.folder), *database]
