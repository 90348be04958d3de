"""The people of the facility, as the administrator sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Practitioner
from ui.one_wish import OneWish
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import People, Person, Role, Session

LEAST_PASSWORD = 8
T = TypeVar("T")


class PeopleViewModel(QObject):
    """Who works here, and one's own password.

    Signals: ``changed`` (see ``people``), ``added(name)``, ``refused(field, Text)``, ``password_changed``,
    ``password_refused(field, Text)``, ``busy_changed(bool)``.
    """

    changed = Signal()
    added = Signal(str)
    refused = Signal(str, object)
    password_changed = Signal()
    password_refused = Signal(str, object)
    busy_changed = Signal(bool)

    def __init__(self, people: People, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._people = people
        self._runner = runner
        self.session = session
        self.people: tuple[Person, ...] = ()
        self._wish = OneWish[bool](runner, self, lambda is_busy: self.busy_changed.emit(bool(is_busy)))

    @property
    def is_administrator(self) -> bool:
        """Whether people can be added here."""
        return self.session.role == "administrator"

    def look(self) -> None:
        """Read the list."""
        if self.is_administrator:
            self._runner.run(lambda: self._people.all(self.session), owner=self, done=self._take, failed=self._fail)

    def add(self, name: str, login: str, password: str, role: Role) -> None:
        """Add a person."""
        for field, value in (("name", name), ("login", login)):
            if not value.strip():
                self.refused.emit(field, Text("This field is needed."))
                return
        if len(password) < LEAST_PASSWORD:
            self.refused.emit("password", Text("A password has at least {count} characters.", count=LEAST_PASSWORD))
            return
        self._wish.ask(
            True,
            lambda: self._people.add(self.session, login.strip(), password, name.strip(), role),
            self._after_add,
            self._fail,
        )

    def change_password(self, old: str, new: str, repeated: str) -> None:
        """Change one's own password."""
        wrong = password_fault(old, new, repeated)
        if wrong is not None:
            self.password_refused.emit(*wrong)
            return

        def fail(error: ClinicError) -> None:
            field = "new" if isinstance(error, InvalidInputError) else "old"
            self.password_refused.emit(field, error.text)

        self._wish.ask(
            True,
            lambda: self._people.change_password(self.session, old, new),
            lambda _none: self.password_changed.emit(),
            fail,
        )

    def set_active(self, person: Person, *, is_active: bool) -> None:
        """Let somebody in again, or no longer."""
        self._runner.run(
            lambda: self._people.set_active(self.session, person.login, is_active=is_active),
            owner=self,
            done=lambda _person: self.look(),
            failed=self._fail,
        )

    def _after_add(self, person: Practitioner) -> None:
        self.added.emit(person.full_name)
        self.look()

    def _take(self, people: tuple[Person, ...]) -> None:
        self.people = tuple(people)
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self.refused.emit(error.field if isinstance(error, InvalidInputError) else "", error.text)


def password_fault(old: str, new: str, repeated: str) -> tuple[str, Text] | None:
    """Return the first field of a change of password that cannot be right and why, or None."""
    if not old:
        return "old", Text("Type your present password.")
    if len(new) < LEAST_PASSWORD:
        return "new", Text("A password has at least {count} characters.", count=LEAST_PASSWORD)
    if new == old:
        return "new", Text("The new password is the old one.")
    if new != repeated:
        return "repeated", Text("The two passwords differ.")
    return None
