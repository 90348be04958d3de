"""Connecting this workstation to a hub: an address, a fingerprint to compare, a code; beside it, how it stands now."""

from __future__ import annotations

from typing import Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.people.nearby_card import NearbyCard
from ui.people.view_model_hub import HubViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, breakable, label
from ui.widgets.standstill import Standstill

STANDING_WIDTH: Final = 430
_FACTS: Final = ("hub", "address", "fingerprint", "since", "hospital", "id", "device")


class HubPage(Translated, QWidget):
    """For administrators only.

    Args:
        model: does it.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: HubViewModel) -> None:
        super().__init__()
        self._model = model
        model.setParent(self)
        self._standing = _StandingCard(model)
        self._connecting = _ConnectingCard(model)
        nearby = NearbyCard(model, self)
        still = Standstill(*self._connecting.parts, *nearby.parts)  # two would take each other's cursor for their own
        model.busy_changed.connect(lambda words: still.set_busy(words is not None))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 0)
        row.setSpacing(14)
        for card in (self._standing, self._connecting):
            column = QVBoxLayout()
            column.addWidget(card)
            if card is self._connecting:
                column.setSpacing(14)
                column.addWidget(nearby)
            column.addStretch()
            row.addLayout(column, 1 if card is self._connecting else 0)
        self._standing.setFixedWidth(STANDING_WIDTH)
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        model.connected.connect(self._tell)

    def entered(self) -> None:
        """Read everything anew, and forget what was typed."""
        self._connecting.clear()
        self._model.forget()
        self._model.look()

    def retranslate(self) -> None:
        """The cards say themselves."""

    def _tell(self) -> None:
        self.noticed.emit(_("The workstation is connected. Start the program again to begin the exchange."), "ok")


class _StandingCard(Translated, Card):
    """How the workstation stands to its hub, and the number IT of a hub makes a code for."""

    def __init__(self, model: HubViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._state = Chip("hub.state")
        self._names = {key: label("label") for key in _FACTS}
        self._values = {key: _selectable(f"hub.{key}") for key in _FACTS}
        facts = QVBoxLayout()
        facts.setSpacing(2)
        for key in _FACTS:
            facts.addWidget(self._names[key])
            facts.addWidget(self._values[key])
        self.column.addWidget(self._title)
        chips = QHBoxLayout()
        chips.addWidget(self._state)
        chips.addStretch()
        self.column.addLayout(chips)
        self.column.addLayout(facts)
        model.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("This workstation"))
        words = {
            "hub": _("Hub"),
            "address": _("Address of the hub"),
            "fingerprint": _("Fingerprint of the hub"),
            "since": _("Connected since"),
            "hospital": _("Hospital"),
            "id": _("Number of the hospital"),
            "device": _("Name of the workstation"),
        }
        for key, said in words.items():
            self._names[key].setText(said)
            self._values[key].setAccessibleDescription(said)
        self._show()

    def _show(self) -> None:
        place = self._model.place
        self._state.show_look(self._look())
        values = dict.fromkeys(_FACTS, "")
        if place is not None:
            values = {
                "hub": place.hub_name,
                "address": place.url,
                "fingerprint": place.fingerprint,
                "since": form_moment(place.since) if place.since else "",
                "hospital": place.organization,
                "id": place.organization_id,
                "device": place.device,
            }
        for key, value in values.items():
            self._values[key].setText(value if key == "id" else breakable(value))
            for part in (self._names[key], self._values[key]):
                part.setVisible(bool(value))

    def _look(self) -> ChipLook:
        place = self._model.place
        if place is None:
            return ChipLook("")
        if self._model.is_to_be_restarted:
            return ChipLook(_("begins with the next start"), "warn", "clock")
        if place.since is not None:
            return ChipLook(_("connected by a key of its own"), "ok", "key-round")
        if place.url:
            return ChipLook(_("connected by a token"), "neutral", "cloud")
        return ChipLook(_("stands alone"), "neutral", "cloud-off")


class _ConnectingCard(Translated, Card):
    """First the address, then who answers there with his fingerprint, then the code."""

    def __init__(self, model: HubViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._why = label("muted", is_wrapped=True)
        self._address = FormField(QLineEdit(), "hub.typed_address")
        self._look = Button("hub.look", "plain", "search")
        self._found = QWidget()
        self._who = label("strong", is_wrapped=True)
        self._who.setObjectName("hub.who")
        self._fingerprint = _selectable("hub.found_fingerprint")
        self._compare = label("muted", is_wrapped=True)
        self._code = FormField(QLineEdit(), "hub.code")
        self._back = Button("hub.back", "plain")
        self._connect = Button("hub.connect", "primary", "check")
        self._busy = BusyLine("hub.busy")
        self._build()
        self._wire()
        self.retranslate()

    @property
    def parts(self) -> tuple[QWidget, ...]:
        """What stands still while something is waited for."""
        return self._address, self._look, self._found

    def _build(self) -> None:
        self.column.addWidget(self._title)
        self.column.addWidget(self._why)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._address, 1)
        row.addWidget(self._look, 0, Qt.AlignmentFlag.AlignVCenter)
        self.column.addLayout(row)
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._fingerprint.setProperty("role", "title")
        for part in (self._who, self._fingerprint, self._compare, self._code):
            column.addWidget(part)
        answers = QHBoxLayout()
        answers.setSpacing(10)
        answers.addStretch()
        answers.addWidget(self._back)
        answers.addWidget(self._connect)
        column.addLayout(answers)
        self.column.addWidget(self._found)
        self.column.addWidget(self._busy)
        self._line(self._code).setInputMethodHints(
            Qt.InputMethodHint.ImhNoPredictiveText | Qt.InputMethodHint.ImhPreferUppercase
        )

    def _wire(self) -> None:
        self._look.clicked.connect(self._ask)
        self._line(self._address).returnPressed.connect(self._ask)
        self._line(self._address).textEdited.connect(lambda _typed: self._model.forget())
        self._line(self._code).returnPressed.connect(self._send)
        self._connect.clicked.connect(self._send)
        self._back.clicked.connect(self._go_back)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._found)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self._go_back)
        self._model.changed.connect(self._show)
        self._model.refused.connect(self._refuse)
        self._model.connected.connect(self.clear)
        self._model.busy_changed.connect(self._wait)

    @staticmethod
    def _line(field: FormField) -> QLineEdit:
        return cast("QLineEdit", field.editor)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Connect to a hub"))
        self._why.setText(
            _("IT of the hub makes a code for your hospital and tells it with the address. It is good for ten minutes.")
        )
        self._address.set_label(_("Address of the hub"))
        self._look.say(_("Who is there?"))
        self._compare.setText(
            _("Compare it with the one IT of the hub reads out. If a letter differs, it is another hub.")
        )
        self._code.set_label(_("Code"))
        self._back.say(_("Back"))
        self._connect.say(_("It is the same: connect"))
        self._show()

    def clear(self) -> None:
        """Forget what was typed."""
        for field in (self._address, self._code):
            self._line(field).clear()
            field.set_error("")

    def _show(self) -> None:
        found = self._model.found
        was_shown = not self._found.isHidden()
        cursor: QWidget | None = self.window().focusWidget()
        had_cursor = cursor is not None and self._found.isAncestorOf(cursor)
        self._found.setVisible(found is not None)
        if found is None:
            if had_cursor:
                put_cursor(self._line(self._address))
            return
        self._who.setText(breakable(_("“{name}” answers. Its fingerprint is:", name=found.name)))
        self._fingerprint.setText(found.fingerprint)
        if not was_shown:
            put_cursor(self._line(self._code))

    def _ask(self) -> None:
        self._address.set_error("")
        self._model.find(self._line(self._address).text())

    def _send(self) -> None:
        self._code.set_error("")
        self._model.connect_to_it(self._line(self._code).text())

    def _go_back(self) -> None:
        self._line(self._code).clear()
        self._code.set_error("")
        self._model.forget()
        put_cursor(self._line(self._address))

    def _refuse(self, name: str, sentence: Text) -> None:
        field = self._code if name == "code" else self._address
        field.set_error(sentence)
        put_cursor(self._line(field))

    def _wait(self, words: Text | None) -> None:
        if words is None:
            self._busy.end()
        else:
            self._busy.begin(say(words))


def _selectable(name: str) -> QLabel:
    """Return words that can be marked and copied with the mouse."""
    made = label("strong", is_wrapped=True)
    made.setObjectName(name)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
