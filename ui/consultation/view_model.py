"""The specialist's worklist, and the case he has open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from clinic_app.foundation.errors import ClinicError
from ui.consultation.services import Station
from ui.consultation.view_model_case import CaseViewModel
from ui.events import CoreEvents
from ui.hand import Hand
from ui.language import say
from ui.news import NewsReader
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.referral import Case


class ConsultationViewModel(QObject):
    """The worklist, the most pressing case first; ``case`` is the one that is open.

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
        self._consultations = station.consultations
        self._runner = runner
        self.session = session
        self.hand = hand
        self.cases: tuple[Case, ...] = ()
        self.is_read = False
        self._is_asking = False
        self._turn = 0
        self.news = NewsReader(events.sync_changed, self.refresh, self)
        self.case = CaseViewModel(station, runner, session)
        self.case.noticed.connect(self.noticed)
        self.case.signed.connect(self._ask)  # what is being read now is old

    def refresh(self) -> None:
        """Read the worklist anew."""
        if not self._is_asking:
            self._ask()

    def _ask(self) -> None:
        self._is_asking = True
        self._turn += 1
        turn = self._turn
        self._runner.run(
            lambda: tuple(self._consultations.worklist(self.session)),
            owner=self,
            done=lambda cases: self._show(cases) if turn == self._turn else None,
            failed=self._fail,
        )

    def _show(self, cases: tuple[Case, ...]) -> None:
        self._is_asking = False
        self.cases = cases
        self.is_read = True
        self.changed.emit()

    def _fail(self, error: ClinicError) -> None:
        self._is_asking = False
        self.noticed.emit(say(error.text), "warn")
