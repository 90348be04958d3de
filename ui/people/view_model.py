"""The people of the facility, as the administrator sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError, InvalidInputError
from clinic_app.foundation.texts import Text
from clinic_app.records import Practitioner
from ui.language import say
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import People, Person, Role, Session

LEAST_PASSWORD = 8


class PeopleViewModel(QObject):
    """Signals: ``changed`` (see ``people``), ``added(name)``, ``refused(field, sentence)``."""

    changed = Signal()
    added = Signal(str)
    refused = Signal(str, str)

    def __init__(self, people: People, runner: TaskRunner, session: Session) -> None:
        super().__init__()
        self._people = people
        self._runner = runner
        self.session = session
        self.people: tuple[Person, ...] = ()

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
                self.refused.emit(field, say(Text("This field is needed.")))
                return
        if len(password) < LEAST_PASSWORD:
            self.refused.emit(
                "password", say(Text("A password has at least {count} characters.", count=LEAST_PASSWORD))
            )
            return
        self._runner.run(
            lambda: self._people.add(self.session, login.strip(), password, name.strip(), role),
            owner=self,
            done=self._after_add,
            failed=self._fail,
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
        self.refused.emit(error.field if isinstance(error, InvalidInputError) else "", say(error.text))
