"""The form of one imaging device or archive: its names, its address, what it may do, its letters."""

from __future__ import annotations

import re
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.imaging.network.peers import LETTERS, USES, Letters, Peer
from ui.language import Translated, _, say
from ui.orders.view_model_network import NetworkViewModel
from ui.orders.words import letters_words, use_words
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.page import scrolled
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

_LONGEST_TITLE = 16


class PeerForm(Translated, QWidget):
    """The form.

    Args:
        model: the network.

    Signal ``closed``: it was saved or left.
    """

    closed = Signal()

    def __init__(self, model: NetworkViewModel) -> None:
        super().__init__()
        self._model = model
        self._former = ""
        self._title = label("heading")
        self._lines = {key: QLineEdit() for key in ("name", "ae_title", "host", "port")}
        self._lines["ae_title"].setMaxLength(_LONGEST_TITLE)
        self._fields = {key: FormField(line, f"orders.peer_{key}") for key, line in self._lines.items()}
        self._uses_title = label("label")
        self._uses = {use: QCheckBox() for use in USES}
        self._letters = QComboBox()
        for each in LETTERS:
            self._letters.addItem("", each)
        self._letters_field = FormField(self._letters, "orders.peer_letters", has_message=False)
        self._trouble = StandingBar("orders.peer_trouble", "triangle-alert")
        self._leave = Button("orders.peer_leave")
        self._save = Button("orders.peer_save", "primary", "save")
        self._build()
        self._leave.clicked.connect(self.closed)
        self._save.clicked.connect(self.send)
        model.refused.connect(self._refuse)
        model.saved.connect(lambda _name: self.closed.emit())
        model.busy_changed.connect(self._still.set_busy)
        self.retranslate()

    def _build(self) -> None:
        fields = Card(14, 4)
        fields.column.addWidget(self._title)
        for part in self._fields.values():
            fields.column.addWidget(part)
        fields.column.addWidget(self._uses_title)
        for use, box in self._uses.items():
            box.setObjectName(f"orders.peer_{use}")
            fields.column.addWidget(box)
        fields.column.addWidget(self._letters_field)
        fields.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(scrolled(fields), 1)
        column.addWidget(self._trouble)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(self._leave)
        foot.addWidget(self._save)
        column.addLayout(foot)
        self._still = Standstill(fields, self._leave, self._save)

    def open(self, peer: Peer | None, former: str = "") -> None:
        """Show a device: one that stands under ``former``, or a new one with what is known of it."""
        self._former = former
        self._trouble.hide()
        for field in self._fields.values():
            field.set_error("")
        shown = peer or Peer("", "")
        told = {"name": shown.name, "ae_title": shown.ae_title, "host": shown.host, "port": str(shown.port)}
        for key, words in told.items():
            self._lines[key].setText(words)
        for use, box in self._uses.items():
            box.setChecked(use in shown.uses)
        self._letters.setCurrentIndex(LETTERS.index(shown.letters))
        self.retranslate()
        put_cursor(self._lines["name"])

    def send(self) -> None:
        """Save it."""
        for field in self._fields.values():
            field.set_error("")
        port = self._lines["port"].text().strip() or "0"
        if not re.fullmatch(r"\d{1,5}", port, re.ASCII) or int(port) > 65535:
            self._refuse("port", Text("A port is a number from 1 to 65535, or 0."))
            return
        self._model.save(
            Peer(
                self._lines["name"].text(),
                self._lines["ae_title"].text(),
                self._lines["host"].text(),
                int(port),
                frozenset(use for use, box in self._uses.items() if box.isChecked()),
                cast("Letters", self._letters.currentData()),
            ),
            self._former,
        )

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Change the device") if self._former else _("Let a device in"))
        for key, words, hint in (
            ("name", _("Name of the device"), Text("As the staff calls it: “Ultrasound, room 4”.")),
            ("ae_title", _("AE title"), Text("Its own name in the network, exactly as it stands in the device.")),
            ("host", _("Address"), Text("Its IP address. Empty: from any address, which is less safe.")),
            ("port", _("Port"), Text("0 for a device that only calls us.")),
        ):
            self._fields[key].set_label(words)
            self._fields[key].set_hint(hint)
        self._uses_title.setText(_("What it does"))
        for use, box in self._uses.items():
            box.setText(use_words(use))
        self._letters_field.set_label(_("Letters it is told names in"))
        for place, letters in enumerate(LETTERS):
            self._letters.setItemText(place, letters_words(letters))
        self._leave.say(_("Do not save"), "Esc")
        self._save.say(_("Save the device"), "Ctrl+Enter")

    def _refuse(self, field: str, text: Text) -> None:
        if not self.isVisible():
            return
        if field in self._fields:
            self._fields[field].set_error(text)
            put_cursor(self._fields[field].editor)
        else:
            self._trouble.show_words(say(text))
