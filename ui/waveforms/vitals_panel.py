"""The vital signs beside the monitor: typed, or taken over from it, then saved for the patient in hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit

from clinic_app.encounters import VITAL_SIGNS, VitalsForm
from clinic_app.foundation.texts import Text
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label

FIELDS: Final = ("systolic", "diastolic", "heart_rate", "spo2", "temperature", "respiratory_rate")
COLUMN_PX: Final = 140


class VitalsPanel(Translated, Card):
    """The form.

    Signals: ``take_over_asked``; ``save_asked(VitalsForm)``; ``typed(str)``: a person changed this field.
    """

    take_over_asked = Signal()
    save_asked = Signal(object)
    typed = Signal(str)

    def __init__(self) -> None:
        super().__init__(margin=12, spacing=8)
        self._heading = label("heading")
        self._hint = label("muted", is_wrapped=True)
        self.fields = {key: FormField(QLineEdit(), f"monitor.{key}", has_message=False) for key in FIELDS}
        self.take_over = Button("monitor.take_over", "plain", "arrow-down")
        self.save = Button("monitor.save_vitals", "primary", "save")
        self._general_error = label("error", is_wrapped=True)
        self._general_error.setObjectName("monitor.vitals_error")
        self._general_error.hide()
        self._aged = label("muted", is_wrapped=True)
        self._aged.setObjectName("monitor.vitals_aged")
        self._aged.hide()
        self._times: Mapping[str, datetime] = {}
        self._errors: Mapping[str, Text] = {}
        self._build()
        self.retranslate()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, COLUMN_PX)
        for place, key in enumerate(FIELDS):
            grid.addWidget(self.fields[key], place // 2, place % 2)
            line = self._line(key)
            line.setMaxLength(8)
            line.textEdited.connect(lambda _text, key=key: self._note_typed(key))
            line.returnPressed.connect(self.focusNextChild)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.take_over, 1)
        foot.addWidget(self.save)
        for part in (self._heading, self._hint):
            self.column.addWidget(part)
        self.column.addLayout(grid)
        self.column.addWidget(self._aged)
        self.column.addWidget(self._general_error)
        self.column.addLayout(foot)
        self.take_over.clicked.connect(self.take_over_asked)
        self.save.clicked.connect(self.send)

    def form(self) -> VitalsForm:
        """Return what stands in the fields."""
        return VitalsForm(**{key: self._line(key).text() for key in FIELDS})

    def fill(self, form: VitalsForm, measured_at: Mapping[str, datetime] | None = None) -> None:
        """Put the monitor's values; a field the monitor has nothing for keeps what was typed.

        Args:
            form: the values.
            measured_at: when, for those that are not of now; it is said below them.
        """
        for key in FIELDS:
            if getattr(form, key):
                self._line(key).setText(getattr(form, key))
        self._show_times(measured_at or {})
        self.show_errors({})

    def clear(self) -> None:
        """Empty every field."""
        for key in FIELDS:
            self._line(key).clear()
        self._show_times({})
        self.show_errors({})

    def _note_typed(self, key: str) -> None:
        self._show_times({each: at for each, at in self._times.items() if each != key})
        self.typed.emit(key)

    def _show_times(self, times: Mapping[str, datetime]) -> None:
        """Say when what was taken over was measured; one time for all is said once, and a pressure's two are one."""
        self._times = dict(times)
        signs = {sign.field: sign for sign in VITAL_SIGNS}
        told: dict[str, datetime] = {}
        for key in FIELDS:
            if key in times:
                words = _("Pressure") if key in ("systolic", "diastolic") else say(signs[key].words)
                told[_("HR") if key == "heart_rate" else words] = min(times[key], told.get(words, times[key]))
        at = {words: f"{moment.astimezone():%H:%M:%S}" for words, moment in told.items()}
        filled = {key for key in FIELDS if self._line(key).text()}
        is_one = filled <= set(times) and len(set(at.values())) == 1
        parts = list(at.values())[:1] if is_one else [f"{words} {moment}" for words, moment in at.items()]
        self._aged.setText(_("Measured earlier: {values}", values=", ".join(parts)) if parts else "")
        self._aged.setVisible(bool(parts))

    def send(self) -> None:
        """Ask to save what stands in the fields."""
        if self.save.isEnabled():
            self.save_asked.emit(self.form())

    def show_errors(self, errors: Mapping[str, Text]) -> None:
        """Say at each field what is wrong; what belongs to no field is said below."""
        self._errors = errors
        self._say_errors()
        first = next((key for key in FIELDS if key in errors), None)
        if first:
            self._line(first).setFocus()

    def _say_errors(self) -> None:
        errors = self._errors
        for key, field in self.fields.items():
            field.set_error(say(errors[key]) if key in errors else "")
        others = [say(text) for key, text in errors.items() if key not in self.fields]
        self._general_error.setText(" ".join(others))
        self._general_error.setVisible(bool(others))

    def allow(self, *, has_patient: bool, can_save: bool, has_values: bool) -> None:
        """Enable what can be done now."""
        for field in self.fields.values():
            field.setEnabled(can_save)
        self.take_over.setEnabled(can_save and has_values)
        self.save.setEnabled(can_save)
        self._hint.setVisible(not has_patient)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._heading.setText(_("Vital signs"))
        self._hint.setText(_("Open a patient first: then vital signs can be saved and the ECG recorded."))
        short = {
            "systolic": _("Systolic"), "diastolic": _("Diastolic"),
            "heart_rate": _("HR"), "respiratory_rate": _("Breathing"),
        }  # fmt: skip
        for sign in VITAL_SIGNS:
            if sign.field in self.fields:
                field = self.fields[sign.field]
                field.set_label(f"{short.get(sign.field) or say(sign.words)}, {say(sign.unit)}")
                field.editor.setAccessibleName(f"{say(sign.words)}, {say(sign.unit)}")
        self.take_over.say(_("Take over"))
        self.take_over.setToolTip(_("Put the monitor's present values into the form"))
        self.save.say(_("Save"), "Ctrl+Enter")
        self._say_errors()
        self._show_times(self._times)

    def _line(self, key: str) -> QLineEdit:
        return cast("QLineEdit", self.fields[key].editor)
