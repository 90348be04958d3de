"""The program loaded once and started many times: each start is a process of its own, a copy of the loaded one.

To load the program takes three times as long as to start it. What a start does with its folder, its words, its window
and its end is the same either way; what comes before it (the command line, the environment Python itself reads) is
tried by `tests.helpers.program`, whose processes are begun by the system.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tests.helpers.program import PATIENCE_S, ROOT, await_window, environment_of
from tests.helpers.waiting import wait_until

_LOOP: Final = """
import importlib, json, os, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
for line in sys.stdin:
    asked = json.loads(line)
    if "pid" in asked:
        pid, status = os.waitpid(asked["pid"], 0 if asked["is_patient"] else os.WNOHANG)
        print(json.dumps(os.waitstatus_to_exitcode(status) if pid else None), flush=True)
        continue
    child = os.fork()
    if child:
        print(json.dumps(child), flush=True)
        continue
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, name in enumerate((os.devnull, asked["out"], asked["err"])):
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(os.devnull)
    sys.argv = asked["words"]
    exec(compile(asked["script"], "<start>", "exec"), {"__name__": "__main__"})
    break
"""
"""Reads one question a line. A child leaves the loop and ends as any program does, with its threads and its code."""
MAIN: Final = "import sys, main; sys.exit(main.main(sys.argv[1:]))"
HUB: Final = "import sys; from clinic_app.hub.__main__ import main; sys.exit(main(sys.argv[1:]))"


class LoadedProgram:
    """The loaded program; use it in a ``with`` block.

    Args:
        folder: where what the starts say is written.
        modules: what is loaded.
    """

    def __init__(self, folder: Path, *modules: str) -> None:
        self._folder = folder
        self._count = 0
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LOOP, json.dumps(modules)],
            cwd=ROOT,
            env=environment_of({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> LoadedProgram:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=PATIENCE_S)  # the loop ends with its questions

    def start(self, script: str, *words: str, log: Path | None = None, **environment: str) -> Start:
        """Begin a process that runs some lines.

        Args:
            script: the lines.
            words: which it finds behind the first of ``sys.argv``.
            log: a file its stderr is added to; None for one of its own.
            environment: what is changed in the environment of the tests as it is now.
        """
        self._count += 1
        out, err = (self._folder / f"{self._count}.{name}" for name in ("out", "err"))
        places = {"out": str(out), "err": str(log or err)}
        for place in places.values():  # so that it can be read before the process has opened it
            Path(place).touch()
        pid = self.ask(script=script, words=["-c", *words], environment=environment_of(environment), **places)
        return Start(self, pid, out, log or err)

    def run_script(self, script: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run some lines with these words until they end by themselves."""
        start = self.start(script, *words, log=None, **environment)
        code = start.wait()
        return subprocess.CompletedProcess((script, *words), code, start.said(start.out), start.said(start.err))

    def ask(self, **question: Any) -> Any:
        """Put a question to the loop; return its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@dataclass
class Start:
    """One start of the loaded program.

    Args:
        program: the loaded one.
        pid: of the process.
        out: the file its stdout goes to.
        err: the same for stderr.
        code: how it ended, once that is known.
    """

    program: LoadedProgram
    pid: int
    out: Path
    err: Path
    code: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        if self.code is None:
            self.code = self.program.ask(pid=self.pid, is_patient=False)
        return self.code is None

    def first_line(self) -> str:
        """Wait for the first line it prints; return it, or nothing when it ended without."""
        wait_until(lambda: "\n" in self.said(self.out) or not self.is_running, PATIENCE_S, "its first line")
        return self.said(self.out).partition("\n")[0]

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """Wait for its end; return its code, negative for the number of a signal."""
        wait_until(lambda: not self.is_running, timeout, "the end of the program")
        assert self.code is not None
        return self.code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)

    def _signal(self, which: signal.Signals) -> None:
        if self.is_running:
            os.kill(self.pid, which)  # whoever has ended keeps his number until he was waited for

    @staticmethod
    def said(file: Path) -> str:
        """Return what was written to one of its files."""
        return file.read_text(encoding="utf-8", errors="replace")


class LoadedWindow:
    """A start of ``main.py`` with a window nobody sees; use it in a ``with`` block.

    Args:
        program: the loaded one.
        data: its data folder; the ready file lies beside it.
        words: further words of the command line.
    """

    def __init__(self, program: LoadedProgram, data: Path, *words: str) -> None:
        self._program = program
        self._ready = data.with_suffix(".ready")
        self._words: Sequence[str] = ("--data", str(data), *words)
        self._start: Start | None = None

    def __enter__(self) -> LoadedWindow:
        """Start it and wait until somebody could sign in."""
        self._ready.unlink(missing_ok=True)
        self._start = self._program.start(MAIN, *self._words, DALA_BENCH_READY=str(self._ready))
        await_window(self, self._ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._start is not None and self._start.is_running

    @property
    def log(self) -> str:
        """What it wrote to stderr."""
        return Start.said(self._start.err) if self._start is not None else ""

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._start is not None:
            self._start.kill()
            self._start.wait()
