"""One device, live: how it does, what it sends now, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from clinic_app.devices import Event, LinkState, Result
from clinic_app.foundation.dates import form_moment
from ui.devices.trace_preview import TracePreview
from ui.devices.view_model_devices import DevicesViewModel
from ui.devices.words import family_words, health_look, health_words, heard_words, number_words, sign_words
from ui.language import Translated, _, counted, said, say
from ui.widgets.buttons import Button
from ui.widgets.chip import Chip
from ui.widgets.labels import Card, breakable, label
from ui.widgets.second_question import SecondQuestion
from ui.widgets.size_words import size_words
from ui.widgets.standstill import Standstill

_FRESH_S = 10.0
_MOST_EVENTS = 3


class DeviceCard(Translated, Card):
    """The chosen device.

    Args:
        model: the devices.

    Signal ``edit_wanted`` carries its name.
    """

    edit_wanted = Signal(str)

    def __init__(self, model: DevicesViewModel) -> None:
        super().__init__(14, 8)
        self._model = model
        self._state: LinkState | None = None
        self._title = label("heading", is_wrapped=True)
        self._chip = Chip("devices.health")
        self._words = label("body", is_wrapped=True)
        self._words.setObjectName("devices.health_words")
        self._error = label("strong", is_wrapped=True)
        self._error.setObjectName("devices.error")
        self._figures = label("muted", is_wrapped=True)
        self._figures.setObjectName("devices.figures")
        self._preview = TracePreview()
        self._numbers = label("strong", is_wrapped=True)
        self._numbers.setObjectName("devices.numbers")
        self._events = label("muted", is_wrapped=True)
        self._events.setObjectName("devices.events")
        self._question = SecondQuestion("devices.remove_sure", "trash-2")
        self._remove = Button("devices.remove", "plain", "trash-2")
        self._switch = Button("devices.switch", "plain")
        self._edit = Button("devices.edit", "plain", "pencil")
        self._still = Standstill(self._remove, self._switch, self._edit)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._chip)
        self.column.addLayout(head)
        for part in (self._words, self._error, self._figures):
            self.column.addWidget(part)
        self.column.addWidget(self._preview, 1)
        self.column.addWidget(self._numbers)
        self.column.addWidget(self._events)
        self.column.addStretch()
        self.column.addWidget(self._question)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self._remove)
        foot.addStretch(1)
        foot.addWidget(self._switch)
        foot.addWidget(self._edit)
        self.column.addLayout(foot)
        for button in (self._remove, self._switch, self._edit):
            button.setVisible(self._model.may_change)

    def _connect(self) -> None:
        self._remove.clicked.connect(self._ask_remove)
        self._question.answered.connect(self._sure)
        self._switch.clicked.connect(self._turn)
        self._edit.clicked.connect(self._want_edit)
        self._model.busy_changed.connect(self._still.set_busy)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._remove.say(_("Remove"))
        self._edit.say(_("Change"), "F2")
        self.show_device(self._state)

    def show_device(self, state: LinkState | None) -> None:
        """Show a device as it is now."""
        if state is None or self._state is None or state.name != self._state.name:
            self._question.hide()
        self._state = state
        if state is None:
            return
        self._title.setText(breakable(f"{state.name} · {family_words(state.family)}"))
        self._chip.show_look(health_look(state))
        self._words.setText(health_words(state))
        self._error.setText(breakable(said(state.errors)) if state.errors else "")
        self._error.setVisible(bool(state.errors))
        self._figures.setText(self._figures_of(state))
        config = self._model.config(state.name)
        self._switch.say(_("Switch off") if config is None or config.is_on else _("Switch on"))
        self._show_now(state)

    def _figures_of(self, state: LinkState) -> str:
        parts = (
            _("Heard last: {moment}", moment=heard_words(state)),
            counted("{count} item came", "{count} items came", state.items),
            size_words(state.bytes) if state.bytes else "",
            counted("connected {count} time", "connected {count} times", state.connects),
        )
        return " · ".join(filter(None, parts))

    def _show_now(self, state: LinkState) -> None:
        streams = [each for each in self._model.streams(state.name) if each.age_s() < _FRESH_S]
        self._preview.setVisible(bool(streams))
        if streams:
            self._preview.show_streams(streams)
        numbers = self._model.numbers(state.name)
        shown = [
            f"{sign_words(code)} {number_words(each.value, each.unit)}"
            for code, each in numbers.items()
            if each.age_s < _FRESH_S
        ]
        self._numbers.setText("   ".join(shown))
        self._numbers.setVisible(bool(shown))
        recent = self._model.recent(state.name)
        events = [f"{form_moment(each.at)}  {say(each.text)}" for each in recent if isinstance(each, Event)]
        results = sum(isinstance(each, Result) for each in recent)
        lines = events[-_MOST_EVENTS:]
        if results:
            lines.append(counted("{count} result came lately; it is in the inbox.",
                                 "{count} results came lately; they are in the inbox.", results))  # fmt: skip
        self._events.setText("\n".join(lines))
        self._events.setVisible(bool(lines))

    def _ask_remove(self) -> None:
        if self._state is not None:
            words = _("Remove “{name}”? What it sent stays; nobody listens to it any more.", name=self._state.name)
            self._question.ask(words, _("Remove"), _("Keep it"))

    def _sure(self, is_yes: bool) -> None:
        if is_yes and self._state is not None:
            self._model.remove(self._state.name)

    def _want_edit(self) -> None:
        if self._state is not None:
            self.edit_wanted.emit(self._state.name)

    def _turn(self) -> None:
        config = self._model.config(self._state.name) if self._state else None
        if config is not None:
            self._model.switch(config.name, not config.is_on)
