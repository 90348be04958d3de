"""The screen of the very first start: the hospital's name and its first administrator."""

from __future__ import annotations

from ui.language import _
from ui.shell.gate_page import GatePage
from ui.shell.view_model import GateViewModel


class FirstStartScreen(GatePage):
    """Asks what only people know; everything else has been made already.

    Args:
        model: the gate.
    """

    def __init__(self, model: GateViewModel) -> None:
        super().__init__("first_start")
        self._model = model
        for key in ("facility", "name", "login"):
            self.add_field(key)
        password = self.add_field("password", is_secret=True)
        repeated = self.add_field("repeated", is_secret=True)
        self.card.column.addWidget(self.enter)
        self.can_be_left = True
        password.returnPressed.connect(repeated.setFocus)
        repeated.returnPressed.connect(self._enter)
        self.enter.clicked.connect(self._enter)
        model.refused.connect(self.refuse)
        model.busy_changed.connect(self.set_busy)
        self.left_waiting.connect(model.forget)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("First start of this workstation"))
        self.fields["facility"].set_label(_("Name of the hospital"))
        self.fields["name"].set_label(_("Administrator: family name and given name"))
        self.fields["login"].set_label(_("Login"))
        self.fields["password"].set_label(_("Password"))
        self.fields["repeated"].set_label(_("Password once more"))
        self.enter.say(_("Begin"))

    def wait_words(self) -> str:
        """Return what is waited for."""
        return _("Setting up this workstation…")

    def _enter(self) -> None:
        if self.enter.isEnabled():
            self._model.set_up(*(self.text(key) for key in ("facility", "name", "login", "password", "repeated")))
