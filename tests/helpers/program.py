"""The program itself as a process of its own: started without a screen, watched, ended by its own process id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``main.py`` until it ends by itself; a program that waits for a click fails the test."""
    return _run([sys.executable, str(ROOT / "main.py"), *words], environment)


class Started(Protocol):
    """A process of the program."""

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""

    @property
    def log(self) -> str:
        """What it wrote to stderr."""

    def kill(self) -> None:
        """End it as a power cut would."""


def await_window(program: Started, ready: Path) -> None:
    """Wait until somebody could sign in, which a file says; a program that does not come so far is ended."""
    try:
        wait_until(lambda: ready.exists() or not program.is_running, PATIENCE_S, "the sign-in window")
        assert ready.exists(), f"the program ended before its window was usable: {program.log}"
    except BaseException:
        program.kill()
        raise


class Program:
    """``main.py`` with a window nobody sees; use it in a ``with`` block.

    Args:
        data: its data folder; the log and the ready file lie beside it.
        words: further words of the command line.
        environment: variables on top of this process's.
    """

    def __init__(self, data: Path, *words: str, **environment: str) -> None:
        self._ready = data.with_suffix(".ready")
        self._log = data.with_suffix(".log")
        self._command = [sys.executable, str(ROOT / "main.py"), "--data", str(data), *words]
        self._environment = environment_of({**environment, "DALA_BENCH_READY": str(self._ready)})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        """Start it and wait until somebody could sign in."""
        self._ready.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stderr=log)
        await_window(self, self._ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE_S)


def environment_of(changes: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with changes, for a program nobody sees."""
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUTF8": "1", **changes}


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment_of(environment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE_S,
    )
