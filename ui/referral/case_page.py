"""One referral: how far it is by two clocks, what was asked and sent, and the answer."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from clinic_app.referral import PROGRESS
from ui import icons
from ui.language import _, say
from ui.referral.answer_card import AnswerCard
from ui.referral.evidence import EvidenceItem, item_detail, item_icon, item_title
from ui.referral.summary_file import SummaryFiles
from ui.referral.view_model_case import CaseViewModel
from ui.widgets.busy_line import BusyLine
from ui.widgets.buttons import Button
from ui.widgets.case_words import PROGRESS_WORDS, clock_words, specialty_words, urgency_look
from ui.widgets.chip import Chip
from ui.widgets.labels import Card, label, line
from ui.widgets.notice import NoticeBar
from ui.widgets.page import Page, scrolled
from ui.widgets.progress_track import ProgressTrack


class ReferralCasePage(Page):
    """The case.

    Args:
        model: the case in front.
        place: what it will stand in (see `Page`).

    ``files`` asks where a PDF goes and shows it; replaced where nobody sits at the screen.
    Signal ``left``: back to the list.
    """

    left = Signal()

    def __init__(self, model: CaseViewModel, place: QWidget | None = None) -> None:
        super().__init__("case", place)
        self._model = model
        self.files = SummaryFiles()
        self._pdf: object = b""
        self._back = Button("case.back", "quiet", "arrow-left")
        self._urgency = Chip("case.urgency")
        self.track = ProgressTrack("case.progress")
        self._facts = {key: _Fact(f"case.{key}") for key in ("sent_at", "hub_received_at", "performer", "number")}
        self._problem = NoticeBar("case.problem")
        self._question_title, self._sent_title = label("heading"), label("heading")
        self._question = label(is_wrapped=True)
        self._question.setObjectName("case.question")
        self._question.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._nothing_sent = label("muted", is_wrapped=True)
        self._sent = QVBoxLayout()
        self.answer = AnswerCard(model)
        self._busy = BusyLine("case.busy")
        self._build()
        self._connect()
        self.retranslate()

    def _build(self) -> None:
        self.head.insertWidget(0, self._back)
        self.head.addWidget(self._urgency)
        where = Card(spacing=10)
        where.column.addWidget(self.track)
        facts = QHBoxLayout()
        facts.setSpacing(36)
        for fact in self._facts.values():
            facts.addWidget(fact)
        facts.addStretch()
        where.column.addLayout(facts)
        self.column.addWidget(where)
        self.column.addWidget(self._problem)
        both = QHBoxLayout()
        both.setSpacing(12)
        both.addWidget(self._asked(), 5)
        both.addWidget(self.answer, 6)
        self.column.addLayout(both, 1)
        self.column.addWidget(self._busy)

    def _asked(self) -> Card:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        for part in (self._question_title, self._question, line(), self._sent_title, self._nothing_sent):
            column.addWidget(part)
        self._sent.setSpacing(10)
        column.addLayout(self._sent)
        column.addStretch()
        card = Card()
        card.column.addWidget(scrolled(inner), 1)
        return card

    def _connect(self) -> None:
        model = self._model
        self._back.clicked.connect(self.left)
        self.shortcut("Esc", self._back.click)
        self.primary_shortcut(self.answer.close_case)
        self.answer.summary_asked.connect(model.make_summary)
        model.changed.connect(self._show)
        model.busy_changed.connect(self._show_busy)
        model.summary_made.connect(self._save)
        model.summary_saved.connect(self._saved)

    def entered(self) -> None:
        """The case came to the front."""
        self._back.setFocus()

    def retranslate(self) -> None:
        """Say everything anew."""
        self._back.say(_("Referrals"), "Esc")
        self._question_title.setText(_("Question"))
        self._sent_title.setText(_("What went along"))
        self._nothing_sent.setText(_("Nothing: the question went alone."))
        self.answer.retranslate()
        self._show()

    def _show(self) -> None:
        case = self._model.case
        if case is None:
            return
        self.title.setText(_("Referral: {specialty}", specialty=specialty_words(case.request)))
        self._urgency.show_look(urgency_look(case.task.priority))
        stations = [say(PROGRESS_WORDS[each]) for each in PROGRESS]
        self.track.show_progress(stations, PROGRESS.index(case.progress))
        self._facts["sent_at"].say(_("Sent from here (our clock)"), clock_words(case.sent_at))
        self._facts["hub_received_at"].say(_("Received by the hub (its clock)"), clock_words(case.hub_received_at))
        performer = case.task.owner.display if case.task.owner else ""
        self._facts["performer"].say(_("Hospital asked"), performer or "—")
        self._facts["number"].say(_("Case number"), case.number or "—")
        if case.problem is None:
            self._problem.hide()
        else:
            self._problem.show_notice(say(case.problem), "warn")
        self._question.setText(case.question)
        self._show_sent(self._model.sent)

    def _show_sent(self, items: tuple[EvidenceItem, ...]) -> None:
        while (old := self._sent.takeAt(0)) is not None:
            widget = old.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for item in items:
            self._sent.addWidget(_SentRow(item))
        self._nothing_sent.setVisible(not items)

    def _show_busy(self, is_busy: bool) -> None:
        if is_busy:
            self._back.setFocus()  # the button that was pressed is about to be disabled
            self._busy.begin(_("Working on the case…"))
        else:
            self._busy.end()

    def _save(self, pdf: object, name: str) -> None:
        path = self.files.choose(self, name)
        if path is not None and isinstance(pdf, bytes):
            self._model.save_summary(path, pdf)

    def _saved(self, path: Path) -> None:
        self._model.noticed.emit(_("Saved: {path}", path=path), "ok")
        self.files.show(path)


class _Fact(QWidget):
    """A small title over a value."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._title, self._value = label("label"), label("strong")
        self._value.setObjectName(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addWidget(self._title)
        column.addWidget(self._value)

    def say(self, title: str, value: str) -> None:
        """Put title and value."""
        self._title.setText(title)
        self._value.setText(value)
        self._value.setAccessibleName(f"{title}: {value}")


class _SentRow(QWidget):
    """One piece of what went along."""

    def __init__(self, item: EvidenceItem) -> None:
        super().__init__()
        sign: QLabel = label()
        icons.put(sign, item_icon(item), "muted", 18)
        detail = label("muted", item_detail(item), is_wrapped=True)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(label(text=item_title(item)))
        if detail.text():
            words.addWidget(detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
