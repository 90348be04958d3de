"""One thing at a time: what somebody wishes while another wish is under way is not heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject

from clinic_app.foundation.errors import ClinicError
from ui.tasks import TaskRunner

T = TypeVar("T")
W = TypeVar("W")


class OneWish(Generic[W]):
    """The wish of one view model that is under way, if there is one.

    Args:
        runner: the way into the background.
        owner: whose wishes they are; an answer is dropped when he is gone.
        busy: gets what is said of a wish when it begins, and None when it is over, before its outcome is told.
    """

    def __init__(self, runner: TaskRunner, owner: QObject, busy: Callable[[W | None], object]) -> None:
        self._runner = runner
        self._owner = owner
        self._busy = busy
        self.is_under_way = False

    def ask(
        self,
        said: W,
        work: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[ClinicError], object],
    ) -> None:
        """Do one thing in the background, unless another one is under way.

        Args:
            said: for what somebody waits, or True where nobody is told.
            work: touches no Qt object.
            done: gets what ``work`` returned, on the windows' thread.
            failed: gets an error the user can act on, likewise.
        """
        if self.is_under_way:
            return
        self.is_under_way = True
        self._busy(said)
        self._runner.run(
            work,
            owner=self._owner,
            done=lambda answer: self._settle(lambda: done(answer)),
            failed=lambda error: self._settle(lambda: failed(error)),
        )

    def _settle(self, tell: Callable[[], object]) -> None:
        self.is_under_way = False
        self._busy(None)
        tell()
