"""The children of this process: started when first needed, gone when a job takes too long, followed by a new one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

import msgspec

import clinic_app
from clinic_app.foundation.apart.jobs import Answer, Job, receive_answer, send
from clinic_app.foundation.apart.memory_limit import widen
from clinic_app.foundation.apart.shared_place import SharedPlace, made

MOST_MEMORY_BYTES: Final = 3 << 30
LONGEST_S: Final = 60.0
PLACE_BYTES: Final = 48 << 20
"""A mammogram lies in it; what is larger goes through the pipe."""
_PIPE_BYTES: Final = 1 << 20
"""A picture goes through in few pieces."""
_ANSWERS: Final = msgspec.json.Decoder(Answer)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Child:
    """A process, and the memory it shares with us."""

    process: subprocess.Popen[bytes]
    place: SharedPlace | None

    @property
    def memory(self) -> memoryview | None:
        return self.place.memory if self.place else None


class Children:
    """Processes that decode what strangers sent. Safe for use from several threads.

    Args:
        count: how many work at the same time.
        most_memory_bytes: each may take.
        longest_s: a job may take.
        place_bytes: of memory each shares with us; with 0 everything goes through a pipe.
    """

    def __init__(
        self,
        count: int = 2,
        most_memory_bytes: int = MOST_MEMORY_BYTES,
        longest_s: float = LONGEST_S,
        place_bytes: int = PLACE_BYTES,
    ) -> None:
        self._most_memory_bytes = most_memory_bytes
        self._longest_s = longest_s
        self._place_bytes = place_bytes
        self._free = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._is_closed = False

    def run(self, job: Job, body: bytes) -> tuple[Answer, bytes]:
        """Return what came of a job.

        Raises:
            ValueError: it cannot be done with these bytes; whatever they did to the child happened there.
        """
        with self._free:
            child = self._take()
            try:
                answer, found = self._ask(child, job, body)
            except BaseException:
                _end(child)
                raise
            self._give_back(child)
        if answer.fault:
            raise ValueError(answer.fault)
        return answer, found

    def close(self) -> None:
        """End them all; nothing is decoded any more."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            _end(child)

    def _ask(self, child: _Child, job: Job, body: bytes) -> tuple[Answer, bytes]:
        process = child.process
        asked, told = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        try:
            send(asked, job, body, child.memory)
            head, found = receive_answer(told, child.memory)  # nothing at all is no answer either
            return _ANSWERS.decode(head), found
        except (OSError, EOFError, msgspec.DecodeError) as error:
            _log.warning("a child that decodes has fallen (%s)", process.poll())
            raise ValueError("the decoder has fallen, or took too long") from error

    def _take(self) -> _Child:
        with self._lock:
            if self._is_closed:
                raise ValueError("nothing is decoded any more")
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    return child
                _end(child)
        return self._start()

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(child)
                return
        _end(child)

    def _start(self) -> _Child:
        place = made(self._place_bytes)
        try:
            return _Child(self._started(place), place)
        except OSError as error:
            if place is not None:
                place.close()
            raise ValueError("no decoder can be started") from error

    def _started(self, place: SharedPlace | None) -> subprocess.Popen[bytes]:
        places = [str(Path(clinic_app.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        limits = (str(self._most_memory_bytes), str(self._longest_s))
        shared = (place.word, str(self._place_bytes)) if place else ()
        child = subprocess.Popen(  # noqa: S603 - our own program and a few numbers
            [sys.executable, "-m", "clinic_app.foundation.apart.child", *limits, *shared],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(places)},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            pass_fds=place.handles if place else (),
        )
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                widen(pipe.fileno(), _PIPE_BYTES)
        return child


def _end(child: _Child) -> None:
    process = child.process
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # what was not written went to nobody
    process.wait()
    if child.place is not None:
        child.place.close()
