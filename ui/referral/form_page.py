"""A new question about the patient in hand: whom to ask, how urgent, what, and what goes along. Ctrl+Enter sends."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.records import Urgency
from clinic_app.referral.sending import LONGEST_QUESTION
from clinic_app.terminology.specialties import SPECIALTIES, URGENCIES, URGENCY_WORDS, specialty
from ui.language import _, counted, say
from ui.referral.evidence_checklist import EvidenceChecklist
from ui.referral.view_model_form import FormViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.empty_state import EmptyState
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, label
from ui.widgets.page import Page
from ui.widgets.segmented import Option, Segmented

_HINT_FROM = 500
"""Characters left from which on the form counts aloud."""


class ReferralFormPage(Page):
    """The form.

    Args:
        model: what stands in it.
        place: what it will stand in (see `Page`).

    Signal ``left``: back to the list; what was typed stays.
    """

    left = Signal()

    def __init__(self, model: FormViewModel, place: QWidget | None = None) -> None:
        super().__init__("referral", place)
        self._model = model
        self._specialty = QComboBox()
        self._destination = QComboBox()
        self._question = QPlainTextEdit()
        self._question.setTabChangesFocus(True)
        self._urgency = Segmented("referral.urgency", [_urgency_option(each) for each in URGENCIES])
        self._fields = {
            "specialty": FormField(self._specialty, "referral.specialty"),
            "destination": FormField(self._destination, "referral.destination"),
            "urgency": FormField(self._urgency, "referral.urgency"),
            "question": FormField(self._question, "referral.question"),
        }
        self._along = label("heading")
        self.evidence = EvidenceChecklist("referral.evidence")
        self._kept = label("muted")
        self._busy = BusyLine("referral.busy")
        self._back = Button("referral.back", "quiet", "arrow-left")
        self._send = Button("referral.send", "primary", "send")
        self._nobody = EmptyState("referral.nobody", "user")
        self._build()
        self._connect()
        self.retranslate()
        self._show()

    def _build(self) -> None:
        self.head.insertWidget(0, self._back)
        left = Card(spacing=6)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._fields["specialty"], 1)
        row.addWidget(self._fields["destination"], 1)
        left.column.addLayout(row)
        left.column.addWidget(self._fields["urgency"])
        left.column.addWidget(self._fields["question"], 1)
        right = Card()
        right.column.addWidget(self._along)
        right.column.addWidget(self.evidence, 1)
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        cards = QHBoxLayout()
        cards.setSpacing(12)
        cards.addWidget(left, 6)
        cards.addWidget(right, 5)
        column.addLayout(cards, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._kept)
        foot.addWidget(self._busy, 1)
        foot.addStretch()
        foot.addWidget(self._send)
        column.addLayout(foot)
        self._pages = QStackedWidget()
        self._pages.addWidget(form)
        self._pages.addWidget(self._nobody)
        self.column.addWidget(self._pages, 1)

    def _connect(self) -> None:
        model = self._model
        self._specialty.activated.connect(self._choose_specialty)
        self._specialty.currentIndexChanged.connect(self._choose_specialty)
        self._destination.currentIndexChanged.connect(self._choose_destination)
        self._urgency.chosen.connect(lambda value: model.write(urgency=value))
        self._question.textChanged.connect(lambda: model.write(question=self._question.toPlainText()))
        self.evidence.ticked.connect(model.tick)
        self._send.clicked.connect(model.send)
        self._back.clicked.connect(self.left)
        self._nobody.action.clicked.connect(lambda: self.went.emit("patients"))
        self.primary_shortcut(self._send.click)
        self.shortcut("Esc", self._back.click)
        model.changed.connect(self._show)
        model.busy_changed.connect(self._show_busy)

    def showEvent(self, event: QShowEvent) -> None:
        """From now on the patient's evidence is worth reading."""
        super().showEvent(event)
        self._model.is_watched = True

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more."""
        super().hideEvent(event)
        self._model.is_watched = False

    def entered(self) -> None:
        """The form came to the front: read what can go along anew and put the cursor on what is still empty."""
        self._model.look()
        draft = self._model.draft
        empty = (self._specialty, not draft.specialty), (self._urgency, not draft.urgency)
        next((field for field, is_empty in empty if is_empty), self._question).setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("New referral"))
        self._fields["specialty"].set_label(_("Specialty"))
        self._fields["destination"].set_label(_("Hospital"))
        self._fields["urgency"].set_label(_("Urgency"))
        self._fields["question"].set_label(_("Question to the specialist"))
        self._question.setPlaceholderText(_("What happened, what you found, and what you want to know"))
        self._along.setText(_("What goes along"))
        self._kept.setText(_("What you write is kept until it is sent."))
        self._send.say(_("Send the referral"), "Ctrl+Enter")
        self._back.say(_("Referrals"), "Esc")
        self._urgency.retranslate()
        self._nobody.say(
            _("No patient in hand"), _("A question is about one patient: find him first."), _("Find a patient")
        )
        self._fill_specialties()
        self._fill_destinations()
        self._show()

    def _choose_specialty(self) -> None:
        if self._specialty.currentData() != self._model.draft.specialty:
            self._model.write(specialty=self._specialty.currentData())

    def _choose_destination(self) -> None:
        if self._destination.currentData() != self._model.draft.destination:
            self._model.write(destination=self._destination.currentData())

    def _fill_specialties(self) -> None:
        with QSignalBlocker(self._specialty):
            self._specialty.clear()
            self._specialty.addItem(_("Choose…"), "")
            for each in SPECIALTIES:
                self._specialty.addItem(say(each.words), each.code)

    def _fill_destinations(self) -> None:
        wanted = [("", _("Choose…"))] + [(each.id, each.name or each.id) for each in self._model.destinations]
        shown = [
            (self._destination.itemData(i), self._destination.itemText(i)) for i in range(self._destination.count())
        ]
        if wanted != shown:
            with QSignalBlocker(self._destination):
                self._destination.clear()
                for code, words in wanted:
                    self._destination.addItem(words, code)

    def _show(self) -> None:
        model, draft = self._model, self._model.draft
        self._pages.setCurrentIndex(0 if model.patient else 1)
        self._fill_destinations()
        for box, value in ((self._specialty, draft.specialty), (self._destination, draft.destination)):
            with QSignalBlocker(box):
                box.setCurrentIndex(max(0, box.findData(value)))
        self._urgency.choose(draft.urgency or "")
        if self._question.toPlainText() != draft.question:
            with QSignalBlocker(self._question):
                self._question.setPlainText(draft.question)
        self.evidence.show_items(model.items, model.ticked)
        chosen = specialty(draft.specialty)
        self.evidence.show_wanted(say(chosen.words) if chosen else "", model.wanted)
        for name, field in self._fields.items():
            field.set_error(model.errors.get(name, ""))
        self._count(LONGEST_QUESTION - len(draft.question))

    def _count(self, left: int) -> None:
        """Say how many characters fit, or how many are too many."""
        question = self._fields["question"]
        question.set_hint(_left_words(left))
        if left < 0 and not question.error:
            question.set_error(_left_words(left))

    def _show_busy(self, is_busy: bool) -> None:
        self._send.setEnabled(not is_busy)
        self._kept.setVisible(not is_busy)
        if is_busy:
            self._busy.begin(_("Sealing the question with its evidence…"))
        else:
            self._busy.end()


def _left_words(left: int) -> str:
    if left > _HINT_FROM:
        return ""
    if left >= 0:
        return counted("{count} character left", "{count} characters left", left)
    return counted("{count} character too many", "{count} characters too many", -left)


def _urgency_option(urgency: Urgency) -> Option:
    return Option(urgency, lambda: say(URGENCY_WORDS[urgency]), "alarm" if urgency == "stat" else "plain")
