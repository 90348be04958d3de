"""The password of our account at a DICOMweb archive: IT gives it once, this computer keeps it, nobody is shown it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.orders.view_model_network import NetworkViewModel
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

_LONGEST = 4096
"""Characters; a token may stand in place of a password."""


class SecretForm(Translated, QWidget):
    """The form.

    Args:
        model: the network.

    Signal ``closed``: it was saved or left.
    """

    closed = Signal()

    def __init__(self, model: NetworkViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._server = QComboBox()
        self._server_field = FormField(self._server, "orders.secret_server", has_message=False)
        self._secret = QLineEdit()
        self._secret.setEchoMode(QLineEdit.EchoMode.Password)
        self._secret.setMaxLength(_LONGEST)
        self._secret_field = FormField(self._secret, "orders.secret")
        self._trouble = StandingBar("orders.secret_trouble", "triangle-alert")
        self._leave = Button("orders.secret_leave")
        self._save = Button("orders.secret_save", "primary", "save")
        self._build()
        self._leave.clicked.connect(self.leave)
        self._save.clicked.connect(self.send)
        model.refused.connect(self._refuse)
        model.secret_kept.connect(lambda _name, _is_there: self.leave())
        model.busy_changed.connect(self._still.set_busy)
        self.retranslate()

    def _build(self) -> None:
        fields = Card(14, 4)
        for part in (self._title, self._server_field, self._secret_field):
            fields.column.addWidget(part)
        fields.column.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(self._leave)
        foot.addWidget(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(fields, 1)
        column.addWidget(self._trouble)
        column.addLayout(foot)
        self._still = Standstill(fields, self._leave, self._save)

    def open(self) -> None:
        """Ask for the password of one of the archives; what was typed before is gone."""
        self._trouble.hide()
        self._secret.clear()
        self._server.clear()
        self._server.addItems(self._model.servers)
        put_cursor(self._secret)

    def leave(self) -> None:
        """Forget what was typed."""
        self._secret.clear()
        self.closed.emit()

    def send(self) -> None:
        """Keep it."""
        self._trouble.hide()
        if self._server.currentText():
            self._model.keep_secret(self._server.currentText(), self._secret.text())

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Password of an archive"))
        self._server_field.set_label(_("Archive by DICOMweb"))
        self._secret_field.set_label(_("Password"))
        self._secret_field.set_hint(
            Text("It stays in the key storage of this computer and is never shown. Empty: it is forgotten.")
        )
        self._leave.say(_("Do not save"), "Esc")
        self._save.say(_("Save the password"), "Ctrl+Enter")

    def _refuse(self, _field: str, text: Text) -> None:
        if self.isVisible():
            self._trouble.show_words(say(text))
