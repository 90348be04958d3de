"""The consultation room: the worklist, and the case that is open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from clinic_app.referral import Case
from ui.consultation.case_page import ConsultationCasePage
from ui.consultation.services import MakeDesk
from ui.consultation.view_model import ConsultationViewModel
from ui.consultation.worklist_page import WorklistPage
from ui.language import _
from ui.widgets.page import Page


class ConsultationScreen(QStackedWidget):
    """The room.

    Args:
        model: its state.
        make_desk: makes what shows a series of images: the imaging room's.
        place: what it will stand in (see `Page`).

    Signal ``noticed`` carries words and a tone; ``went`` the key of a screen to go to.
    """

    noticed = Signal(str, str)
    went = Signal(str)

    def __init__(self, model: ConsultationViewModel, make_desk: MakeDesk, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName("consultation_room")
        self.model = model
        self._make_desk = make_desk
        model.setParent(self)
        self.worklist = WorklistPage(model, self)
        self._case: ConsultationCasePage | None = None
        self._add(self.worklist)
        model.noticed.connect(self.noticed)
        self.worklist.chosen.connect(self.open)
        model.hand.changed.connect(self._follow_hand)

    @property
    def case(self) -> ConsultationCasePage:
        """The page of one case, made when it is first wanted."""
        if self._case is None:
            self._case = ConsultationCasePage(self.model.case, self._make_desk, self)
            self._case.left.connect(self.back)
            self._add(self._case)
        return self._case

    def make_more(self) -> bool:
        """Make the case's page ahead, then each of its views; return whether there was something to make."""
        return self.case.evidence.make_more() if self._case is not None else self.case is not None

    def _add(self, page: Page) -> None:
        self.addWidget(page)
        page.noticed.connect(self.noticed)
        page.went.connect(self.went)

    def entered(self) -> None:
        """The room came to the front."""
        self.model.refresh()
        if self.currentWidget() is self.worklist:
            self.worklist.table.view.setFocus()

    def keep_now(self, done: Callable[[], None]) -> None:
        """Save the draft of the opinion; call back once it is on the disk or was refused."""
        self.model.case.keep_now(done)

    def is_kept(self) -> bool:
        """Return False where the disk did not take the draft."""
        return self.model.case.draft_state != "failed"

    def open(self, case: Case) -> None:
        """Open a case; its patient comes in hand, for the banner must tell whose data is shown."""
        if case.patient is None or case.request is None:
            self.noticed.emit(
                _("The sealed package of this case is still on its way; the case opens once it is here."), "info"
            )
            return
        self.model.case.open(case)
        self.model.hand.take(case.patient)
        self.setCurrentWidget(self.case)
        self.case.evidence.list.setFocus()

    def back(self) -> None:
        """Go back to the worklist; what was written is saved."""
        self.model.case.put_away()
        self.case.evidence.put_away()
        self.setCurrentWidget(self.worklist)
        self.entered()

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to news."""
        super().showEvent(event)
        self.model.news.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Save what was written, listen to nothing."""
        super().hideEvent(event)
        self.model.case.flush()
        self.model.news.watch(False)

    def _follow_hand(self) -> None:
        """Another patient in hand: his banner must not stand over this case."""
        case, patient = self.model.case.case, self.model.hand.patient
        if case is None or case.patient is None or self.currentWidget() is not self._case:
            return
        if patient is None or patient.id != case.patient.id:
            self.back()
