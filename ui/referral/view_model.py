"""The referrals of the facility, and the room's three parts: the list, the form, one case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.events import CoreEvents
from ui.hand import Hand
from ui.language import say
from ui.news import NewsReader
from ui.referral.services import Station
from ui.referral.view_model_case import CaseViewModel
from ui.referral.view_model_form import FormViewModel
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.referral import Case


class ReferralViewModel(QObject):
    """The list of referrals; ``form`` and ``case`` are the room's other parts.

    Args:
        station: the services.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient whose data the window shows.
        events: news of the core.

    Signals: ``changed`` after the list was read; ``noticed`` carries words and a tone.
    """

    changed = Signal()
    noticed = Signal(str, str)

    def __init__(self, station: Station, runner: TaskRunner, session: Session, hand: Hand, events: CoreEvents) -> None:
        super().__init__()
        self._referrals = station.referrals
        self._runner = runner
        self.session = session
        self.hand = hand
        self.cases: tuple[Case, ...] = ()
        self.is_read = False
        self.form = FormViewModel(station, runner, session, hand)
        self.case = CaseViewModel(station, runner, session)
        self._is_asking = False
        self._turn = 0
        self.news = NewsReader(events.sync_changed, self.refresh, self)
        for part in (self.form, self.case):
            part.noticed.connect(self.noticed)
        self.form.sent.connect(self._after_change)
        self.case.closed.connect(self._after_change)

    def refresh(self) -> None:
        """Read the list anew, and the open case where the list shows that it has gone on."""
        if not self._is_asking:
            self._ask()

    def _ask(self) -> None:
        self._is_asking = True
        self._turn += 1
        turn = self._turn
        self._runner.run(
            lambda: tuple(self._referrals.cases(self.session)),
            owner=self,
            done=lambda cases: self._show(cases) if turn == self._turn else None,
            failed=self._fail,
        )

    def _show(self, cases: tuple[Case, ...]) -> None:
        self._is_asking = False
        self.cases = tuple(sorted(cases, key=_sent_s, reverse=True))
        self.is_read = True
        self.changed.emit()
        for case in cases:
            self.case.hear(case)

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self.noticed.emit(say(error.text), "warn")

    def _after_change(self) -> None:
        """Something was written: what is being read now is old, only the reading that begins now counts."""
        self._ask()


def _sent_s(case: Case) -> float:
    return case.sent_at.timestamp() if case.sent_at else 0.0
