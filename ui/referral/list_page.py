"""The referrals of this hospital: how urgent, about whom, where each one is, and its two clocks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from clinic_app.referral import Case
from ui.language import _
from ui.referral.view_model import ReferralViewModel
from ui.widgets.buttons import Button
from ui.widgets.case_words import clock_words, first_line, progress_look, specialty_words, urgency_look
from ui.widgets.page import Page
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable


class ReferralListPage(Page):
    """The list.

    Args:
        model: the room.
        place: what it will stand in (see `Page`).

    Signals: ``new_asked``; ``chosen`` carries a case.
    """

    new_asked = Signal()
    chosen = Signal(object)

    def __init__(self, model: ReferralViewModel, place: QWidget | None = None) -> None:
        super().__init__("referrals", place)
        self._model = model
        self._new = Button("referrals.new", "primary", "send")
        self.head.addWidget(self._new)
        self.table: RecordTable[Case] = RecordTable(
            "referrals.list", _columns(), "send", key=lambda case: case.task.id, place=self
        )
        self.column.addWidget(self.table, 1)
        self._new.clicked.connect(self.new_asked)
        self.table.empty.action.clicked.connect(self.new_asked)
        self.table.chosen.connect(self.chosen)
        self.shortcut("Ctrl+N", self._new.click)
        model.changed.connect(self._show)
        model.form.changed.connect(self._follow_patient)
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Referrals"))
        self.table.set_name(_("Referrals"))
        self.table.retranslate()
        self._follow_patient()
        self._say_empty()

    def _show(self) -> None:
        at_hand = self.table.current_row()
        self.table.show_rows(self._model.cases)
        ids = [case.task.id for case in self._model.cases]
        if at_hand and at_hand.task.id in ids:
            self.table.view.selectRow(ids.index(at_hand.task.id))
        elif ids and not at_hand:
            self.table.view.selectRow(0)
        self._say_empty()

    def _follow_patient(self) -> None:
        is_unsent = self._model.form.has_draft()
        self._new.say(_("Go on with the unsent referral") if is_unsent else _("New referral"), "Ctrl+N")

    def _say_empty(self) -> None:
        if not self._model.is_read:
            self.table.empty.say(_("Reading the referrals…"), "")
            return
        self.table.empty.say(
            _("No referrals yet"),
            _("Ask a specialist about the patient in hand; the question waits here until there is a link."),
            _("New referral"),
        )


def _columns() -> tuple[Column[Case], ...]:
    return (
        Column(lambda: _("Urgency"), lambda case: urgency_look(case.task.priority).text,
               lambda case: urgency_look(case.task.priority), width=184),
        Column(lambda: _("Patient"), lambda case: list_name(case.patient), width=222, is_strong=True),
        Column(lambda: _("Question"), lambda case: first_line(case.question)),
        Column(lambda: _("Specialty"), lambda case: specialty_words(case.request), width=150),
        Column(lambda: _("Where it is"), lambda case: progress_look(case.progress).text,
               lambda case: progress_look(case.progress), width=180),
        Column(lambda: _("Sent from here"), lambda case: clock_words(case.sent_at), width=140),
        Column(lambda: _("At the hub"), lambda case: clock_words(case.hub_received_at), width=140),
    )  # fmt: skip
