"""Who may come in: first start, sign-in, and the lock. The screens of the gate ask only this."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session

LEAST_PASSWORD = 8
T = TypeVar("T")


class Gate(Protocol):
    """What the gate needs of the people of the facility."""

    def is_empty(self) -> bool:
        """Say whether nobody has been added yet."""
        ...

    def facility_name(self) -> str:
        """Return the name of the hospital, or an empty string before it is set up."""
        ...

    def sign_in(self, login: str, password: str) -> Session:
        """Let somebody in, or raise an error with a sentence."""
        ...


class SetUp(Protocol):
    """Makes the facility and its first administrator in an empty data folder."""

    def __call__(self, facility_name: str, name: str, login: str, password: str) -> str:
        """Write everything in one transaction; return the recovery code of the data."""
        ...


class GateViewModel(QObject):
    """The state of the gate.

    Signals: ``looked(is_empty, name of the hospital)`` after `look`; ``let_in(session)``; ``code_made(code, session)``
    after the first start, for the code to be written down before its administrator is let in; ``refused(field, Text or
    None)``, where an empty field means the whole form and None takes everything back; ``busy_changed(bool)``.
    """

    looked = Signal(bool, str)
    let_in = Signal(object)
    code_made = Signal(str, object)
    refused = Signal(str, object)
    busy_changed = Signal(bool)

    def __init__(self, people: Gate, set_up: SetUp, runner: TaskRunner) -> None:
        super().__init__()
        self._people = people
        self._set_up = set_up
        self._runner = runner
        self._asked = 0

    def forget(self) -> None:
        """Whoever asked has gone from the gate: the answer still on its way lets nobody in."""
        self._asked += 1
        self.busy_changed.emit(False)

    def look(self) -> None:
        """Find out whether this is the first start, and whose workstation it is."""
        people = self._people
        self._runner.run(
            lambda: (people.is_empty(), people.facility_name()),
            owner=self,
            done=lambda found: self.looked.emit(*found),
            failed=self._fail,
        )

    def sign_in(self, login: str, password: str) -> None:
        """Ask to be let in."""
        if not login.strip() or not password:
            field = "login" if not login.strip() else "password"
            self.refused.emit(field, Text("Type the login and the password."))
            return
        self._ask(lambda: self._people.sign_in(login.strip(), password), self.let_in.emit)

    def set_up(self, facility_name: str, name: str, login: str, password: str, repeated: str) -> None:
        """Make the facility and its first administrator, then let him in."""
        wrong = first_start_fault(facility_name, name, login, password, repeated)
        if wrong:
            self.refused.emit(*wrong)
            return

        def work() -> tuple[str, Session]:
            code = self._set_up(facility_name.strip(), name.strip(), login.strip(), password)
            return code, self._people.sign_in(login.strip(), password)

        self._ask(work, self._after_set_up)

    def _after_set_up(self, made: tuple[str, Session]) -> None:
        code, session = made
        if code:
            self.code_made.emit(code, session)
        else:
            self.let_in.emit(session)

    def _ask(self, work: Callable[[], T], done: Callable[[T], object]) -> None:
        self.refused.emit("", None)
        self.busy_changed.emit(True)
        self._asked += 1
        asked = self._asked

        def enter(answer: T) -> None:
            if asked == self._asked:
                self.busy_changed.emit(False)
                done(answer)

        def fail(error: ClinicError) -> None:
            if asked == self._asked:
                self._fail(error)

        self._runner.run(work, owner=self, done=enter, failed=fail)

    def _fail(self, error: ClinicError) -> None:
        self.busy_changed.emit(False)
        self.refused.emit(error.field if isinstance(error, InvalidInputError) else "", error.text)


def first_start_fault(
    facility_name: str, name: str, login: str, password: str, repeated: str
) -> tuple[str, Text] | None:
    """Return the first field that cannot be right and why, or None."""
    if not facility_name.strip():
        return "facility", Text("Type the name of the hospital as its papers bear it.")
    if not name.strip():
        return "name", Text("Type family name and given name.")
    if not login.strip():
        return "login", Text("Choose a login.")
    if len(password) < LEAST_PASSWORD:
        return "password", Text("A password has at least {count} characters.", count=LEAST_PASSWORD)
    if password != repeated:
        return "repeated", Text("The two passwords differ.")
    return None
