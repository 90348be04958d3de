"""Emergencies that wait for the auditor's judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import BreakGlass, EmergencyReview, Session


class ReviewsViewModel(QObject):
    """The inbox.

    Signals: ``changed`` (see ``waiting``), ``judged``: one is done, ``refused(Text)``: the words will not do,
    ``failed(Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    judged = Signal()
    refused = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, break_glass: BreakGlass, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._break_glass = break_glass
        self._runner = runner
        self._session = session
        self._is_busy = False
        self.waiting: tuple[EmergencyReview, ...] = ()

    def look(self) -> None:
        """Read the inbox anew."""
        self._runner.run(
            lambda: self._break_glass.to_review(self._session),
            owner=self,
            done=self._take,
            failed=lambda error: self.failed.emit(error.text),
        )

    def judge(self, review: EmergencyReview, words: str, *, is_justified: bool) -> None:
        """Say whether an emergency was one; words are needed where it was not."""
        if self._is_busy:
            return
        if not is_justified and not words.strip():
            self.refused.emit(Text("Say why it was not justified."))
            return

        def done(_none: None) -> None:
            self._set_busy(False)
            self.judged.emit()
            self.look()

        def fail(error: ClinicError) -> None:
            self._set_busy(False)
            if isinstance(error, InvalidInputError):
                self.refused.emit(error.text)
                return
            self.failed.emit(error.text)
            self.look()

        self._set_busy(True)
        self._runner.run(
            lambda: self._break_glass.review(self._session, review.event_id, is_justified, words.strip()),
            owner=self,
            done=done,
            failed=fail,
        )

    def _take(self, waiting: tuple[EmergencyReview, ...]) -> None:
        self.waiting = waiting
        self.changed.emit()

    def _set_busy(self, is_busy: bool) -> None:
        self._is_busy = is_busy
        self.busy_changed.emit(is_busy)
