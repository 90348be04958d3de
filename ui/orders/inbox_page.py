"""Images that came by themselves: the studies on the left, the chosen one whole on the right; filed ones below them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.imaging.image_inbox import WaitingStudy
from clinic_app.imaging.waiting_image import HandledStudy
from ui.language import Translated, _
from ui.orders.study_card import StudyCard, count_words_of
from ui.orders.view_model_inbox import InboxViewModel
from ui.orders.words import (
    UNKNOWN,
    age_words,
    count_words,
    handled_look,
    label_words,
    owner_look,
    when,
)
from ui.widgets.buttons import Button
from ui.widgets.record_table import Column, RecordTable
from ui.widgets.search_field import SearchField
from ui.widgets.segmented import Option, Segmented
from ui.widgets.standing_bar import StandingBar
from ui.widgets.standstill import Standstill

CARD_WIDTH: Final = 500
_AGE_MS: Final = 30_000
WAITING, HANDLED = "waiting", "handled"


class InboxPage(Translated, QWidget):
    """The inbox.

    Args:
        model: the inbox.

    Signals: ``noticed`` (words, tone), ``search_wanted``: another patient is to be looked for.
    """

    noticed = Signal(str, str)
    search_wanted = Signal()

    def __init__(self, model: InboxViewModel) -> None:
        super().__init__()
        self._model = model
        self._last = ""
        self._done = StandingBar("orders.filed", "check", "ok")
        self._done_name = ""
        self._which = Segmented(
            "orders.which", [Option(WAITING, lambda: _("Waiting")), Option(HANDLED, lambda: _("Filed lately"))]
        )
        self._which.choose(WAITING)
        self._filter = SearchField("orders.filter")
        self._table = self._waiting_table()
        self._handled = self._handled_table()
        self._back = Button("orders.take_back", "plain", "undo-2")
        self._card = StudyCard(model)
        self._card.setFixedWidth(CARD_WIDTH)
        self._still = Standstill(self._handled, self._back)
        self._ages = QTimer(self, interval=_AGE_MS)
        self._ages.timeout.connect(lambda: self._table.view.viewport().update())
        self._build()
        self._connect()
        self.retranslate()

    def _waiting_table(self) -> RecordTable[WaitingStudy]:
        return RecordTable(
            "orders.waiting",
            (
                Column(lambda: _("Came"), lambda each: age_words(each.study.newest_at, self._model.now), width=125),
                Column(lambda: _("Images"), lambda each: count_words(each.study), width=135),
                Column(
                    lambda: _("Stands on them"),
                    lambda each: label_words(each.study),
                    is_strong=True,
                    detail=lambda each: each.study.images[0].sender,
                ),
                Column(lambda: _("Patient"), lambda each: owner_look(each).text, owner_look, width=175),
            ),
            "images",
            key=lambda each: each.study.key,
        )

    @staticmethod
    def _handled_table() -> RecordTable[HandledStudy]:
        return RecordTable(
            "orders.handled",
            (
                Column(lambda: _("When"), lambda each: when(each.at), width=135),
                Column(lambda: _("What became of it"), lambda each: handled_look(each).text, handled_look, width=140),
                Column(lambda: _("Patient"), lambda each: each.patient_name or UNKNOWN, is_strong=True),
                Column(lambda: _("Images"), lambda each: count_words_of(len(each.images)), width=130),
                Column(lambda: _("Device"), lambda each: each.images[0].sender, width=160),
                Column(lambda: _("Who did it"), lambda each: each.by_name, width=170),
            ),
            "history",
        )

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._which)
        head.addWidget(self._filter, 1)
        head.addWidget(self._back)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._table, 1)
        row.addWidget(self._card)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._done)
        column.addLayout(head)
        column.addLayout(row, 1)
        column.addWidget(self._handled, 1)
        self._show_which()

    def _connect(self) -> None:
        self._table.selected.connect(self._card.show_waiting)
        self._card.search_wanted.connect(self.search_wanted)
        self._which.chosen.connect(lambda _value: self._show_which())
        self._filter.searched.connect(lambda _words: self._show())
        self._handled.selected.connect(lambda _row: self._show_button())
        self._back.clicked.connect(self._take_chosen_back)
        self._done.acted.connect(self._take_back)
        self._model.changed.connect(self._show)
        self._model.filed.connect(self._after_filing)
        self._model.put_aside.connect(lambda uid: self._after_filing("", uid))
        self._model.taken_back.connect(self._after_taking_back)
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.busy_changed.connect(lambda _busy: self._show_button())

    def watch(self, is_watched: bool) -> None:
        """Keep the ages right while somebody looks."""
        self._model.watch(is_watched)
        if is_watched:
            self._ages.start()
        else:
            self._ages.stop()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._table.set_name(_("Images without a patient"))
        self._handled.set_name(_("Filed in the last days"))
        self._filter.set_words(_("Name, number or device"), _("Name, number or device"))
        self._handled.empty.say(
            _("No images were filed yet"), _("What is filed or put aside stands here for seven days.")
        )
        self._back.say(_("Not this patient: take back"))
        self._which.retranslate()
        self._table.retranslate()
        self._handled.retranslate()
        self._say_done()
        self._show()

    def primary(self) -> None:
        """Do what the primary button does."""
        if self._which.value() == WAITING:
            self._card.file()

    def _show(self) -> None:
        words = self._filter.text().casefold().split()
        shown = [each for each in self._model.waiting if _fits(each, words)]
        if self._model.waiting and not shown:
            self._table.empty.say(_("Nothing fits these words"), _("Clear the line above to see all that waits."))
        else:
            self._table.empty.say(
                _("No images wait"), _("What devices send comes here and waits for you to say whose it is.")
            )
        had = self._table.view.currentIndex().row()
        self._table.show_rows(shown)
        if shown and self._table.current_row() is None and had >= 0:
            self._table.view.selectRow(min(had, len(shown) - 1))  # on to the next one
        self._card.show_waiting(self._table.current_row())
        self._handled.show_rows(self._model.handled)
        self._show_button()

    def _show_which(self) -> None:
        is_waiting = self._which.value() == WAITING
        waiting: tuple[QWidget, ...] = (self._table, self._card, self._filter)
        handled: tuple[QWidget, ...] = (self._handled, self._back)
        for part in waiting if is_waiting else handled:
            part.show()
        for part in handled if is_waiting else waiting:
            part.hide()

    def _show_button(self) -> None:
        self._back.setEnabled(self._handled.current_row() is not None and self._handled.isEnabled())

    def _after_filing(self, name: str, key: str) -> None:
        self._last, self._done_name = key, name
        self._say_done()

    def _say_done(self) -> None:
        if not self._last:
            return
        name = self._done_name
        words = _("The images are filed for {name}.", name=name) if name else _("The images are put aside.")
        self._done.show_words(words, _("Take back"))

    def _after_taking_back(self) -> None:
        self._done.hide()
        self._last = ""
        self.noticed.emit(_("The images wait in the inbox again."), "ok")

    def _take_back(self) -> None:
        uid = self._last.partition("#")[0]
        told = ((each, each.images[0].study_uid, each.patient_name) for each in self._model.handled)
        done = next((each for each, study, name in told if (study, name) == (uid, self._done_name)), None)
        if done is not None:
            self._model.take_back(done.id)

    def _take_chosen_back(self) -> None:
        chosen = self._handled.current_row()
        if chosen is not None:
            self._model.take_back(chosen.id)


def _fits(waiting: WaitingStudy, words: list[str]) -> bool:
    study = waiting.study
    said = " ".join(
        (label_words(study), study.words, study.images[0].sender, *study.modalities, *study.accessions)
    ).casefold()
    return all(word in said for word in words)
