"""A background whose answers come when, and in the order, a test wants them; no thread is behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from PySide6.QtCore import QObject
from shiboken6 import isValid

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.tasks import Job, TaskRunner


@dataclass
class Call:
    """One piece of work that was asked for."""

    work: Callable[[], Any]
    owner: QObject
    done: Callable[[Any], None]
    failed: Callable[[ClinicError], None] | None


class LateRunner:
    """Takes work like a `TaskRunner` and keeps it until `answer` or `refuse`.

    ``waiting`` holds what was asked and not answered, oldest first; ``faults`` what was no `ClinicError`.
    """

    def __init__(self) -> None:
        self.waiting: list[Call] = []
        self.faults: list[Exception] = []
        self.jobs: list[Job] = []

    def run(self, work: Any, *, owner: QObject, done: Any, failed: Any = None) -> None:
        """Keep the work."""
        self.waiting.append(Call(work, owner, done, failed))

    def run_long(self, work: Any, *, owner: QObject, done: Any, failed: Any = None, progressed: Any = None) -> Job:
        """Keep work that tells how far it is."""
        job = Job(progressed or (lambda _count, _total: None))
        self.jobs.append(job)
        self.run(lambda: work(job), owner=owner, done=done, failed=failed)
        return job

    @property
    def as_runner(self) -> TaskRunner:
        """The same, for whoever wants the real one."""
        return cast("TaskRunner", self)

    def answer(self, place: int = 0) -> None:
        """Do the work at ``place`` and hand its answer or its error back."""
        call = self.waiting.pop(place)
        try:
            found = call.work()
        except ClinicError as error:
            self._hand_back(call, error)
        except Exception as fault:  # noqa: BLE001  # as the border of the real one does
            self.faults.append(fault)
            self._hand_back(call, ClinicError(Text("The program made a mistake; it was written to the log.")))
        else:
            if isValid(call.owner):
                call.done(found)

    def answer_all(self) -> None:
        """Do everything, also what the answers ask for."""
        while self.waiting:
            self.answer()

    def refuse(self, error: ClinicError, place: int = 0) -> None:
        """Hand an error back instead of doing the work."""
        self._hand_back(self.waiting.pop(place), error)

    @staticmethod
    def _hand_back(call: Call, error: ClinicError) -> None:
        if isValid(call.owner) and call.failed is not None:
            call.failed(error)
