"""Shown before the workstation stands: the data are damaged. What happened, which copies there are, what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout

from clinic_app.foundation.clock import Clock
from clinic_app.foundation.texts import Text
from ui.language import _, say
from ui.shell.early_window import EarlyWindow
from ui.shell.view_model_rescue import RescueViewModel
from ui.widgets.backup_words import BackupFacts, age_words, checked_look, kind_words, made_words
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.labels import label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.second_question import SecondQuestion
from ui.widgets.size_words import size_words
from ui.widgets.standstill import Standstill

CARD_WIDTH = 900
TABLE_HEIGHT = 230


class RescueWindow(EarlyWindow):
    """A list of checked backups; restoring one is asked twice and never the answer to Enter.

    Args:
        model: does it.
        clock: tells how old a backup is.
    """

    def __init__(self, model: RescueViewModel[Any], clock: Clock) -> None:
        super().__init__("rescue", CARD_WIDTH)
        self._model = model
        self._clock = clock
        model.setParent(self)
        self._why = label("body", is_wrapped=True)
        self._calm = label("muted", is_wrapped=True)
        self._list_title = label("heading")
        self._table: RecordTable[BackupFacts] = RecordTable(
            "rescue.backups", self._columns(), "database-backup", key=lambda backup: backup.made_at
        )
        self._restore = Button("rescue.restore", "plain", "archive-restore")
        self._look = Button("rescue.look_only", "plain", "eye")
        self._close = Button("rescue.close", "plain")
        self._busy = BusyLine("rescue.busy")
        self._question = SecondQuestion("rescue.question", "archive-restore")
        self._said: Text | None = None
        self._still = Standstill(self._table, self._restore, self._look, self._close, self._question)
        self._build_card()
        self._connect()
        self.retranslate()

    def _columns(self) -> tuple[Column[BackupFacts], ...]:
        return (
            Column(lambda: _("Made"), made_words, width=150, is_strong=True),
            Column(lambda: _("How old"), lambda each: age_words(each.made_at, self._now()), width=150),
            Column(lambda: _("Kind"), kind_words),
            Column(lambda: _("Records"), lambda each: f"{each.records}", width=100),
            Column(lambda: _("Size"), lambda each: size_words(each.size_bytes), width=90),
            Column(lambda: _("Check"), lambda each: checked_look(each).text, checked_look, width=170),
        )

    def _build_card(self) -> None:
        self.enter.setParent(self)  # this card has no answer that Enter may give
        self.enter.hide()
        self.brand.hide()
        self.under.hide()
        self._table.setFixedHeight(TABLE_HEIGHT)
        column = self.card.column
        column.setSpacing(8)
        for part in (self._why, self._calm, self._list_title, self._table, self._question, self._busy):
            column.addWidget(part)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._restore)
        row.addWidget(self._look)
        row.addStretch()
        row.addWidget(self._close)
        column.addLayout(row)

    def _connect(self) -> None:
        self._table.selected.connect(lambda _row: self._after_choice())
        self._restore.clicked.connect(self._ask)
        self._look.clicked.connect(self._model.look_only)
        self._close.clicked.connect(self.close)
        self._question.answered.connect(self._answer)
        self._model.listed.connect(self._show_backups)
        self._model.failed.connect(lambda text: self.notice.show_notice(text, "warn"))
        self._model.busy_changed.connect(self._show_busy)

    def showEvent(self, event: QShowEvent) -> None:
        """Put the cursor where nothing happens, and look for the backups."""
        super().showEvent(event)
        self._close.setFocus()
        if not self._model.backups:
            self._model.look()

    def retranslate(self) -> None:
        """Say everything anew."""
        super().retranslate()
        self.heading.setText(_("The data of this workstation are damaged"))
        self._why.setText(say(self._model.reason))
        self._calm.setText(
            _(
                "Nothing was deleted and nothing will be. A copy of a backup can take the place of the damaged file, "
                "which is kept beside it. What had reached the hub comes again from there by itself."
            )
        )
        self._list_title.setText(_("Backups, the newest first"))
        self._table.set_name(_("Backups, the newest first"))
        self._table.empty.say(
            _("No backup was found"), _("Call IT. The data can still be looked at, as far as they can be read.")
        )
        self._restore.say(_("Restore this copy…"))
        self._look.say(_("Look only, write nothing"))
        self._close.say(_("Close the program"))
        if self._said is not None:
            self._busy.begin(say(self._said))

    def _now(self) -> datetime:
        return self._clock.now()

    def _show_backups(self) -> None:
        self._table.show_rows(self._model.backups)
        if self._model.backups:
            self._table.view.selectRow(0)
        self._after_choice()

    def _after_choice(self) -> None:
        chosen = self._table.current_row()
        self._restore.setEnabled(chosen is not None and chosen.is_verified)
        self._question.hide()

    def _ask(self) -> None:
        chosen = self._table.current_row()
        if chosen is not None:
            words = Text(
                "Work on with the copy of {moment}? What was written here afterwards and had not reached the hub is "
                "not in it; it stays in the damaged file, which is kept.",
                moment=made_words(chosen),
            )
            self._question.ask(words, Text("Restore"), Text("Back"))

    def _answer(self, is_yes: bool) -> None:
        chosen = self._table.current_row()
        if is_yes and chosen is not None:
            self._model.restore(chosen)
        else:
            self._close.setFocus()

    def _show_busy(self, words: Text | None) -> None:
        self._said = words
        self.hold(words is not None)
        self._still.set_busy(words is not None)
        if words is not None:
            self._busy.begin(say(words))
            return
        self._busy.end()
        self._after_choice()
