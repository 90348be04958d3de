"""Saves drafts one after another, so that an older text never arrives after a newer one and none is left behind."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from clinic_app.consultation import OpinionForm
from clinic_app.foundation.errors import ClinicError
from ui.tasks import TaskRunner

Save = Callable[[str, OpinionForm], None]


class DraftKeeper(QObject):
    """The one writer of drafts of a session.

    Args:
        save: writes the draft of one case; called in the background.
        runner: the way there.

    Signals: ``saved`` with the case's id and what was saved; ``failed`` with the id and the error.
    """

    saved = Signal(str, object)
    failed = Signal(str, object)

    def __init__(self, save: Save, runner: TaskRunner) -> None:
        super().__init__()
        self._save = save
        self._runner = runner
        self._waiting: dict[str, OpinionForm] = {}
        self._is_saving = False
        self._after: list[Callable[[], None]] = []

    def keep(self, task_id: str, form: OpinionForm) -> None:
        """Save the draft of a case; of several waiting texts of one case only the newest is written."""
        self._waiting[task_id] = form
        self._next()

    def then(self, call: Callable[[], None]) -> None:
        """Call back once nothing waits any more."""
        self._after.append(call)
        self._next()

    def _next(self) -> None:
        if self._is_saving:
            return
        if self._waiting:
            task_id, form = self._waiting.popitem()
            self._is_saving = True
            self._runner.run(
                lambda: self._save(task_id, form),
                owner=self,
                done=lambda _none: self._go_on(lambda: self.saved.emit(task_id, form)),
                failed=lambda error: self._fail(task_id, error),
            )
            return
        calls, self._after = self._after, []
        for call in calls:
            call()

    def _fail(self, task_id: str, error: ClinicError) -> None:
        self._go_on(lambda: self.failed.emit(task_id, error))

    def _go_on(self, tell: Callable[[], None]) -> None:
        self._is_saving = False
        tell()
        self._next()
