"""The referral room: the list, the form of a new question, one case. The two behind keep what they hold."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget

from clinic_app.referral import Case
from ui.referral.case_page import ReferralCasePage
from ui.referral.form_page import ReferralFormPage
from ui.referral.list_page import ReferralListPage
from ui.referral.view_model import ReferralViewModel


class ReferralScreen(QStackedWidget):
    """The room.

    Args:
        model: its state.

    Signal ``noticed`` carries words and a tone; ``went`` the key of a screen to go to.
    """

    noticed = Signal(str, str)
    went = Signal(str)

    def __init__(self, model: ReferralViewModel) -> None:
        super().__init__()
        self.setObjectName("referral_room")
        self.model = model
        model.setParent(self)
        self.list = ReferralListPage(model)
        self.form = ReferralFormPage(model.form)
        self.case = ReferralCasePage(model.case)
        for page in (self.list, self.form, self.case):
            self.addWidget(page)
            page.noticed.connect(self.noticed)
            page.went.connect(self.went)
        model.noticed.connect(self.noticed)
        self.list.new_asked.connect(self.write)
        self.list.chosen.connect(self.open)
        self.form.left.connect(self.back)
        self.case.left.connect(self.back)
        model.form.sent.connect(lambda _case: self.back())
        model.hand.changed.connect(self._follow_hand)

    def entered(self) -> None:
        """The room came to the front."""
        self.model.refresh()
        if self.currentWidget() is self.form:
            self.form.entered()
        elif self.currentWidget() is self.list:
            self.list.table.view.setFocus()

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
        if case is None or self.currentWidget() is not self.case:
            return
        if case.patient is None or patient is None or patient.id != case.patient.id:
            self.back()
