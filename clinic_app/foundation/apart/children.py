"""The children of this process: started when first needed, gone when a job takes too long, followed by a new one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Final, cast

import msgspec

import clinic_app
from clinic_app.foundation.apart.jobs import Answer, Job, receive, send
from clinic_app.foundation.apart.memory_limit import widen

MOST_MEMORY_BYTES: Final = 3 << 30
LONGEST_S: Final = 60.0
_PIPE_BYTES: Final = 1 << 20
"""A picture goes through in few pieces."""
_ANSWERS: Final = msgspec.json.Decoder(Answer)
_log = logging.getLogger(__name__)


class Children:
    """Processes that decode what strangers sent. Safe for use from several threads.

    Args:
        count: how many work at the same time.
        most_memory_bytes: each may take.
        longest_s: a job may take.
    """

    def __init__(
        self, count: int = 2, most_memory_bytes: int = MOST_MEMORY_BYTES, longest_s: float = LONGEST_S
    ) -> None:
        self._most_memory_bytes = most_memory_bytes
        self._longest_s = longest_s
        self._free = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
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

    def _ask(self, child: subprocess.Popen[bytes], job: Job, body: bytes) -> tuple[Answer, bytes]:
        asked, told = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
        try:
            send(asked, job, body)
            head, found = receive(told)  # nothing at all is no answer either
            return _ANSWERS.decode(head), found
        except (OSError, EOFError, msgspec.DecodeError) as error:
            _log.warning("a child that decodes has fallen (%s)", child.poll())
            raise ValueError("the decoder has fallen, or took too long") from error

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_closed:
                raise ValueError("nothing is decoded any more")
            while self._idle:
                child = self._idle.pop()
                if child.poll() is None:
                    return child
                _end(child)
        return self._start()

    def _give_back(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(child)
                return
        _end(child)

    def _start(self) -> subprocess.Popen[bytes]:
        places = [str(Path(clinic_app.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        limits = (str(self._most_memory_bytes), str(self._longest_s))
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program and a number
                [sys.executable, "-m", "clinic_app.foundation.apart.child", *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(places)},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ValueError("no decoder can be started") from error
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                widen(pipe.fileno(), _PIPE_BYTES)
        return child


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue  # what was not written went to nobody
    child.wait()
