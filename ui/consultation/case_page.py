"""One case: the question always on top, the evidence large, the opinion beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QWidget

from ui.consultation.evidence_view import EvidenceView
from ui.consultation.opinion_panel import OpinionPanel
from ui.consultation.services import MakeDesk
from ui.consultation.view_model_case import CaseViewModel
from ui.language import _
from ui.widgets.buttons import Button
from ui.widgets.case_words import clock_words, specialty_words, urgency_look
from ui.widgets.chip import Chip
from ui.widgets.labels import Card, label
from ui.widgets.page import Page, scrolled

MOST_QUESTION_HEIGHT = 104
"""Pixels; a longer question scrolls, so that the evidence keeps its room."""


class ConsultationCasePage(Page):
    """The case.

    Args:
        model: the open case.
        make_desk: makes what shows a series.
        place: what it will stand in (see `Page`).

    Signal ``left``: back to the worklist.
    """

    left = Signal()

    def __init__(self, model: CaseViewModel, make_desk: MakeDesk, place: QWidget | None = None) -> None:
        super().__init__("consultation", place)
        self._model = model
        self._back = Button("consultation.back", "quiet", "arrow-left")
        self._urgency = Chip("consultation.urgency")
        self._clocks = label("muted")
        self._question = label("strong", is_wrapped=True)
        self._question.setObjectName("consultation.question")
        self._question.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._question.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._asked_by = label("label", is_wrapped=True)
        self.evidence = EvidenceView(model, make_desk)
        self.opinion = OpinionPanel(model)
        self._build()
        self._back.clicked.connect(self.left)
        self.primary_shortcut(self._primary)
        self.shortcut("Esc", self._escape)
        model.changed.connect(self._show)
        self.retranslate()

    def _build(self) -> None:
        self.column.setSpacing(10)
        self.head.insertWidget(0, self._back)
        self.head.addWidget(self._clocks)
        self.head.addWidget(self._urgency)
        asked = Card(margin=12, spacing=4)
        self._area = scrolled(self._question)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        asked.column.addWidget(self._asked_by)
        asked.column.addWidget(self._area)
        self.column.addWidget(asked)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(12)
        split.addWidget(self.evidence)
        split.addWidget(self.opinion)
        self.opinion.setMinimumWidth(370)
        split.setSizes([850, 376])
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        row = QHBoxLayout()
        row.addWidget(split)
        self.column.addLayout(row, 1)

    def retranslate(self) -> None:
        """Say everything anew."""
        self._back.say(_("Worklist"), "Esc")
        self._show()

    def _show(self) -> None:
        case = self._model.case
        if case is None:
            return
        self.title.setText(specialty_words(case.request))
        self._urgency.show_look(urgency_look(case.task.priority))
        self._clocks.setText(
            _("sent {sent} · at the hub {hub}", sent=clock_words(case.sent_at), hub=clock_words(case.hub_received_at))
        )
        doctor = (case.request.requester.display or "") if case.request and case.request.requester else ""
        hospital = (case.task.requester.display or "") if case.task.requester else ""
        names = ", ".join(part for part in (doctor, hospital, case.number) if part)
        self._asked_by.setText(_("Question · {names}", names=names))
        self._question.setText(case.question)
        self._question.setAccessibleName(f"{_('Question')}: {case.question}")
        self._fit_question()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the question the lines it needs."""
        super().resizeEvent(event)
        self._fit_question()

    def _fit_question(self) -> None:
        needed = self._question.heightForWidth(max(200, self._area.viewport().width() - 4)) + 4
        self._area.setFixedHeight(max(22, min(MOST_QUESTION_HEIGHT, needed)))

    def _primary(self) -> None:
        """Ctrl+Enter asks; it never answers the question before the signature."""
        if not self.opinion.is_asking and self._model.can_write:
            self.opinion.ask()

    def _escape(self) -> None:
        if self.opinion.is_asking:
            self.opinion.withdraw()
        else:
            self.left.emit()
