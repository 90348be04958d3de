"""One thing that came without a patient, whole: what it is, what stands on it, whose it may be, and who says whose.

One card for results, images and whatever else waits in an inbox: nobody is chosen beforehand, what speaks against the
chosen patient stands above the button, and where somebody is asked once more the button makes room for the question.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from ui.inbox import Candidate, InboxModel
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.chip import ChipLook
from ui.widgets.empty_state import EmptyState
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import Card, breakable, label
from ui.widgets.patient_words import born_words, list_name
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.second_question import SecondQuestion
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

W = TypeVar("W")
LEAST_HEIGHT = 112
"""Of the list of patients: its header and two rows."""


class WaitingCard(Translated, FrontStack, Generic[W]):
    """The chosen thing, or what to do when none is chosen; whoever inherits it says what it is.

    Args:
        model: the inbox.
        room: stable object names begin with it, as in ``room.file``.
        kind: and those of what differs have it in them, as in ``room.no_kind`` and ``room.kind_head``.
        icon: for when nothing is chosen.
        middle: shows the thing itself, between its head and what is said of its patient.
        stretch: how much of the height it takes, where the list of patients takes two parts.

    Signal ``search_wanted``: another patient is to be looked for.
    """

    search_wanted = Signal()

    def __init__(
        self, model: InboxModel[W, Any, Any], room: str, kind: str, icon: str, middle: QWidget, stretch: int = 0
    ) -> None:
        super().__init__()
        self._inbox = model
        self._waiting: W | None = None
        self._chosen_id = ""
        self._nothing = EmptyState(f"{room}.no_{kind}", icon)
        self._head = label("heading", is_wrapped=True)
        self._head.setObjectName(f"{room}.{kind}_head")
        self._said_title = label("label")
        self._said = label("strong", is_wrapped=True)
        self._said.setObjectName(f"{room}.{kind}_label")
        self._whose = label("heading")
        self._candidates: RecordTable[Candidate] = RecordTable(
            f"{room}.candidates",
            (
                Column(lambda: _("Patient"), lambda each: list_name(each.patient), is_strong=True),
                Column(lambda: _("Born"), lambda each: born_words(each.patient), width=100),
                Column(lambda: _("Why"), lambda each: self.why_words(each.by), self._why_look, width=190),
            ),
            "user",
        )
        self._candidates.setMinimumHeight(LEAST_HEIGHT)
        self._warning = StandingBar(f"{room}.{kind}_warning", "triangle-alert")
        self._question = SecondQuestion(f"{room}.sure", "check")
        self._search = Button(f"{room}.search", "plain", "search")
        self._aside = Button(f"{room}.aside", "plain", "archive")
        self._file = Button(f"{room}.file", "primary", "check")
        self._foot = QWidget()
        self._still = Standstill(self._candidates, self._search, self._aside, self._file)
        self._build(middle, stretch)
        self._connect()

    def _build(self, middle: QWidget, stretch: int) -> None:
        card = Card(14, 8)
        card.column.addWidget(self._head)
        card.column.addWidget(middle, stretch)
        card.column.addWidget(self._said_title)
        card.column.addWidget(self._said)
        over = QHBoxLayout()
        over.addWidget(self._whose, 1)
        over.addWidget(self._search)
        card.column.addLayout(over)
        card.column.addWidget(self._candidates, 2)
        card.column.addWidget(self._warning)
        card.column.addWidget(self._question)
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(10)
        foot.addWidget(self._aside)
        foot.addStretch(1)
        foot.addWidget(self._file)
        card.column.addWidget(self._foot)
        empty = QWidget()
        QVBoxLayout(empty).addWidget(self._nothing)
        self.addWidget(empty)
        self.addWidget(card)

    def _connect(self) -> None:
        self._candidates.selected.connect(self._choose)
        self._search.clicked.connect(self.search_wanted)
        self._aside.clicked.connect(self._put_aside)
        self._file.clicked.connect(self.file)
        self._question.answered.connect(self._sure)
        self._inbox.busy_changed.connect(self._still.set_busy)
        self._inbox.busy_changed.connect(lambda _busy: self._show_buttons())
        self._inbox.hand_changed.connect(self._show)
        self._inbox.questioned.connect(self._doubt)

    def why_words(self, by: str) -> str:
        """Return why a patient is proposed."""
        raise NotImplementedError

    def doubt_words(self, text: Text, name: str) -> str:
        """Return the question whether it is to be filed for somebody all the same, after the room has doubted it."""
        raise NotImplementedError

    def warning_words(self, waiting: W, chosen: Candidate | None) -> str:
        """Return what speaks against filing it, or nothing."""
        raise NotImplementedError

    def is_nobodys(self, waiting: W) -> bool:  # noqa: ARG002
        """Return whether it is no patient's whoever is chosen, and can only be put aside."""
        return False

    def show_thing(self, waiting: W) -> tuple[str, str]:
        """Show the thing in the middle; return its head, and what is said of its patient."""
        raise NotImplementedError

    def retranslate(self) -> None:
        """Say everything anew."""
        self._search.say(_("Look for a patient"))
        self._aside.say(_("Put aside"))
        self._file.say(_("File for this patient"), "Ctrl+Enter")
        self._candidates.set_name(self._whose.text())
        self._candidates.retranslate()
        self._show()

    def show_waiting(self, waiting: W | None) -> None:
        """Show a thing, or none."""
        if waiting is None or self._waiting is None or self._key(waiting) != self._key(self._waiting):
            self._chosen_id = ""
            self._question.hide()
        self._waiting = waiting
        self._show()

    def file(self) -> None:
        """File the thing for the chosen patient."""
        if self._waiting is not None and self._chosen is not None and self._file.isEnabled():
            self._inbox.file(self._waiting, self._chosen)

    def ask(self, words: str) -> None:
        """Ask once more whether the thing is to be filed."""
        self._question.ask(words, _("File all the same"), _("Do not file"))
        self._show_buttons()

    @property
    def _chosen(self) -> Candidate | None:
        return next((each for each in self._candidates.rows if each.id == self._chosen_id), None)

    def _key(self, waiting: W) -> object:
        return self._inbox.key_of(waiting)

    def _doubt(self, text: Text) -> None:
        if self._chosen is not None:
            self.ask(self.doubt_words(text, list_name(self._chosen.patient)))

    def _sure(self, is_yes: bool) -> None:
        self._show_buttons()
        if is_yes and self._waiting is not None and self._chosen is not None:
            self._inbox.file(self._waiting, self._chosen, is_sure=True)

    def _put_aside(self) -> None:
        if self._waiting is not None:
            self._inbox.set_aside(self._waiting)

    def _choose(self, candidate: Candidate | None) -> None:
        if candidate is not None:
            if candidate.id != self._chosen_id:
                self._question.hide()
            self._chosen_id = candidate.id
        self._show_buttons()

    def _show(self) -> None:
        waiting = self._waiting
        self.setCurrentIndex(0 if waiting is None else 1)
        if waiting is None:
            return
        head, said = self.show_thing(waiting)
        self._head.setText(breakable(head))
        self._said.setText(breakable(said))
        self._candidates.show_rows(self._inbox.candidates(waiting))
        self._show_buttons()

    def _show_buttons(self) -> None:
        waiting, chosen = self._waiting, self._chosen
        is_nobodys = waiting is not None and self.is_nobodys(waiting)
        self._file.setEnabled(chosen is not None and not is_nobodys and self._candidates.isEnabled())
        for part in (self._whose, self._search, self._candidates, self._file):
            part.setVisible(not is_nobodys)
        words = self.warning_words(waiting, chosen) if waiting is not None else ""
        is_asking = not self._question.isHidden()
        self._foot.setVisible(not is_asking)
        if words and not is_asking:
            self._warning.show_words(words)
        else:
            self._warning.hide()

    def _why_look(self, candidate: Candidate) -> ChipLook:
        words = self.why_words(candidate.by)
        if candidate.is_contradicted:
            return ChipLook(words, "warn", "triangle-alert")
        return ChipLook(words, "neutral" if candidate.by == "hand" else "info")
