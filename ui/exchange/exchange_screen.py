"""The screen of the exchange: waiting, questions, set aside, joined by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ui.exchange.aside_page import AsidePage
from ui.exchange.joined_page import JoinedPage
from ui.exchange.question_page import QuestionPage
from ui.exchange.view_model import ExchangeViewModel
from ui.exchange.waiting_page import WaitingPage
from ui.language import _, say
from ui.widgets.page import Page

QUESTIONS = 1
_Part = WaitingPage | QuestionPage | AsidePage | JoinedPage
_MAKERS: Final[tuple[Callable[[ExchangeViewModel], _Part], ...]] = (WaitingPage, QuestionPage, AsidePage, JoinedPage)


class ExchangeScreen(Page):
    """Four tabs; each says how many it holds, but for what is done.

    What lies behind the first is made when it is first seen, or in a quiet moment (`make_more`).

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
        self._parts: dict[int, _Part] = {}
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("exchange.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("exchange.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        self.column.addWidget(self._tabs, 1)
        self._frames: list[QVBoxLayout] = []
        for _maker in _MAKERS:
            frame = QWidget()
            self._frames.append(QVBoxLayout(frame))
            self._frames[-1].setContentsMargins(0, 0, 0, 0)
            self._tabs.addTab(frame, "")
        self._part(0)
        self._tabs.currentChanged.connect(self._part)
        model.counted.connect(self.counted)
        model.changed.connect(self._count)
        model.failed.connect(lambda text: self.noticed.emit(say(text), "warn"))
        self.primary_shortcut(self._save)
        self.retranslate()
        model.look()

    def _part(self, place: int) -> _Part:
        """Return what lies behind a tab, made now if this is the first time."""
        if place not in self._parts:
            part = _MAKERS[place](self._model)
            part.noticed.connect(self.noticed)
            self._frames[place].addWidget(part)
            self._parts[place] = part
        return self._parts[place]

    def make_more(self) -> bool:
        """Make one more part; return False when there is none to make."""
        missing = next((place for place in range(len(_MAKERS)) if place not in self._parts), None)
        if missing is not None:
            self._part(missing)
        return missing is not None

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
        part = self._part(self._tabs.currentIndex())
        if isinstance(part, QuestionPage):
            part.save()

    def _count(self) -> None:
        summary = self._model.state.summary
        counts = (summary.items + summary.contents, summary.questions, summary.set_aside, 0)
        for place, (words, count) in enumerate(
            zip((_("Waiting"), _("Questions"), _("Set aside"), _("Joined")), counts, strict=True)
        ):
            self._tabs.setTabText(place, f"{words} ({count})" if count else words)
