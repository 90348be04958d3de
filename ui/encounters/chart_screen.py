"""The chart: what must not be given, what was measured, what there is to look at."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from clinic_app.access import Draft
from clinic_app.encounters import VITAL_SIGNS, VitalsForm
from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.encounters.laboratory_table import LaboratoryTable
from ui.encounters.orders_table import OrdersTable
from ui.encounters.view_model import ChartViewModel, Sitting
from ui.language import _, counted, say
from ui.widgets.busy_line import FELT_MS, BusyLine
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import Card, breakable, label
from ui.widgets.page import Page
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standstill import Standstill


def _column(field: str, width: int) -> Column[Sitting]:
    sign = next(sign for sign in VITAL_SIGNS if sign.field == field)
    return Column(
        lambda: f"{say(sign.words)}, {say(sign.unit)}", lambda sitting: sitting.shown(field) or "—", width=width
    )


class ChartScreen(Page):
    """The chart of the patient in hand.

    Args:
        model: the chart.
        place: what it will stand in (see `Page`).

    Signals: ``allergies_changed``: the banner must ask anew; ``draft_left(Draft)``: another patient came in hand while
    something was typed for this one.
    """

    allergies_changed = Signal()
    draft_left = Signal(object)

    def __init__(self, model: ChartViewModel, place: QWidget | None = None) -> None:
        super().__init__("chart", place)
        self._model = model
        self._patient = model.hand.patient
        model.setParent(self)
        self._vitals = {sign.field: FormField(QLineEdit(), f"chart.{sign.field}") for sign in VITAL_SIGNS}
        self._save = Button("chart.save_vitals", "primary", "save")
        self._allergy = FormField(QLineEdit(), "chart.allergy", has_message=False)
        self._add_allergy = Button("chart.add_allergy", "plain", "plus")
        self._allergy_list = label("strong", is_wrapped=True)
        self._allergy_list.setObjectName("chart.allergies")
        self._recordings = Button("chart.recordings", "plain", "heart-pulse")
        self._studies = Button("chart.studies", "plain", "scan")
        self._headings = {key: label("heading") for key in ("allergies", "material", "vitals", "orders")}
        self._orders = OrdersTable()
        self._busy = BusyLine("chart.busy")
        self._table: RecordTable[Sitting] = RecordTable(
            "chart.sittings",
            (
                Column(
                    lambda: _("Measured at"), lambda sitting: form_moment(sitting.at) if sitting.at else "—", width=150
                ),
                Column(lambda: _("Pressure, mmHg"), lambda sitting: sitting.pressure or "—", width=150, is_strong=True),
                _column("heart_rate", 205),
                _column("spo2", 80),
                _column("temperature", 145),
                _column("respiratory_rate", 185),
                _column("glucose", 150),
                Column(lambda: _("By"), lambda sitting: sitting.device or sitting.who or "—"),
            ),
            "heart-pulse",
        )
        self._laboratory = LaboratoryTable()
        self._tables = FrontStack()
        self._kinds = Segmented(
            "chart.kinds",
            (
                Option("vitals", lambda: _("Vital signs")),
                Option("laboratory", lambda: _("Laboratory results")),
            ),
        )
        self._kinds.choose("vitals")
        self._still = Standstill(*self._vitals.values(), self._allergy, self._save, self._add_allergy)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        cards = (self._allergy_card(), self._material_card())
        top.addWidget(cards[0], 2)
        top.addWidget(cards[1], 1)
        self.column.addLayout(top)
        self.column.addWidget(self._headings["orders"])
        self.column.addWidget(self._orders, 1)
        for part in cards if self._model.shows_orders else (self._headings["orders"], self._orders):
            part.hide()
        card = Card()
        head = QHBoxLayout()
        head.addWidget(self._headings["vitals"])
        head.addWidget(self._busy, 1)
        head.addStretch()
        head.addWidget(self._save)
        card.column.addLayout(head)
        row = QHBoxLayout()
        row.setSpacing(12)
        for field in self._vitals.values():
            field.editor.setMinimumWidth(60)
            row.addWidget(field, 1)
        card.column.addLayout(row)
        self.column.addWidget(card)
        self.column.addWidget(self._kinds)
        for table in (self._table, self._laboratory):
            self._tables.addWidget(table)
        self.column.addWidget(self._tables, 1)

    def _allergy_card(self) -> Card:
        card = Card()
        card.column.addWidget(self._headings["allergies"])
        card.column.addWidget(self._allergy_list)
        card.column.addStretch()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._allergy, 1)
        below = QVBoxLayout()
        below.addStretch()
        below.addWidget(self._add_allergy)
        row.addLayout(below)
        card.column.addLayout(row)
        return card

    def _material_card(self) -> Card:
        card = Card()
        card.column.addWidget(self._headings["material"])
        for button in (self._recordings, self._studies):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            card.column.addWidget(button)
        card.column.addStretch()
        return card

    def _connect(self) -> None:
        self._model.changed.connect(self._show)
        self._model.errors_found.connect(self._show_errors)
        self._model.patient_changed.connect(self._after_patient)
        self._model.busy_changed.connect(self._show_busy)
        self._model.refused.connect(lambda words: self.noticed.emit(words, "warn"))
        self._model.vitals_saved.connect(self._after_vitals)
        self._model.allergy_saved.connect(self._after_allergy)
        self._save.clicked.connect(self._send_vitals)
        self._kinds.chosen.connect(self._show_kind)
        self._add_allergy.clicked.connect(self._send_allergy)
        cast("QLineEdit", self._allergy.editor).returnPressed.connect(self._send_allergy)
        self._recordings.clicked.connect(lambda: self.went.emit("recordings"))
        self._studies.clicked.connect(lambda: self.went.emit("images"))
        self.primary_shortcut(self._send_vitals)

    def entered(self) -> None:
        """Read the chart anew: a recording may have been added meanwhile."""
        self._model.look()

    def has_unsaved(self) -> bool:
        """Return whether something is typed."""
        return any(self._typed().values())

    def drafts(self) -> tuple[Draft, ...]:
        """Return what is typed for the patient in hand."""
        if self._patient is None or not self.has_unsaved():
            return ()
        words = {key: value for key, value in self._typed().items() if value}
        return (Draft(kind="vitals", patient_id=self._patient.id, name=list_name(self._patient), values=words),)

    def take_draft(self, draft: Draft) -> None:
        """Put back what was typed for the patient who is in hand."""
        for key, field in (*self._vitals.items(), ("allergy", self._allergy)):
            cast("QLineEdit", field.editor).setText(draft.values.get(key, ""))
        put_cursor(next(iter(self._vitals.values())).editor)

    def _typed(self) -> dict[str, str]:
        fields = (*self._vitals.items(), ("allergy", self._allergy))
        return {key: cast("QLineEdit", field.editor).text().strip() for key, field in fields}

    def _after_patient(self) -> None:
        for draft in self.drafts():
            self.draft_left.emit(draft)
        self._patient = self._model.hand.patient
        self._empty_fields()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Chart"))
        self._headings["allergies"].setText(_("Allergies"))
        self._headings["material"].setText(_("Recordings and images"))
        self._headings["vitals"].setText(_("Vital signs now"))
        self._headings["orders"].setText(_("Orders"))
        for sign in VITAL_SIGNS:
            self._vitals[sign.field].set_label(f"{say(sign.words)}, {say(sign.unit)}")
        self._save.say(_("Save vital signs"), "Ctrl+Enter")
        self._allergy.set_label(_("Allergic to"))
        self._add_allergy.say(_("Add allergy"))
        self._table.set_name(_("Vital signs"))
        self._show()

    def _show(self) -> None:
        chart = self._model.chart
        names = [each.code.text for each in chart.allergies if each.code and each.code.text]
        without = {
            "read": _("None recorded. Ask the patient."),
            "reading": _("The chart is being read…"),
            "unread": _("The chart could not be read; allergies are not known."),
        }[chart.state]
        self._allergy_list.setText(breakable(", ".join(names)) or without)
        self._say_empty()
        self._recordings.say(counted("{count} recording", "{count} recordings", chart.recordings))
        self._studies.say(counted("{count} study", "{count} studies", chart.studies))
        self._table.show_rows(chart.sittings)
        self._laboratory.show_rows(chart.laboratory)
        self._kinds.setVisible(bool(chart.laboratory))
        if not chart.laboratory:
            self._show_kind("vitals")
        self._orders.show_rows(chart.orders)

    def _show_kind(self, kind: str) -> None:
        """Show what was measured at the bedside, or what the laboratory found."""
        self._kinds.choose(kind)
        self._tables.setCurrentWidget(self._laboratory if kind == "laboratory" else self._table)

    def _say_empty(self) -> None:
        say_at = self._table.empty.say
        if self._model.chart.state == "read":
            from_monitor = _("Type the values above, or take them over from the monitor.")
            way = _("Type the values above.") if self._model.shows_orders else from_monitor
            say_at(_("Nothing measured yet"), way)
        elif self._model.chart.state == "reading":
            say_at(_("The chart is being read…"), "")
        else:
            say_at(_("The chart could not be read"), _("Open the chart once more; if it stays so, call IT."))

    def _show_busy(self, is_busy: bool) -> None:
        self._still.set_busy(is_busy)
        if is_busy:
            self._busy.begin(_("Saving. You can go to another screen meanwhile."), after_ms=FELT_MS)
        else:
            self._busy.end()

    def _show_errors(self, errors: dict[str, Text]) -> None:
        for key, field in self._vitals.items():
            field.set_error(errors.get(key, ""))
        if "" in errors:
            self.noticed.emit(say(errors[""]), "warn")
        first = next((key for key in self._vitals if key in errors), None)
        if first:
            put_cursor(self._vitals[first].editor)

    def _send_vitals(self) -> None:
        typed = {key: cast("QLineEdit", field.editor).text() for key, field in self._vitals.items()}
        self._model.record_vitals(VitalsForm(**typed))

    def _send_allergy(self) -> None:
        words = cast("QLineEdit", self._allergy.editor).text().strip()
        if words:
            self._model.record_allergy(words)
        else:
            self._allergy.editor.setFocus()

    def _after_vitals(self, patient_id: str) -> None:
        if patient_id == self._model.patient_id:
            self._empty_fields(with_allergy=False)
        self.noticed.emit(_("The vital signs are saved."), "ok")

    def _after_allergy(self, patient_id: str) -> None:
        if patient_id == self._model.patient_id:
            cast("QLineEdit", self._allergy.editor).setText("")
        self.allergies_changed.emit()
        self.noticed.emit(_("The allergy is saved."), "ok")

    def _empty_fields(self, *, with_allergy: bool = True) -> None:
        """Forget what was typed, so that it cannot be saved for another patient (nor brought back by Ctrl+Z)."""
        for field in self._vitals.values():
            cast("QLineEdit", field.editor).setText("")
            field.set_error("")
        if with_allergy:
            cast("QLineEdit", self._allergy.editor).setText("")
