"""Who works here, for the administrator: the list, letting people in or not, and adding one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.access import ROLE_WORDS, ROLES, Person
from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.people.view_model import PeopleViewModel
from ui.widgets.buttons import Button
from ui.widgets.chip import ChipLook
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.page import scrolled
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standstill import Standstill

if TYPE_CHECKING:
    from clinic_app.access import Role


class PeoplePage(Translated, QWidget):
    """The people of the facility.

    Args:
        model: the people; outlives the page.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: PeopleViewModel) -> None:
        super().__init__()
        self._model = model
        self._others = label("heading")
        self._add_title = label("heading")
        self._table: RecordTable[Person] = RecordTable(
            "settings.people",
            (
                Column(lambda: _("Name"), lambda person: person.name, is_strong=True),
                Column(lambda: _("Login"), lambda person: person.login, width=140),
                Column(lambda: _("Role"), lambda person: say(ROLE_WORDS[person.role]), width=150),
                Column(lambda: _("Access"), _access_words, _access_look, width=125),
            ),
            "users",
            key=lambda person: person.login,
        )
        self._bar = Button("settings.bar", "plain")
        self._fields = {key: FormField(QLineEdit(), f"settings.{key}") for key in ("name", "login", "password")}
        self._role = QComboBox()
        self._role_field = FormField(self._role, "settings.role")
        self._add = Button("settings.add", "primary", "user-plus")
        self._still = Standstill(*self._fields.values(), self._role_field, self._add)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        below = QHBoxLayout(self)
        below.setContentsMargins(0, 8, 0, 0)
        below.setSpacing(14)
        left = QVBoxLayout()
        over = QHBoxLayout()
        over.addWidget(self._others)
        over.addStretch()
        over.addWidget(self._bar)
        left.addLayout(over)
        left.addWidget(self._table, 1)
        below.addLayout(left, 1)
        below.addWidget(self._form())

    def _form(self) -> QWidget:
        form = Card(spacing=4)
        paper = scrolled(form)
        paper.setFixedWidth(400)
        form.column.addWidget(self._add_title)
        password = self._fields["password"].editor
        assert isinstance(password, QLineEdit)
        password.setEchoMode(QLineEdit.EchoMode.Password)
        for role in ROLES:
            self._role.addItem("", role)
        for field in (*self._fields.values(), self._role_field):
            form.column.addWidget(field)
        form.column.addWidget(self._add)
        form.column.addStretch()
        return paper

    def _connect(self) -> None:
        self._add.clicked.connect(self._send)
        self._bar.clicked.connect(self._let_in_or_not)
        self._table.selected.connect(lambda _row: self._say_bar())
        self._model.changed.connect(self._show_people)
        self._model.added.connect(self._after_add)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.refused.connect(self._refuse)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._others.setText(_("People of this facility"))
        self._add_title.setText(_("Add a person"))
        self._fields["name"].set_label(_("Family name and given name"))
        self._fields["login"].set_label(_("Login"))
        self._fields["password"].set_label(_("First password"))
        self._role_field.set_label(_("Role"))
        self._add.say(_("Add"), "Ctrl+Enter")
        self._table.set_name(_("People of this facility"))
        self._table.empty.say(_("Nobody yet"), _("Add the first person on the right."))
        for place in range(self._role.count()):
            self._role.setItemText(place, say(ROLE_WORDS[self._role.itemData(place)]))
        self._show_people()

    def add(self) -> None:
        """Do what the primary button does."""
        self._add.click()

    def _show_people(self) -> None:
        self._table.show_rows(self._model.people)
        self._say_bar()

    def _say_bar(self) -> None:
        person = self._table.current_row()
        self._bar.setEnabled(person is not None)
        self._bar.say(_("Let in again") if person is not None and not person.is_active else _("Let in no longer"))

    def _let_in_or_not(self) -> None:
        person = self._table.current_row()
        if person is not None:
            self._model.set_active(person, is_active=not person.is_active)

    def _text(self, key: str) -> str:
        return cast("QLineEdit", self._fields[key].editor).text()

    def _send(self) -> None:
        self._refuse("", None)
        role = cast("Role", self._role.currentData())
        self._model.add(self._text("name"), self._text("login"), self._text("password"), role)

    def _after_add(self, name: str) -> None:
        for field in self._fields.values():
            cast("QLineEdit", field.editor).setText("")
        self.noticed.emit(_("{name} can sign in now.", name=name), "ok")

    def _refuse(self, key: str, sentence: Text | None) -> None:
        for each, field in self._fields.items():
            field.set_error(sentence if sentence and each == key else "")
        if sentence and key in self._fields:
            put_cursor(self._fields[key].editor)
        elif sentence:
            self.noticed.emit(say(sentence), "warn")


def _access_words(person: Person) -> str:
    return _("signs in") if person.is_active else _("shut out")


def _access_look(person: Person) -> ChipLook:
    return ChipLook(_access_words(person), "ok" if person.is_active else "neutral")
