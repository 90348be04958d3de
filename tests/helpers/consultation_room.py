"""The consultation room with the imaging room's viewer in it, as the shell puts them together."""

from __future__ import annotations

from functools import partial

from ui.consultation.consultation_screen import ConsultationScreen
from ui.consultation.view_model import ConsultationViewModel
from ui.imaging.series_desk import SeriesDesk
from ui.tasks import TaskRunner


def consultation_screen(model: ConsultationViewModel) -> ConsultationScreen:
    """Return the room over a model; its series are opened by the station of that model."""
    station, runner = model.case._station, model.case._runner
    assert isinstance(runner, TaskRunner)
    opened = partial(station.imaging.opened, model.session)  # type: ignore[attr-defined]
    return ConsultationScreen(model, partial(SeriesDesk, "consultation", opened, runner))
