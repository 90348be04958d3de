"""New versions of the program as the settings show them, and one that an administrator brings on a stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from clinic_app.foundation.texts import Text
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.sync.program_updates import UpdateLook


class Updates(Protocol):
    """What is asked of the workstation here."""

    def look(self) -> UpdateLook:
        """Return how it stands."""
        ...

    def take(self, session: Session, stick: Path, came: Callable[[int, int], None] | None = None) -> UpdateLook:
        """Take a release from a stick."""
        ...


class UpdatesViewModel(QObject):
    """Asks how it stands, and takes a release from a stick.

    Args:
        updates: of the workstation.
        runner: the way into the background.
        session: who looks.

    Signals: ``changed`` (see ``look``), ``taken(UpdateLook)``, ``failed(Text)``, ``busy_changed(Text or None)``,
    ``came(int, int)``: bytes of how many are here.
    """

    changed = Signal()
    taken = Signal(object)
    failed = Signal(object)
    busy_changed = Signal(object)
    came = Signal(object, object)

    def __init__(self, updates: Updates, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._updates = updates
        self._runner = runner
        self._session = session
        self._wish = OneWish[Text](runner, self, self.busy_changed.emit)
        self.look: UpdateLook | None = None

    @property
    def can_take(self) -> bool:
        """Whether this person may bring a release, and this copy of the program takes any."""
        is_taken = self.look is not None and self.look.standing != "none"
        return is_taken and self._session.role == "administrator"

    def ask(self) -> None:
        """Read how it stands."""
        self._runner.run(self._updates.look, owner=self, done=self._show, failed=self._fail)

    def take(self, stick: Path) -> None:
        """Take the newest release of a stick."""
        updates, session, runner = self._updates, self._session, self._runner

        def tell(count: int, total: int) -> None:
            runner.post(self, lambda: self.came.emit(count, total))

        def done(look: UpdateLook) -> None:
            self._show(look)
            self.taken.emit(look)

        self._wish.ask(Text("The new version is copied and verified…"), lambda: updates.take(session, stick, tell),
                       done, self._fail)  # fmt: skip

    def _show(self, look: UpdateLook) -> None:
        self.look = look
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self.failed.emit(error.text)
