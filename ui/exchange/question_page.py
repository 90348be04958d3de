"""One question at a time: both answers side by side, a choice for each field, and the result before it is saved."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.foundation.texts import Text
from clinic_app.sync import Difference, Question
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.words import answer_words
from ui.language import Translated, _, say
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.empty_state import EmptyState
from ui.widgets.labels import Card, breakable, label, line
from ui.widgets.page import scrolled
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standstill import Standstill

if TYPE_CHECKING:
    from clinic_app.sync import Side

LABEL_WIDTH: Final = 170
MOST_LETTERS: Final = 120
"""Of one answer in the result; it stands whole above, and a long one would leave the questions no room."""
REST_MS: Final = 1000
"""After an answer the next question cannot be saved: the second press of a double click would answer it unread."""


class QuestionPage(Translated, QWidget):
    """The second part of the screen.

    Args:
        model: the exchange.

    Signal ``noticed`` carries words and a tone for the notice bar.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ExchangeViewModel) -> None:
        super().__init__()
        self._model = model
        self._place = 0
        self._question: Question | None = None
        self._choices: dict[str, Segmented] = {}
        self._title = label("heading", is_wrapped=True)
        self._title.setObjectName("exchange.question")
        self._before = Button("exchange.previous", "quiet", "chevron-left")
        self._after = Button("exchange.next", "quiet", "chevron-right")
        self._fields = QWidget()
        self._result_title = label("label")
        self._result = label("strong", is_wrapped=True)
        self._result.setObjectName("exchange.result")
        self._save = Button("exchange.save", "primary", "check")
        self._empty = EmptyState("exchange.questions.empty", "circle-check")
        self._stack = QStackedWidget()
        self._body = QWidget()
        self._still = Standstill(self._body)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._say_result)
        self._build()
        self._before.clicked.connect(lambda: self._go(-1))
        self._after.clicked.connect(lambda: self._go(1))
        self._save.clicked.connect(self.save)
        model.changed.connect(self._follow)
        model.settled.connect(self._rest.start)
        model.settled.connect(lambda: self.noticed.emit(_("Saved; both answers stay in the history."), "ok"))
        model.busy_changed.connect(self._after_busy)
        self.retranslate()
        self._follow()

    def _build(self) -> None:
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title, 1)
        head.addWidget(self._before)
        head.addWidget(self._after)
        column.addLayout(head)
        card = Card()
        QGridLayout(self._fields)
        card.column.addWidget(self._fields)
        card.column.addStretch()
        column.addWidget(scrolled(card), 1)
        foot = QHBoxLayout()
        foot.setSpacing(14)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self._result_title)
        told.addWidget(self._result)
        foot.addLayout(told, 1)
        foot.addWidget(self._save, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(foot)
        self._stack.addWidget(self._body)
        self._stack.addWidget(self._empty)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self._stack)

    def retranslate(self) -> None:
        """Say everything anew; what was chosen stays chosen."""
        self._before.say(_("Question before"))
        self._after.say(_("Next question"))
        self._save.say(_("Save this answer"), "Ctrl+Enter")
        self._result_title.setText(_("What will be saved"))
        self._empty.say(
            _("No question waits"),
            _("Where two places change the same record, both answers are kept and a person says which is right."),
        )
        kept = self.chosen()
        cursor: QWidget | None = self.window().focusWidget()
        name = cursor.objectName() if cursor is not None and self._fields.isAncestorOf(cursor) else ""
        self._lay_out()
        for field, side in kept.items():
            self._choices[field].choose(side)
        self._say_result()
        if name:
            put_cursor(cast("QWidget", self._fields.findChild(QWidget, name)))

    def chosen(self) -> dict[str, Side]:
        """Return what was chosen so far, by field."""
        return {field: cast("Side", each.value()) for field, each in self._choices.items() if each.value()}

    def save(self) -> None:
        """Save the answer, once every field has one."""
        if self._question is not None and self._may_save():
            self._model.settle(self._question, self.chosen())

    def _follow(self) -> None:
        """Show the list as it is now; a question somebody is answering stays in front, as he chose so far."""
        asked = self._model.state.questions
        same = next((place for place, each in enumerate(asked) if each == self._question), None)
        if same is not None:
            self._place = same
            self._say_title()
            return
        self._place = min(self._place, max(0, len(asked) - 1))
        is_here = self._has_cursor()
        self._show_question()
        if is_here:
            self._begin_to_choose()

    def _go(self, step: int) -> None:
        self._place = max(0, min(self._place + step, len(self._model.state.questions) - 1))
        self._show_question()
        self._begin_to_choose()

    def _has_cursor(self) -> bool:
        cursor: QWidget | None = self.window().focusWidget()
        return cursor is not None and self._body.isAncestorOf(cursor)

    def _begin_to_choose(self) -> None:
        """Put the cursor on the first choice: what had it before is gone, or can be pressed no more."""
        for choice in list(self._choices.values())[:1]:
            put_cursor(choice)

    def _show_question(self) -> None:
        asked = self._model.state.questions
        self._question = asked[self._place] if asked else None
        self._lay_out()
        if self._question is not None:
            for each in self._question.fields:
                if not each.is_safety and self._question.suggested:
                    self._choices[each.field].choose(self._question.suggested)
        self._say_result()

    def _lay_out(self) -> None:
        """Make the rows of the question anew."""
        self._stack.setCurrentWidget(self._body if self._question is not None else self._empty)
        self._choices = {}
        fresh = QWidget()
        grid = QGridLayout(fresh)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(10)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        for column in (1, 2):
            grid.setColumnStretch(column, 1)
        if self._question is not None:
            heads = (_("Here"), self._question.mine_at), (_("From the hub"), self._question.theirs_at)
            for column, (words, at) in enumerate(heads, 1):
                grid.addWidget(label("label", _with_time(words, at)), 0, column)
            for place, each in enumerate(self._question.fields):
                self._add(grid, 2 * place + 1, each)
        holder = self._fields.parentWidget()
        layout = holder.layout() if holder is not None else None
        if layout is not None:
            layout.replaceWidget(self._fields, fresh)
        self._fields.hide()
        self._fields.deleteLater()
        self._fields = fresh
        fresh.show()
        self._say_title()

    def _add(self, grid: QGridLayout, row: int, each: Difference) -> None:
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(line(), row, 0, 1, 4)
        named = say(each.label)
        grid.addWidget(label("strong", breakable(named), is_wrapped=True), row + 1, 0, top)
        for column, answer in ((1, each.mine), (2, each.theirs)):
            words = label("body", breakable(answer_words(answer)), is_wrapped=True)
            words.setObjectName(f"exchange.{('', 'mine', 'theirs')[column]}.{each.field}")
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(words, row + 1, column, top)
        options = [Option("mine", lambda: _("Keep my answer")), Option("theirs", lambda: _("Take theirs"))]
        if each.can_keep_both:
            options.append(Option("both", lambda: _("Keep both")))
        choice = Segmented(f"exchange.choice.{each.field}", options)
        choice.setAccessibleName(named)
        choice.retranslate()
        choice.chosen.connect(lambda _value: self._say_result())
        grid.addWidget(choice, row + 1, 3, top)
        self._choices[each.field] = choice

    def _say_title(self) -> None:
        question, count = self._question, len(self._model.state.questions)
        for button in (self._before, self._after):
            button.setVisible(count > 1)
        self._before.setEnabled(self._place > 0)
        self._after.setEnabled(self._place < count - 1)
        if question is not None:
            words = _("Question {place} of {count}", place=self._place + 1, count=count)
            parts = (words, say(question.kind), question.patient, *question.known_by)
            self._title.setText(breakable(" · ".join(part for part in parts if part)))

    def _may_save(self) -> bool:
        return (
            self._question is not None
            and not self._rest.isActive()
            and len(self.chosen()) == len(self._question.fields)
        )

    def _say_result(self) -> None:
        """Say what would be saved, field by field, and what is not chosen yet."""
        if self._question is None:
            return
        chosen, parts, missing = self.chosen(), [], []
        for each in self._question.fields:
            if each.field in chosen:
                answer = _answer(each, chosen[each.field])
                parts.append(f"{say(each.label)}: {_in_short(answer_words(answer))}")
            else:
                missing.append(say(each.label))
        if missing:
            parts.append(_("still to choose: {fields}", fields=", ".join(missing)))
        self._result.setText(breakable(" · ".join(parts)))
        self._save.setEnabled(self._may_save())

    def _after_busy(self, is_busy: bool) -> None:
        self._still.set_busy(is_busy)
        if not is_busy:
            self._say_result()


def _answer(each: Difference, side: Side) -> tuple[Text | str, ...]:
    """Return the lines one answer would save."""
    if side == "both":
        return (*each.mine, *(line for line in each.theirs if line not in each.mine))
    return each.mine if side == "mine" else each.theirs


def _in_short(words: str) -> str:
    """Return the beginning of an answer, in one line."""
    plain = words.replace("\n", "; ")
    return plain if len(plain) <= MOST_LETTERS else f"{plain[:MOST_LETTERS].rstrip()}…"


def _with_time(words: str, at: datetime | None) -> str:
    return f"{words}, {form_moment(at)}" if at is not None else words
