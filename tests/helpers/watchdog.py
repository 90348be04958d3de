"""Catches a window that does not answer: how long did the GUI thread not return to its event loop?

A timer in the GUI thread ticks every 5 ms; a thread beside it looks when the last tick was. What lies between two ticks
is a stall, and the stack of the GUI thread at that moment names who made it. Test code that is slow by itself (grabbing
a picture, reading a PDF) runs inside `Watchdog.paused`.
"""

from __future__ import annotations

import faulthandler
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from PySide6.QtCore import QObject, Qt, QTimer

from tests.helpers.pace import slowness

TICK_S = 0.005
BOUND_S = 0.050
ROOT = Path(__file__).parents[2]
_FRAME: Final = re.compile(r'File "([^"]+)", line (\d+) in (.+)')
_HOUSE = (str(ROOT / "clinic_app"), str(ROOT / "ui"))


@dataclass(frozen=True)
class Stall:
    """One time the event loop did not turn.

    Args:
        wall_s: how long, by the clock on the wall.
        cpu_s: how much of it the GUI thread computed; the rest it waited or was not let run.
        stack: where the GUI thread stood when the bound was passed, innermost last; empty where it was not caught.
        slowness: how many times slower than usual the machine computed right after it.
        starved_s: for how much of it the watching thread, which needs next to nothing, was not let run either.
        process_cpu_s: how much all threads of the program computed in it.
        queued_s: for how much of it the thread could have gone on and stood in the queue for a processor.
    """

    wall_s: float
    cpu_s: float
    stack: tuple[str, ...]
    slowness: float = 1.0
    starved_s: float = 0.0
    process_cpu_s: float = 0.0
    queued_s: float = 0.0

    @property
    def held_s(self) -> float:
        """For how long the thread held its window by itself: computing, or waiting for something but a processor."""
        return self.wall_s - self.queued_s

    @property
    def is_ours(self) -> bool:
        """True where the thread computed too long, or waited in the house's code; not where the machine was busy.

        A thread that is not let run by a loaded machine looks like one that waits, so a wait counts from twice the
        bound on and only where the thread computed for less than a third of it. Where the watching thread was not let
        run either, the machine was busy with others, unless another thread of the program kept both from running.
        Computing on a machine that was busy for a part of the time finds its caches emptied: the bound is wider by it.
        """
        if self.cpu_s > BOUND_S * max(self.slowness, 1 + self.starved_s / self.wall_s):
            return True
        is_waiting = self.held_s > 2 * BOUND_S and self.cpu_s < self.held_s / 3
        if self.starved_s > self.wall_s / 3 and self.process_cpu_s < self.wall_s * 0.7:
            return False
        return is_waiting and any(line.startswith(_HOUSE) for line in self.stack)

    def __str__(self) -> str:
        """Return one paragraph for a failure report."""
        parts = f"computing {self.cpu_s * 1000:.0f} ms, queued {self.queued_s * 1000:.0f} ms"
        figures = f"{self.wall_s * 1000:.0f} ms ({parts}, machine {self.slowness:.1f} x)"
        return figures + "\n    " + "\n    ".join(self.stack)


class Watchdog:
    """Watches the GUI thread it is started in.

    Args:
        bound_s: a longer stall fails `check`.
    """

    def __init__(self, bound_s: float = BOUND_S) -> None:
        self.bound_s = bound_s
        self.stalls: list[Stall] = []
        self._owner = QObject()
        self._timer = QTimer(self._owner, interval=round(TICK_S * 1000), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._gui_thread = threading.get_ident()
        self._last_wall = 0.0
        self._last_cpu = 0.0
        self._last_process_cpu = 0.0
        self._starved_s = 0.0
        self._stack: tuple[str, ...] = ()
        self._is_paused = False
        self._queue: IO[bytes] | None = None
        self._last_queued = 0.0
        self._is_over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="gui-watchdog")

    def start(self) -> None:
        """Begin to watch."""
        self._queue = _queue_of_this_thread()
        self._forget()
        self._timer.start()
        self._sampler.start()

    def stop(self) -> None:
        """End watching; the stall under way, if any, is counted."""
        self._tick()
        self._timer.stop()
        self._is_over.set()
        self._sampler.join()
        if self._queue is not None:
            self._queue.close()
            self._queue = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the test's own work out of the count."""
        self._tick()
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            self._forget()

    @property
    def longest_s(self) -> float:
        """The longest stall of our own making, in seconds."""
        return max((stall.held_s for stall in self.stalls if stall.is_ours), default=0.0)

    def check(self) -> None:
        """Fail where the window did not answer for longer than the bound.

        Raises:
            AssertionError: it names each such stall.
        """
        bad = [str(stall) for stall in self.stalls if stall.is_ours and stall.held_s > self.bound_s]
        assert not bad, f"the window did not answer for more than {self.bound_s * 1000:.0f} ms:\n  " + "\n  ".join(bad)

    def _tick(self) -> None:
        if self._is_paused:
            return
        wall_s = time.monotonic() - self._last_wall
        if wall_s > self.bound_s:
            cpu_s = time.thread_time() - self._last_cpu
            process_cpu_s = time.process_time() - self._last_process_cpu
            queued_s = self._queued_s() - self._last_queued
            starved_s, stack = self._starved_s, self._stack
            self.stalls.append(Stall(wall_s, cpu_s, stack, slowness(), starved_s, process_cpu_s, queued_s))
        self._forget()

    def _forget(self) -> None:
        self._stack = ()
        self._last_wall = time.monotonic()
        self._last_cpu = time.thread_time()
        self._last_process_cpu = time.process_time()
        self._last_queued = self._queued_s()
        self._starved_s = 0.0

    def _queued_s(self) -> float:
        """Return how long this thread has stood in the queue for a processor since it began; 0.0 where nobody knows."""
        if self._queue is None:
            return 0.0
        self._queue.seek(0)
        return int(self._queue.read().split()[1]) / 1e9

    def _sample(self) -> None:
        with TemporaryFile() as file:
            last_s = time.monotonic()
            while not self._is_over.wait(TICK_S):
                now_s = time.monotonic()
                late_s = now_s - last_s - TICK_S
                last_s = now_s
                self._starved_s += late_s if late_s > TICK_S else 0.0
                is_late = time.monotonic() - self._last_wall > self.bound_s * 0.6
                if is_late and not self._is_paused and not self._stack:
                    self._stack = _stack_of(self._gui_thread, file)


def _queue_of_this_thread() -> IO[bytes] | None:
    """Return Linux's account of the thread that asks: ns computed, ns queued, turns. Elsewhere there is none."""
    account = Path("/proc/thread-self/schedstat")
    return account.resolve().open("rb", buffering=0) if account.exists() else None


def _stack_of(thread_id: int, file: IO[bytes]) -> tuple[str, ...]:
    """Return where a thread stands, innermost last, at most 12 lines.

    Frames are never held: a painter in one of them would end its life in this thread, and with it the program.
    """
    file.seek(0)
    file.truncate()
    faulthandler.dump_traceback(file, all_threads=True)
    file.seek(0)
    threads = file.read().decode(errors="replace").split("\n\n")
    ours = next((each for each in threads if f"{thread_id:x} (" in each.split("\n", 1)[0]), "")
    return tuple(f"{path}:{line} {name}" for path, line, name in reversed(_FRAME.findall(ours)[:12]))
