"""The inbox of emergencies: who opened whose record and why; justified or not, with words."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from clinic_app.access import REASON_WORDS
from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from ui.audit.view_model_reviews import ReviewsViewModel
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.chip import ChipLook
from ui.widgets.cursor import put_cursor
from ui.widgets.form_field import FormField
from ui.widgets.labels import Card, breakable, label
from ui.widgets.page import scrolled
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.standstill import Standstill

if TYPE_CHECKING:
    from clinic_app.access import EmergencyReview

CARD_WIDTH = 420
MOST_WORDS = 500


class ReviewPage(Translated, QWidget):
    """A list and, beside it, the one that is judged.

    Args:
        model: the inbox.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ReviewsViewModel) -> None:
        super().__init__()
        self._model = model
        model.setParent(self)
        self._table: RecordTable[EmergencyReview] = RecordTable(
            "reviews.list",
            (
                Column(lambda: _("Opened"), lambda each: form_moment(each.opened_at), width=140, is_strong=True),
                Column(lambda: _("Person"), lambda each: each.person or "—"),
                Column(lambda: _("Patient"), lambda each: each.patient or _("not here any more")),
                Column(lambda: _("Review by"), _due_words, _due_look, width=170),
            ),
            "siren",
            key=lambda each: each.event_id,
        )
        self._title = label("heading")
        self._facts = label("body", is_wrapped=True)
        self._facts.setObjectName("reviews.facts")
        self._words = FormField(QPlainTextEdit(), "reviews.words")
        self._right = Button("reviews.justified", "plain", "circle-check")
        self._wrong = Button("reviews.not_justified", "plain", "triangle-alert")
        self._still = Standstill(self._table, self._words, self._right, self._wrong)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 0)
        row.setSpacing(14)
        row.addWidget(self._table, 1)
        self._card = Card()
        column: QVBoxLayout = self._card.column
        column.addWidget(self._title)
        column.addWidget(self._facts)
        column.addWidget(self._words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(self._right)
        buttons.addWidget(self._wrong)
        buttons.addStretch()
        column.addLayout(buttons)
        paper = scrolled(self._card)
        paper.setFixedWidth(CARD_WIDTH)
        row.addWidget(paper)

    def _connect(self) -> None:
        self._table.selected.connect(lambda _row: self._after_choice())
        self._right.clicked.connect(lambda: self._judge(is_justified=True))
        self._wrong.clicked.connect(lambda: self._judge(is_justified=False))
        self._editor.textChanged.connect(self._cut)
        self._model.changed.connect(self._show)
        self._model.judged.connect(self._after_judgement)
        self._model.refused.connect(self._refuse)
        self._model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self._model.busy_changed.connect(self._after_busy)

    @property
    def _editor(self) -> QPlainTextEdit:
        return cast("QPlainTextEdit", self._words.editor)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Emergencies to review"))
        self._table.empty.say(
            _("No emergency waits"), _("Whenever somebody opens a closed record in an emergency, it is judged here.")
        )
        self._title.setText(_("Was it justified?"))
        self._words.set_label(_("Your words to it"))
        self._right.say(_("Justified"))
        self._wrong.say(_("Not justified"))
        self._table.retranslate()
        self._say_facts()

    def entered(self) -> None:
        """Read the inbox."""
        self._model.look()

    def _show(self) -> None:
        self._table.show_rows(self._model.waiting)
        if self._model.waiting and self._table.current_row() is None:
            self._table.view.selectRow(0)
        self._after_choice()

    def _after_choice(self) -> None:
        self._words.set_error("")
        self._say_facts()

    def _say_facts(self) -> None:
        chosen = self._table.current_row() if self._model.waiting else None
        self._card.setVisible(chosen is not None)
        if chosen is None:
            return
        lines = (
            _("{person} opened the record of {patient}.", person=chosen.person or "—", patient=chosen.patient or "—"),
            f"{form_moment(chosen.opened_at)} – {form_moment(chosen.until_at)}",
            _("Reason: {reason}", reason=say(REASON_WORDS[chosen.reason])),
            f"«{chosen.words}»",
        )
        self._facts.setText(breakable("\n".join(lines)))

    def _cut(self) -> None:
        words = self._editor.toPlainText()
        if len(words) > MOST_WORDS:
            self._editor.setPlainText(words[:MOST_WORDS])

    def _judge(self, *, is_justified: bool) -> None:
        chosen = self._table.current_row()
        if chosen is not None:
            self._words.set_error("")
            self._model.judge(chosen, self._editor.toPlainText(), is_justified=is_justified)

    def _after_judgement(self) -> None:
        self._editor.clear()
        self.noticed.emit(_("The judgement is in the trail."), "ok")

    def _after_busy(self, is_busy: bool) -> None:
        self._still.set_busy(is_busy)

    def _refuse(self, sentence: Text) -> None:
        self._words.set_error(sentence)
        put_cursor(self._editor)


def _due_words(review: EmergencyReview) -> str:
    return form_moment(review.due_at)


def _due_look(review: EmergencyReview) -> ChipLook:
    return ChipLook(_due_words(review), "warn" if review.is_overdue else "neutral", "clock")
