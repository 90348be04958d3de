"""The form of one device: its name, its kind, the way to it, and whatever has to be known of that; with a trial."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from clinic_app.devices import FAMILIES, TRANSPORTS, DeviceConfig, Trial, options_of
from clinic_app.foundation.texts import Text
from ui.devices.option_field import OptionField, Value
from ui.devices.view_model_devices import DevicesViewModel, Search, tally
from ui.devices.words import health_look, health_words
from ui.language import Translated, _, counted, said, say
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, breakable, label
from ui.widgets.page import scrolled
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill


class DeviceForm(Translated, QWidget):
    """The form.

    Args:
        model: the devices.

    Signal ``closed``: it was saved or left.
    """

    closed = Signal()

    def __init__(self, model: DevicesViewModel) -> None:
        super().__init__()
        self._model = model
        self._former: DeviceConfig | None = None
        self._trial: Trial | None = None
        self._places: dict[str, tuple[tuple[str, str], ...]] = {}
        self._title = label("heading")
        self._name = FormField(QLineEdit(), "devices.name")
        self._kind = FormField(QComboBox(), "devices.kind", has_message=False)
        self._way = FormField(QComboBox(), "devices.way", has_message=False)
        self._options: dict[str, OptionField] = {}
        self._option_column = QVBoxLayout()
        self._busy = BusyLine("devices.trying")
        self._outcome = StandingBar("devices.outcome", "info", "neutral")
        self._try = Button("devices.try", "plain", "play")
        self._cancel = Button("devices.cancel", "plain")
        self._save = Button("devices.save", "primary", "save")
        self._fill_kinds()
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        fields = Card(14, 4)
        for part in (self._title, self._name, self._kind, self._way):
            fields.column.addWidget(part)
        self._option_column.setSpacing(4)
        fields.column.addLayout(self._option_column)
        fields.column.addStretch(1)  # takes what is left over, or the fields would drift apart
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._paper = scrolled(fields)
        column.addWidget(self._paper, 1)
        column.addWidget(self._outcome)
        column.addWidget(self._busy)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self._try)
        foot.addStretch(1)
        foot.addWidget(self._cancel)
        foot.addWidget(self._save)
        column.addLayout(foot)
        self._still = Standstill(fields, self._try, self._save)

    def _connect(self) -> None:
        self._box(self._kind).currentIndexChanged.connect(lambda _place: self._show_ways())
        self._box(self._way).currentIndexChanged.connect(lambda _place: self._show_options())
        self._try.clicked.connect(self._try_out)
        self._save.clicked.connect(self._send)
        self._cancel.clicked.connect(self.leave)
        self._busy.cancelled.connect(self._model.stop_trying)
        self._model.refused.connect(self._refuse)
        self._model.saved.connect(lambda _name: self.closed.emit())
        self._model.tried.connect(self._tell)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.trying_changed.connect(self._show_trying)
        self._model.ports_known.connect(self._take_places)
        self._model.search_told.connect(self._tell_search)

    def open(self, config: DeviceConfig | None) -> None:
        """Show a device that is there, or an empty form for a new one."""
        self._former = config
        self._outcome.hide()
        self._trial = None
        self._refuse("", None)
        self._model.find_ports()
        self._edit(self._name).setText(config.name if config else "")
        families = list(FAMILIES)
        self._box(self._kind).setCurrentIndex(families.index(config.family) if config else 0)
        self._show_ways()
        if config is not None:
            self._box(self._way).setCurrentIndex(self._box(self._way).findData(config.transport))
            self._show_options()
            for key, value in config.options.items():
                if key in self._options:
                    self._options[key].put(value)
        self.retranslate()
        put_cursor(self._name.editor)

    def leave(self) -> None:
        """Leave the form as if nothing had been typed."""
        self._model.stop_trying()
        self.closed.emit()

    def send(self) -> None:
        """Do what the primary button does."""
        self._save.click()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("Change the device") if self._former else _("Add a device"))
        self._name.set_label(_("Name of the device"))
        self._name.set_hint(Text("As the staff calls it: “Analyser, ward 2”."))
        self._kind.set_label(_("Kind"))
        self._way.set_label(_("How it is connected"))
        for place, family in enumerate(FAMILIES.values()):
            self._box(self._kind).setItemText(place, say(family.name))
        for place in range(self._box(self._way).count()):
            self._box(self._way).setItemText(place, say(TRANSPORTS[self._box(self._way).itemData(place)].name))
        self._try.say(_("Try it out"))
        self._cancel.say(_("Do not save"), "Esc")
        self._save.say(_("Save the device"), "Ctrl+Enter")
        if self._trial is not None:
            self._tell(self._trial)

    # --- within ---

    def _fill_kinds(self) -> None:
        for family in FAMILIES.values():
            self._box(self._kind).addItem(say(family.name), family.code)

    def _show_ways(self) -> None:
        box = self._box(self._way)
        family = FAMILIES[self._box(self._kind).currentData()]
        box.blockSignals(True)  # the fields are made once, below
        box.clear()
        for code in family.transports:
            box.addItem(say(TRANSPORTS[code].name), code)
        box.blockSignals(False)
        self._way.setVisible(len(family.transports) > 1)
        self._show_options()

    def _show_options(self) -> None:
        kept = {key: field.value() for key, field in self._options.items()}
        while (item := self._option_column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        family = FAMILIES[self._box(self._kind).currentData()]
        self._options = {}
        for option in options_of(family, self._box(self._way).currentData()):
            field = OptionField(option, self._places.get(option.kind, ()))
            if option.key in kept and type(kept[option.key]) is type(option.default):
                field.put(kept[option.key])
            self._options[option.key] = field
            self._option_column.addWidget(field)
            field.search_wanted.connect(self._model.find_bluetooth)
        if any(field.option.kind == "bluetooth" for field in self._options.values()):
            self._model.find_bluetooth()
            self._tell_search(self._model.search)
        self._outcome.hide()

    def _take_places(self, places: dict[str, tuple[tuple[str, str], ...]]) -> None:
        self._places = {**self._places, **places}
        for field in self._options.values():
            if field.option.kind in places:
                field.show_places(places[field.option.kind])

    def _tell_search(self, search: Search) -> None:
        for field in self._options.values():
            if field.option.kind == "bluetooth":
                field.show_search(search.is_running, search.sentence, is_error=search.is_error)

    def _config(self) -> DeviceConfig:
        values: dict[str, Value] = {key: field.value() for key, field in self._options.items()}
        return DeviceConfig(
            self._edit(self._name).text().strip(),
            self._box(self._kind).currentData(),
            self._box(self._way).currentData(),
            values,
            self._former.is_on if self._former else True,
        )

    def _send(self) -> None:
        self._refuse("", None)
        self._model.save(self._former.name if self._former else "", self._config())

    def _try_out(self) -> None:
        self._refuse("", None)
        self._outcome.hide()
        self._trial = None
        self._model.try_out(self._config())

    def _show_trying(self, is_trying: bool) -> None:
        if is_trying:
            self._busy.begin(_("Trying the device out"), can_cancel=True)
        else:
            self._busy.end()

    def _tell(self, trial: Trial) -> None:
        self._trial = trial
        came = tally(trial.items)
        parts = [
            counted("{count} piece of a wave", "{count} pieces of waves", came.waves) if came.waves else "",
            counted("{count} set of numbers", "{count} sets of numbers", came.numbers) if came.numbers else "",
            counted("{count} result, it is in the inbox", "{count} results, they are in the inbox", came.results)
            if came.results
            else "",
        ]
        came_words = ", ".join(filter(None, parts))
        words = _("It works. Came: {what}.", what=came_words) if came_words else _trial_words(trial)
        self._outcome.show_words(breakable(words))

    def _refuse(self, key: str, sentence: Text | None) -> None:
        for each, field in {"name": self._name, **self._options}.items():
            field.set_error(sentence if sentence and each == key else "")
        fields: dict[str, FormField] = {"name": self._name, **self._options}
        if sentence and key in fields:
            put_cursor(fields[key].editor)
            self._paper.ensureWidgetVisible(fields[key])
        elif sentence and self.isVisible():
            self._outcome.show_words(sentence)

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Leave by Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    @staticmethod
    def _box(field: FormField) -> QComboBox:
        return cast("QComboBox", field.editor)

    @staticmethod
    def _edit(field: FormField) -> QLineEdit:
        return cast("QLineEdit", field.editor)


def _trial_words(trial: Trial) -> str:
    why = f" {said(trial.state.errors)}" if trial.state.errors else ""
    return f"{health_look(trial.state).text}: {health_words(trial.state)}{why}"
