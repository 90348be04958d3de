"""The referral room: the list, the form of a new question, one case. The two behind keep what they hold."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from clinic_app.access import Draft
from clinic_app.referral import Case
from ui.referral.case_page import ReferralCasePage
from ui.referral.form_page import ReferralFormPage
from ui.referral.list_page import ReferralListPage
from ui.referral.view_model import ReferralViewModel
from ui.widgets.page import Page


class ReferralScreen(QStackedWidget):
    """The room.

    Args:
        model: its state.
        place: what it will stand in (see `Page`).

    Signal ``noticed`` carries words and a tone; ``went`` the key of a screen to go to.
    """

    noticed = Signal(str, str)
    went = Signal(str)

    def __init__(self, model: ReferralViewModel, place: QWidget | None = None) -> None:
        super().__init__(place)
        self.setObjectName("referral_room")
        self.model = model
        model.setParent(self)
        self.list = ReferralListPage(model, self)
        self._form: ReferralFormPage | None = None
        self._case: ReferralCasePage | None = None
        self._add(self.list)
        model.noticed.connect(self.noticed)
        self.list.new_asked.connect(self.write)
        self.list.chosen.connect(self.open)
        model.form.sent.connect(lambda _case: self.back())
        model.hand.changed.connect(self._follow_hand)

    @property
    def form(self) -> ReferralFormPage:
        """The form, made when it is first wanted."""
        if self._form is None:
            self._form = ReferralFormPage(self.model.form, self)
            self._form.left.connect(self.back)
            self._add(self._form)
        return self._form

    @property
    def case(self) -> ReferralCasePage:
        """The page of one case, made when it is first wanted."""
        if self._case is None:
            self._case = ReferralCasePage(self.model.case, self)
            self._case.left.connect(self.back)
            self._add(self._case)
        return self._case

    def make_more(self) -> bool:
        """Make one more page ahead; return whether there was one to make."""
        if self._form is not None and self._case is not None:
            return False
        _made = self.form if self._form is None else self.case
        return True

    def _add(self, page: Page) -> None:
        self.addWidget(page)
        page.noticed.connect(self.noticed)
        page.went.connect(self.went)

    def entered(self) -> None:
        """The room came to the front."""
        self.model.refresh()
        if self._form is not None and self.currentWidget() is self._form:
            self._form.entered()
        elif self.currentWidget() is self.list:
            self.list.table.view.setFocus()

    def has_unsaved(self) -> bool:
        """Return whether a question is written and not sent."""
        return bool(self.drafts())

    def drafts(self) -> tuple[Draft, ...]:
        """Return the questions that are written and not sent, one for each patient."""
        return self.model.form.begun()

    def take_draft(self, draft: Draft) -> None:
        """Open the form with the question; its patient is in hand."""
        self.model.form.take_back(draft)
        self.write()

    def write(self) -> None:
        """Bring the form to the front."""
        self.setCurrentWidget(self.form)
        self.form.entered()

    def open(self, case: Case) -> None:
        """Bring a case to the front; its patient comes in hand, for the banner must tell whose data is shown."""
        self.model.case.open(case)
        if case.patient is not None:
            self.model.hand.take(case.patient)
        self.setCurrentWidget(self.case)
        self.case.entered()

    def back(self) -> None:
        """Bring the list to the front."""
        self.model.case.put_away()
        self.setCurrentWidget(self.list)
        self.list.table.view.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to news."""
        super().showEvent(event)
        self.model.news.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Listen to nothing."""
        super().hideEvent(event)
        self.model.news.watch(False)

    def _follow_hand(self) -> None:
        """Another patient in hand: his banner must not stand over this case."""
        case, patient = self.model.case.case, self.model.hand.patient
        if case is None or self.currentWidget() is not self._case:
            return
        if case.patient is None or patient is None or patient.id != case.patient.id:
            self.back()
