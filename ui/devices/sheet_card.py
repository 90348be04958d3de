"""One sheet of results, whole: what was measured, what the device says of whose it is, and who says whose it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.encounters import ReceivedResult, WaitingSheet
from clinic_app.foundation.dates import form_moment
from ui.devices.view_model_results import Candidate, ResultsViewModel
from ui.devices.words import born_words, label_words, match_words, names_of, result_words, test_words
from ui.language import Translated, _
from ui.widgets.buttons import Button
from ui.widgets.chip import ChipLook
from ui.widgets.empty_state import EmptyState
from ui.widgets.front_stack import FrontStack
from ui.widgets.labels import Card, breakable, label
from ui.widgets.patient_words import list_name
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.second_question import SecondQuestion
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill


class SheetCard(Translated, FrontStack):
    """The chosen sheet, or what to do when none is chosen.

    Args:
        model: the inbox.

    Signal ``search_wanted``: another patient is to be looked for.
    """

    search_wanted = Signal()

    def __init__(self, model: ResultsViewModel) -> None:
        super().__init__()
        self._model = model
        self._waiting: WaitingSheet | None = None
        self._chosen_id = ""
        self._nothing = EmptyState("devices.no_sheet", "clipboard-list")
        self._head = label("heading", is_wrapped=True)
        self._head.setObjectName("devices.sheet_head")
        self._values: RecordTable[ReceivedResult] = RecordTable(
            "devices.values",
            (
                Column(lambda: _("What was measured"), test_words),
                Column(lambda: _("Value"), result_words, width=130, is_strong=True),
                Column(lambda: _("Reference"), lambda each: each.reference_range or "—", width=95),
            ),
            key=lambda each: each.fingerprint,
        )
        self._said_title = label("label")
        self._said = label("strong", is_wrapped=True)
        self._said.setObjectName("devices.sheet_label")
        self._whose = label("heading")
        self._candidates: RecordTable[Candidate] = RecordTable(
            "devices.candidates",
            (
                Column(lambda: _("Patient"), lambda each: list_name(each.patient), is_strong=True),
                Column(lambda: _("Born"), lambda each: born_words(each.patient), width=100),
                Column(lambda: _("Why"), lambda each: match_words(each.by), _why_look, width=185),
            ),
            "user",
        )
        self._warning = StandingBar("devices.sheet_warning", "triangle-alert")
        self._question = SecondQuestion("devices.sure", "check")
        self._search = Button("devices.search", "plain", "search")
        self._aside = Button("devices.aside", "plain", "archive")
        self._file = Button("devices.file", "primary", "check")
        self._foot = QWidget()
        self._still = Standstill(self._candidates, self._search, self._aside, self._file)
        for table in (self._values, self._candidates):
            table.setMinimumHeight(112)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        card = Card(14, 8)
        card.column.addWidget(self._head)
        card.column.addWidget(self._values, 3)
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
        inner = QVBoxLayout(empty)
        inner.addWidget(self._nothing)
        self.addWidget(empty)
        self.addWidget(card)

    def _connect(self) -> None:
        self._candidates.selected.connect(self._choose)
        self._search.clicked.connect(self.search_wanted)
        self._aside.clicked.connect(self._put_aside)
        self._file.clicked.connect(self.file)
        self._question.answered.connect(self._sure)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.busy_changed.connect(lambda _busy: self._show_buttons())
        self._model.hand_changed.connect(self._show)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._nothing.say(
            _("No result is chosen"), _("Choose a result on the left to see whose it may be, and to file it.")
        )
        self._said_title.setText(_("What the device says of the patient"))
        self._whose.setText(_("Whose result is it?"))
        self._search.say(_("Look for a patient"))
        self._aside.say(_("Put aside"))
        self._file.say(_("File for this patient"), "Ctrl+Enter")
        self._values.set_name(_("Results of this sheet"))
        self._candidates.set_name(_("Whose result is it?"))
        self._candidates.empty.say(
            _("No number on it is known here"), _("Look for the patient; he stands here once he is in hand.")
        )
        self._values.retranslate()
        self._candidates.retranslate()
        self._show()

    def show_sheet(self, waiting: WaitingSheet | None) -> None:
        """Show a sheet, or none."""
        if waiting is None or self._waiting is None or waiting.sheet.first != self._waiting.sheet.first:
            self._chosen_id = ""
            self._question.hide()
        self._waiting = waiting
        self._show()

    def file(self) -> None:
        """File the sheet for the chosen patient; ask once more where a number on it is another patient's."""
        waiting, chosen = self._waiting, self._chosen
        if waiting is None or chosen is None or not self._file.isEnabled():
            return
        if self._model.contradicts(waiting, chosen):
            others = names_of(waiting.matches) or _("a patient whose record is closed to you")
            words = _("The number on this result belongs to: {names}. File it for {name} all the same?",
                      names=others, name=list_name(chosen.patient))  # fmt: skip
            self._question.ask(words, _("File all the same"), _("Do not file"))
            self._show_buttons()
        else:
            self._model.file(waiting, chosen)

    @property
    def _chosen(self) -> Candidate | None:
        return next((each for each in self._candidates.rows if each.id == self._chosen_id), None)

    def _sure(self, is_yes: bool) -> None:
        self._show_buttons()
        waiting, chosen = self._waiting, self._chosen
        if is_yes and waiting is not None and chosen is not None:
            self._model.file(waiting, chosen, is_sure=True)

    def _put_aside(self) -> None:
        if self._waiting is not None:
            self._model.set_aside(self._waiting)

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
        first = waiting.sheet.first
        self._head.setText(breakable(f"{first.device} · {form_moment(first.at)}"))
        self._values.show_rows(waiting.sheet.results)
        remarks = [each.comment for each in waiting.sheet.results if each.comment]
        self._said.setText(breakable("\n".join((label_words(first), *dict.fromkeys(remarks)))))
        self._candidates.show_rows(self._model.candidates(waiting))
        self._show_buttons()

    def _show_buttons(self) -> None:
        waiting, chosen = self._waiting, self._chosen
        is_control = waiting is not None and waiting.sheet.is_control
        self._file.setEnabled(chosen is not None and not is_control and self._candidates.isEnabled())
        for part in (self._whose, self._search, self._candidates, self._file):
            part.setVisible(not is_control)
        words = _("Control material: it belongs to no patient.") if is_control else ""
        if chosen is not None and chosen.is_name_different:
            words = _(
                "The device says another name: {words}", words=waiting.sheet.first.patient_text if waiting else ""
            )
        is_asking = not self._question.isHidden()
        self._foot.setVisible(not is_asking)
        if words and not is_asking:
            self._warning.show_words(words)
        else:
            self._warning.hide()


def _why_look(candidate: Candidate) -> ChipLook:
    if candidate.is_name_different:
        return ChipLook(match_words(candidate.by), "warn", "triangle-alert")
    return ChipLook(match_words(candidate.by), "neutral" if candidate.by == "hand" else "info")
