"""Work off the screen's thread; answers come back on it.

One `TaskRunner` lives as long as the program. It owns the worker threads and one queued signal; a task has no Qt object
of its own, because a signal that dies with its task silently loses the answer. Answers for an owner that is gone are
dropped. An error is either a `ClinicError`, which the asker shows, or a fault of ours, which is logged and shown by the
crash dialog. Threads that compute give way to the windows' thread quickly: it gives way itself at nearly every call
into Qt, and would otherwise wait up to 5 ms each time to go on.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text

log = logging.getLogger(__name__)
T = TypeVar("T")
Failed = Callable[[ClinicError], None]
GIVE_WAY_S: Final = 0.0005
"""So long a thread computes on while another one waits for its turn."""


class Job:
    """One long piece of work, as seen by the work itself and by whoever may stop it.

    ``report`` and ``is_cancelled`` are for the worker's thread; ``cancel`` is for the screen.
    """

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._cancelled = threading.Event()

    def report(self, done: int, total: int) -> None:
        """Say how far the work is; ``total`` 0 means unknown."""
        self._tell(done, total)

    def is_cancelled(self) -> bool:
        """Say whether somebody asked the work to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next safe point."""
        self._cancelled.set()


class TaskRunner(QObject):
    """Runs the services of the core in the background for the screens.

    Args:
        workers: number of threads.

    Signal ``faulted`` carries an exception that is no `ClinicError`, after it was logged.
    """

    faulted = Signal(object)
    _came_back = Signal(object)

    def __init__(self, workers: int = 4) -> None:
        super().__init__()
        sys.setswitchinterval(min(GIVE_WAY_S, sys.getswitchinterval()))
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="task")
        self._open = 0
        self._came_back.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        *,
        owner: QObject,
        done: Callable[[T], None],
        failed: Failed | None = None,
    ) -> Future[T]:
        """Run ``work`` in a worker thread, then ``done`` or ``failed`` in this one.

        Args:
            work: touches no Qt object.
            owner: who asked; if it is gone, the answer is dropped.
            done: gets what ``work`` returned.
            failed: gets an error the user can act on; without it the error is logged only.
        """
        self._open += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda f: self._hop(partial(self._deliver, f, owner, done, failed)))
        return future

    def run_long(
        self,
        work: Callable[[Job], T],
        *,
        owner: QObject,
        done: Callable[[T], None],
        failed: Failed | None = None,
        progressed: Callable[[int, int], None] | None = None,
    ) -> Job:
        """Run work that tells how far it is and can be stopped; everything comes back by the same one hop."""

        def tell(count: int, total: int) -> None:
            if progressed is not None:
                self._hop(partial(_if_alive, owner, partial(progressed, count, total)))

        job = Job(tell)
        self.run(partial(work, job), owner=owner, done=done, failed=failed)
        return job

    def post(self, owner: QObject, call: Callable[[], None]) -> None:
        """From any thread: run ``call`` on this object's thread, unless ``owner`` is gone by then."""
        self._hop(partial(_if_alive, owner, call))

    @property
    def is_idle(self) -> bool:
        """Whether every answer has been delivered."""
        return self._open == 0

    def close(self) -> None:
        """Let running work finish, drop what has not begun; call after the last window closed."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hop(self, call: Callable[[], None]) -> None:
        if isValid(self):
            self._came_back.emit(call)

    def _call(self, call: Callable[[], None]) -> None:
        call()

    def _deliver(self, future: Future[T], owner: QObject, done: Callable[[T], None], failed: Failed | None) -> None:
        self._open -= 1
        if future.cancelled():
            return
        error = future.exception()
        if error is not None and not isinstance(error, ClinicError):
            log.error("a background task failed", exc_info=error)
            self.faulted.emit(error)
            error = ClinicError(Text("The program made a mistake; it was written to the log. What was saved is safe."))
        if not isValid(owner):
            return
        if error is None:
            done(future.result())
        elif failed is not None:
            failed(error)
        else:
            log.warning("nobody took this error: %s", error)


def _if_alive(owner: QObject, call: Callable[[], None]) -> None:
    if isValid(owner):
        call()
