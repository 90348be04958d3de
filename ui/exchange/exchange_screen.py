"""The screen of the exchange: waiting, questions, set aside, joined by itself."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QTabWidget, QWidget

from ui.exchange.aside_page import AsidePage
from ui.exchange.joined_page import JoinedPage
from ui.exchange.question_page import QuestionPage
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.waiting_page import WaitingPage
from ui.language import _, say
from ui.widgets.page import Page

QUESTIONS = 1


class ExchangeScreen(Page):
    """Four tabs; each says how many it holds, but for what is done.

    Args:
        model: the exchange.
        place: what it will stand in (see `Page`).

    Signal ``counted`` carries how many questions wait, for whoever shows that elsewhere.
    """

    counted = Signal(int)

    def __init__(self, model: ExchangeViewModel, place: QWidget | None = None) -> None:
        super().__init__("exchange", place)
        self._model = model
        model.setParent(self)
        self._questions = QuestionPage(model)
        self._parts = (WaitingPage(model), self._questions, AsidePage(model), JoinedPage(model))
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("exchange.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("exchange.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        for part in self._parts:
            self._tabs.addTab(part, "")
            part.noticed.connect(self.noticed)
        self.column.addWidget(self._tabs, 1)
        model.counted.connect(self.counted)
        model.changed.connect(self._count)
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.primary_shortcut(self._save)
        self.retranslate()
        model.look()

    def entered(self) -> None:
        """Read everything; as long as the screen is in front, news are read at once."""
        self._model.is_seen = True
        self._model.look()

    def show_questions(self) -> None:
        """Bring the questions to the front."""
        self._tabs.setCurrentIndex(QUESTIONS)

    def hideEvent(self, event: QHideEvent) -> None:
        """Count only, from now on."""
        self._model.is_seen = False
        super().hideEvent(event)

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Exchange with the hub"))
        self._tabs.tabBar().setAccessibleName(_("Parts of the exchange"))
        self._count()

    def _save(self) -> None:
        if self._tabs.currentWidget() is self._questions:
            self._questions.save()

    def _count(self) -> None:
        summary = self._model.state.summary
        counts = (summary.items + summary.contents, summary.questions, summary.set_aside, 0)
        for place, (words, count) in enumerate(
            zip((_("Waiting"), _("Questions"), _("Set aside"), _("Joined")), counts, strict=True)
        ):
            self._tabs.setTabText(place, f"{words} ({count})" if count else words)
