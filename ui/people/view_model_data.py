"""The data of this workstation as its administrator sees them: ways to the key, backups, room on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import KeyKeeping, Safekeeping, Session

T = TypeVar("T")


class DataServices(Protocol):
    """What is asked of the workstation here."""

    @property
    def keys(self) -> KeyKeeping:
        """The ways to the key."""
        ...

    @property
    def safekeeping(self) -> Safekeeping:
        """Backups and room."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...


@dataclass(frozen=True)
class DataState:
    """What the cards show.

    Args:
        ways: kinds of ways to the key.
        escrow: the organisation's public key the data key is left with; empty for none.
        backups: the newest first.
        keeper: how it stands with making them (`clinic_app.access.safekeeping`); None before it was asked.
        room: ``ok``, ``low`` or ``full``; empty before it was asked.
        room_words: what is said of too little room, or None.
    """

    ways: frozenset[str] = frozenset()
    escrow: str = ""
    backups: tuple[Any, ...] = ()
    keeper: Any = None
    room: str = ""
    room_words: Text | None = None


class DataViewModel(QObject):
    """Asks for the cards, and does what an administrator may do about them.

    Args:
        services: keys and backups.
        runner: the way into the background.
        session: who looks.

    Signals: ``changed`` (see ``state``), ``code_made(code)``, ``told(Text)``: it is done, ``failed(Text)``,
    ``refused(Text)``: what was typed will not do, ``busy_changed(Text or None)``: what is waited for.
    """

    changed = Signal()
    code_made = Signal(str)
    told = Signal(object)
    failed = Signal(object)
    refused = Signal(object)
    busy_changed = Signal(object)

    def __init__(self, services: DataServices, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._services = services
        self._runner = runner
        self._wish = OneWish[Text](runner, self, self.busy_changed.emit)
        self.session = session
        self.clock = services.clock
        self.state = DataState()

    def look(self) -> None:
        """Read everything anew."""
        keys, keeping, session = self._services.keys, self._services.safekeeping, self.session

        def ask() -> DataState:
            space = keeping.space()
            return DataState(
                ways=keys.ways(),
                escrow=keys.escrow_recipient(session),
                backups=keeping.backups(session),
                keeper=keeping.state(),
                room=space.state,
                room_words=space.reason,
            )

        self._runner.run(ask, owner=self, done=self._take, failed=lambda error: self.failed.emit(error.text))

    def new_code(self) -> None:
        """Make a recovery code; the former one opens nothing any more."""
        self._run(
            Text("Making a recovery code…"),
            lambda: self._services.keys.new_recovery_code(self.session),
            self.code_made.emit,
        )

    def leave_key(self, recipient: str) -> None:
        """Leave the data key with the organisation."""
        if not recipient.strip():
            self.refused.emit(Text("Paste the public key of the organisation; it begins with age1."))
            return
        self._run(
            Text("Leaving the key with the organisation…"),
            lambda: self._services.keys.keep_escrow(self.session, recipient.strip()),
            lambda _none: self.told.emit(Text("The key is left with the organisation.")),
        )

    def back_up_now(self) -> None:
        """Make a backup and check it."""
        self._run(
            Text("Copying the data and checking the copy…"),
            lambda: self._services.safekeeping.back_up_now(self.session),
            lambda _backup: self.told.emit(Text("The backup is made and checked.")),
        )

    def _take(self, state: DataState) -> None:
        self.state = state
        self.changed.emit()

    def _run(self, words: Text, work: Callable[[], T], done: Callable[[T], object]) -> None:
        """Do one thing at a time, and look afterwards."""

        def taken(answer: T) -> None:
            done(answer)
            self.look()

        def fail(error: ClinicError) -> None:
            (self.refused if isinstance(error, InvalidInputError) else self.failed).emit(error.text)
            self.look()

        self._wish.ask(words, work, taken, fail)
