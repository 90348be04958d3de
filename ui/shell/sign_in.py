"""The sign-in screen."""

from __future__ import annotations

from typing import cast

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit

from ui.language import _
from ui.shell.gate_page import GatePage
from ui.shell.view_model import GateViewModel


class SignInScreen(GatePage):
    """Login and password; wrong ones and the waiting time after several are said in words.

    Args:
        model: the gate.
    """

    def __init__(self, model: GateViewModel) -> None:
        super().__init__("sign_in", has_pad=True)
        self._model = model
        login = self.add_field("login")
        password = self.add_field("password", is_secret=True)
        self.card.column.addWidget(self.enter)
        self.can_be_left = True
        login.returnPressed.connect(password.setFocus)
        password.returnPressed.connect(self._enter)
        self.enter.clicked.connect(self._enter)
        model.refused.connect(self.refuse)
        model.busy_changed.connect(self.set_busy)
        self.left_waiting.connect(model.forget)
        if self.pad is not None:
            self.pad.chosen.connect(self.begin)
        self.retranslate()

    def begin(self, login: str) -> None:
        """Ask the password of somebody who was chosen; the one who chooses may be another than before."""
        self.clear()
        cast("QLineEdit", self.fields["login"].editor).setText(login)
        self._put_cursor()

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor where typing begins."""
        super().showEvent(event)
        self._put_cursor()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("Sign in"))
        self.fields["login"].set_label(_("Login"))
        self.fields["password"].set_label(_("Password"))
        self.enter.say(_("Sign in"))

    def _put_cursor(self) -> None:
        self.fields["password" if self.text("login") else "login"].editor.setFocus()

    def _enter(self) -> None:
        if self.enter.isEnabled():
            self._model.sign_in(self.text("login"), self.text("password"))
