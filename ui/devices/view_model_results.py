"""The inbox of results on its screen: what waits, whose it may be, filing, putting aside, taking back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from clinic_app.encounters import Handled, WaitingSheet, is_other_name
from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from clinic_app.records import Patient
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.encounters import ResultInbox
    from ui.shell.patient_in_hand import PatientInHand

LOOK_MS: Final = 1000
By = Literal["iin", "chart", "order", "hand"]


@dataclass(frozen=True)
class Candidate:
    """A patient a sheet may be filed for.

    Args:
        patient: he.
        by: why he is proposed.
        is_name_different: the device says another name.
    """

    patient: Patient
    by: By
    is_name_different: bool

    @property
    def id(self) -> str:
        """His id, by which the list knows him again."""
        return self.patient.id


class ResultsViewModel(QObject):
    """The inbox for one person.

    Signals: ``changed`` (see ``waiting``, ``handled``), ``counted(int)``: so many results wait,
    ``hand_changed``: another patient is in hand, ``filed(name, ids)``, ``put_aside(ids)``, ``taken_back``,
    ``refused(Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    counted = Signal(int)
    hand_changed = Signal()
    filed = Signal(str, object)
    put_aside = Signal(object)
    taken_back = Signal()
    refused = Signal(object)
    busy_changed = Signal(bool)

    def __init__(self, inbox: ResultInbox, runner: TaskRunner, session: Session, hand: PatientInHand) -> None:
        super().__init__()
        self._inbox = inbox
        self._runner = runner
        self._session = session
        self.hand = hand
        self.waiting: tuple[WaitingSheet, ...] = ()
        self.handled: tuple[Handled, ...] = ()
        self._version = -1
        self._is_asking = False
        self._is_watched = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._see_news)
        self._timer.start()
        hand.changed.connect(self.hand_changed)

    @property
    def may_file(self) -> bool:
        """Whether this person sees the inbox at all."""
        return self._session.role in ("nurse", "doctor", "specialist", "laboratory")

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks; without that only the number is counted."""
        self._is_watched = is_watched
        if is_watched:
            self.look()

    def look(self) -> None:
        """Read both lists anew."""
        if self._is_asking or not self.may_file:
            return
        self._is_asking, self._version = True, self._inbox.version
        inbox, session = self._inbox, self._session
        self._runner.run(
            lambda: (inbox.waiting(session), inbox.handled(session)),
            owner=self,
            done=self._take,
            failed=self._fail,
        )

    def candidates(self, waiting: WaitingSheet) -> tuple[Candidate, ...]:
        """Return the patients a sheet may be filed for: those whose number stands on it, and the one in hand."""
        if waiting.sheet.is_control:
            return ()
        found = [Candidate(each.patient, each.by, each.is_name_different) for each in waiting.matches]
        hand = self.hand.patient
        if hand is not None and hand.id not in {each.id for each in found}:
            found.append(Candidate(hand, "hand", is_other_name(waiting.sheet.first.patient_text, hand)))
        return tuple(found)

    def contradicts(self, waiting: WaitingSheet, candidate: Candidate) -> bool:
        """Return whether the sheet bears a number of somebody else."""
        return candidate.by == "hand" and bool(waiting.matches or waiting.is_closed)

    def file(self, waiting: WaitingSheet, candidate: Candidate, *, is_sure: bool = False) -> None:
        """File a sheet for a patient."""
        ids, patient = waiting.sheet.ids, candidate.patient

        def done(_records: object) -> None:
            self.filed.emit(patient.full_name, ids)
            self.look()

        self._wish.ask(
            True,
            lambda: self._inbox.confirm(self._session, ids, patient.id, is_sure=is_sure),
            done,
            self._refuse,
        )

    def set_aside(self, waiting: WaitingSheet) -> None:
        """Put a sheet aside."""
        ids = waiting.sheet.ids

        def done(_none: object) -> None:
            self.put_aside.emit(ids)
            self.look()

        self._wish.ask(True, lambda: self._inbox.set_aside(self._session, ids), done, self._refuse)

    def take_back(self, ids: Sequence[str]) -> None:
        """Put results back into the inbox."""
        wanted = tuple(ids)

        def done(_none: object) -> None:
            self.taken_back.emit()
            self.look()

        self._wish.ask(True, lambda: self._inbox.undo(self._session, wanted), done, self._refuse)

    def _see_news(self) -> None:
        if not self.may_file or self._version == self._inbox.version:
            return
        if self._is_watched:
            self.look()
        else:
            version = self._inbox.version
            self._runner.run(self._inbox.count, owner=self, done=lambda count: self._count(count, version))

    def _count(self, count: int, version: int) -> None:
        self._version = version
        self.counted.emit(count)

    def _take(self, lists: tuple[tuple[WaitingSheet, ...], tuple[Handled, ...]]) -> None:
        self._is_asking = False
        self.waiting, self.handled = lists
        self.counted.emit(sum(len(each.sheet.results) for each in self.waiting))
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        text: Text = error.text
        self.refused.emit(text)
        if not self._is_asking:
            self._version = -1  # what is shown is old: read it anew at the next look
