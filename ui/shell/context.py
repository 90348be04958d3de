"""What a screen's maker gets from the shell: the services, the session, and the patient in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.events import CoreEvents
from ui.shell.patient_in_hand import PatientInHand
from ui.tasks import TaskRunner

if TYPE_CHECKING:
    from clinic_app.access import Session
    from clinic_app.workstation import Workstation


@dataclass(frozen=True)
class ScreenContext:
    """Everything one session's screens are made from.

    Args:
        workstation: the services of the core.
        runner: the way into the background.
        session: who is signed in.
        hand: the patient whose data the window shows.
        events: news of the core.
    """

    workstation: Workstation
    runner: TaskRunner
    session: Session
    hand: PatientInHand
    events: CoreEvents
