"""The inbox of results on its screen: whose a sheet may be, and what makes it somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from clinic_app.encounters import Handled, WaitingSheet, is_other_name
from clinic_app.records import Patient
from ui.hand import Hand
from ui.inbox import Candidate, InboxModel
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.encounters import ResultInbox

MAY_FILE: Final = ("nurse", "doctor", "specialist", "laboratory")


class ResultsViewModel(InboxModel[WaitingSheet, Handled, Sequence[str]]):
    """The inbox of results for one person; a sheet counts for its results, and they are its key."""

    def __init__(self, inbox: ResultInbox, runner: TaskRunner, session: Session, hand: Hand) -> None:
        super().__init__(inbox, runner, session, hand, MAY_FILE)

    def key_of(self, waiting: WaitingSheet) -> Sequence[str]:
        """Return the fingerprints of the results."""
        return waiting.sheet.ids

    def size_of(self, waiting: WaitingSheet) -> int:
        """Return how many results are on the sheet."""
        return len(waiting.sheet.results)

    def matched(self, waiting: WaitingSheet) -> Sequence[Candidate]:
        """Return whom the numbers on a sheet name."""
        return [Candidate(each.patient, each.by, each.is_name_different) for each in waiting.matches]

    def speaks_against(self, waiting: WaitingSheet, patient: Patient) -> bool:
        """Return whether the device says another name."""
        return is_other_name(waiting.sheet.first.patient_text, patient)

    def candidates(self, waiting: WaitingSheet) -> tuple[Candidate, ...]:
        """Return whom a sheet may be filed for; control material is nobody's."""
        return () if waiting.sheet.is_control else super().candidates(waiting)

    def contradicts(self, waiting: WaitingSheet, candidate: Candidate) -> bool:
        """Return whether the sheet bears a number of somebody else."""
        return candidate.by == "hand" and bool(waiting.matches or waiting.is_closed)
