"""The lock: covers everything, keeps the session and what was being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from ui.language import _
from ui.shell.gate_page import GatePage
from ui.shell.view_model import GateViewModel
from ui.widgets.buttons import Button

if TYPE_CHECKING:
    from clinic_app.access import Session


class LockScreen(GatePage):
    """Asks the password of whoever locked the window.

    Args:
        model: the gate.

    Signal ``left`` carries the login of whoever wants to sign in instead, or nothing where he is not on a button.
    """

    left = Signal(str)

    def __init__(self, model: GateViewModel) -> None:
        super().__init__("lock", has_pad=True)
        self._model = model
        self._session: Session | None = None
        password = self.add_field("password", is_secret=True)
        self._leave = Button("lock.leave", "quiet")
        self.card.column.addWidget(self.enter)
        self.can_be_left = True
        self.card.column.addWidget(self._leave)
        password.returnPressed.connect(self._enter)
        self.enter.clicked.connect(self._enter)
        self._leave.clicked.connect(lambda: self.left.emit(""))
        self.left_waiting.connect(model.forget)
        if self.pad is not None:
            self.pad.chosen.connect(self.left)
        model.refused.connect(self.refuse)
        model.busy_changed.connect(self.set_busy)
        self.retranslate()

    def lock(self, session: Session) -> None:
        """Remember whose window this is."""
        self._session = session
        self.clear()
        self.retranslate()

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor where typing begins."""
        super().showEvent(event)
        self.fields["password"].editor.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        name = self._session.name if self._session else ""
        self.heading.setText(_("Locked by {name}", name=name))
        self.fields["password"].set_label(_("Password"))
        self.enter.say(_("Unlock"))
        self._leave.say(_("Another person signs in"))

    def _enter(self) -> None:
        if self._session is not None and self.enter.isEnabled():
            self._model.sign_in(self._session.login, self.text("password"))
