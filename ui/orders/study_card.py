"""One study that waits, whole: small pictures, what stands on it, whose it may be, and who says whose it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from clinic_app.foundation.texts import Text
from clinic_app.imaging.image_inbox import WaitingStudy
from ui.language import Translated, _, counted, say
from ui.orders.thumbnails import Thumbnails
from ui.orders.view_model_inbox import Candidate, InboxViewModel
from ui.orders.words import UNKNOWN, count_words, label_words, match_words, when
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


class StudyCard(Translated, FrontStack):
    """The chosen study, or what to do when none is chosen.

    Args:
        model: the inbox.

    Signal ``search_wanted``: another patient is to be looked for.
    """

    search_wanted = Signal()

    def __init__(self, model: InboxViewModel) -> None:
        super().__init__()
        self._model = model
        self._waiting: WaitingStudy | None = None
        self._chosen_id = ""
        self._nothing = EmptyState("orders.no_study", "images")
        self._head = label("heading", is_wrapped=True)
        self._head.setObjectName("orders.study_head")
        self._pictures = Thumbnails()
        self._said_title = label("label")
        self._said = label("strong", is_wrapped=True)
        self._said.setObjectName("orders.study_label")
        self._whose = label("heading")
        self._candidates: RecordTable[Candidate] = RecordTable(
            "orders.candidates",
            (
                Column(lambda: _("Patient"), lambda each: list_name(each.patient), is_strong=True),
                Column(lambda: _("Born"), _born_words, width=100),
                Column(lambda: _("Why"), lambda each: match_words(each.by), _why_look, width=190),
            ),
            "user",
        )
        self._candidates.setMinimumHeight(120)
        self._warning = StandingBar("orders.study_warning", "triangle-alert")
        self._question = SecondQuestion("orders.sure", "check")
        self._search = Button("orders.search", "plain", "search")
        self._aside = Button("orders.aside", "plain", "archive")
        self._file = Button("orders.file", "primary", "check")
        self._foot = QWidget()
        self._still = Standstill(self._candidates, self._search, self._aside, self._file)
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        card = Card(14, 8)
        for part in (self._head, self._pictures, self._said_title, self._said):
            card.column.addWidget(part)
        over = QHBoxLayout()
        over.addWidget(self._whose, 1)
        over.addWidget(self._search)
        card.column.addLayout(over)
        card.column.addWidget(self._candidates, 1)
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
        self._model.busy_changed.connect(self._still.set_busy)
        self._model.busy_changed.connect(lambda _busy: self._show_buttons())
        self._model.hand_changed.connect(self._show)
        self._model.thumbnail.connect(self._put_picture)
        self._model.questioned.connect(self._ask)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._nothing.say(
            _("No images are chosen"), _("Choose images on the left to see whose they may be, and to file them.")
        )
        self._said_title.setText(_("What stands on the images"))
        self._whose.setText(_("Whose images are they?"))
        self._search.say(_("Look for a patient"))
        self._aside.say(_("Put aside"))
        self._file.say(_("File for this patient"), "Ctrl+Enter")
        self._candidates.set_name(_("Whose images are they?"))
        self._candidates.empty.say(
            _("No number on them is known here"), _("Look for the patient; he stands here once he is in hand.")
        )
        self._candidates.retranslate()
        self._show()

    def show_study(self, waiting: WaitingStudy | None) -> None:
        """Show a study, or none."""
        if waiting is None or self._waiting is None or waiting.study.uid != self._waiting.study.uid:
            self._chosen_id = ""
            self._question.hide()
        self._waiting = waiting
        if waiting is not None:
            self._model.want_thumbnails(waiting)
        self._show()

    def file(self) -> None:
        """File the study for the chosen patient."""
        if self._waiting is not None and self._chosen is not None and self._file.isEnabled():
            self._model.file(self._waiting, self._chosen)

    @property
    def _chosen(self) -> Candidate | None:
        return next((each for each in self._candidates.rows if each.id == self._chosen_id), None)

    def _ask(self, text: Text) -> None:
        if self._chosen is None:
            return
        words = _("{words} File them for {name} all the same?", words=say(text), name=list_name(self._chosen.patient))
        self._question.ask(words, _("File all the same"), _("Do not file"))
        self._show_buttons()

    def _sure(self, is_yes: bool) -> None:
        self._show_buttons()
        if is_yes and self._waiting is not None and self._chosen is not None:
            self._model.file(self._waiting, self._chosen, is_sure=True)

    def _put_aside(self) -> None:
        if self._waiting is not None:
            self._model.set_aside(self._waiting)

    def _choose(self, candidate: Candidate | None) -> None:
        if candidate is not None:
            if candidate.id != self._chosen_id:
                self._question.hide()
            self._chosen_id = candidate.id
        self._show_buttons()

    def _put_picture(self, study_uid: str, series_uid: str, pixels: NDArray[np.uint8]) -> None:
        if self._waiting is not None and self._waiting.study.uid == study_uid:
            self._pictures.put(series_uid, pixels)

    def _show(self) -> None:
        waiting = self._waiting
        self.setCurrentIndex(0 if waiting is None else 1)
        if waiting is None:
            return
        study = waiting.study
        first = study.images[0]
        self._head.setText(breakable(f"{first.sender} · {count_words(study)} · {when(study.first_at)}"))
        series = tuple((each[0].series_uid, each[0].series_words or count_words_of(len(each))) for each in study.series)
        self._pictures.show_series(series)
        for uid, _words in series:
            pixels = self._model.thumbnails.get((study.uid, uid))
            if pixels is not None:
                self._pictures.put(uid, pixels)
        lines = [label_words(study), study.words]
        if study.accessions:
            lines.append(_("Number of the order: {number}", number=", ".join(study.accessions)))
        if any(image.encoding for image in study.images):
            lines.append(_("The device is wrong about its letters; the name is shown as it was probably meant."))
        self._said.setText(breakable("\n".join(filter(None, lines))))
        self._candidates.show_rows(self._model.candidates(waiting))
        self._show_buttons()

    def _show_buttons(self) -> None:
        waiting, chosen = self._waiting, self._chosen
        self._file.setEnabled(chosen is not None and self._candidates.isEnabled())
        words = ""
        if waiting is not None and waiting.study.others:
            words = counted(
                "{count} image has the number of another one and differs; it stays here.",
                "{count} images have the numbers of others and differ; they stay here.",
                waiting.study.others,
            )
        if waiting is not None and len(waiting.study.names) > 1:
            words = _("Several names stand on these images.")
        if chosen is not None and chosen.sameness == "other":
            words = _("Another name, number or birth date stands on the images.")
        is_asking = not self._question.isHidden()
        self._foot.setVisible(not is_asking)
        if words and not is_asking:
            self._warning.show_words(words)
        else:
            self._warning.hide()


def count_words_of(count: int) -> str:
    """Return how many images there are."""
    return counted("{count} image", "{count} images", count)


def _why_look(candidate: Candidate) -> ChipLook:
    if candidate.sameness == "other":
        return ChipLook(match_words(candidate.by), "warn", "triangle-alert")
    return ChipLook(match_words(candidate.by), "neutral" if candidate.by == "hand" else "info")


def _born_words(candidate: Candidate) -> str:
    born = (candidate.patient.birth_date or "").split("-")
    return ".".join(reversed(born)) or UNKNOWN
