"""The drafts of one person, as the window keeps them: what stands in his open forms, and what waits to be gone on with.

One at a time goes to the disk, and of several only the newest, so that an older text never arrives after a newer one.
The book outlives the person's page: whoever comes back finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.ids import new_id
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Draft, Session


class Keeper(Protocol):
    """Keeps drafts encrypted, each person's out of the others' sight."""

    def all(self, session: Session) -> tuple[Draft, ...]:
        """Return what somebody has begun."""
        ...

    def keep(self, session: Session, drafts: Sequence[Draft]) -> None:
        """Keep all that somebody has begun, in place of what was kept before."""
        ...


class DraftBook(QObject):
    """The drafts of one person.

    Args:
        keeper: the service.
        runner: the way into the background.
        session: whose they are.
        parent: outlives the pages.

    ``waiting`` holds what is in no open form, the oldest first. Signals: ``changed`` after ``waiting`` changed;
    ``failed(Text)``: the disk did not take it.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, keeper: Keeper, runner: TaskRunner, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self._runner = runner
        self._session = session
        self.waiting: tuple[Draft, ...] = ()
        self._live: tuple[Draft, ...] = ()
        self._kept: tuple[Draft, ...] | None = None
        self._is_writing = self._is_read = self._is_refused = False
        self._after: list[Callable[[], None]] = []

    @property
    def is_kept(self) -> bool:
        """Whether everything the book knows of is on the disk."""
        return not self._is_writing and not self._is_refused

    def open(self) -> None:
        """Read what was kept, once; what is on its way to the disk goes first."""
        self._next()

    def keep(self, live: Sequence[Draft], done: Callable[[], None] | None = None) -> None:
        """Keep what stands in the open forms beside what waits.

        Args:
            live: all of it.
            done: called once it is on the disk, or was refused (see ``is_kept``).
        """
        self._live = tuple(self._stamped(draft) for draft in live)
        if done is not None:
            self._after.append(done)
        self._next()

    def then(self, done: Callable[[], None]) -> None:
        """Call back once nothing is on its way to the disk any more."""
        self._after.append(done)
        self._next()

    def put_by(self, draft: Draft) -> None:
        """A form was emptied: what stood in it waits from now on."""
        stamped = self._stamped(draft)
        self._live = tuple(each for each in self._live if each.id != stamped.id)
        self._set_waiting((*self.waiting, stamped))
        self._next()

    def take(self, draft: Draft) -> None:
        """It goes back into a form."""
        self._live = (*self._live, draft)
        self._set_waiting(tuple(each for each in self.waiting if each.id != draft.id))

    def discard(self, draft: Draft) -> None:
        """Throw away what waits."""
        self._set_waiting(tuple(each for each in self.waiting if each.id != draft.id))
        self._next()

    def leave_forms(self, *, with_words: bool) -> None:
        """The page goes: what stood in its forms waits for the next time, or is thrown away."""
        live, self._live = self._live, ()
        if with_words:
            self._set_waiting((*self.waiting, *live))
        self._next()

    def _stamped(self, draft: Draft) -> Draft:
        """Return a draft with the id and the moment it was first kept under."""
        same = (each for each in self._live if (each.kind, each.patient_id) == (draft.kind, draft.patient_id))
        old = next(same, None)
        if old is not None:
            return replace(draft, id=old.id, begun_at=old.begun_at)
        return replace(draft, id=new_id(), begun_at=datetime.now(UTC))

    def _set_waiting(self, waiting: tuple[Draft, ...]) -> None:
        if waiting != self.waiting:
            self.waiting = waiting
            self.changed.emit()

    def _next(self) -> None:
        if self._is_writing:
            return
        everything = (*self.waiting, *self._live)
        if self._is_read and everything == self._kept:
            self._is_refused = False
            calls, self._after = self._after, []
            for call in calls:
                call()
            return
        self._is_writing = True
        keeper, session, is_read = self._keeper, self._session, self._is_read

        def work() -> tuple[Draft, ...]:
            if not is_read:
                return keeper.all(session)
            keeper.keep(session, everything)
            return everything

        self._runner.run(work, owner=self, done=self._settle, failed=self._refuse)

    def _settle(self, kept: tuple[Draft, ...]) -> None:
        self._is_writing, self._kept = False, kept
        if not self._is_read:
            self._is_read = True
            self._set_waiting((*kept, *self.waiting))
        self._next()

    def _refuse(self, error: ClinicError) -> None:
        self._is_writing = False
        if not self._is_refused:  # once, not at every try
            self._is_refused = True
            self.failed.emit(error.text)
        calls, self._after = self._after, []
        for call in calls:
            call()
