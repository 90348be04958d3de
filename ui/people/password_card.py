"""One's own password: the present one, the new one twice."""

from __future__ import annotations

from typing import Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from clinic_app.foundation.texts import Text
from ui.language import Translated, _
from ui.people.view_model import PeopleViewModel
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.standstill import Standstill

_KEYS: Final = ("old", "new", "repeated")


class PasswordCard(Translated, Card):
    """Three fields and a button on one line; nothing typed here outlives the change or the screen.

    Args:
        model: the people.

    Signal ``changed_password``: it is saved.
    """

    changed_password = Signal()

    def __init__(self, model: PeopleViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._fields = {key: FormField(QLineEdit(), f"settings.password_{key}") for key in _KEYS}
        self._change = Button("settings.change_password", "plain", "key-round")
        self._still = Standstill(*self._fields.values(), self._change)
        row = QHBoxLayout()
        row.setSpacing(12)
        for key in _KEYS:
            self._line(key).setEchoMode(QLineEdit.EchoMode.Password)
            row.addWidget(self._fields[key], 1)
        self.column.addWidget(self._title)
        row.addWidget(self._change, 0, Qt.AlignmentFlag.AlignVCenter)
        self.column.addStretch()
        self.column.addLayout(row)
        self._line("old").returnPressed.connect(self._line("new").setFocus)
        self._line("new").returnPressed.connect(self._line("repeated").setFocus)
        self._line("repeated").returnPressed.connect(self._send)
        self._change.clicked.connect(self._send)
        model.password_changed.connect(self._after_change)
        model.password_refused.connect(self._refuse)
        model.busy_changed.connect(self._still.set_busy)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Your password"))
        self._fields["old"].set_label(_("Present password"))
        self._fields["new"].set_label(_("New password"))
        self._fields["repeated"].set_label(_("New password once more"))
        self._change.say(_("Change"))

    def clear(self) -> None:
        """Forget everything typed."""
        for key in _KEYS:
            self._line(key).setText("")
            self._fields[key].set_error("")

    def _line(self, key: str) -> QLineEdit:
        return cast("QLineEdit", self._fields[key].editor)

    def _send(self) -> None:
        for field in self._fields.values():
            field.set_error("")
        self._model.change_password(*(self._line(key).text() for key in _KEYS))

    def _refuse(self, key: str, sentence: Text) -> None:
        self._fields[key].set_error(sentence)
        put_cursor(self._line(key))

    def _after_change(self) -> None:
        self.clear()
        self.changed_password.emit()
