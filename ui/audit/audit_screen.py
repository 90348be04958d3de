"""The auditor's screen: the trail, and emergencies to judge."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget, QWidget

from ui.audit.review_page import ReviewPage
from ui.audit.trail_page import TrailPage
from ui.audit.view_model_reviews import ReviewsViewModel
from ui.language import _
from ui.widgets.page import Page


class AuditScreen(Page):
    """Two tabs; the second says how many wait.

    Args:
        trail: the trail.
        reviews: the inbox.
        inbox: its model.
        place: what it will stand in (see `Page`).
    """

    def __init__(
        self, trail: TrailPage, reviews: ReviewPage, inbox: ReviewsViewModel, place: QWidget | None = None
    ) -> None:
        super().__init__("audit", place)
        self._trail = trail
        self._reviews = reviews
        self._inbox = inbox
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("audit.tabs")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setObjectName("audit.tab_bar")
        self._tabs.tabBar().setDrawBase(False)
        for part in (trail, reviews):
            self._tabs.addTab(part, "")
            part.noticed.connect(self.noticed)
        self.column.addWidget(self._tabs, 1)
        self._tabs.currentChanged.connect(lambda _place: self._enter())
        inbox.changed.connect(self._count)
        self.retranslate()

    def entered(self) -> None:
        """Read what is in front, and how many emergencies wait."""
        self._inbox.look()
        self._enter()

    def retranslate(self) -> None:
        """Say everything anew."""
        self.title.setText(_("Audit trail"))
        self._tabs.tabBar().setAccessibleName(_("Parts of the audit trail"))
        self._tabs.setTabText(0, _("Events"))
        self._count()

    def _enter(self) -> None:
        if self._tabs.currentWidget() is self._trail:
            self._trail.entered()
        else:
            self._reviews.entered()

    def _count(self) -> None:
        waiting = len(self._inbox.waiting)
        words = _("Emergencies to review")
        self._tabs.setTabText(1, f"{words} ({waiting})" if waiting else words)
