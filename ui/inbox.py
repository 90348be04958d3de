"""An inbox of what came without a patient: what waits, what was filed lately, filing, putting aside, taking back.

Results of analysers and images of devices wait in inboxes of their own rooms; how a screen looks into one, counts it
while nobody looks, and has its say, is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from clinic_app.foundation.errors import ClinicError
from clinic_app.records import Patient
from ui.hand import Hand
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session

LOOK_MS: Final = 1000
"""How often it is asked whether anything came; asking costs nothing while nothing did."""

W = TypeVar("W")
H = TypeVar("H")
K = TypeVar("K")
W_co = TypeVar("W_co", covariant=True)
H_co = TypeVar("H_co", covariant=True)
K_contra = TypeVar("K_contra", contravariant=True)


class Inbox(Protocol[W_co, H_co, K_contra]):
    """What a room keeps: things that wait, and things that were handled, each known by a key."""

    version: int

    def count(self) -> int:
        """Return how many wait."""

    def waiting(self, session: Session) -> tuple[W_co, ...]:
        """Return what waits."""

    def handled(self, session: Session) -> tuple[H_co, ...]:
        """Return what was filed or put aside lately."""

    def confirm(self, session: Session, key: K_contra, patient_id: str, /, *, is_sure: bool = False) -> object:
        """File something for a patient; refused once where something speaks against him."""

    def set_aside(self, session: Session, key: K_contra, /) -> None:
        """Take something out that is no patient's."""

    def undo(self, session: Session, key: K_contra, /) -> None:
        """Put something back."""


@dataclass(frozen=True)
class Candidate:
    """A patient something may be filed for.

    Args:
        patient: he.
        by: why he is proposed; ``hand``: he is in hand.
        is_contradicted: another name, number or birth date stands on it.
    """

    patient: Patient
    by: str
    is_contradicted: bool = False

    @property
    def id(self) -> str:
        """His id, by which the list knows him again."""
        return self.patient.id


class InboxModel(QObject, Generic[W, H, K]):
    """The inbox for one person; whoever inherits it says how many a thing counts for, and whose it may be.

    Args:
        inbox: the room's own.
        runner: the way into the background.
        session: who looks.
        hand: whoever is in hand may be filed for.
        roles: who sees the inbox at all.

    Signals: ``changed`` (see ``waiting``, ``handled``), ``counted(int)``: so many wait, ``hand_changed``: another
    patient is in hand, ``filed(name, key)``, ``put_aside(key)``, ``taken_back``, ``questioned(Text)``: is it really
    his?, ``refused(Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    counted = Signal(int)
    hand_changed = Signal()
    filed = Signal(str, object)
    put_aside = Signal(object)
    taken_back = Signal()
    questioned = Signal(object)
    refused = Signal(object)
    busy_changed = Signal(bool)

    def __init__(
        self, inbox: Inbox[W, H, K], runner: TaskRunner, session: Session, hand: Hand, roles: Sequence[str]
    ) -> None:
        super().__init__()
        self.hand = hand
        self.may_file = session.role in roles
        self.waiting: tuple[W, ...] = ()
        self.handled: tuple[H, ...] = ()
        self._inbox = inbox
        self._runner = runner
        self._session = session
        self._version = -1
        self._is_asking = False
        self._is_watched = False
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._see_news)
        self._timer.start()
        hand.changed.connect(self.hand_changed)

    def key_of(self, waiting: W) -> K:
        """Return by which the room knows a thing that waits."""
        raise NotImplementedError

    def size_of(self, waiting: W) -> int:  # noqa: ARG002
        """Return how many a thing counts for."""
        return 1

    def matched(self, waiting: W) -> Sequence[Candidate]:
        """Return whom the numbers on a thing name."""
        raise NotImplementedError

    def speaks_against(self, waiting: W, patient: Patient) -> bool:  # noqa: ARG002
        """Return whether what stands on a thing is not this patient's, as far as it can be told here."""
        return False

    def candidates(self, waiting: W) -> tuple[Candidate, ...]:
        """Return whom a thing may be filed for: those whose number stands on it, and the one in hand."""
        found = tuple(self.matched(waiting))
        held = self.hand.patient
        if held is None or held.id in {each.id for each in found}:
            return found
        return (*found, Candidate(held, "hand", self.speaks_against(waiting, held)))

    def watch(self, is_watched: bool) -> None:
        """Say whether somebody looks; without that only the number is counted."""
        self._is_watched = is_watched
        if is_watched:
            self.look()

    def look(self) -> None:
        """Read both lists anew."""
        if self._is_asking or not self.may_file:
            return
        inbox, session = self._inbox, self._session
        self._is_asking, self._version = True, inbox.version
        self._runner.run(
            lambda: (inbox.waiting(session), inbox.handled(session)), owner=self, done=self._take, failed=self._fail
        )

    def file(self, waiting: W, candidate: Candidate, *, is_sure: bool = False) -> None:
        """File a thing for a patient; where something on it is not his, somebody is asked first."""
        inbox, session, key, patient = self._inbox, self._session, self.key_of(waiting), candidate.patient

        def failed(error: ClinicError) -> None:
            if getattr(error, "field", "") == "patient" and not is_sure:
                self.questioned.emit(error.text)
            else:
                self._refuse(error)

        self._wish.ask(
            True,
            lambda: inbox.confirm(session, key, patient.id, is_sure=is_sure),
            lambda _filed: self._told(self.filed, patient.full_name, key),
            failed,
        )

    def set_aside(self, waiting: W) -> None:
        """Put a thing aside."""
        inbox, session, key = self._inbox, self._session, self.key_of(waiting)
        self._wish.ask(
            True, lambda: inbox.set_aside(session, key), lambda _none: self._told(self.put_aside, key), self._refuse
        )

    def take_back(self, key: K) -> None:
        """Put what was handled back into the inbox."""
        inbox, session = self._inbox, self._session
        self._wish.ask(True, lambda: inbox.undo(session, key), lambda _none: self._told(self.taken_back), self._refuse)

    def _told(self, signal: SignalInstance, *words: object) -> None:
        signal.emit(*words)
        self.look()

    def _see_news(self) -> None:
        inbox, version = self._inbox, self._inbox.version
        if not self.may_file or self._version == version:
            return
        if self._is_watched:
            self.look()
        else:
            self._runner.run(inbox.count, owner=self, done=lambda count: self._count(count, version))

    def _count(self, count: int, version: int) -> None:
        self._version = version
        self.counted.emit(count)

    def _take(self, lists: tuple[tuple[W, ...], tuple[H, ...]]) -> None:
        self._is_asking = False
        self.waiting, self.handled = lists
        self.counted.emit(sum(map(self.size_of, self.waiting)))
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self._refuse(error)

    def _refuse(self, error: ClinicError) -> None:
        self.refused.emit(error.text)
        if not self._is_asking:
            self._version = -1  # what is shown is old: read it anew at the next look
