"""What waits for the hub: as a whole, the contents under way, and every record with the reason it is not there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from clinic_app.foundation.dates import form_moment
from clinic_app.sync import ContentOnWay, WaitingItem
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.words import (
    budget_words,
    contact_words,
    kind_words,
    may_go_first,
    patient_words,
    reason_words,
    state_look,
    summary_words,
    turn_words,
    warning_words,
)
from ui.language import Translated, _, counted
from ui.widgets.buttons import Button
from ui.widgets.cursor import put_cursor
from ui.widgets.labels import Card, breakable, label
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.size_words import size_words
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

MOST_BARS = 4


class ContentBars(Translated, QWidget):
    """The first few contents under way, each with its bar; how many more there are is said below."""

    def __init__(self) -> None:
        super().__init__()
        self._contents: tuple[ContentOnWay, ...] = ()
        self._rows: list[tuple[QWidget, QLabel, QProgressBar]] = []
        self._more = label("label")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for place in range(MOST_BARS):
            row, words, bar = QWidget(), label("label"), QProgressBar()
            bar.setObjectName(f"exchange.content.{place}")
            bar.setTextVisible(False)
            bar.setRange(0, 1000)
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.setSpacing(12)
            words.setMinimumWidth(330)
            line.addWidget(words)
            line.addWidget(bar, 1)
            column.addWidget(row)
            self._rows.append((row, words, bar))
        column.addWidget(self._more)
        self.show_contents(())

    def show_contents(self, contents: tuple[ContentOnWay, ...]) -> None:
        """Show these."""
        self._contents = contents
        self.setVisible(bool(contents))
        self.retranslate()

    def retranslate(self) -> None:
        """Say everything anew."""
        for place, (row, words, bar) in enumerate(self._rows):
            row.setVisible(place < len(self._contents))
            if place >= len(self._contents):
                continue
            each = self._contents[place]
            way = _("to the hub") if each.direction == "up" else _("from the hub")
            done, total = size_words(each.offset_bytes), size_words(each.size_bytes)
            said = _("{kind} {way}: {done} of {total}", kind=kind_words(each), way=way, done=done, total=total)
            words.setText(said)
            bar.setAccessibleName(said)
            bar.setValue(round(1000 * each.offset_bytes / each.size_bytes) if each.size_bytes else 0)
        left = len(self._contents) - MOST_BARS
        self._more.setVisible(left > 0)
        self._more.setText(counted("and {count} more", "and {count} more", left) if left > 0 else "")


class WaitingPage(Translated, QWidget):
    """The first part of the screen.

    Args:
        model: the exchange.
    """

    noticed = Signal(str, str)

    def __init__(self, model: ExchangeViewModel) -> None:
        super().__init__()
        self._model = model
        self._whole = label("heading", is_wrapped=True)
        self._whole.setObjectName("exchange.whole")
        self._contact = label("muted", is_wrapped=True)
        self._contact.setObjectName("exchange.contact")
        self._bars = ContentBars()
        self._pause = Button("exchange.pause", "plain", "pause")
        self._go_on = Button("exchange.go_on", "plain", "play")
        self._try = Button("exchange.try_now", "plain", "refresh-cw")
        self._table: RecordTable[WaitingItem] = RecordTable(
            "exchange.waiting",
            (
                Column(lambda: _("Which record"), kind_words, width=235, is_strong=True),
                Column(lambda: _("Patient"), patient_words, width=180),
                Column(lambda: _("Lane"), turn_words, width=180),
                Column(lambda: _("Size"), lambda each: size_words(each.size_bytes), width=75),
                Column(lambda: _("Since"), lambda each: form_moment(each.since_at), width=140),
                Column(lambda: _("State"), lambda each: state_look(each).text, state_look, width=180),
                Column(lambda: _("Why"), reason_words),
            ),
            "cloud-check",
            key=lambda each: each.seq,
        )
        self._why = label("body", is_wrapped=True)
        self._why.setObjectName("exchange.waiting_why")
        self._budget = label("muted", is_wrapped=True)
        self._budget.setObjectName("exchange.budget")
        self._warning = StandingBar("exchange.warning", "triangle-alert")
        self._first = Button("exchange.first", "plain", "arrow-up")
        self._still = Standstill(self._first)
        self._build()
        self._table.selected.connect(lambda _row: self._say_why())
        self._pause.clicked.connect(lambda: model.pause(True))
        self._go_on.clicked.connect(lambda: model.pause(False))
        self._try.clicked.connect(model.try_now)
        self._first.clicked.connect(self._send_first)
        model.busy_changed.connect(self._still.set_busy)
        model.hastened.connect(lambda: self.noticed.emit(_("This goes before everything else now."), "ok"))
        model.changed.connect(self._show)
        self.retranslate()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(12)
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(10)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._whole)
        words.addWidget(self._contact)
        row.addLayout(words, 1)
        for button in (self._pause, self._go_on, self._try):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        card.column.addLayout(row)
        card.column.addWidget(self._bars)
        card.column.addWidget(self._budget)
        column.addWidget(self._warning)
        column.addWidget(card)
        column.addWidget(self._table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addWidget(self._first, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self._why, 1)
        column.addLayout(foot)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._pause.say(_("Hold back"))
        self._go_on.say(_("Go on"))
        self._try.say(_("Try now"))
        self._first.say(_("Send this case first"))
        self._table.set_name(_("What waits for the hub"))
        self._table.retranslate()
        self._show()

    def _show(self) -> None:
        state = self._model.state
        paused = state.summary.is_paused
        whole = summary_words(state.summary)
        held = _("The exchange is held back.")
        self._whole.setText(f"{held} {whole}" if paused else whole)
        self._contact.setText(contact_words(state.summary))
        self._contact.setVisible(state.summary.has_hub)
        self._show_buttons(state.summary.has_hub, paused)
        self._say_nothing_waits(state.summary.has_hub)
        self._bars.show_contents(state.under_way)
        self._budget.setText(budget_words(state.summary))
        self._budget.setVisible(bool(state.summary.budgets))
        self._warn(warning_words(state.summary))
        self._table.show_rows(state.waiting)
        self._say_why()

    def _show_buttons(self, has_hub: bool, is_paused: bool) -> None:
        """Hold back and go on take each other's place, with the cursor where it was on the one."""
        gone, come = (self._pause, self._go_on) if is_paused else (self._go_on, self._pause)
        had_cursor = gone.hasFocus()
        come.setVisible(has_hub or is_paused)
        if had_cursor:
            put_cursor(come)
        gone.hide()
        self._try.setVisible(has_hub)
        self._try.setEnabled(not is_paused)

    def _say_nothing_waits(self, has_hub: bool) -> None:
        if has_hub:
            hint = _("What is written here goes to the hub by itself, as soon as there is a link.")
        else:
            hint = _("An administrator connects this workstation to a hub in the settings.")
        self._table.empty.say(_("Nothing waits"), hint)

    def _warn(self, words: str) -> None:
        if words:
            self._warning.show_words(words)
        else:
            self._warning.hide()

    def _send_first(self) -> None:
        chosen = self._table.current_row()
        if chosen is not None:
            self._model.send_first(chosen)

    def _say_why(self) -> None:
        """Say whole why the chosen one is not at the hub; the table cuts what is long."""
        chosen = self._table.current_row() if self._table.rows else None
        may_go = chosen is not None and self._model.state.summary.has_hub and may_go_first(chosen)
        if not may_go and self._first.hasFocus():
            put_cursor(self._table.view)
        self._first.setVisible(may_go)
        self._why.setVisible(chosen is not None)
        self._why.setText(breakable(reason_words(chosen)) if chosen is not None else "")
