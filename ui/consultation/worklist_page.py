"""Who waits for this specialist: the most pressing first, and among those the one who waits longest. Enter opens."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from clinic_app.referral import Case
from ui.consultation.view_model import ConsultationViewModel
from ui.language import _, counted
from ui.widgets.case_words import first_line, progress_look, specialty_words, urgency_look, waiting_words
from ui.widgets.chip import Chip, ChipLook
from ui.widgets.page import Page
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable


class WorklistPage(Page):
    """The worklist.

    Args:
        model: the room.
        place: what it will stand in (see `Page`).

    Signal ``chosen`` carries a case.
    """

    chosen = Signal(object)

    def __init__(self, model: ConsultationViewModel, place: QWidget | None = None) -> None:
        super().__init__("worklist", place)
        self._model = model
        self._pressing = Chip("worklist.pressing")
        self.head.insertWidget(1, self._pressing)
        self.table: RecordTable[Case] = RecordTable(
            "worklist.list", _columns(), "inbox", key=lambda case: case.task.id, place=self
        )
        self.column.addWidget(self.table, 1)
        self.table.chosen.connect(self.chosen)
        model.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Worklist"))
        self.table.set_name(_("Worklist"))
        self.table.retranslate()
        self._say()

    def _show(self) -> None:
        at_hand = self.table.current_row()
        self.table.show_rows(self._model.cases)
        ids = [case.task.id for case in self._model.cases]
        if ids:
            self.table.view.selectRow(ids.index(at_hand.task.id) if at_hand and at_hand.task.id in ids else 0)
        self._say()

    def _say(self) -> None:
        pressing = sum(case.task.priority == "stat" for case in self._model.cases)
        self._pressing.show_look(
            ChipLook(counted("{count} emergency", "{count} emergencies", pressing), "alarm", "siren")
        )
        self._pressing.setVisible(pressing > 0)
        if not self._model.is_read:
            self.table.empty.say(_("Reading the worklist…"), "")
            return
        self.table.empty.say(
            _("Nobody waits"), _("A question from a district comes here by itself, the most pressing at the top.")
        )


def _patient(case: Case) -> str:
    return list_name(case.patient) if case.patient else _("still on its way")


def _question(case: Case) -> str:
    return first_line(case.question) if case.request else _("The question is still on its way.")


def _from(case: Case) -> str:
    return (case.task.requester.display or "—") if case.task.requester else "—"


def _state(case: Case) -> ChipLook:
    if case.progress == "opened":
        return progress_look("opened")
    return ChipLook(_("new"), "ok", "circle-dot")


def _columns() -> tuple[Column[Case], ...]:
    return (
        Column(lambda: _("Urgency"), lambda case: urgency_look(case.task.priority).text,
               lambda case: urgency_look(case.task.priority), width=184),
        Column(lambda: _("Waits for"), lambda case: waiting_words(case.sent_at, datetime.now(UTC)), width=108),
        Column(lambda: _("Patient"), _patient, width=226, is_strong=True),
        Column(lambda: _("Question"), _question),
        Column(lambda: _("Specialty"), lambda case: specialty_words(case.request), width=150),
        Column(lambda: _("From"), _from, width=186),
        Column(lambda: _("State"), lambda case: _state(case).text, _state, width=112),
    )  # fmt: skip
