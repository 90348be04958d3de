"""The form of an order: what, of which part, why, how soon, when, by which machine."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.imaging.order_record import MODALITIES, URGENCIES, OrderForm
from clinic_app.records.workflow import Urgency
from ui.language import Translated, _, say
from ui.orders.view_model import OrdersViewModel
from ui.orders.words import modality_words
from ui.widgets.buttons import Button
from ui.widgets.case_words import urgency_look
from ui.widgets.cursor import put_cursor
from ui.widgets.date_field import DateField
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, breakable, label
from ui.widgets.page import scrolled
from ui.widgets.patient_words import list_name
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill


class OrderFormCard(Translated, QWidget):
    """The form; it orders for the patient in hand.

    Args:
        model: the orders.

    Signal ``closed``: it was ordered or left.
    """

    closed = Signal()

    def __init__(self, model: OrdersViewModel) -> None:
        super().__init__()
        self._model = model
        self._title = label("heading")
        self._whose = label("strong", is_wrapped=True)
        self._whose.setObjectName("orders.whose")
        self._kind = FormField(QComboBox(), "orders.kind", has_message=False)
        self._part = FormField(QLineEdit(), "orders.body_part")
        self._reason = FormField(QPlainTextEdit(), "orders.reason")
        self._note = FormField(QLineEdit(), "orders.note")
        self._urgency = Segmented("orders.urgency", [_urgency_option(each) for each in URGENCIES])
        self._urgency_label = label("label")
        self._day = FormField(DateField(), "orders.day")
        self._hour = FormField(QLineEdit(), "orders.hour")
        self._station = FormField(QComboBox(), "orders.station", has_message=False)
        self._trouble = StandingBar("orders.trouble", "triangle-alert")
        self._leave = Button("orders.leave")
        self._send = Button("orders.send", "primary", "check")
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        fields = Card(14, 4)
        self._reason.editor.setFixedHeight(74)
        self._line(self._hour).setMaxLength(5)
        for code in MODALITIES:
            self._box(self._kind).addItem("", code)
        when = QHBoxLayout()
        when.setSpacing(10)
        when.addWidget(self._day, 1)
        when.addWidget(self._hour, 1)
        for part in (self._title, self._whose, self._kind, self._part, self._reason):
            fields.column.addWidget(part)
        fields.column.addWidget(self._urgency_label)
        fields.column.addWidget(self._urgency)
        fields.column.addLayout(when)
        for part in (self._station, self._note):
            fields.column.addWidget(part)
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
        foot.addWidget(self._send)
        column.addLayout(foot)
        self._still = Standstill(fields, self._leave, self._send)

    def _connect(self) -> None:
        self._leave.clicked.connect(self.closed)
        self._send.clicked.connect(self.send)
        self._model.refused.connect(self._refuse)
        self._model.ordered.connect(lambda _number: self.closed.emit())
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.hand_changed.connect(self._show_whose)

    def open(self) -> None:
        """Show an empty form."""
        self._clear_errors()
        now = self._model.now.astimezone()
        self._line(self._part).clear()
        self._text.clear()
        self._line(self._note).clear()
        self._urgency.choose("routine")
        cast("DateField", self._day.editor).set_day(max(self._model.day, self._model.today))
        self._line(self._hour).setText(f"{(now.hour + 1) % 24:02d}:00")
        station = self._box(self._station)
        station.clear()
        station.addItem(_("Any machine of this kind"), "")
        for ae_title, name in self._model.stations():
            station.addItem(name, ae_title)
        self._show_whose()
        put_cursor(self._kind.editor)

    def send(self) -> None:
        """Order."""
        if not self._send.isEnabled():
            return
        self._clear_errors()
        day = cast("DateField", self._day.editor).day()
        if day is None:
            self._day.set_error(Text("Write the day as 05.03.2026."))
            put_cursor(self._day.editor)
            return
        clock = _clock_of(self._line(self._hour).text())
        if clock is None:
            self._hour.set_error(Text("Write the time as 14:30."))
            put_cursor(self._hour.editor)
            return
        at = datetime.combine(day, clock).astimezone()
        self._model.order(
            OrderForm(
                modality=str(self._box(self._kind).currentData()),
                body_part=self._line(self._part).text(),
                reason=self._text.toPlainText(),
                at=at,
                priority=cast("Urgency", self._urgency.value() or "routine"),
                station=str(self._box(self._station).currentData() or ""),
                note=self._line(self._note).text(),
            )
        )

    def retranslate(self) -> None:
        """Say everything anew."""
        self._title.setText(_("New order of images"))
        self._kind.set_label(_("What is to be done"))
        self._part.set_label(_("Part of the body"))
        self._reason.set_label(_("What the doctor wants to know"))
        self._note.set_label(_("What whoever does it must know"))
        self._note.set_hint(Text("Allergy to contrast, pregnancy, cannot stand."))
        self._urgency_label.setText(_("Urgency"))
        self._urgency.setAccessibleName(_("Urgency"))
        self._day.set_label(_("Day"))
        self._hour.set_label(_("Time"))
        self._station.set_label(_("Machine"))
        self._leave.say(_("Do not order"), "Esc")
        self._send.say(_("Place the order"), "Ctrl+Enter")
        for place, code in enumerate(MODALITIES):
            self._box(self._kind).setItemText(place, modality_words(code))
        if self._box(self._station).count():
            self._box(self._station).setItemText(0, _("Any machine of this kind"))
        self._show_whose()

    @property
    def _text(self) -> QPlainTextEdit:
        return cast("QPlainTextEdit", self._reason.editor)

    @staticmethod
    def _box(field: FormField) -> QComboBox:
        return cast("QComboBox", field.editor)

    @staticmethod
    def _line(field: FormField) -> QLineEdit:
        return cast("QLineEdit", field.editor)

    def _show_whose(self) -> None:
        patient = self._model.hand.patient
        words = _("For: {name}", name=list_name(patient)) if patient else _("No patient is in hand.")
        self._whose.setText(breakable(words))
        self._send.setEnabled(patient is not None)

    def _clear_errors(self) -> None:
        self._trouble.hide()
        for field in (self._part, self._reason, self._note, self._day, self._hour):
            field.set_error("")

    def _refuse(self, field: str, text: Text) -> None:
        if not self.isVisible():
            return
        fields = {"body_part": self._part, "reason": self._reason, "note": self._note}
        if field in fields:
            fields[field].set_error(text)
            put_cursor(fields[field].editor)
        else:
            self._trouble.show_words(say(text))


def _urgency_option(urgency: Urgency) -> Option:
    return Option(urgency, lambda: urgency_look(urgency).text, "alarm" if urgency == "stat" else "plain")


def _clock_of(text: str) -> time | None:
    """Return a time of the day as somebody types it: 14:30, 14.30, 1430, 9; None where it is none."""
    typed = re.fullmatch(r"(\d{1,2})(?:[:. ]?(\d{2}))?", text.strip(), re.ASCII)
    if typed is None or int(typed[1]) > 23 or int(typed[2] or 0) > 59:
        return None
    return time(int(typed[1]), int(typed[2] or 0))
