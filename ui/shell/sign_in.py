"""The sign-in screen."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent

from ui.language import _
from ui.shell.gate_page import GatePage
from ui.shell.view_model import GateViewModel


class SignInScreen(GatePage):
    """Login and password; wrong ones and the waiting time after several are said in words.

    Args:
        model: the gate.
    """

    def __init__(self, model: GateViewModel) -> None:
        super().__init__("sign_in")
        self._model = model
        login = self.add_field("login")
        password = self.add_field("password", is_secret=True)
        self.card.column.addWidget(self.enter)
        login.returnPressed.connect(password.setFocus)
        password.returnPressed.connect(self._enter)
        self.enter.clicked.connect(self._enter)
        model.refused.connect(self.refuse)
        model.busy_changed.connect(self.set_busy)
        self.retranslate()

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor where typing begins."""
        super().showEvent(event)
        self.fields["login"].editor.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("Sign in"))
        self.fields["login"].set_label(_("Login"))
        self.fields["password"].set_label(_("Password"))
        self.enter.say(_("Sign in"))

    def _enter(self) -> None:
        if self.enter.isEnabled():
            self._model.sign_in(self.text("login"), self.text("password"))
