"""The devices of this workstation: the list on the left, the chosen one or the form on the right."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.devices import LinkState
from clinic_app.foundation.texts import Text
from ui.devices.device_card import DeviceCard
from ui.devices.device_form import DeviceForm
from ui.devices.view_model_devices import DevicesViewModel
from ui.devices.words import family_words, health_look, heard_words
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.empty_state import EmptyState
from ui.widgets.front_stack import FrontStack
from ui.widgets.record_table import Column, RecordTable

CARD_WIDTH = 520


class DevicesPage(Translated, QWidget):
    """The page.

    Args:
        model: the devices.

    Signal ``noticed`` carries words and a tone.
    """

    noticed = Signal(str, str)

    def __init__(self, model: DevicesViewModel) -> None:
        super().__init__()
        self._model = model
        self._wanted = ""
        self._table: RecordTable[LinkState] = RecordTable(
            "devices.list",
            (
                Column(lambda: _("Name of the device"), lambda each: each.name, width=180, is_strong=True),
                Column(lambda: _("Kind"), lambda each: family_words(each.family)),
                Column(lambda: _("State"), lambda each: health_look(each).text, health_look, width=165),
                Column(lambda: _("Heard last"), heard_words, width=135),
            ),
            "plug",
            key=lambda each: each.name,
        )
        self._add = Button("devices.add", "primary", "plus")
        self._nothing = EmptyState("devices.no_device", "plug")
        self._card = DeviceCard(model)
        self._form: DeviceForm | None = None
        self._right = FrontStack()
        self._right.setFixedWidth(CARD_WIDTH)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(10)
        left.addWidget(self._table, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._add)
        foot.addStretch(1)
        left.addLayout(foot)
        for part in (self._nothing, self._card):
            self._right.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 10, 0, 0)
        row.setSpacing(14)
        row.addLayout(left, 1)
        row.addWidget(self._right)
        self._add.setVisible(self._model.may_change)  # it has its place now; shown before, it would be a window

    def _connect(self) -> None:
        self._table.selected.connect(lambda _row: self._show_chosen())
        self._table.chosen.connect(lambda row: self.edit(row.name))
        self._add.clicked.connect(self.add)
        self._card.edit_wanted.connect(self.edit)
        self._model.changed.connect(self._show)
        self._model.removed.connect(self._after_removing)
        self._model.saved.connect(self._after_saving)
        self._model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self._model.refused.connect(self._refuse)

    def make_form(self) -> bool:
        """Make the form, a stroke of its own; return False where it is there, or will never be wanted."""
        if self._form is not None or not self._model.may_change:
            return False
        self._form = DeviceForm(self._model)
        self._right.addWidget(self._form)
        self._form.closed.connect(self._close_form)
        return True

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Devices of this workstation"))
        hint = (
            _("Add the analysers, monitors and measuring devices that are plugged in here.")
            if self._model.may_change
            else _("An administrator adds the devices that are plugged in here.")
        )
        self._table.empty.say(_("No device yet"), hint)
        self._nothing.say(_("No device is chosen"), _("Choose a device on the left to see what it sends now."))
        self._add.say(_("Add a device"), "Ctrl+N")
        self._table.retranslate()
        self._show()

    def add(self) -> None:
        """Open an empty form."""
        self.make_form()
        if self._form is not None:
            self._right.setCurrentWidget(self._form)
            self._form.open(None)
            self._show_add()

    def edit(self, name: str) -> None:
        """Open the form of a device."""
        config = self._model.config(name)
        self.make_form()
        if self._form is not None and config is not None:
            self._right.setCurrentWidget(self._form)
            self._form.open(config)
            self._show_add()

    def edit_chosen(self) -> None:
        """Open the form of the chosen device."""
        chosen = self._table.current_row()
        if chosen is not None and not self.is_form_open:
            self.edit(chosen.name)

    def save(self) -> None:
        """Do what the primary button does."""
        if self._form is not None and self.is_form_open:
            self._form.send()

    @property
    def is_form_open(self) -> bool:
        """Whether a device is being added or changed."""
        return self._form is not None and self._right.currentWidget() is self._form

    def _show(self) -> None:
        self._table.show_rows(self._model.states)
        if self._wanted:
            place = next((i for i, each in enumerate(self._model.states) if each.name == self._wanted), None)
            if place is not None:
                self._wanted = ""
                self._table.view.selectRow(place)
        self._show_chosen()

    def _show_chosen(self) -> None:
        chosen = self._table.current_row()
        self._card.show_device(chosen)
        if not self.is_form_open:
            self._right.setCurrentWidget(self._nothing if chosen is None else self._card)

    def _close_form(self) -> None:
        self._right.setCurrentWidget(self._nothing)
        self._show_add()
        self._show_chosen()
        put_cursor(self._table.view if self._table.rows else self._add)

    def _show_add(self) -> None:
        self._add.setVisible(self._model.may_change and not self.is_form_open)

    def _after_saving(self, name: str) -> None:
        self._wanted = name
        self.noticed.emit(_("“{name}” is saved.", name=name), "ok")

    def _after_removing(self, name: str) -> None:
        self.noticed.emit(_("“{name}” is removed.", name=name), "ok")

    def _refuse(self, _field: str, text: Text) -> None:
        if not self.is_form_open:
            self.noticed.emit(say(text), "warn")
