"""The ways to the key of the data: who and what can open them, and what an administrator adds."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from clinic_app.foundation.texts import Text
from ui.language import Translated, _
from ui.people.view_model_data import DataViewModel
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.second_question import SecondQuestion
from ui.widgets.standstill import Standstill


class KeysCard(Translated, Card):
    """Recovery code and escrow.

    Args:
        model: does it.
    """

    def __init__(self, model: DataViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._why = label("muted", is_wrapped=True)
        self._chips = {name: Chip(f"keys.{name}") for name in ("here", "people", "recovery", "escrow")}
        self._new = Button("keys.new_code", "plain", "key-round")
        self._question = SecondQuestion("keys.question", "key-round")
        self._escrow = FormField(QLineEdit(), "keys.escrow_key")
        self._leave = Button("keys.leave", "plain", "building-2")
        self._still = Standstill(self._new, self._escrow, self._leave, self._question)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        column = self.column
        column.addWidget(self._title)
        column.addWidget(self._why)
        for pair in (("here", "people"), ("recovery", "escrow")):
            row = QHBoxLayout()
            row.setSpacing(8)
            for name in pair:
                row.addWidget(self._chips[name])
            row.addStretch()
            column.addLayout(row)
        row = QHBoxLayout()
        row.addWidget(self._new)
        row.addStretch()
        column.addLayout(row)
        column.addWidget(self._question)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._escrow, 1)
        row.addWidget(self._leave, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(row)

    def _connect(self) -> None:
        self._new.clicked.connect(self._ask)
        self._question.answered.connect(self._answer)
        self._leave.clicked.connect(self._send)
        self._line.returnPressed.connect(self._send)
        self._model.changed.connect(self._show)
        self._model.refused.connect(self._refuse)
        self._model.told.connect(lambda _text: self._line.clear())
        self._model.busy_changed.connect(lambda words: self._still.set_busy(words is not None))

    @property
    def _line(self) -> QLineEdit:
        return cast("QLineEdit", self._escrow.editor)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Keys"))
        self._why.setText(_("The data are encrypted. These ways lead to their key; have at least three."))
        self._escrow.set_label(_("Public key of the organisation (age1…)"))
        self._leave.say(_("Leave the key"))
        self._show()

    def clear(self) -> None:
        """Forget what was typed and asked."""
        self._line.clear()
        self._escrow.set_error("")
        self._question.hide()

    def _show(self) -> None:
        state = self._model.state
        words = {
            "here": _("This computer"),
            "people": _("Passwords of staff"),
            "recovery": _("Recovery code"),
            "escrow": _("Organisation"),
        }
        is_there = {
            "here": bool(state.ways & {"keyring", "file"}),
            "people": "user" in state.ways,
            "recovery": "recovery" in state.ways,
            "escrow": "escrow" in state.ways,
        }
        for name, chip in self._chips.items():
            if is_there[name]:
                chip.show_look(ChipLook(words[name], "ok", "check"))
            else:
                said = _("{way}: not there", way=words[name])
                chip.show_look(ChipLook(said, "neutral" if name == "escrow" else "warn", "minus"))
        self._new.say(_("Make a new recovery code…") if is_there["recovery"] else _("Make a recovery code…"))
        self._escrow.set_hint(_("Left with: {recipient}", recipient=state.escrow) if state.escrow else "")

    def _ask(self) -> None:
        if "recovery" not in self._model.state.ways:
            self._model.new_code()
            return
        words = Text("The paper with the former code opens nothing any more once a new one is made.")
        self._question.ask(words, Text("Make a new one"), Text("Back"))

    def _answer(self, is_yes: bool) -> None:
        if is_yes:
            self._model.new_code()
        else:
            put_cursor(self._new)

    def _send(self) -> None:
        self._escrow.set_error("")
        self._model.leave_key(self._line.text())

    def _refuse(self, sentence: Text) -> None:
        self._escrow.set_error(sentence)
        put_cursor(self._line)
